"""What each action does to an order, by why it would have come back: a declared table, not yet a measured one.

An order under cash on delivery is either *good* (it would be delivered) or would come back for one cause. An action
changes what happens to each kind. All numbers of `DEFAULT_EFFECTS` are assumptions (the sources are vendors' claims; no
randomised study is known); they carry a version, and logged outcomes are meant to replace them.
Adding an action is adding a row here, and its cost or discount in `economics.py`.
"""

import math
from dataclasses import astuple, dataclass
from fractions import Fraction
from functools import cached_property

from data.contract import Action
from data.errors import PlanError

CAUSES = ("fake", "refusal", "address", "unreachable", "courier")
ZERO, ONE = Fraction(0), Fraction(1)


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
class Effect:
    """What one action does.

    reached: answers the call. cancels, repaired: of those reached, cancelled before dispatch, or set right so that
    the parcel is delivered. pays: pays online when asked. delivered_if_paid: of those. Everybody else is shipped COD,
    or lost when `cod_withdrawn`.
    """

    action: Action
    reached: PerCause = PerCause()
    cancels: PerCause = PerCause()
    repaired: PerCause = PerCause()
    pays: PerCause = PerCause()
    delivered_if_paid: PerCause = PerCause(good=ONE)
    cod_withdrawn: bool = False
    assumed: bool = True


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

    def __post_init__(self) -> None:
        _check_table(self.version, "cause_mix", self.cause_mix)
        if sum(astuple(self.cause_mix)) != 1 or self.cause_mix.good:
            _refuse(self.version, "cause_mix", "causes that do not sum to 1", "shares of the five causes, summing to 1")
        if not 0 <= self.paying_causal_share <= 1:
            _refuse(self.version, "paying_causal_share", self.paying_causal_share, "a share from 0 to 1")
        actions = [row.action for row in self.rows]
        if not actions or actions[0] is not Action.ALLOW_COD or len(set(actions)) != len(actions):
            _refuse(self.version, "rows", [a.name for a in actions], "allow_cod first, then each action once")
        for row in self.rows:
            _check_row(self.version, row)

    @cached_property
    def responses(self) -> dict[Action, tuple[Effect, Response, Response]]:
        """action -> (its row, what would-be RTOs do on average over the cause mix, what good orders do)."""
        only_good = PerCause(good=ONE)
        return {row.action: (row, _mean(row, self.cause_mix), _mean(row, only_good)) for row in self.rows}


@dataclass(frozen=True)
class Outcomes:
    """How an order ends: chances that sum to 1."""

    delivered_cod: Fraction = ZERO
    rto_cod: Fraction = ZERO
    delivered_paid: Fraction = ZERO
    rto_paid: Fraction = ZERO
    cancelled: Fraction = ZERO
    lost_good: Fraction = ZERO
    lost_other: Fraction = ZERO


def outcomes(p: Fraction, p_if_prepaid: Fraction | None, action: Action, effects: Effects) -> Outcomes:
    """How an order with risk p under COD ends when `action` is taken: linear in p.

    Paying never turns a good order into an RTO. Of the would-be RTOs who pay, the share that comes back all the same
    is the table's; or, where the risk if prepaid q <= p is known, r = c * q / p + (1 - c) with c the causal share.
    (q above p says that paying does not help: then r = 1.)
    """
    row, bad, good = effects.responses[action]
    came_back = p * bad.paid_comes_back
    if p_if_prepaid is not None:
        c = effects.paying_causal_share
        came_back = bad.pays * (c * min(p_if_prepaid, p) + (1 - c) * p)
    rest_bad, rest_good = p * bad.rest, (1 - p) * good.rest
    cod_bad, cod_good = (ZERO, ZERO) if row.cod_withdrawn else (rest_bad, rest_good)
    return Outcomes(
        delivered_cod=cod_good + p * bad.repaired,
        rto_cod=cod_bad,
        delivered_paid=p * bad.pays + (1 - p) * good.pays - came_back,
        rto_paid=came_back,
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
    for part in ("reached", "cancels", "repaired", "pays", "delivered_if_paid"):
        _check_table(version, f"{name}.{part}", getattr(row, part))
    tables = (row.reached, row.cancels, row.repaired, row.pays)
    for kind, reached, cancels, repaired, pays in zip((*CAUSES, "good"), *map(astuple, tables), strict=True):
        if cancels + repaired > 1 or pays + reached * (cancels + repaired) > 1:
            _refuse(version, f"{name}, {kind}", "more than all orders", "pays + reached * (cancels + repaired) <= 1")
    if row.repaired.good:
        _refuse(version, f"{name}.repaired, good", row.repaired.good, "0: a good order needs no repair")
    if row.delivered_if_paid.good != 1:
        _refuse(version, f"{name}.delivered_if_paid, good", row.delivered_if_paid.good, "1: paying loses no good order")
    if row.action is Action.ALLOW_COD and row != Effect(row.action, assumed=row.assumed):
        _refuse(version, name, "an effect", "none: every action is measured against plain shipping")


def _check_table(version: str, name: str, table: PerCause) -> None:
    for kind, share in zip((*CAUSES, "good"), astuple(table), strict=True):
        if not isinstance(share, Fraction) or not 0 <= share <= 1:
            _refuse(version, f"{name}, {kind}", repr(share), "an exact share from 0 to 1")


def _refuse(version: str, where: str, got: object, expected: str) -> None:
    to_do = "correct the table and give it a new version"
    raise PlanError("MONEY003", f"effects {version}, {where}", got=str(got), expected=expected, to_do=to_do)


# Columns: fake, refusal, address, unreachable, courier, good.
DEFAULT_EFFECTS = Effects(
    version="effects-1",
    # ClickPost 2019, reasons of 300,000 COD RTOs: refused 52, unreachable 20, address 10, no attempt 3, other 15 %.
    # "Other" is taken for fake orders. Assumed to hold for every order alike.
    cause_mix=shares(".15 .52 .10 .20 .03 0"),
    rows=(
        Effect(Action.ALLOW_COD, assumed=False),
        # An offer that can be ignored: every good order is still shipped. About 17 % take it up; vendors claim 15-30 %.
        Effect(
            Action.PREPAID_NUDGE,
            pays=shares(".01 .08 .15 .15 .18 .20"),
            delivered_if_paid=shares(".30 .85 .70 .80 0 1"),
        ),
        # Two or three of 200 good orders are lost by the call. Vendors claim 10-35 % fewer RTOs among called orders.
        Effect(
            Action.CONFIRM_CALL,
            reached=shares(".35 .70 .70 .50 .70 .75"),
            cancels=shares(".80 .35 0 .05 .02 .02"),
            repaired=shares("0 .10 .60 .35 0 0"),
        ),
        # Without COD 28 % of good buyers still buy; one vendor reports losing "up to 75 %" of transactions.
        Effect(
            Action.PREPAID_ONLY,
            pays=shares(".01 .10 .25 .25 .28 .28"),
            delivered_if_paid=shares(".30 .85 .70 .80 0 1"),
            cod_withdrawn=True,
        ),
    ),
    paying_causal_share=Fraction("0.85"),  # assumed; to be learned from nudged orders
)
