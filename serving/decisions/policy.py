"""Which action is worth most on one order: a sum of chances times money, for one merchant. No thresholds.

    expected value of an action = sum over the lines of `economics.money` of  share of orders * money of each

The risk is read in thousandths, as the answer shows it. Everything is exact until `to_minor`, the one place where money
is rounded; actions are compared before it, so a tie is a tie and the choice never hangs on a rounding.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cached_property

from data.contract import Action
from data.errors import PlanError
from serving.decisions.compiled import PER_RISK, CompiledMoney, Sums, compile_money
from serving.decisions.default_effects import DEFAULT_EFFECTS
from serving.decisions.economics import LARGEST_MINOR, Economics, default_economics
from serving.decisions.effects import ONE, ZERO, Effects, outcomes
from serving.decisions.intervals import Swings, compile_swings
from serving.decisions.promise import LeftOut, left_out, refusal
from serving.decisions.stages import CHECKOUT, offered


@dataclass(frozen=True)
class Policy:
    """One merchant's money and the effects believed in: what each action is worth, and what is offered of them.

    More risk never earns a gentler action: see `promise.py`. Refuses costs under which a delivery loses more than an
    RTO (PlanError MONEY004).
    """

    economics: Economics
    effects: Effects
    offered: tuple[Action, ...] = tuple(Action)

    def __post_init__(self) -> None:
        for one in self.left_out:
            if one.gentler is Action.ALLOW_COD:
                raise refusal(one, self.version, self.economics)

    def swings(self, known: bool) -> Swings:
        """What the intervals of the effects do to the sums. known: is there a risk if prepaid?"""
        if known not in self._swings:
            self._swings[known] = compile_swings(self.economics, self.effects, known=known)
        return self._swings[known]

    @cached_property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Actions that are not offered at some order values, so that the promise holds."""
        declared, known = (sums.only(self._on_offer) for sums in (self.compiled.declared, self.compiled.known))
        return left_out(declared, known, self.economics)

    @property
    def _on_offer(self) -> tuple[Action, ...]:
        return tuple(r.action for r in self.effects.rows if r.action in self.offered or r.action is Action.ALLOW_COD)

    def offers(self, action: Action, value_minor: int) -> bool:
        """Is the action on offer for an order of this value?"""
        return not any(o.action is action and o.first <= value_minor <= o.last for o in self.left_out)

    @cached_property
    def compiled(self) -> CompiledMoney:
        """The same money in whole numbers."""
        return compile_money(self.economics, self.effects)

    def sums(self, known: bool, stage: str) -> Sums:
        """The sums of what is offered at a stage. known: is there a risk if prepaid?"""
        if (known, stage) not in self._sums:
            every = self.compiled.known if known else self.compiled.declared
            self._sums[known, stage] = every.only(offered(stage, self._on_offer))
        return self._sums[known, stage]

    def offer(self, action: Action, value_minor: int) -> tuple[int, str]:
        """What the action costs on an order of this value, and the advice in words."""
        e, discount = self.economics, self.economics.discount(action, value_minor)
        named = e.advance(value_minor) if action is Action.PARTIAL_PREPAID else discount
        if (action, named) not in self._words:
            self._words[action, named] = in_words(action, e.text(named) if named else "")
        return e.contact_cost(action) + discount, self._words[action, named]

    def assumes(self, action: Action, k: int, known: bool) -> dict[str, float]:
        """The declared shares behind one action at a risk of k thousandths."""
        if (action, known) not in self._assumed:
            self._assumed[action, known] = _assumed(action, known, self.effects)
        return self._assumed[action, known].at(k)

    @cached_property
    def _sums(self) -> dict[tuple[bool, str], Sums]:
        return {}

    @cached_property
    def _swings(self) -> dict[bool, Swings]:
        return {}

    @cached_property
    def _words(self) -> dict[tuple[Action, int], str]:
        return {}

    @cached_property
    def _assumed(self) -> "dict[tuple[Action, bool], _Assumed]":
        return {}

    @property
    def version(self) -> str:
        return f"{self.economics.version}+{self.effects.version}"

    def digest(self) -> str:
        """Changes when any number of either part does."""
        told = [self.economics.as_dict(), asdict(self.effects), self._on_offer]
        text = json.dumps(told, sort_keys=True, default=str)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def default_policy(currency: str) -> Policy | None:
    """The declared defaults; None where costs in `currency` are not known (the answer then warns economics_missing)."""
    economics = default_economics(currency)
    return None if economics is None else Policy(economics, DEFAULT_EFFECTS)


