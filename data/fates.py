"""What became of each order, from the news of all of them at once.

The meaning is `data/label.py`'s and `features/one_order.py`'s, which look at one order at a time; here the same is said
over columns for reports and imports, and tests hold them together. Needs numpy only: the service runs it.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.contract import NewsType, Reason
from data.label import MIXED, NOT_RTO, RTO, UNKNOWN, VOID

Array: TypeAlias = np.ndarray[Any, Any]

STATUSES = ("open", "delivered", "rto", "cancelled", "lost", "mixed")
"""What may have become of an order; `Fates.status` is a place among them."""
_OPEN, _DELIVERED, _RTO, _CANCELLED, _LOST, _MIXED = range(len(STATUSES))
_SAID_BY = {
    NewsType.DELIVERED: _DELIVERED,
    NewsType.RTO_STARTED: _RTO,
    NewsType.RTO_RECEIVED: _RTO,
    NewsType.CANCELLED: _CANCELLED,
    NewsType.LOST: _LOST,
    NewsType.PARTIALLY_DELIVERED: _MIXED,
}
_DECIDES = (NewsType.DELIVERED, NewsType.RTO_STARTED, NewsType.RTO_RECEIVED)
_LEFT = (NewsType.DISPATCHED, NewsType.OUT_FOR_DELIVERY)
_QUIET = (NewsType.PLACED, NewsType.CORRECTION)
_NEVER = _MISSING = -1


@dataclass(frozen=True, slots=True)
class NewsColumns:
    """News of n orders, each column (k,), in any order; what corrections took back is not in it.

    owner: row of the order.  rank: place by (source, event_id) among news that is equal in owner, type and happened_at.
    action: an `Action`, below 0 for none.  version: which corrected address it brings (1, 2, ...), else 0.
    """

    owner: Array
    type: Array
    happened_at: Array
    known_at: Array
    reason: Array
    rank: Array
    action: Array
    version: Array


@dataclass(frozen=True, slots=True)
class Fates:
    """What news says of n orders, each column (n,); a whole number is -1 where nothing is known.

    verdict: as `data/label.py`.  status: place in STATUSES; cancelled goes before lost.  cause: a `Reason`, 0 none told.
    action: the last `Action` taken.  first_failed: 1 the first attempt to deliver failed, 0 it did not.
    version: the corrected address it goes to, 0 the one it was placed with.
    switched: to prepaid.  left: was it dispatched?  delivered_at: microseconds.  told_at: when any verdict first was.
    """

    verdict: Array
    status: Array
    cause: Array
    version: Array
    action: Array
    first_failed: Array
    switched: Array
    left: Array
    delivered_at: Array
    told_at: Array


class _Sorted:
    """News by (order, happened_at, type, rank): a row's position says what came later."""

    def __init__(self, n: int, news: NewsColumns) -> None:
        silent = np.isin(news.type, _QUIET) & (news.reason == Reason.NONE)
        rows = np.flatnonzero(~silent)
        keys = (news.rank, news.type, news.happened_at, news.owner)
        order = rows[np.lexsort(tuple(key[rows] for key in keys))]
        self.n, self.owner, self.type = n, news.owner[order], news.type[order]
        self.happened_at, self.known_at = news.happened_at[order], news.known_at[order]
        self.reason, self.action, self.version = news.reason[order], news.action[order], news.version[order]

    def having(self, *types: NewsType) -> Array:
        return np.isin(self.type, types)

    def last(self, mask: Array) -> Array:
        """Position of the last row of each order, (n,), _NEVER without: of equal indices the last assignment stays."""
        out, found = np.full(self.n, _NEVER), np.flatnonzero(mask)
        out[self.owner[found]] = found
        return out

    def first(self, mask: Array) -> Array:
        out, found = np.full(self.n, _NEVER), np.flatnonzero(mask)[::-1]
        out[self.owner[found]] = found
        return out

    def any(self, *types: NewsType) -> Array:
        out = np.zeros(self.n, dtype=bool)
        out[self.owner[self.having(*types)]] = True
        return out

    def at(self, column: Array, position: Array, otherwise: int) -> Array:
        """The values of a column at positions, (n,)."""
        return np.append(column, otherwise)[position]


