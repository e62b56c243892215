"""Links: with how many other names, phones, addresses or carts a key was ever seen. One hop over an order's own handles.

An order is *named* under a key as it was placed, and again with each corrected address, from the moment that is known;
what was once named is never taken back, whatever is corrected later. A link keeps the ROOM smallest values named under
its key: told twice is told once, and no order of arrival changes the set. Read for an order, it says how many of them
are not that order's own, at most MOST: exact up to there, "eight or more" from there. (ROOM - MOST is how many values
of its own an order may have in a full set before the answer falls below MOST.)

A *cart* is an hour in which the key placed orders, counted once an outcome of one of them was told: orders placed
together share their fate, so their outcomes are one piece of evidence (`features/rates.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data.contract import HOUR, NewsType
from data.label import Ints, News
from features.keys import KINDS, key_of
from features.sources import Distinct, Link

ROOM, MOST = 10, 8
EMPTY = 2**62
"""A free place in a set; larger than every value."""
CART = HOUR
"""Orders of one key placed within one clock hour (UTC) are one cart; of a date-only history, those of one day."""

OUTCOMES = (int(NewsType.DELIVERED), int(NewsType.RTO_STARTED), int(NewsType.RTO_RECEIVED))
_PLACED = int(NewsType.PLACED)


def join(slots: Ints, value: int) -> None:
    """Put a value into a key's set, in place. slots: (ROOM,) ascending, EMPTY at the end."""
    last = len(slots) - 1
    for i in range(len(slots)):
        if slots[i] == value:
            return
        if slots[i] > value:
            for j in range(last, i, -1):
                slots[j] = slots[j - 1]
            slots[i] = value
            return


def others(slots: Ints, own: Ints) -> int:
    """How many values of a set are none of `own`, at most MOST."""
    count = 0
    for value in slots:
        if value == EMPTY:
            break
        foreign = True
        for mine in own:
            if mine == value:
                foreign = False
        if foreign:
            count += 1
    return min(count, MOST)


def value_of(measure: Distinct, columns: Mapping[str, Any], placed_at: int) -> int:
    """The value an order brings to a link; below 0 where it has none."""
    if measure == Distinct.CART:
        return placed_at // CART
    return int(columns.get(measure, -1))


@dataclass(frozen=True, slots=True)
class Named:
    """Under what an order was ever named. columns: as placed, then with each corrected address; empty until placed.

    has_outcome: was it ever told delivered or RTO?
    """

    columns: tuple[dict[str, Any], ...]
    placed_at: int
    has_outcome: bool

    def pairs(self, link: Link) -> set[tuple[str, int]]:
        """Each (key, value) that the order has brought to a link."""
        if link.measure == Distinct.CART and not self.has_outcome:
            return set()
        kind = KINDS[link.key]
        told = ((key_of(kind, c), value_of(link.measure, c, self.placed_at)) for c in self.columns)
        return {(key, value) for key, value in told if key is not None and value >= 0}


def named(
    columns: dict[str, Any], placed_at: int, news: News, corrected: Mapping[int, dict[str, Any]], before: int
) -> Named:
    """What an order was named under by news with `known_at < before`. corrected: places by version 1, 2, ..."""
    known = [i for i in range(len(news.type)) if news.known_at[i] < before]
    kinds = {news.type[i] for i in known}
    if _PLACED not in kinds:
        return Named((), placed_at, False)
    places = [corrected[news.version[i]] for i in known if news.version[i] > 0]
    told = (columns, *({**columns, **place} for place in places))
    return Named(told, placed_at, not kinds.isdisjoint(OUTCOMES))


def own_values(link: Link, columns: Mapping[str, Any], placed_at: int, told: Named | None) -> list[int]:
    """What a link leaves out when it is read for an order: the value asked with, and all it ever brought itself."""
    brought = set() if told is None else {value for _, value in told.pairs(link)}
    return sorted(brought | {value_of(link.measure, columns, placed_at)})
