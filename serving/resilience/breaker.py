"""A circuit breaker: what failed again and again is left alone, and asked by one caller now and then whether it is back."""

import random
from collections import deque

from prometheus_client import Gauge

OPEN = Gauge("rto_breakers_open", "Pools of which this is left alone for now, since it failed or hung", ["of"])
STORE, LEDGER = "store", "ledger"
for _name in (STORE, LEDGER):
    OPEN.labels(_name)
_PROBE_EVERY_S, _JITTER = 1.0, 0.2
_WINDOW, _WITHIN_S = 20, 10.0


class Breaker:
    """Opens after `failures` in a row, or when half of the last 20 within ten seconds failed; then one call a second
    goes through as a probe, and the first that works closes it. Used from the event loop. Moments: by the loop's clock."""

    def __init__(self, of: str, failures: int) -> None:
        self.of, self.failures, self.open = of, failures, False
        self._in_a_row, self._probe_at = 0, 0.0
        self._last: deque[tuple[float, bool]] = deque(maxlen=_WINDOW)

    def lets(self, now: float) -> bool:
        """May this be asked now? A probe is let through once."""
        if not self.open:
            return True
        if now < self._probe_at:
            return False
        self._probe_later(now)
        return True

    def worked(self, now: float) -> None:
        self._in_a_row = 0
        self._last.append((now, True))
        if self.open:
            self._turn(to_open=False)
            self._last.clear()

    def failed(self, now: float) -> None:
        self._in_a_row += 1
        self._last.append((now, False))
        bad = sum(not worked for at, worked in self._last if now - at < _WITHIN_S)
        often = bad * 2 >= _WINDOW and self.failures <= _WINDOW
        if not self.open and (self._in_a_row >= self.failures or often):
            self._turn(to_open=True)
            self._probe_later(now)

    def _probe_later(self, now: float) -> None:
        self._probe_at = now + _PROBE_EVERY_S * random.uniform(1 - _JITTER, 1)

    def _turn(self, *, to_open: bool) -> None:
        self.open = to_open
        OPEN.labels(self.of).inc(1 if to_open else -1)
