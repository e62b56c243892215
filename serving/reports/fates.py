"""What became of each order, from the news of all of them at once.

The meaning is `data/label.py`'s and `features/one_order.py`'s, which look at one order at a time; here the same is said
over columns, and a test holds the two together.
"""

from dataclasses import dataclass

import numpy as np

from data.contract import NewsType, Reason
from data.label import MIXED, NOT_RTO, RTO, UNKNOWN, VOID
from serving.reports import columns
from serving.reports.columns import Array

_DECIDES = (NewsType.DELIVERED, NewsType.RTO_STARTED, NewsType.RTO_RECEIVED)
_LEFT = (NewsType.DISPATCHED, NewsType.OUT_FOR_DELIVERY)
_QUIET = (NewsType.PLACED, NewsType.CORRECTION)
_NEVER = -1


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
    """What news says of n orders, each column (n,): `Orders` explains them.

    verdict: as `data/label.py`.  version: the corrected address it goes to, 0 the one it was placed with.
    delivered_at, told_at: -1 without.
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


def fates(n: int, news: NewsColumns) -> Fates:
    """The fates of n orders."""
    told = _Sorted(n, news)
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
        action=told.at(told.action, told.last(told.action >= 0), columns.MISSING),
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
    lost = np.where(told.any(NewsType.LOST), columns.LOST, columns.OPEN)
    ended = np.where(told.any(NewsType.CANCELLED), columns.CANCELLED, lost)
    judged = {NOT_RTO: columns.DELIVERED, RTO: columns.RTO, MIXED: columns.MIXED}
    return np.select([verdict == one for one in judged], list(judged.values()), ended)


def _first_failed(told: _Sorted) -> Array:
    """1 where an attempt failed before anything was delivered, 0 where a delivery came first, else MISSING."""
    failed = told.first(told.having(NewsType.ATTEMPT_FAILED))
    arrived = told.first(told.having(NewsType.DELIVERED, NewsType.PARTIALLY_DELIVERED))
    first = (failed >= 0) & ((arrived < 0) | (failed < arrived))
    return np.where(first, 1, np.where(arrived >= 0, 0, columns.MISSING))


def _told_at(told: _Sorted, verdict: Array) -> Array:
    """When each order's fate was first told, (n,), _NEVER without a verdict."""
    never = np.iinfo(np.int64).max
    out, decides = np.full(told.n, never), told.having(*_DECIDES)
    np.minimum.at(out, told.owner[decides], told.known_at[decides])
    return np.where(np.isin(verdict, (NOT_RTO, RTO)) & (out < never), out, _NEVER)