def fates(n: int, news: NewsColumns, placed: Array | None = None) -> Fates:
    """The fates of n orders. placed: (n,) were they? By default news must say so, or they are VOID."""
    told = _Sorted(n, news)
    if placed is None:
        placed = np.zeros(n, dtype=bool)
        placed[news.owner[news.type == NewsType.PLACED]] = True
    last = told.last(told.having(*_DECIDES))
    verdict = _verdict(told, placed, last)
    address = told.last(told.having(NewsType.ADDRESS_CORRECTED) & (told.version > 0))
    return Fates(
        verdict=verdict,
        status=_status(told, verdict),
        cause=_cause(told, verdict, last),
        version=told.at(told.version, address, 0),
        action=told.at(told.action, told.last(told.action >= 0), _MISSING),
        first_failed=_first_failed(told),
        switched=told.any(NewsType.SWITCHED_TO_PREPAID),
        left=told.any(*_LEFT),
        delivered_at=np.where(verdict == NOT_RTO, told.at(told.happened_at, last, _NEVER), _NEVER),
        told_at=_told_at(told, verdict),
    )


def _verdict(told: _Sorted, placed: Array, last: Array) -> Array:
    delivered = told.at(told.type, last, _NEVER) == NewsType.DELIVERED
    partial = told.last(told.having(NewsType.PARTIALLY_DELIVERED))
    mixed = (partial >= 0) & (~delivered | (partial > last))
    decided = np.where(last < 0, UNKNOWN, np.where(delivered, NOT_RTO, RTO))
    return np.where(~placed, VOID, np.where(mixed, MIXED, decided))


def _cause(told: _Sorted, verdict: Array, last: Array) -> Array:
    """The last reason at or before the first `rto_started` (without one: before the deciding news)."""
    started = told.first(told.having(NewsType.RTO_STARTED))
    until = np.where(started >= 0, started, last)
    in_time = np.arange(len(told.owner)) <= until[told.owner]
    cause = told.last((told.reason != Reason.NONE) & in_time)
    return np.where(verdict == RTO, told.at(told.reason, cause, int(Reason.NONE)), int(Reason.NONE))


def _status(told: _Sorted, verdict: Array) -> Array:
    lost = np.where(told.any(NewsType.LOST), _LOST, _OPEN)
    ended = np.where(told.any(NewsType.CANCELLED), _CANCELLED, lost)
    judged = {NOT_RTO: _DELIVERED, RTO: _RTO, MIXED: _MIXED}
    return np.select([verdict == one for one in judged], list(judged.values()), ended)


def _first_failed(told: _Sorted) -> Array:
    """1 where an attempt failed before anything was delivered, 0 where a delivery came first, else MISSING."""
    failed = told.first(told.having(NewsType.ATTEMPT_FAILED))
    arrived = told.first(told.having(NewsType.DELIVERED, NewsType.PARTIALLY_DELIVERED))
    first = (failed >= 0) & ((arrived < 0) | (failed < arrived))
    return np.where(first, 1, np.where(arrived >= 0, 0, _MISSING))


def _told_at(told: _Sorted, verdict: Array) -> Array:
    """When each order's fate was first told, (n,), _NEVER without a verdict."""
    never = np.iinfo(np.int64).max
    out, decides = np.full(told.n, never), told.having(*_DECIDES)
    np.minimum.at(out, told.owner[decides], told.known_at[decides])
    return np.where(np.isin(verdict, (NOT_RTO, RTO)) & (out < never), out, _NEVER)


def tied(owner: Array, type_: Array, happened_at: Array) -> Array:
    """Rows of news that only (source, event_id) tells apart: no other needs a rank. They are rare."""
    keys = (type_, happened_at, owner)
    order = np.lexsort(keys)
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for column in keys:
        same &= np.diff(column[order]) == 0
    tied = np.zeros(len(order), dtype=bool)
    tied[1:] |= same
    tied[:-1] |= same
    return np.asarray(order[tied])


def known_since(news: NewsColumns, status: Array) -> Array:
    """(n,) when each order's status, whichever it is, was first told: microseconds, NaN while open."""
    says = np.full(max(NewsType) + 1, _OPEN)
    says[list(_SAID_BY)] = list(_SAID_BY.values())
    own = (says[news.type] != _OPEN) & (says[news.type] == status[news.owner])
    out = np.full(len(status), np.inf)
    np.minimum.at(out, news.owner[own], news.known_at[own])
    return np.where(np.isinf(out), np.nan, out)
