"""A merchant's orders as columns: what the report counts. Nothing in them names a person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from data.contract import DAY
from data.fates import STATUSES
from serving.reports.local import offsets

Array: TypeAlias = np.ndarray[Any, Any]

OPEN, DELIVERED, RTO, CANCELLED, LOST, MIXED = range(len(STATUSES))
PAYMENTS = ("cod", "prepaid")
COD, PREPAID = range(len(PAYMENTS))
NEW, RETURNING = range(2)
MISSING = -1
"""The code of a value that was not told."""

DIMENSIONS = ("state", "district", "pincode", "category", "sku", "courier", "channel", "campaign")
"""Text columns of an order by which the report groups."""
NETWORK, FEW_ORDERS, LEAST_ORDERS = "network", "addresses with fewer than 10 orders", 10
"""The network address (IP) is kept as a pseudonym alone: a page calls it by an order that came from there."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A text column. codes: (n,) index into `names`, MISSING where nothing was told."""

    codes: Array
    names: tuple[str, ...]

    def take(self, rows: Array) -> "Coded":
        return Coded(self.codes[rows], self.names)

    def renamed(self, rename: Callable[[str], str]) -> "Coded":
        """The same under other names; what gets one name becomes one value."""
        new = coded([rename(name) for name in self.names])
        return Coded(np.append(new.codes, MISSING)[self.codes], new.names)


class Coder:
    """Numbers texts as they come, a column in parts: nothing told, and "", are MISSING."""

    def __init__(self) -> None:
        self._index: dict[str | None, int] = {None: MISSING, "": MISSING}

    def codes(self, values: Sequence[str | None]) -> Array:
        """Codes of one part (n,)."""
        index = self._index
        for value in values:
            if value not in index:
                index[value] = len(index) - 2
        return np.fromiter(map(index.__getitem__, values), dtype=np.int64, count=len(values))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self._index if name)

    def coded(self, codes: Array) -> Coded:
        return Coded(codes, self.names)


def coded(values: Sequence[str | None]) -> Coded:
    """A whole column at once."""
    coder = Coder()
    return coder.coded(coder.codes(values))


@dataclass(frozen=True, slots=True)
class Orders:
    """One merchant's orders by (placed_at, order_id), each column (n,).

    outcome: 1 RTO, 0 delivered, NaN without a verdict.  status, payment: index into STATUSES, PAYMENTS.  amount_minor:
    NaN unknown or in
    another currency (`foreign`).  cause: a `Reason`, 0 none told.  buyer: NEW or RETURNING.  local_minute: of the
    merchant's day, NaN where only a date was told.  action: the last `Action` taken.  first_failed: 1 the first attempt
    to deliver failed, 0 it did not.  delivered_after, told_after: microseconds from placing to the delivery, and to the
    first telling of the fate, NaN without.  Where nothing is known whole numbers are MISSING.
    """

    order_id: Array
    placed_at: Array
    outcome: Array
    status: Array
    payment: Array
    amount_minor: Array
    cause: Array
    buyer: Array
    local_minute: Array
    action: Array
    first_failed: Array
    switched: Array
    left: Array
    delivered_after: Array
    told_after: Array
    text: Mapping[str, Coded]
    foreign: Array

    def __len__(self) -> int:
        return len(self.placed_at)

    def take(self, rows: Array) -> "Orders":
        """Those of some rows: indices or a mask (n,)."""
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "text"}
        text = MappingProxyType({name: one.take(rows) for name, one in self.text.items()})
        return replace(self, text=text, **columns)

    def days(self, zone: ZoneInfo) -> Array:
        """Local day of each order, (n,) datetime64[D]."""
        return ((self.placed_at + offsets(self.placed_at, zone)) // DAY).astype("datetime64[D]")

    @property
    def known(self) -> Array:
        """Which have a verdict, (n,)."""
        return ~np.isnan(self.outcome)


def networks(pseudonyms: Array, order_id: Array, placed_at: Array) -> Coded:
    """Network addresses by the newest order of each, (n,); those of few orders are one. pseudonyms: below 0 where missing."""
    known, inverse, n = np.unique(pseudonyms, return_inverse=True, return_counts=True)
    by_time = np.argsort(placed_at, kind="stable")
    newest = np.zeros(len(known), dtype=np.int64)
    newest[inverse[by_time]] = by_time  # the last one written stays
    many = np.flatnonzero((known >= 0) & (n >= LEAST_ORDERS))
    codes = np.where(known >= 0, len(many), MISSING)
    codes[many] = np.arange(len(many))
    return Coded(codes[inverse], (*(f"as of order {order_id[i]}" for i in newest[many]), FEW_ORDERS))


def handles_seen(placed_at: Array, handles: Sequence[Array], earlier: Sequence[Array]) -> Array:
    """NEW or RETURNING for each order, (n,): was any of its handles on an earlier order? MISSING without a handle.

    handles: pseudonyms (n,) each, below 0 where missing; earlier: those of the orders before, for each handle. Orders
    of one moment (a cart in parts) are not earlier.
    """
    buyer = np.full(len(placed_at), MISSING)
    for handle, before in zip(handles, earlier, strict=True):
        told = np.flatnonzero(handle >= 0)
        known, inverse = np.unique(handle[told], return_inverse=True)
        first = np.full(len(known), np.iinfo(np.int64).max)
        np.minimum.at(first, inverse, placed_at[told])
        seen = np.isin(known, before)[inverse] | (placed_at[told] > first[inverse])
        buyer[told] = np.maximum(buyer[told], np.where(seen, RETURNING, NEW))
    return buyer
