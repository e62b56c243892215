"""What a person has decided about one order or one buyer, over everything else: an appeal granted, a mistake put right."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from data.contract import Action

HANDLES = ("phone", "customer_id", "email")
"""By these a buyer is recognised, as pseudonyms."""
KINDS = ("override", "appeal")


@dataclass(frozen=True, slots=True)
class Override:
    """kind: an override of ours, or a buyer's appeal that was granted.  by: who decided, the merchant's own word.  made_at,
    until: microseconds; it does not hold any more from `until` on.

    It is about an order, a checkout, or (buyer) whoever has one of these pseudonyms.  decision_id: which it answers.
    """

    override_id: str
    kind: str
    action: Action
    reason: str
    by: str
    made_at: int
    until: int
    decision_id: str | None = None
    order_id: str | None = None
    checkout_id: str | None = None
    buyer: tuple[tuple[str, int], ...] = ()
    withdrawn_at: int | None = None

    def holds(self, at: int) -> bool:
        ended = self.until if self.withdrawn_at is None else min(self.until, self.withdrawn_at)
        return self.made_at <= at < ended

    def as_dict(self) -> dict[str, Any]:
        told = asdict(self)
        return told | {"action": self.action.name.lower(), "buyer": dict(self.buyer)}


def override_of(told: Mapping[str, Any]) -> Override:
    """The inverse of `as_dict`."""
    buyer = tuple((kind, int(pseudonym)) for kind, pseudonym in told["buyer"].items())
    return Override(**{**told, "action": Action[str(told["action"]).upper()], "buyer": buyer})


class Overrides:
    """Those of one merchant, found by what an order shows; the newest counts."""

    def __init__(self, every: Iterable[Override] = ()) -> None:
        self._of: dict[tuple[str, str | int], list[Override]] = {}
        for one in sorted(every, key=lambda o: o.made_at, reverse=True):
            for name in self._names(one.order_id, one.checkout_id, dict(one.buyer)):
                self._of.setdefault(name, []).append(one)

    def by_id(self, override_id: str) -> Override | None:
        """Also one that does not hold any more."""
        return next((o for many in self._of.values() for o in many if o.override_id == override_id), None)

    def __bool__(self) -> bool:
        return bool(self._of)

    @staticmethod
    def _names(
        order_id: str | None, checkout_id: str | None, persons: Mapping[str, Any]
    ) -> list[tuple[str, str | int]]:
        told: list[tuple[str, str | int | None]] = [("order", order_id), ("checkout", checkout_id)]
        told += [(kind, persons.get(kind)) for kind in HANDLES]
        return [(kind, one) for kind, one in told if one is not None and not (isinstance(one, int) and one < 0)]

    def find(
        self, order_id: str | None, checkout_id: str | None, columns: Mapping[str, Any], at: int
    ) -> Override | None:
        """What a person has decided about this order, if it still holds."""
        found = (
            o for name in self._names(order_id, checkout_id, columns) for o in self._of.get(name, ()) if o.holds(at)
        )
        return max(found, key=lambda o: o.made_at, default=None)
