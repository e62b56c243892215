"""What every action would truly have earned on every order of a made-up market, by the default costs."""

from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from data.contract import Action
from data.world.effect_plan import EffectPlan
from data.world.effects import BACK, CALLED_OFF, KEPT, UNPAID, outcome_under
from serving.decisions.economics import default_economics, worth
from serving.decisions.effects import Outcomes

Array: TypeAlias = np.ndarray[Any, Any]

_ONE = Fraction(1)


def earned(truth: pa.Table, value: Array, plan: EffectPlan) -> Array:
    """(n, 6) minor units under each action, of orders that end in a delivery or an RTO if just shipped.

    All actions read the same luck. A good buyer who is asked to pay first and leaves costs goodwill.
    """
    good = truth["ends_if_shipped"].to_numpy() == KEPT
    return np.column_stack([_under(truth, value, good, action, plan) for action in Action])


def _under(truth: pa.Table, value: Array, good: Array, action: Action, plan: EffectPlan) -> Array:
    found, costs = outcome_under(truth, action, plan), default_economics("INR")
    assert costs is not None, "rupees have default costs"
    how = np.where(found.paid, "part" if action is Action.PARTIAL_PREPAID else "paid", "cod")
    names = np.select(
        [found.outcome == KEPT, found.outcome == BACK, found.outcome == CALLED_OFF, (found.outcome == UNPAID) & good],
        [np.char.add("delivered_", how), np.char.add("rto_", how), "cancelled", "lost_good"],
        "lost_other",
    )
    one = {str(name): Outcomes(**{str(name): _ONE}) for name in np.unique(names)}
    return np.array(
        [float(worth(one[name], action, v, costs)) for name, v in zip(names.tolist(), value.tolist(), strict=True)]
    )
