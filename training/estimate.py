"""How well a model does before any outcome is known: confidence-based performance estimation (CBPE), own and short.

If a calibrated score of 0.3 keeps its word, 3 of 10 such orders come back. So the scores alone say what RTO share,
AUC and log loss to expect of these orders: each counts as `p` RTOs and `1 - p` deliveries. It follows every change of
the *mix* of orders. It is blind to a change of what a mix comes to: where scores no longer keep their word, it goes on
believing them (shown in docs/monitoring.md). After NannyML's documentation of CBPE; limits in arXiv:2401.08348.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from training.evaluation import STATISTICS, Z95, Tally, losses

Array: TypeAlias = np.ndarray[Any, Any]

_LOW, _HIGH = 0.025, 0.975


@dataclass(frozen=True, slots=True)
class Estimated:
    """One figure as the scores promise it. low, high: between them lies the figure that really comes, in 95 of 100
    cases, if every score keeps its word. sd: standard deviation of what comes."""

    value: float
    low: float
    high: float
    sd: float


def estimate(p: Array, *, seed: int, n: int = 200) -> dict[str, Estimated | None]:
    """RTO share, AUC and log loss to expect of orders with calibrated scores `p` (orders,); None where not defined.

    The interval of the AUC comes from `n` draws of all outcomes, the others from their variance. It holds the luck of
    outcomes only, not the calibrator's own error: with few orders to calibrate on the truth lies outside more often.
    """
    if len(p) == 0:
        return {"rto_share": None, "auc": None, "log_loss": None}
    of_rto, of_delivered = losses(p)
    spread = p * (1 - p)
    share = _normal(float(p.mean()), float(np.sqrt(spread.sum())) / len(p))
    loss_sd = float(np.sqrt((spread * (of_rto - of_delivered) ** 2).sum())) / len(p)
    loss = _normal(float((p * of_rto + (1 - p) * of_delivered).mean()), loss_sd)
    return {"rto_share": share, "auc": _auc(p, np.random.default_rng(seed), n), "log_loss": loss}


def _normal(value: float, sd: float) -> Estimated:
    return Estimated(value, max(0.0, value - Z95 * sd), value + Z95 * sd, sd)


def _auc(p: Array, rng: np.random.Generator, n: int) -> Estimated | None:
    distinct, counts = np.unique(p, return_counts=True)
    area = STATISTICS["auc"]
    drawn = []
    for _ in range(n):
        rto = rng.binomial(counts, distinct).astype(np.float64)
        drawn.append(area(Tally(distinct, rto, counts - rto)))
    told = np.array([value for value in drawn if value is not None])  # a draw may hold one outcome only
    expected = area(Tally(distinct, counts * distinct, counts * (1 - distinct)))
    if expected is None or len(told) < n:
        return None
    low, high = np.quantile(told, [_LOW, _HIGH])
    return Estimated(expected, float(low), float(high), float(told.std(ddof=1)))
