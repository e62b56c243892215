"""From a score to a probability that holds: beta calibration, drawn towards the identity while data are thin.

Beta calibration (Kull, Silva Filho and Flach 2017, doi:10.1214/17-EJS1338SI): a logistic model on ln p and -ln(1-p)
with both slopes at or above 0, so that the ranking of orders is never turned round. Applying needs numpy alone: the
service imports this module, and neither scipy nor scikit-learn comes with it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

EDGE = 1e-9
"""Scores are taken to lie at least this far from 0 and 1, where the logarithms end."""

PRIOR_ORDERS = 400.0
ORDER_INFORMATION = 0.2
"""What one order tells about a log-odds, p(1-p), at the RTO share of cash on delivery, about 0.27."""


@dataclass(frozen=True, slots=True)
class BetaCalibrator:
    """p -> 1 / (1 + exp(-(a ln p - b ln(1-p) + c))). The defaults leave every probability as it is.

    >>> BetaCalibrator().apply([0.1, 0.5, 0.9]).round(6).tolist()
    [0.1, 0.5, 0.9]
    >>> BetaCalibrator(a=0.5, b=0.5).apply([0.1, 0.5, 0.9]).round(6).tolist()
    [0.25, 0.5, 0.75]
    """

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    def apply(self, p: ArrayLike) -> Floats:
        """Calibrated probabilities, the shape of `p` (any shape, 0 to 1). Never falls where `p` rises; NaN stays."""
        ln_p, minus_ln_rest = _logs(np.asarray(p, dtype=np.float64))
        return np.asarray(_probability(self.a * ln_p + self.b * minus_ln_rest + self.c))

    def as_dict(self) -> dict[str, float]:
        """What `from_dict` reads back, for the bundle."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Mapping[str, float]) -> "BetaCalibrator":
        """The calibrator that `as_dict` wrote. Raises KeyError when a number is absent."""
        return cls(a=float(saved["a"]), b=float(saved["b"]), c=float(saved["c"]))


def fit_calibrator(
    p: ArrayLike,
    y: ArrayLike,
    prior_orders: float = PRIOR_ORDERS,
    towards: BetaCalibrator = BetaCalibrator(),
    offset: ArrayLike = 0.0,
    weight: ArrayLike = 1.0,
) -> BetaCalibrator:
    """The calibrator for scores `p` (n,), 0 to 1, with outcomes `y` (n,), 0 or 1. Nothing in it is random.

    A ridge draws it to `towards`, by default the identity, as if `prior_orders` orders, each telling as much as a COD
    order does, had come out as that says; directions the data say little about (the slopes, where all scores are alike)
    move least. Without orders it is `towards`. Its log loss on these orders is never above that of `towards`.
    offset: (n,) by how much the log-odds of these outcomes lie above those to be learned (`training/newest.py`).
    weight: (n,) above 0, how many orders each one stands for (`training/held_out.py`).
    """
    from scipy.optimize import minimize  # here, so that the service does not carry scipy

    scores, outcomes = np.asarray(p, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(scores) == 0:
        return towards
    columns = np.column_stack(_logs(scores))
    centre = columns.mean(axis=0)  # apart from the slopes, the shift is then the error of the mean alone
    design = np.column_stack([columns - centre, np.ones(len(scores))])
    counts = np.broadcast_to(np.asarray(weight, dtype=np.float64), scores.shape)
    ridge = prior_orders * ORDER_INFORMATION / len(scores)
    found = minimize(
        _loss_and_slope,
        np.zeros(3),
        args=(
            design,
            towards.a * columns[:, 0] + towards.b * columns[:, 1] + towards.c + np.asarray(offset, dtype=np.float64),
            outcomes,
            counts,
            ridge,
        ),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-towards.a, None), (-towards.b, None), (None, None)],
        options={"ftol": 1e-14, "gtol": 1e-9},
    )
    more_a, more_b, shift = (float(step) for step in found.x)
    moved = float(shift - np.dot([more_a, more_b], centre))
    return BetaCalibrator(towards.a + more_a, towards.b + more_b, towards.c + moved)


def _loss_and_slope(
    step: Floats, design: Floats, raw: Floats, y: Floats, weight: Floats, ridge: float
) -> tuple[float, Floats]:
    """Penalised mean log loss, by weight (n,), and its gradient at `step` (3,) away from where the log-odds are `raw` (n,)."""
    log_odds = raw + design @ step
    loss = np.mean(weight * (np.logaddexp(0.0, log_odds) - y * log_odds)) + ridge / 2 * (step @ step)
    slope = design.T @ (weight * (_probability(log_odds) - y)) / len(y) + ridge * step
    return float(loss), slope


def _logs(p: Floats) -> tuple[Floats, Floats]:
    inside = np.clip(p, EDGE, 1 - EDGE)
    return np.log(inside), -np.log1p(-inside)


def _probability(log_odds: Floats) -> Floats:
    small = np.exp(-np.abs(log_odds))  # never overflows
    return np.where(log_odds >= 0, 1.0, small) / (1.0 + small)
