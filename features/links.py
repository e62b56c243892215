"""Links: with how many other names, phones, addresses or carts a key was seen. One hop over an order's own handles.

A link keeps a small set of the values that orders brought under its key, and for each the sum of those orders'
weights: a value counts while some other order's weight stands behind it. So a link keeps the promises of the sums:
only what was known counts, a correction takes back, told twice is told once, an order never sees itself.

The set has ROOM places. An order is *named* under a key as it was placed, and again with each corrected address, from
the moment that is known, whatever is taken back later; the set keeps the ROOM smallest values named. Since naming only
ever adds, no order of arrival changes the set, and a value that is kept was kept from its first order on, so that its
weight is whole. Up to MOST other values are exact; then read "MOST or more".

A *cart* is a clock hour in which the key placed orders, one at least of a known outcome: orders placed together share
their fate, so their outcomes are one piece of evidence (`features/rates.py`, docs/adr/0009).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data.contract import HOUR, NewsType
from data.label import Ints, News
from features.contribution import Measure
from features.keys import KINDS, key_of
from features.sources import Distinct, Link

MOST = 8
ROOM = MOST + 1  # the order's own value may be one of them
EMPTY = 2**62
"""A free place in a set; larger than every value."""
CART = HOUR
"""Orders of one key placed within one clock hour (UTC) are one cart; of a date-only history, those of one day."""
NO_VALUE = -1

OUTCOMES = (int(NewsType.DELIVERED), int(NewsType.RTO_STARTED), int(NewsType.RTO_RECEIVED))
_PLACED = int(NewsType.PLACED)


def join(slots: Ints, weights: Ints, value: int) -> None:
    """Make room for a value in a key's set, in place. slots: (ROOM,) ascending, EMPTY at the end.  weights: (ROOM,)."""
    for i in range(len(slots)):
        if slots[i] == value:
            return
        if slots[i] > value:
            for j in range(len(slots) - 1, i, -1):
                slots[j] = slots[j - 1]
                weights[j] = weights[j - 1]
            slots[i] = value
            weights[i] = 0
            return


def weigh_in(slots: Ints, weights: Ints, value: int, change: int) -> None:
    """Add to the weight behind a value, in place; one that has no place is not kept."""
    for i in range(len(slots)):
        if slots[i] == value:
            weights[i] += change


def standing(slots: Ints, weights: Ints, but: int) -> int:
    """How many values other than `but` have weight, at most MOST; MOST too for carts (`but` < 0) of a full set."""
    last = len(slots) - 1
    if but < 0 and slots[last] != EMPTY:
        return last
    count = 0
    for i in range(len(slots)):
        if weights[i] > 0 and slots[i] != but:
            count += 1
    return min(count, last)


def weight_of(link: Link) -> Measure:
    """The measure that stands behind the link's values: an outcome for carts, else that the order was placed."""
    return Measure.KNOWN if link.measure == Distinct.CART else Measure.PLACED


def value_of(link: Link, columns: Mapping[str, Any], placed_at: int) -> int:
    """The value an order brings to a link; below 0 where it has none."""
    if link.measure == Distinct.CART:
        return placed_at // CART
    return int(columns.get(link.measure, NO_VALUE))


def left_out(link: Link, columns: Mapping[str, Any]) -> int:
    """The value not counted when a link is read for an order: its own; of carts none, below 0."""
    return NO_VALUE if link.measure == Distinct.CART else value_of(link, columns, 0)


@dataclass(frozen=True, slots=True)
class Named:
    """Under what an order was ever named. columns: as placed, then with each corrected address; empty until placed.

    has_outcome: was it ever told delivered or RTO?
    """

    columns: tuple[dict[str, Any], ...]
    placed_at: int
    has_outcome: bool

    def pairs(self, link: Link) -> set[tuple[str, int]]:
        """Each (key, value) that the order has named for a link."""
        if link.measure == Distinct.CART and not self.has_outcome:
            return set()
        found = (pair_of(link, columns, self.placed_at) for columns in self.columns)
        return {pair for pair in found if pair is not None}


def pair_of(link: Link, columns: dict[str, Any], placed_at: int) -> tuple[str, int] | None:
    """The key and the value of an order; None if it lacks one."""
    key, value = key_of(KINDS[link.key], columns), value_of(link, columns, placed_at)
    return None if key is None or value < 0 else (key, value)


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
