"""The history: every order as placed, and all news of it, as columns. What every driver of the fold starts from.

Order of arrival is gone here: orders are sorted by (placed_at, merchant, order id), news by order and `known_at`,
each piece of news counts once, and what a correction voids is resolved (`data/building.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from data.errors import DataError

if TYPE_CHECKING:
    from data.keeping.opening import Opening

Array: TypeAlias = np.ndarray[Any, Any]
Columns: TypeAlias = dict[str, Array]

ERASED = "erased"
"""The mark of a row from which its person was taken (`data/keeping/erasing.py`): told again, it stays as it is."""
PLACE_AND_ADDRESS = ("address", "pincode", "district", "state")
"""Order columns that an `address_corrected` replaces."""


@dataclass(frozen=True, slots=True)
class Told:
    """One piece of news as told. `details` is JSON: voids (event_id), action, address (new place and pseudonym)."""

    merchant_id: str
    order_id: str
    source: str
    event_id: str
    type: str
    happened_at: int
    known_at: int
    reason: str | None = None
    details: str | None = None
    live: bool = False

    def content(self) -> tuple[Any, ...]:
        """What must be equal when the same event is told again; `known_at` may differ."""
        return (self.order_id, self.type, self.happened_at, self.reason, self.details)


@dataclass(frozen=True)
class History:
    """Orders and their news; made by `data/building.py`.

    orders: kept columns (n,), sorted.  corrected: place and address columns (m,) of corrected addresses; key row
    n + j is corrected[j].  start: (n + 1,) slice of each order's news.  News columns: (k,).
    named: (k,) Arrow table of each news's event_id and source.
    known_through: the moment to which this history is complete; maturity is measured to it.
    stands_for: (n,) how many orders each one stands for (`training/held_out.py`); one each if None.
    opening: what older orders say that are no longer kept (`data/keeping/opening.py`); every fold begins there.
    """

    orders: Columns
    corrected: Columns
    start: Array
    news: Columns
    named: Any
    known_through: int
    stands_for: Array | None = None
    opening: "Opening | None" = None

    @cached_property
    def event_ids(self) -> Array:
        """(k,) event ids, as Python text from the first time somebody asks."""
        ids: Array = self.named["event_id"].to_numpy()
        return ids

    @cached_property
    def sources(self) -> Array:
        """(k,) who told it, likewise."""
        sources: Array = self.named["source"].to_numpy()
        return sources

    def __len__(self) -> int:
        return len(self.orders["order_id"])

    def row_of(self, merchant_id: str, order_id: str) -> int:
        """Row of one order, or -1."""
        same = (self.orders["order_id"] == order_id) & (self.orders["merchant_id"] == merchant_id)
        found = np.flatnonzero(same)
        return int(found[0]) if len(found) else -1


def told_once(news: Iterable[Told]) -> list[Told]:
    """Each (merchant, source, event_id) counted once: the earliest `known_at`, but a live stamp wins over imports.

    For the news of one order; `data/news.py` does the same to a table. Raises DataError DQ014 if one id was told with
    two contents.
    """
    kept: dict[tuple[str, str, str], Told] = {}
    for told in news:
        key = (told.merchant_id, told.source, told.event_id)
        other = kept.get(key)
        if other is None:
            kept[key] = told
            continue
        if other.content() != told.content():
            raise told_differently(told)
        if (told.live, -told.known_at) > (other.live, -other.known_at):
            kept[key] = told
    return list(kept.values())


def told_differently(told: Told) -> DataError:
    """DQ014: one event id with two contents, `told` being the second."""
    return DataError(
        "DQ014",
        f"news {told.event_id!r} of order {told.order_id!r} from {told.source!r}",
        got="the same event id with other content",
        expected="one content for each (merchant, source, event_id)",
        to_do="give the changed news an event id of its own; to take news back, send a correction",
    )
