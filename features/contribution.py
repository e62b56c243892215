"""What an order and its news so far say, as weights: `contribution(order, news) -> {(key, measure): weight}`.

`weigh` is the one definition. It is a pure function of the *set* of news (any order of the rows gives the same
weights) and is written in the plain subset of Python that numba compiles: the service runs it as it stands on lists,
`features/replay.py` compiles it and runs it on arrays. Everything that trains, serves or explains goes through it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from data.contract import Action, NewsType, Reason


class Measure(IntEnum):
    """What is summed over orders. Unit: orders, but `AMOUNT` in minor units of money."""

    PLACED = 0
    COD_PLACED = 1
    KNOWN = 2
    RTO = 3
    COD_KNOWN = 4
    COD_RTO = 5
    CANCELLED = 6
    OPEN = 7
    COD_REFUSED = 8
    SWITCHED = 9
    AMOUNT = 10


N_MEASURES = len(Measure)

# Plain integers, because numba reads module constants but not enums with methods.
_PLACED, _SWITCHED = int(NewsType.PLACED), int(NewsType.SWITCHED_TO_PREPAID)
_ADDRESS, _ACTION = int(NewsType.ADDRESS_CORRECTED), int(NewsType.ACTION_TAKEN)
_PARTIAL, _DELIVERED = int(NewsType.PARTIALLY_DELIVERED), int(NewsType.DELIVERED)
_RTO_STARTED, _RTO_RECEIVED = int(NewsType.RTO_STARTED), int(NewsType.RTO_RECEIVED)
_CANCELLED, _LOST, _CORRECTION = int(NewsType.CANCELLED), int(NewsType.LOST), int(NewsType.CORRECTION)
_NO_ATTEMPT, _DAMAGED, _NONE = int(Reason.NO_ATTEMPT), int(Reason.DAMAGED), int(Reason.NONE)
_PREPAID_ONLY = int(Action.PREPAID_ONLY)

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


def voided(row, before, type_, known_at, voids):  # type: ignore[no-untyped-def]
    """Is `row` taken back by a correction known before `before`? A correction itself cannot be taken back."""
    for i in range(len(type_)):  # noqa: SIM110 - numba compiles this loop
        if type_[i] == _CORRECTION and voids[i] == row and known_at[i] < before:
            return True
    return False


def later(i, j, type_, happened_at, rank):  # type: ignore[no-untyped-def]
    """Does news `i` come after `j` by (happened_at, type, event_id)? Anything comes after nothing (-1)."""
    if j < 0:
        return True
    if happened_at[i] != happened_at[j]:
        return happened_at[i] > happened_at[j]
    if type_[i] != type_[j]:
        return type_[i] > type_[j]
    return rank[i] > rank[j]


def judge(before, type_, happened_at, known_at, rank, reason, voids):  # type: ignore[no-untyped-def]
    """The order's verdict and whether the courier caused it, from news with `known_at < before`.

    The last of delivered, rto_started and rto_received decides. An order that was delivered in part is RTO for
    none of the model's purposes (MIXED), unless the rest was delivered later. The cause is the last reason told at
    or before the first `rto_started` (without one: before the deciding news); no reason means the buyer.
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
        return VOID, False
    if partial >= 0 and (last < 0 or type_[last] != _DELIVERED or later(partial, last, type_, happened_at, rank)):
        return MIXED, False
    if last < 0:
        return UNKNOWN, False
    if type_[last] == _DELIVERED:
        return NOT_RTO, False
    until = started if started >= 0 else last
    cause = -1
    for i in range(len(type_)):
        if known_at[i] >= before or reason[i] == _NONE or voided(i, before, type_, known_at, voids):
            continue
        if (i == until or later(until, i, type_, happened_at, rank)) and later(i, cause, type_, happened_at, rank):
            cause = i
    return RTO, cause >= 0 and reason[cause] in (_NO_ATTEMPT, _DAMAGED)


def weigh(  # type: ignore[no-untyped-def]  # noqa: C901, PLR0913 - one pure rule, compiled as it stands
    before, is_cod, amount, type_, happened_at, known_at, rank, reason, action, voids, version, everyone, buyer
):
    """Fill the weights of one order from its news with `known_at < before`; return its address version.

    before: moment, microseconds.  is_cod: placed as cash on delivery.  amount: minor units, 0 if unknown.
    everyone, buyer: (N_MEASURES,) filled in place: weights for keys of places, merchants and goods, and for keys of
    the buyer. They differ only where the courier caused an RTO: that adds no outcome to the buyer's keys.
    All weights are 0 before `placed` is known.
    """
    for m in range(N_MEASURES):
        everyone[m] = 0.0
        buyer[m] = 0.0
    verdict, courier = judge(before, type_, happened_at, known_at, rank, reason, voids)
    if verdict == VOID:
        return 0
    cod, closed, newest = is_cod, verdict != UNKNOWN, -1
    for i in range(len(type_)):
        if known_at[i] >= before or voided(i, before, type_, known_at, voids):
            continue
        kind = type_[i]
        if kind == _SWITCHED:
            cod = False
            everyone[9] = 1.0
        elif kind == _ACTION and action[i] == _PREPAID_ONLY:
            everyone[8] = 1.0
        elif kind in (_CANCELLED, _LOST):
            closed = True
            if kind == _CANCELLED and verdict == UNKNOWN:
                everyone[6] = 1.0
        elif kind == _ADDRESS and later(i, newest, type_, happened_at, rank):
            newest = i
    everyone[0] = 1.0
    everyone[1] = 1.0 if cod else 0.0
    everyone[7] = 0.0 if closed else 1.0
    everyone[10] = amount
    if verdict in (NOT_RTO, RTO):
        came_back = 1.0 if verdict == RTO else 0.0
        everyone[2] = 1.0
        everyone[3] = came_back
        if cod:
            everyone[4] = 1.0
            everyone[5] = came_back
    for m in range(N_MEASURES):
        buyer[m] = 0.0 if courier and 2 <= m <= 5 else everyone[m]
    return 0 if newest < 0 else version[newest]


@dataclass(frozen=True, slots=True)
class Contribution:
    """Weights of one order: `everyone` for keys of places and goods, `buyer` for keys of the buyer."""

    everyone: tuple[float, ...]
    buyer: tuple[float, ...]
    address_version: int


def contribution(*, is_cod: bool, amount_minor: float, news: News, before: int) -> Contribution:
    """The contribution of one order, from its news with `known_at < before`. Pure; order of rows does not matter."""
    everyone, buyer = [0.0] * N_MEASURES, [0.0] * N_MEASURES
    amount = amount_minor if amount_minor == amount_minor else 0.0  # NaN: unknown
    columns = (news.type, news.happened_at, news.known_at, news.rank, news.reason, news.action, news.voids)
    version = weigh(before, is_cod, amount, *columns, news.version, everyone, buyer)
    return Contribution(tuple(everyone), tuple(buyer), int(version))


def label(news: News, asof: int) -> float:
    """1 RTO, 0 delivered, NaN without a verdict at `asof` (open, cancelled, lost, mixed); news known at `asof` counts."""
    columns = (news.type, news.happened_at, news.known_at, news.rank, news.reason, news.voids)
    verdict, _ = judge(asof + 1, *columns)
    return float(verdict) if verdict in (NOT_RTO, RTO) else float("nan")
