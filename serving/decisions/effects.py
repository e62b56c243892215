"""What each action does to an order, by why it would have come back: a declared table, not yet a measured one.

An order under cash on delivery is either *good* (it would be delivered) or would come back for one cause. An action
changes what happens to each kind. The table that is shipped is `default_effects.py`; a merchant may declare another.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

from data.contract import Action
from data.errors import PlanError

CAUSES = ("fake", "refusal", "address", "unreachable", "courier")
KINDS = (*CAUSES, "good")
PARTS = ("reached", "cancels", "repaired", "pays", "delivered_if_paid")
ZERO, ONE = Fraction(0), Fraction(1)

HARSHNESS: Mapping[Action, int] = MappingProxyType(
    {
        Action.ALLOW_COD: 0,  # nothing is asked
        Action.PREPAID_NUDGE: 1,  # an offer, and a message: who does not answer gets the parcel all the same
        Action.CONFIRM_MESSAGE: 1,
        Action.CONFIRM_CALL: 2,  # takes the buyer's time
        Action.PARTIAL_PREPAID: 3,  # no parcel without paying a part
        Action.PREPAID_ONLY: 4,  # no parcel without paying
    }
)
"""What an action asks of a *good* buyer: docs/adr/0011. Equal numbers are equally gentle."""


@dataclass(frozen=True)
class PerCause:
    """One share for each kind of order."""

    fake: Fraction = ZERO
    refusal: Fraction = ZERO
    address: Fraction = ZERO
    unreachable: Fraction = ZERO
    courier: Fraction = ZERO
    good: Fraction = ZERO


def shares(text: str) -> PerCause:
    """`shares(".35 .70 .70 .50 .70 .75")`: exact, in the order of the fields."""
    return PerCause(*(Fraction(word) for word in text.split()))


@dataclass(frozen=True)
class Range:
    """Between what one part of a row may lie: its 95 % interval, kind by kind."""

    part: str
    low: PerCause
    high: PerCause


@dataclass(frozen=True)
class Effect:
    """What one action does.

    reached: answers the call or message. cancels, repaired: of those reached, cancelled before dispatch, or set right
    so that the parcel is delivered. pays: pays online when asked (a part, where the action asks for a part).
    delivered_if_paid: of those. Everybody else is shipped COD, or lost when `cod_withdrawn`.  ranges: of the parts that
    are not known exactly.
    """

    action: Action
    reached: PerCause = PerCause()
    cancels: PerCause = PerCause()
    repaired: PerCause = PerCause()
    pays: PerCause = PerCause()
    delivered_if_paid: PerCause = PerCause(good=ONE)
    cod_withdrawn: bool = False
    assumed: bool = True
    ranges: tuple[Range, ...] = ()

    @property
    def in_part(self) -> bool:
        """Is only a part paid before?"""
        return self.action is Action.PARTIAL_PREPAID

    def variants(self) -> "Iterator[tuple[Effect, Effect]]":
        """(the row with one part at its low end, the same at its high end), part by part; would-be RTOs and good
        orders apart: the shares of one part move together, the parts by themselves."""
        for one in self.ranges:
            part: PerCause = getattr(self, one.part)
            for low, high in ((replace(one.low, good=part.good), replace(one.high, good=part.good)),
                              (replace(part, good=one.low.good), replace(part, good=one.high.good))):  # fmt: skip
                if low != high:
                    yield self._with(one.part, low), self._with(one.part, high)

    def _with(self, part: str, table: PerCause) -> "Effect":
        return replace(self, ranges=(), **{part: table})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Response:
    """Shares of one group of orders (would-be RTO, or good) under one action; `rest` does none of the three."""

    pays: Fraction
    paid_comes_back: Fraction
    cancels: Fraction
    repaired: Fraction
    rest: Fraction


@dataclass(frozen=True)
class Effects:
    """The rows, gentle to harsh, and how often each cause is behind a COD RTO. Refuses bad tables (PlanError MONEY003).

    paying_causal_share: how much of the gap between the risk under COD and the risk if prepaid is the paying itself.
    The rest is who chooses to pay, and stays when somebody is asked to.
    """

    version: str
    cause_mix: PerCause
    rows: tuple[Effect, ...]
    paying_causal_share: Fraction
    paying_causal_range: tuple[Fraction, Fraction] | None = None

    def __post_init__(self) -> None:
        _check_table(self.version, "cause_mix", self.cause_mix)
        if sum(astuple(self.cause_mix)) != 1 or self.cause_mix.good:
            _refuse(self.version, "cause_mix", "causes that do not sum to 1", "shares of the five causes, summing to 1")
        low, high = self.paying_causal_range or (self.paying_causal_share, self.paying_causal_share)
        if not 0 <= low <= self.paying_causal_share <= high <= 1:
            _refuse(
                self.version, "paying_causal_share", self.paying_causal_share, "a share from 0 to 1, within its range"
            )
        actions = [row.action for row in self.rows]
        if not actions or actions[0] is not Action.ALLOW_COD or len(set(actions)) != len(actions):
            _refuse(self.version, "rows", [a.name for a in actions], "allow_cod first, then each action once")
        if (ranks := [HARSHNESS[action] for action in actions]) != sorted(ranks):
            _refuse(self.version, "rows", [a.name for a in actions], "gentle to harsh, see docs/decisions.md")
        for row in self.rows:
            _check_row(self.version, row)

    def variants(self) -> Iterator[tuple[Action, "Effects", "Effects"]]:
        """(action, the table with one of its uncertain parts at its low end, and at its high end), part by part."""
        first = self.rows[0]
        for row in self.rows:
            for ends in row.variants():
                low, high = (replace(self, rows=(first, end)) for end in ends)
                yield row.action, low, high
            if self.paying_causal_range is not None and row.pays != PerCause() and not row.in_part:
                low, high = (replace(self, paying_causal_share=end, paying_causal_range=None)
                             for end in self.paying_causal_range)  # fmt: skip
                yield row.action, low, high

    def response_of(self, action: Action) -> tuple[Effect, Response, Response]:
        """Its row, what would-be RTOs do on average over the cause mix, what good orders do. KeyError if not there."""
        if action not in self._responses:
            row = next((row for row in self.rows if row.action is action), None)
            if row is None:
                raise KeyError(action)
            self._responses[action] = (row, _mean(row, self.cause_mix), _mean(row, PerCause(good=ONE)))
        return self._responses[action]

    @cached_property
    def _responses(self) -> dict[Action, tuple[Effect, Response, Response]]:
        return {}


@dataclass(frozen=True)
class Outcomes:
    """How an order ends: chances that sum to 1. part: a part was paid before, the rest is cash."""

    delivered_cod: Fraction = ZERO
    rto_cod: Fraction = ZERO
    delivered_paid: Fraction = ZERO
    rto_paid: Fraction = ZERO
    delivered_part: Fraction = ZERO
    rto_part: Fraction = ZERO
    cancelled: Fraction = ZERO
    lost_good: Fraction = ZERO
    lost_other: Fraction = ZERO


def outcomes(p: Fraction, p_if_prepaid: Fraction | None, action: Action, effects: Effects) -> Outcomes:
    """How an order with risk p under COD ends when `action` is taken: linear in p.

    Paying never turns a good order into an RTO. Of the would-be RTOs who pay, the share that comes back all the same
    is the table's; or, where the risk if prepaid q <= p is known and all is paid, r = c * q / p + (1 - c) with c the
    causal share. (q above p says that paying does not help: then r = 1.)
    """
    row, bad, good = effects.response_of(action)
    in_part = row.in_part
    came_back = p * bad.paid_comes_back
    if p_if_prepaid is not None and not in_part:
        c = effects.paying_causal_share
        came_back = bad.pays * (c * min(p_if_prepaid, p) + (1 - c) * p)
    paid = p * bad.pays + (1 - p) * good.pays - came_back
    rest_bad, rest_good = p * bad.rest, (1 - p) * good.rest
    cod_bad, cod_good = (ZERO, ZERO) if row.cod_withdrawn else (rest_bad, rest_good)
    return Outcomes(
        delivered_cod=cod_good + p * bad.repaired,
        rto_cod=cod_bad,
        delivered_paid=ZERO if in_part else paid,
        rto_paid=ZERO if in_part else came_back,
        delivered_part=paid if in_part else ZERO,
        rto_part=came_back if in_part else ZERO,
        cancelled=p * bad.cancels + (1 - p) * good.cancels,
        lost_good=rest_good - cod_good,
        lost_other=rest_bad - cod_bad,
    )


def prepaid_outcomes(p: Fraction) -> Outcomes:
    """How an order ends that is paid for already; p is its risk as a prepaid order."""
    return Outcomes(delivered_paid=1 - p, rto_paid=p)


def _mean(row: Effect, mix: PerCause) -> Response:
    def over(*tables: PerCause) -> Fraction:
        columns = zip(astuple(mix), *map(astuple, tables), strict=True)
        return sum((math.prod(column, start=ONE) for column in columns), ZERO)

    pays, delivered = over(row.pays), over(row.pays, row.delivered_if_paid)
    cancels, repaired = over(row.reached, row.cancels), over(row.reached, row.repaired)
    return Response(pays, pays - delivered, cancels, repaired, 1 - pays - cancels - repaired)


def _check_row(version: str, row: Effect) -> None:
    name = row.action.name.lower()
    for part in PARTS:
        _check_table(version, f"{name}.{part}", getattr(row, part))
    tables = (row.reached, row.cancels, row.repaired, row.pays)
    for kind, reached, cancels, repaired, pays in zip(KINDS, *map(astuple, tables), strict=True):
        if cancels + repaired > 1 or pays + reached * (cancels + repaired) > 1:
            _refuse(version, f"{name}, {kind}", "more than all orders", "pays + reached * (cancels + repaired) <= 1")
    if row.repaired.good:
        _refuse(version, f"{name}.repaired, good", row.repaired.good, "0: a good order needs no repair")
    if row.delivered_if_paid.good != 1:
        _refuse(version, f"{name}.delivered_if_paid, good", row.delivered_if_paid.good, "1: paying loses no good order")
    if row.action is Action.ALLOW_COD and row != Effect(row.action, assumed=row.assumed):
        _refuse(version, name, "an effect", "none: every action is measured against plain shipping")
    _check_ranges(version, name, row)


def _check_ranges(version: str, name: str, row: Effect) -> None:
    for one in row.ranges:
        where = f"{name}.{one.part}"
        if one.part not in PARTS or sum(other.part == one.part for other in row.ranges) > 1:
            _refuse(version, where, "a range of no part, or a second one", f"one range each of {', '.join(PARTS)}")
        tables = (one.low, getattr(row, one.part), one.high)
        for kind, low, middle, high in zip(KINDS, *map(astuple, tables), strict=True):
            if not low <= middle <= high:
                _refuse(version, f"{where}, {kind}", f"{low} to {high} around {middle}", "an interval around the share")
    for ends in row.variants():
        for end in ends:
            _check_row(version, end)


def _check_table(version: str, name: str, table: PerCause) -> None:
    for kind, share in zip(KINDS, astuple(table), strict=True):
        if not isinstance(share, Fraction) or not 0 <= share <= 1:
            _refuse(version, f"{name}, {kind}", repr(share), "an exact share from 0 to 1")


def _refuse(version: str, where: str, got: object, expected: str) -> None:
    to_do = "correct the table and give it a new version"
    raise PlanError("MONEY003", f"effects {version}, {where}", got=str(got), expected=expected, to_do=to_do)