@dataclass(frozen=True)
class ActionValue:
    """What one action is worth on one order. cost_minor: spent or given because of the action itself, if it takes.

    assumes: the declared effects behind the number. exact: expected_value_minor before rounding, for comparing.
    """

    action: Action
    expected_value_minor: int
    cost_minor: int
    assumes: dict[str, float]
    summary: str
    exact: Fraction


@dataclass(frozen=True)
class Decision:
    """decided_by: `expected_value`, or `default` where no money could be computed."""

    action: Action
    runner_up: Action | None
    decided_by: str
    values: tuple[ActionValue, ...]
    summary: str


def evaluate(
    p_rto: float, p_rto_if_prepaid: float | None, value_minor: int, policy: Policy, stage: str = CHECKOUT
) -> tuple[ActionValue, ...]:
    """What each offered action is worth on an order not yet paid, gentle to harsh.

    p_rto: risk if shipped COD; p_rto_if_prepaid: risk had the same buyer paid, None = the declared table is used.
    value_minor: value of the goods, above 0.  stage: what can still be done (`stages.py`). PlanError MONEY005 for what
    is no risk or no value.
    """
    k, q = in_thousandths(p_rto), None if p_rto_if_prepaid is None else in_thousandths(p_rto_if_prepaid)
    check_value(value_minor)
    sums = policy.sums(q is not None, stage)
    numerators = sums.at(k, min(k if q is None else q, k), value_minor)
    return tuple(
        _told(action, numerator, sums, policy, (k, q is not None, value_minor))
        for action, numerator in zip(sums.actions, numerators, strict=True)
        if policy.offers(action, value_minor)
    )


def _told(action: Action, numerator: int, sums: Sums, policy: Policy, asked: tuple[int, bool, int]) -> ActionValue:
    k, known, value_minor = asked
    cost, summary = policy.offer(action, value_minor)
    exact = Fraction(numerator, sums.denominator)
    return ActionValue(action, sums.to_minor(numerator), cost, policy.assumes(action, k, known), summary, exact)


def evaluate_prepaid(p_rto: float, value_minor: int, policy: Policy) -> tuple[ActionValue, ...]:
    """An order already paid for has one action: ship it. p_rto is its risk as a prepaid order."""
    check_value(value_minor)
    sums = policy.compiled.prepaid
    [numerator] = sums.at(in_thousandths(p_rto), 0, value_minor)
    exact = Fraction(numerator, sums.denominator)
    return (ActionValue(Action.ALLOW_COD, sums.to_minor(numerator), 0, {}, SHIP_PAID, exact),)


SHIP_PAID = "Ship, it is paid for"


def decide(values: Sequence[ActionValue], default: Action) -> Decision:
    """The action worth most; ties go to the gentler. Without values (no costs known): the merchant's default."""
    if not values:
        return Decision(default, None, "default", (), in_words(default, ""))
    best, *others = sorted(values, key=lambda value: -value.exact)  # stable: among equals the gentler comes first
    runner_up = others[0].action if others else None
    return Decision(best.action, runner_up, "expected_value", tuple(values), best.summary)


def in_words(action: Action, amount: str) -> str:
    """The advice as a merchant reads it. amount: the discount or advance, as `Rs 40`, or empty where not known."""
    return {
        Action.ALLOW_COD: "Ship cash on delivery",
        Action.CONFIRM_MESSAGE: "Ask by message before dispatch",
        Action.CONFIRM_CALL: "Call before dispatch",
        Action.PREPAID_NUDGE: f"Offer {amount or 'a discount'}{' off' if amount else ''} for paying online",
        Action.PARTIAL_PREPAID: f"Ask for {amount or 'a part'} up front, the rest in cash",
        Action.PREPAID_ONLY: "Ask for payment up front",
    }[action]


