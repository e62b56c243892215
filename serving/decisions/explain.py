"""The sums behind a decision, and the risks at which another action takes over."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from data.contract import Action
from serving.decisions.economics import Line, money, worth
from serving.decisions.effects import outcomes, prepaid_outcomes
from serving.decisions.policy import Policy, check_value, risk, to_minor


@dataclass(frozen=True)
class Term:
    """One line of a sum: minor units, and the multiplication they come from in major units."""

    name: str
    minor: int
    formula: str


def explain(
    p_rto: float, p_rto_if_prepaid: float | None, value_minor: int, action: Action, policy: Policy
) -> tuple[Term, ...]:
    """The lines of `action` on an order not yet paid; they add up to its expected_value_minor exactly.

    Each line is rounded by itself; where that loses a minor unit, a last line `rounding` says so. KeyError for an
    action that is not offered.
    """
    check_value(value_minor)
    q = None if p_rto_if_prepaid is None else risk(p_rto_if_prepaid)
    ends = outcomes(risk(p_rto), q, action, policy.effects)
    return _terms(money(ends, action, value_minor, policy.economics), policy)


def explain_prepaid(p_rto: float, value_minor: int, policy: Policy) -> tuple[Term, ...]:
    """The same for an order already paid for."""
    check_value(value_minor)
    ends = prepaid_outcomes(risk(p_rto))
    return _terms(money(ends, Action.ALLOW_COD, value_minor, policy.economics), policy)


def break_even(policy: Policy, value_minor: int) -> Mapping[Action, float | None]:
    """action -> the lowest risk, in thousandths, at which it is worth more than plain COD; None if at no risk.

    With the declared effects of paying. Compared with plain shipping only: where another action is already worth more,
    the advice changes elsewhere.
    """
    check_value(value_minor)
    gentlest, *others = (row.action for row in policy.effects.rows)
    base = [_worth_at(p, gentlest, value_minor, policy) for p in (0, 1)]
    found: dict[Action, float | None] = {}
    for action in others:
        lead = [_worth_at(p, action, value_minor, policy) - base[p] for p in (0, 1)]
        found[action] = min(_above_zero(lead[0], lead[1]), default=None)
    return found


def ships_up_to(policy: Policy, value_minor: int) -> float | None:
    """The highest risk, in thousandths, at which shipping COD is worth more than nothing; None if at no risk."""
    check_value(value_minor)
    at_0, at_1 = (_worth_at(p, Action.ALLOW_COD, value_minor, policy) for p in (0, 1))
    return max(_above_zero(at_0, at_1), default=None)


def _above_zero(at_0: Fraction, at_1: Fraction) -> list[float]:
    """Risks in thousandths at which the straight line from at_0 (p = 0) to at_1 (p = 1) lies above 0."""
    return [k / 1000 for k in range(1001) if at_0 * (1000 - k) + at_1 * k > 0]


def _worth_at(p: Fraction | int, action: Action, value_minor: int, policy: Policy) -> Fraction:
    return worth(outcomes(Fraction(p), None, action, policy.effects), action, value_minor, policy.economics)


def _terms(lines: tuple[Line, ...], policy: Policy) -> tuple[Term, ...]:
    text = policy.economics.text
    terms = [
        Term(
            line.name,
            to_minor(line.share * line.each_minor),
            f"{_plain(line.share)} {line.of} x {text(line.each_minor)}",
        )
        for line in lines
    ]
    total = to_minor(sum((line.share * line.each_minor for line in lines), Fraction(0)))
    lost = total - sum(term.minor for term in terms)
    return (*terms, Term("rounding", lost, "lines are rounded one by one")) if lost else tuple(terms)


def _plain(share: Fraction) -> str:
    """A share as a decimal: all its digits up to ten, `0.0935`."""
    return format((Decimal(share.numerator) / share.denominator).quantize(Decimal("1e-10")).normalize(), "f")
