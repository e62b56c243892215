"""Is a model too good to be true? On a made-up market the best anybody could say is known: the observable oracle.

A model that beats it beyond chance has seen what it should not: an outcome before it was told, or its own. The same
alarm takes a model that was given the oracle's probability besides its features: it must then gain nothing.
"""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from training.evaluation import Z95
from training.intervals import Difference, paired_auc, paired_log_loss

AUC_SLACK, LOG_LOSS_SLACK = 0.0005, 0.001
"""How far the oracle may fall short of what is knowable: it rounds a little."""
STANDARD_ERRORS = 3.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """A model beside the oracle on the same orders. Gains are above 0 where the model is better.

    auc_limit, log_loss_limit: a gain above it cannot be chance.
    """

    auc_gain: float
    auc_limit: float
    log_loss_gain: float
    log_loss_limit: float

    @property
    def rings(self) -> bool:
        """Has the model seen what nobody could know?"""
        return self.auc_gain > self.auc_limit or self.log_loss_gain > self.log_loss_limit


def leak_alarm(p: ArrayLike, p_oracle: ArrayLike, y: ArrayLike) -> Alarm:
    """Judge a model against the oracle on cash orders it has not learned from, all shipped as they were.

    p, p_oracle: (n,) probabilities.  y: (n,) outcomes, 1 = RTO.  ValueError with fewer than two orders of an outcome.
    """
    auc, loss = paired_auc(p, p_oracle, y), paired_log_loss(p_oracle, p, y)
    if auc is None or loss is None:
        raise ValueError("an alarm needs two orders of either outcome")
    return Alarm(auc.mean, AUC_SLACK + _reach(auc), loss.mean, LOG_LOSS_SLACK + _reach(loss))


def _reach(gap: Difference) -> float:
    """Three standard errors of a difference."""
    return STANDARD_ERRORS * (gap.high - gap.low) / (2 * Z95)
