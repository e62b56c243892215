"""The label: what became of an order, judged from the set of its news. Pure; the order of rows does not matter.

Written in the plain subset of Python that numba compiles: imports and the service run it as it stands on lists,
`features/compiled.py` compiles it and runs it on arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from data.contract import NewsType, Reason

Ints: TypeAlias = Any
"""A column of whole numbers: a list in the service, an array under numba."""

# Plain integers, because numba reads module constants but not enums with methods.
_PLACED, _CORRECTION = int(NewsType.PLACED), int(NewsType.CORRECTION)
_PARTIAL, _DELIVERED = int(NewsType.PARTIALLY_DELIVERED), int(NewsType.DELIVERED)
_RTO_STARTED, _RTO_RECEIVED = int(NewsType.RTO_STARTED), int(NewsType.RTO_RECEIVED)
_NONE = int(Reason.NONE)

UNKNOWN, NOT_RTO, RTO, MIXED, VOID = -1, 0, 1, 2, 3
"""Verdicts of `judge`. UNKNOWN: open, cancelled or lost. MIXED: only some lines were delivered. VOID: never placed."""


@dataclass(slots=True)
class News:
    """One order's news as columns, in any order of rows; every column has one entry for each piece of news.

    rank: (n,) place of the event_id among this order's, the last tie-break.  voids: (n,) row of the news a
    correction takes back, else -1.  version: (n,) which corrected address this news brings (1, 2, ...), else 0.
    """

    type: Sequence[int] = field(default_factory=list)
    happened_at: Sequence[int] = field(default_factory=list)
    known_at: Sequence[int] = field(default_factory=list)
    rank: Sequence[int] = field(default_factory=list)
    reason: Sequence[int] = field(default_factory=list)
    action: Sequence[int] = field(default_factory=list)
    voids: Sequence[int] = field(default_factory=list)
    version: Sequence[int] = field(default_factory=list)


def voided(row: int, before: int, type_: Ints, known_at: Ints, voids: Ints) -> bool:
    """Is `row` taken back by a correction known before `before`? A correction itself cannot be taken back."""
    for i in range(len(type_)):  # noqa: SIM110 - numba compiles this loop
        if type_[i] == _CORRECTION and voids[i] == row and known_at[i] < before:
            return True
    return False


def later(i: int, j: int, type_: Ints, happened_at: Ints, rank: Ints) -> bool:
    """Does news `i` come after `j` by (happened_at, type, event_id)? Anything comes after nothing (-1)."""
    if j < 0:
        return True
    if happened_at[i] != happened_at[j]:
        return bool(happened_at[i] > happened_at[j])
    if type_[i] != type_[j]:
        return bool(type_[i] > type_[j])
    return bool(rank[i] > rank[j])


def judge(
    before: int, type_: Ints, happened_at: Ints, known_at: Ints, rank: Ints, reason: Ints, voids: Ints
) -> tuple[int, int]:
    """The order's verdict and the reason it came back for (NONE if it did not), from news with `known_at < before`.

    The last of delivered, rto_started and rto_received decides. An order that was delivered in part is RTO for
    none of the model's purposes (MIXED), unless the rest was delivered later. The cause is the last reason told at
    or before the first `rto_started` (without one: before the deciding news).
    """
    placed, last, started, partial = False, -1, -1, -1
    for i in range(len(type_)):
        if known_at[i] >= before or voided(i, before, type_, known_at, voids):
            continue
        kind = type_[i]
        if kind == _PLACED:
            placed = True
        elif kind in (_DELIVERED, _RTO_STARTED, _RTO_RECEIVED):
            if later(i, last, type_, happened_at, rank):
                last = i
            if kind == _RTO_STARTED and (started < 0 or later(started, i, type_, happened_at, rank)):
                started = i
        elif kind == _PARTIAL and later(i, partial, type_, happened_at, rank):
            partial = i
    if not placed:
        return VOID, _NONE
    if partial >= 0 and (last < 0 or type_[last] != _DELIVERED or later(partial, last, type_, happened_at, rank)):
        return MIXED, _NONE
    if last < 0:
        return UNKNOWN, _NONE
    if type_[last] == _DELIVERED:
        return NOT_RTO, _NONE
    until = started if started >= 0 else last
    cause = -1
    for i in range(len(type_)):
        if known_at[i] >= before or reason[i] == _NONE or voided(i, before, type_, known_at, voids):
            continue
        if (i == until or later(until, i, type_, happened_at, rank)) and later(i, cause, type_, happened_at, rank):
            cause = i
    return RTO, int(reason[cause]) if cause >= 0 else _NONE


def label(news: News, asof: int) -> float:
    """1 RTO, 0 delivered, NaN without a verdict at `asof` (open, cancelled, lost, mixed); news known at `asof` counts."""
    columns = (news.type, news.happened_at, news.known_at, news.rank, news.reason, news.voids)
    verdict, _ = judge(asof + 1, *columns)
    return float(verdict) if verdict in (NOT_RTO, RTO) else float("nan")
