"""What another policy would have earned, from decisions whose chances were logged: three estimators, and how far to trust them.

IPS weighs each order by (chance under the new policy) / (chance it was done with); SNIPS divides by the sum of weights, not
by n; DR predicts with a model of the money and corrects the prediction where the log says. All three need an order like each
that the new policy treats to have been treated so in the log: without that support nothing is answered.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.errors import GateRefused
from serving.decisions.savings import Estimate, student_95

Array: TypeAlias = np.ndarray[Any, Any]

LEAST_EFFECTIVE = 100.0
LEAST_SUPPORT = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class Logged:
    """(n,) each. action: done.  propensity: its chance then.  money: minor units it brought."""

    action: Array
    propensity: Array
    money: Array


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """What the policy in question would do. action: (n,).  predicted: (n,) money expected of that action, by a model that has
    not seen these orders' ends;  predicted_done: (n,) of the action that was done.  possible: (n,) could the log have shown it?
    """

    action: Array
    predicted: Array
    predicted_done: Array
    possible: Array


@dataclass(frozen=True, slots=True)
class Answer:
    """estimates: `ips`, `snips`, `dr`, for each order.  effective: of how many orders the weights are worth."""

    estimates: Mapping[str, Estimate]
    effective: float
    matched: int


def evaluate(logged: Logged, wanted: Wanted) -> Answer:
    """The money for each order under the wanted policy.

    Raises GateRefused EXP002 where the log has no chance of what is wanted, or too little of it.
    """
    hit = wanted.action == logged.action
    weight = np.where(hit, 1 / logged.propensity, 0.0)
    squares = float((weight**2).sum())
    effective = float(weight.sum()) ** 2 / squares if squares else 0.0
    _supported(wanted, effective)
    share = weight.sum() / len(weight)
    ips = weight * logged.money
    middle = float(ips.sum() / weight.sum())
    found = {
        "ips": _estimate(ips, effective),
        # The ratio's own error, by its linear part around the middle.
        "snips": _around(middle, weight * (logged.money - middle) / share, effective),
        "dr": _estimate(wanted.predicted + weight * (logged.money - wanted.predicted_done), effective),
    }
    return Answer(found, effective, int(hit.sum()))


def _estimate(each: Array, effective: float) -> Estimate:
    middle = float(each.mean())
    return _around(middle, each - middle, effective)


def _around(middle: float, apart: Array, effective: float) -> Estimate:
    n = len(apart)
    reach = student_95(max(effective - 1, 1)) * math.sqrt(float((apart**2).sum()) / (n - 1) / n)
    return Estimate(middle, middle - reach, middle + reach, n)


def _supported(wanted: Wanted, effective: float) -> None:
    share = float(wanted.possible.mean()) if len(wanted.possible) else 0.0
    if share < LEAST_SUPPORT:
        got = f"{share:.1%} of orders could have been treated so in the log"
        raise GateRefused("EXP002", "off-policy evaluation", got=got, expected=f"{LEAST_SUPPORT:.0%}",
                          to_do="hold out a share, or ask about a policy nearer to the live one")  # fmt: skip
    if effective < LEAST_EFFECTIVE:
        raise GateRefused("EXP002", "off-policy evaluation", got=f"an effective sample of {effective:.0f} orders",
                          expected=f"at least {LEAST_EFFECTIVE:.0f}",
                          to_do="wait for more decisions with a known end")  # fmt: skip
