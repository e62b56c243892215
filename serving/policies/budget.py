"""How much of a merchant's caps is used up: orders and actions of the last days, counted in memory as they are answered."""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from data.contract import Action
from serving.decisions.caps import Cap

WINDOW_DAYS = 7
"""A share is of the orders of so many days, today included; `a_day` is of today alone."""
_REMEMBERED_DAYS = 2  # so long a checkout asked about again is the same one


@dataclass(frozen=True, slots=True)
class Counted:
    """One order that was answered. subject: its order or checkout id.  groups: for each way of grouping its group."""

    subject: str
    day: int
    action: Action
    groups: tuple[tuple[str, str], ...]


class Budget:
    """Counts of one merchant. Safe to use from several threads.

    An order asked about again counts once, with its last answer, and finds its own place free.
    """

    def __init__(self, seeds: Iterable[Counted] = ()) -> None:
        self._lock = threading.Lock()
        self._days: dict[int, Counter[tuple[Action | None, str, str]]] = {}
        self._last: dict[int, dict[str, Counted]] = {}
        for one in seeds:
            self._put(one)

    def used_up(self, cap: Cap, group: str, subject: str, day: int) -> bool:
        """Would this order be one too many?"""
        with self._lock:
            before = self._found(subject, day)
            days = [day] if cap.share is None else range(day - WINDOW_DAYS + 1, day + 1)
            orders = sum(self._days[d][None, cap.per, group] for d in days if d in self._days)
            taken = sum(self._days[d][cap.action, cap.per, group] for d in days if d in self._days)
            if before is not None and (cap.per, group) in before.groups and before.day in days:
                orders, taken = orders - 1, taken - (before.action is cap.action)
            if cap.share is None:
                return cap.a_day is not None and taken + 1 > cap.a_day
            return taken + 1 > cap.share * (orders + 1)

    def count(self, one: Counted) -> None:
        """Count an order with the advice that was given."""
        with self._lock:
            before = self._found(one.subject, one.day)
            if before is not None:
                self._add(before, -1)
                del self._last[before.day][before.subject]
            self._put(one)

    def _found(self, subject: str, day: int) -> Counted | None:
        days = range(day - _REMEMBERED_DAYS + 1, day + 1)
        return next((self._last[d][subject] for d in days if subject in self._last.get(d, ())), None)

    def _put(self, one: Counted) -> None:
        if one.day not in self._days:
            for kept, days in ((self._days, WINDOW_DAYS), (self._last, _REMEMBERED_DAYS)):
                for old in [d for d in kept if d <= one.day - days]:
                    del kept[old]
        self._last.setdefault(one.day, {})[one.subject] = one
        self._add(one, 1)

    def _add(self, one: Counted, by: int) -> None:
        day = self._days.setdefault(one.day, Counter())
        for per, group in one.groups:
            day[None, per, group] += by
            day[one.action, per, group] += by
