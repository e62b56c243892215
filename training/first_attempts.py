"""The early proxy: did the first delivery attempt fail (NDR)? Known days after dispatch, weeks before the outcome.

A refused parcel fails at the door first. So the share of first attempts that failed, told within a few days, moves
when buyers change, long before the label matures. It also moves with the mix of orders, so it is compared with what
orders of the same scores came to in the reference: what is left is a change that the scores do not see.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.contract import NewsType
from data.history import History

Array: TypeAlias = np.ndarray[Any, Any]

_CORRECTION, _DISPATCHED, _FAILED = (
    int(kind) for kind in (NewsType.CORRECTION, NewsType.DISPATCHED, NewsType.ATTEMPT_FAILED)
)
_BACK = (int(NewsType.RTO_STARTED), int(NewsType.RTO_RECEIVED))
_TRIED = (_FAILED, int(NewsType.PARTIALLY_DELIVERED), int(NewsType.DELIVERED), *_BACK)
_SCORE_BINS = 10


@dataclass(frozen=True, slots=True)
class FirstAttempts:
    """(n,) of each order. start: dispatch, or placement where no dispatch is told, microseconds, -1 neither yet.

    asked: the horizon after it has passed.  tried: a first attempt was told within it.  failed: and it failed.
    told: does this history tell of failed attempts at all?  by_dispatch: is the start the dispatch?
    """

    start: Array
    asked: Array
    tried: Array
    failed: Array
    told: bool
    by_dispatch: bool


def first_attempts(history: History, moment: int, horizon: int) -> FirstAttempts:
    """What was known of each order's first attempt `horizon` microseconds after its start, told by `moment`.

    Every order is asked at the same age, so young and old ones compare. What a correction took back by then counts for
    nothing. An RTO told without any attempt counts as failed.
    """
    news = _news(history, moment)
    order, kind, known_at = news
    start, by_dispatch = _start(history.orders["placed_at"], order, kind, known_at, moment)
    asked = (start >= 0) & (start + horizon <= moment)
    counts = np.isin(kind, _TRIED) & (start[order] >= 0) & (known_at <= start[order] + horizon)
    first = np.full(len(start), np.iinfo(np.int64).max)
    np.minimum.at(first, order[counts], known_at[counts])
    tried = asked & (first < np.iinfo(np.int64).max)
    bad = counts & (known_at == first[order]) & np.isin(kind, (_FAILED, *_BACK))
    failed = np.zeros(len(start), dtype=bool)
    failed[order[bad]] = True
    return FirstAttempts(start, asked, tried, tried & failed, bool((kind == _FAILED).any()), by_dispatch)


def _news(history: History, moment: int) -> tuple[Array, Array, Array]:
    """(order, type, known_at) of the news told by `moment`, less what a correction told by then takes back."""
    news, start = history.news, history.start
    order = np.repeat(np.arange(len(history)), np.diff(start))
    known = news["known_at"] <= moment
    voids = known & (news["type"] == _CORRECTION) & (news["voids"] >= 0)
    kept = known.copy()
    kept[start[order[voids]] + news["voids"][voids]] = False
    return order[kept], news["type"][kept], news["known_at"][kept]


def _start(placed_at: Array, order: Array, kind: Array, known_at: Array, moment: int) -> tuple[Array, bool]:
    sent = kind == _DISPATCHED
    if not sent.any():
        return np.where(placed_at <= moment, placed_at, -1), False
    start = np.full(len(placed_at), np.iinfo(np.int64).max)
    np.minimum.at(start, order[sent], known_at[sent])
    return np.where(start == np.iinfo(np.int64).max, -1, start), True


@dataclass(frozen=True, slots=True)
class Excess:
    """Failed first attempts of some orders beside those of reference orders with the same scores.

    n: attempts.  share: of them failed.  expected: share in the reference at this mix of scores.  sd: standard
    deviation of the difference, both sides' luck.
    """

    n: int
    share: float
    expected: float
    sd: float

    @property
    def difference(self) -> float:
        return self.share - self.expected


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Reference attempts by score. edges: upper edges of the score bins but the last.  n, share: (b,) by bin."""

    edges: Array
    n: Array
    share: Array

    def excess(self, p: Array, failed: Array) -> Excess:
        """p: (m,) scores of the orders whose first attempt was told, m > 0.  failed: (m,) did it fail?"""
        where = np.searchsorted(self.edges, p, side="left")
        weight = np.bincount(where, minlength=len(self.n)) / len(p)
        chance = self.share * (1 - self.share)
        variance = (weight**2 * chance / self.n).sum() + (weight * chance).sum() / len(p)
        return Excess(len(p), float(failed.mean()), float(weight @ self.share), float(np.sqrt(variance)))


def yardstick(p: Array, failed: Array) -> Yardstick:
    """What first attempts come to by score. p: (n,) scores, failed: (n,), n > 0. Shares get half an attempt of each."""
    edges = np.unique(np.quantile(p, np.arange(1, _SCORE_BINS) / _SCORE_BINS))
    where = np.searchsorted(edges, p, side="left")
    n = np.bincount(where, minlength=len(edges) + 1).astype(np.float64)
    bad = np.bincount(where, weights=failed, minlength=len(edges) + 1)
    return Yardstick(edges, np.maximum(n, 1.0), (bad + 0.5) / (n + 1.0))