@dataclass(frozen=True)
class TierCuts:
    """Where a risk is called medium and high. For display only: no decision reads a tier."""

    medium_from: float = 0.2
    high_from: float = 0.4

    def __post_init__(self) -> None:
        if not 0 < self.medium_from < self.high_from < 1:
            got = f"medium from {self.medium_from}, high from {self.high_from}"
            raise PlanError(
                "MONEY006",
                "tiers",
                got=got,
                expected="0 < medium_from < high_from < 1",
                to_do="put the two borders in that order, in [tiers] of the policy",
            )


def tier_of(p_rto: float, cuts: TierCuts = TierCuts()) -> str:
    """`low`, `medium` or `high`; a risk on a cut belongs to the higher tier."""
    return "high" if p_rto >= cuts.high_from else "medium" if p_rto >= cuts.medium_from else "low"


def risk(p: float) -> Fraction:
    """A probability in thousandths, exactly as shown. An already rounded one is unchanged."""
    return Fraction(in_thousandths(p), PER_RISK)


def in_thousandths(p: float) -> int:
    """The same as a whole number. PlanError MONEY005 for what is no probability."""
    if not math.isfinite(p) or not 0 <= p <= 1:
        raise PlanError(
            "MONEY005",
            "risk",
            got=repr(p),
            expected="a probability from 0 to 1",
            to_do="give a share, as 0.25 for 25 %",
        )
    return round(p * PER_RISK)


def check_value(value_minor: int) -> None:
    if type(value_minor) is not int or not 0 < value_minor <= LARGEST_MINOR:
        expected = f"whole minor units above 0, at most {LARGEST_MINOR}"
        to_do = "without a usable amount no money can be computed: decide by the default"
        raise PlanError("MONEY005", "value of the order", got=repr(value_minor), expected=expected, to_do=to_do)


def to_minor(amount: Fraction) -> int:
    """The one place where money is rounded: to the nearest minor unit, halves up."""
    return math.floor(amount + Fraction(1, 2))


@dataclass(frozen=True, slots=True)
class _Assumed:
    """What is assumed behind one action. shares: the same at every risk, but for `takeup`, which is (flat + sloped * k) /
    denominator at a risk of k thousandths; denominator 0: nobody is asked to pay."""

    shares: dict[str, float]
    flat: int
    sloped: int
    denominator: int

    def at(self, k: int) -> dict[str, float]:
        told = dict(self.shares)
        if self.denominator:
            told["takeup"] = round((self.flat + self.sloped * k) / self.denominator, 4)
        return told


def _assumed(action: Action, known: bool, effects: Effects) -> _Assumed:
    """The assumed shares behind one action: of this order, or where named so of good orders and would-be RTOs."""
    row, bad, good = effects.response_of(action)
    told: dict[str, Fraction] = {}
    ends = [_takeup(p, action, known, effects) for p in (ZERO, ONE)]  # `outcomes` is linear in the risk
    denominator = math.lcm(*(end.denominator for end in ends)) * PER_RISK if bad.pays or good.pays else 0
    if denominator:
        known = known and not row.in_part
        told = {"takeup": ZERO, "takeup_good": good.pays, "takeup_rto": bad.pays}
        if not known:
            told["rto_after_paying_declared"] = bad.paid_comes_back / bad.pays if bad.pays else Fraction(0)
        else:
            told["paying_causal_share"] = effects.paying_causal_share
    if bad.cancels or bad.repaired or good.cancels:
        told |= {"rto_cancelled": bad.cancels, "rto_repaired": bad.repaired, "good_cancelled": good.cancels}
    shares = {name: round(float(share), 4) for name, share in told.items()}
    return _Assumed(shares, int(ends[0] * denominator), int((ends[1] - ends[0]) * denominator / PER_RISK), denominator)


def _takeup(p: Fraction, action: Action, known: bool, effects: Effects) -> Fraction:
    """Who pays of orders with risk p; it does not depend on the risk if prepaid."""
    ends = outcomes(p, ZERO if known else None, action, effects)
    return ends.delivered_paid + ends.rto_paid + ends.delivered_part + ends.rto_part
