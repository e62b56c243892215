"""How much one merchant may ask in a second: a loop gone wild in one shop must not be the others' waiting time.

A token bucket for each merchant (Turner 1986): it fills by `per_second` and holds at most `BURST_S` seconds of that.
"""

from dataclasses import dataclass, field

from serving.web.http import Refusal

BURST_S = 2.0


@dataclass(slots=True)
class Limits:
    """per_second: orders and pieces of news of one merchant; 0: no limit. Asked for known merchants alone, so it stays small."""

    per_second: float
    _room: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, merchant_id: str, n: int, now_s: float) -> None:
        """Take `n` from the merchant's bucket at a monotonic moment. Raises Refusal 429 if they are not there."""
        if self.per_second <= 0:
            return
        most = self.per_second * BURST_S
        room, then = self._room.get(merchant_id, (most, now_s))
        room = min(most, room + (now_s - then) * self.per_second)
        enough = room >= min(n, most)  # a batch larger than the bucket passes when it is full
        self._room[merchant_id] = (room - n if enough else room, now_s)
        if not enough:
            raise Refusal(
                429, "too_many", f"more than {self.per_second:g} orders or news a second; wait and send it again"
            )
