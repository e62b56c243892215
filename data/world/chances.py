"""How likely each cause is, in closed form: an order's own luck and its delay are integrated out.

A normal shock on a logit makes a smooth function of one number, so each such average is tabulated once and read by
linear interpolation (error below 1e-6).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from data.world.cause_plan import CausePlan
from data.world.outcomes import ATTEMPTS, Logits
from data.world.streams import Floats, sigmoid

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_LOGITS, _PER_LOGIT = np.linspace(-18.0, 18.0, 9_001), 250.0


@dataclass(frozen=True, slots=True, eq=False)
class Shocked:
    """Averages over an order's own luck, as functions of the logit before it."""

    refusal: Floats
    missed: Floats  # (4, grid) chance of 0, 1, 2 failed attempts and then success, and of 3 failures

    def refused(self, logit: Floats) -> Floats:
        """Chance to be refused at one delay."""
        return _read(self.refusal, logit)

    def missing(self, logit: Floats, times: int) -> Floats:
        """Chance that exactly `times` (0 to 3) attempts fail before one succeeds or the courier gives up."""
        return _read(self.missed[times], logit)

    def refused_some_day(self, logit: Floats, plan: CausePlan, delay_share: Floats) -> Floats:
        """Chance to be refused, the delay integrated out. delay_share (n, 3); logit (n, ...)."""
        shares = delay_share.reshape(len(delay_share), 3, *(1,) * (logit.ndim - 1))
        parts = [shares[:, bucket] * self.refused(logit + shift) for bucket, shift in enumerate(plan.delay)]
        return np.asarray(parts[0] + parts[1] + parts[2])


@lru_cache
def shocked(plan: CausePlan) -> Shocked:
    """The averages for the shocks of this plan."""
    refusal = sigmoid(_LOGITS[:, None] + plan.refusal_shock * _NODES) @ _WEIGHTS
    q = sigmoid(_LOGITS[:, None] + plan.unreachable_shock * _NODES)
    missed = [q**times * (1 - q) @ _WEIGHTS for times in range(ATTEMPTS)]
    return Shocked(refusal, np.stack([*missed, q**ATTEMPTS @ _WEIGHTS]))


def _read(table: Floats, logit: Floats) -> Floats:
    place = np.clip((logit - _LOGITS[0]) * _PER_LOGIT, 0, len(_LOGITS) - 1.001)
    below = place.astype(np.int32)
    low = table.take(below)
    return np.asarray(low + (place - below) * (table.take(below + 1) - low))


def cause_chances(logits: Logits, delay_share: Floats, plan: CausePlan) -> Floats:
    """(n, 6) chance of each true cause, in the order of `CAUSES`, given the latents; rows add up to 1.

    Given an order's luck and delay the causes are independent and the first that fires counts, so this is exact.
    """
    average = shocked(plan)
    fires = (
        sigmoid(logits.fake),
        average.refused_some_day(logits.refusal, plan, delay_share),
        sigmoid(logits.address),
        average.missing(logits.attempt, ATTEMPTS),
        logits.courier,
    )
    chances, spared = np.empty((len(logits.fake), 6)), np.ones(len(logits.fake))
    for number, chance in enumerate(fires, start=1):
        chances[:, number] = spared * chance
        spared = spared * (1 - chance)
    chances[:, 0] = spared
    return chances


def p_rto(chances: Floats, plan: CausePlan) -> Floats:
    """(n,) chance that a shipped order that comes to an end is an RTO. chances (n, 6): of each cause."""
    return np.asarray((1 - chances[:, 0]) * (1 - plan.delivered_after_all))
