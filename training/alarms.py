"""When is a change an alarm: eight rules, each a size with a reason and an interval that chance must not explain.

Two kinds. *Drift*: orders, scores or what they promise moved; the probabilities may still hold. *Broken*: something
says that they no longer do. A rule with too few orders is not applicable and says why; it is never quiet by default.
"""

from dataclasses import dataclass
from enum import StrEnum

from training.drift import Drift
from training.monitor_plan import MonitorPlan


class State(StrEnum):
    """What a rule found."""

    RAISED = "raised"
    QUIET = "quiet"
    NOT_APPLICABLE = "not applicable"


class Kind(StrEnum):
    """What a raised alarm means."""

    DRIFT = "drift"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. size: name of its threshold in the plan.  why: the reason for that size.  to_do: if it is raised."""

    code: str
    kind: Kind
    title: str
    size: str
    why: str
    to_do: str


RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule(
            "MON101", Kind.DRIFT, "a feature that matters moved, or went missing", "part_off",
            "0.1 log-odds are two points of risk at 27 %: with a PSI above 0.25, from where a score card is usually built "
            "anew (Siddiqi 2006). Or a fifth of the orders lack a value they used to have: a renamed column",
            "see which bins moved; a column renamed in an export shows as missing. If the market moved, train again",
        ),
        Rule(
            "MON102", Kind.DRIFT, "the scores moved", "psi",
            "as for features: what the model says of the orders is no longer spread as it was",
            "look at the features that moved; expect more (or fewer) orders to be acted upon",
        ),
        Rule(
            "MON103", Kind.DRIFT, "another share of orders is expected to come back", "rto_share_off",
            "a fifth more returns is money a shop must plan for, whether or not the model is right",
            "tell who plans the returns; look at which orders came in more often",
        ),
        Rule(
            "MON104", Kind.DRIFT, "the scores promise to tell orders apart less well", "auc_off",
            "0.03 is a tenth of what a good model has above chance (0.8 less 0.5)",
            "the mix is harder (more strangers, say): nothing is broken. Train again once these orders have matured",
        ),
        Rule(
            "MON201", Kind.BROKEN, "first attempts fail otherwise than such scores used to", "proxy_off",
            "a tenth more failures at equal scores: what a score comes to has changed, or how couriers work and report",
            "compare couriers and their reports first; if those are as before, buyers changed: rto calibrate as soon as "
            "these orders mature, and call more of the risky ones until then",
        ),
        Rule(
            "MON202", Kind.BROKEN, "more (or fewer) orders come back than was said", "calibration_off",
            "a tenth of the risk moves the best action of orders near the border between two actions",
            "rto calibrate; if it comes back within weeks, rto train",
        ),
        Rule(
            "MON203", Kind.BROKEN, "scores are too bold, or too timid", "slope_off",
            "with a slope of 0.8, orders said to be 50 % and 20 % come to 47 % and 22 %: differences are overstated by a fifth",
            "rto calibrate; if the slope stays, the features say less than they did: rto train",
        ),
        Rule(
            "MON204", Kind.BROKEN, "the model tells orders apart less well than when it was judged", "auc_off",
            "0.03 is a tenth of what a good model has above chance (0.8 less 0.5)",
            "rto train; compare with rto evaluate challenger --against champion",
        ),
    )
}  # fmt: skip


_NAMED = 5  # features in one sentence


@dataclass(frozen=True, slots=True)
class Alarm:
    """What one rule found in one scope. value, low, high: its figure and interval.  size: from where it counts.

    n: orders behind it.  said: the finding in a sentence.
    """

    code: str
    scope: str
    state: State
    said: str
    n: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    size: float | None = None

    @property
    def rule(self) -> Rule:
        return RULES[self.code]


@dataclass(frozen=True, slots=True)
class Change:
    """A difference to judge. allowed: it may lie between -allowed and allowed (one-sided: above -allowed).

    value, low, high: the difference with its interval.  said: the finding in a sentence.
    """

    n: int
    value: float
    low: float
    high: float
    allowed: float
    said: str
    falls_only: bool = False


def judged(code: str, scope: str, change: Change | str) -> Alarm:
    """Raised if the change is larger than allowed and its interval excludes none; a text says why it cannot be told."""
    if isinstance(change, str):
        return Alarm(code, scope, State.NOT_APPLICABLE, change)
    fell = change.value < -change.allowed and change.high < 0
    rose = change.value > change.allowed and change.low > 0 and not change.falls_only
    state = State.RAISED if fell or rose else State.QUIET
    ends = (change.value, change.low, change.high, change.allowed)
    return Alarm(code, scope, state, change.said, change.n, *ends)


def features_moved(found: tuple[Drift, ...] | str, scope: str, n: int, plan: MonitorPlan) -> Alarm:
    """MON101. Raised if a feature moved beyond chance and moves the score, or is suddenly missing, or suddenly there."""
    if isinstance(found, str):
        return Alarm("MON101", scope, State.NOT_APPLICABLE, found)
    beyond = [one for one in found if one.beyond(plan.psi) and (one.part or 0.0) > plan.part_off]
    gone = [one for one in found if one.missing_jump > plan.missing_off and one.psi > one.at_most]
    told = [f"{one.name} (PSI {one.psi:.2f}, {one.part:.2f} log-odds)" for one in beyond]
    told += [f"{one.name} (missing {one.missing_before:.0%}, now {one.missing_now:.0%})" for one in gone]
    said = ", ".join(told[:_NAMED]) + (f" and {len(told) - _NAMED} more" if len(told) > _NAMED else "")
    largest = max((one.part or 0.0) for one in found)
    said = said or f"no part of the score moved by more than {largest:.2f} log-odds beyond chance"
    return Alarm("MON101", scope, State.RAISED if told else State.QUIET, said, n, largest, None, None, plan.part_off)


def scores_moved(found: Drift | str, scope: str, n: int, plan: MonitorPlan) -> Alarm:
    """MON102."""
    if isinstance(found, str):
        return Alarm("MON102", scope, State.NOT_APPLICABLE, found)
    said = f"PSI {found.psi:.3f}; chance makes {found.by_chance:.3f}, at most {found.at_most:.3f}"
    state = State.RAISED if found.beyond(plan.psi) else State.QUIET
    return Alarm("MON102", scope, state, said, n, found.psi, None, None, plan.psi)
