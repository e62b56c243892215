"""What an order and its news so far say, as weights: `contribution(order, news) -> {(key, measure): weight}`.

`weigh` is the one definition. It is a pure function of the *set* of news (any order of the rows gives the same
weights) and is written in the plain subset of Python that numba compiles: the service runs it as it stands on lists,
`features/replay.py` compiles it and runs it on arrays. Everything that trains, serves or explains goes through it.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

from data.contract import Action, NewsType, Payment, Reason
from data.label import NOT_RTO, RTO, UNKNOWN, VOID, Ints, News, judge, later, voided

Floats: TypeAlias = Any
"""A column of weights: a list in the service, an array under numba."""


class Measure(IntEnum):
    """What is summed over orders. Unit: orders, but `AMOUNT` in minor units of money and `FAILED_ATTEMPTS` in attempts.

    COD: not told to be paid up front, so that a shop that tells no payment method has rates all the same.
    An RTO counts as UNREACHABLE or BAD_ADDRESS if the courier said so, as none of them if the courier caused it, else as
    REFUSED: no reason means the buyer.
    """

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
    DELIVERED = 11
    NOT_TAKEN = 12
    REFUSED = 13
    UNREACHABLE = 14
    BAD_ADDRESS = 15
    FAILED_ATTEMPTS = 16
    COD_DELIVERED = 17


N_MEASURES = len(Measure)

_SWITCHED, _ADDRESS = int(NewsType.SWITCHED_TO_PREPAID), int(NewsType.ADDRESS_CORRECTED)
_ACTION, _PREPAID_ONLY = int(NewsType.ACTION_TAKEN), int(Action.PREPAID_ONLY)
_CANCELLED, _LOST = int(NewsType.CANCELLED), int(NewsType.LOST)
_ATTEMPT_FAILED = int(NewsType.ATTEMPT_FAILED)
_NO_ATTEMPT, _DAMAGED = int(Reason.NO_ATTEMPT), int(Reason.DAMAGED)
_UNREACHABLE, _BAD_ADDRESS = int(Reason.UNREACHABLE), int(Reason.BAD_ADDRESS)


def weigh(
    before: int,
    is_cod: bool,
    amount: float,
    type_: Ints,
    happened_at: Ints,
    known_at: Ints,
    rank: Ints,
    reason: Ints,
    action: Ints,
    voids: Ints,
    version: Ints,
    everyone: Floats,
    buyer: Floats,
) -> int:
    """Fill the weights of one order from its news with `known_at < before`; return its address version.

    before: moment, microseconds.  is_cod: placed as cash on delivery (`in_cash`).  amount: minor units, 0 if unknown.
    everyone, buyer: (N_MEASURES,) filled in place: weights for keys of places, merchants and goods, and for keys of
    the buyer. They differ only where the courier caused an RTO: that adds no outcome to the buyer's keys.
    All weights are 0 before `placed` is known.
    """
    for m in range(N_MEASURES):
        everyone[m] = 0.0
        buyer[m] = 0.0
    verdict, cause = judge(before, type_, happened_at, known_at, rank, reason, voids)
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
        elif kind == _ATTEMPT_FAILED:
            everyone[16] += 1.0
        elif kind == _ADDRESS and later(i, newest, type_, happened_at, rank):
            newest = i
    everyone[0] = 1.0
    everyone[1] = 1.0 if cod else 0.0
    everyone[7] = everyone[12] = 0.0 if closed else 1.0
    everyone[10] = amount
    if verdict in (NOT_RTO, RTO):
        came_back = 1.0 if verdict == RTO else 0.0
        everyone[2] = 1.0
        everyone[3] = came_back
        everyone[11] = 1.0 - came_back
        everyone[12] = came_back
        if cod:
            everyone[4] = 1.0
            everyone[5] = came_back
            everyone[17] = 1.0 - came_back
    courier = cause in (_NO_ATTEMPT, _DAMAGED)
    if verdict == RTO and not courier:
        everyone[14 if cause == _UNREACHABLE else 15 if cause == _BAD_ADDRESS else 13] = 1.0
    for m in range(N_MEASURES):
        buyer[m] = 0.0 if courier and (2 <= m <= 5 or m >= 11) else everyone[m]
    if newest < 0:
        return 0
    return int(version[newest])


def in_cash(payment_method: Any) -> Any:
    """Is an order not told to be paid up front? Of one method, or (n,) of an array of them."""
    return payment_method != Payment.PREPAID


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
