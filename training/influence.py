"""Each metric with every order's part in its chance error, so that any sum of metrics has an honest interval.

A part is the metric's derivative by the weight of its order (an infinitesimal jackknife, Efron 1982): resampling orders
moves the metric by the sum of their parts. So a difference of two models is a difference of parts, a mean over folds a
mean of parts, and orders that share a fate are added up before they are squared (`training/clusters.py`). Of the AUC the
parts are DeLong's; of the slope they are the sandwich's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.evaluation import STATISTICS, Tally, checked, gains, losses, tally

Floats = NDArray[np.float64]

_STEPS, _CLOSE, _STEEPEST = 50, 1e-10, 50.0
_NEAR = 0.02  # of the orders, on either side: over so many the share of RTOs at the threshold of a lift is taken
_EDGE = 1e-12


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric over some orders. parts: (n,) what each order adds to its chance error; they add up to 0."""

    value: float
    parts: Floats


Metric = Callable[[Floats, Floats], Figure | None]
"""Of scores (n,) 0 to 1 and outcomes (n,) 0 or 1; None where the metric is not defined."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """Orders with their tally. group: (n,) where each order's score stands in it."""

    tally: Tally
    group: NDArray[np.intp]
    y: Floats
    n_rto: float


def _count(p: ArrayLike, y: ArrayLike) -> _Counted | None:
    scores, outcomes = checked(p, y)
    counted = tally(scores, outcomes)
    if min(counted.rto.sum(), counted.delivered.sum()) < 2:
        return None
    return _Counted(counted, np.searchsorted(counted.p, scores), outcomes, float(counted.rto.sum()))


def auc(p: Floats, y: Floats) -> Figure | None:
    """Share of (RTO, delivered) pairs ranked rightly. None with fewer than two orders of either outcome."""
    found = _count(p, y)
    if found is None:
        return None
    rto, delivered = found.tally.rto, found.tally.delivered
    beaten = (np.cumsum(delivered) - delivered / 2) / delivered.sum()  # by an RTO of this score
    beating = 1 - (np.cumsum(rto) - rto / 2) / rto.sum()  # RTOs above a delivered order of this score
    value = float(rto @ beaten / rto.sum())
    own = np.where(found.y == 1, beaten[found.group], beating[found.group])
    return Figure(value, (own - value) / np.where(found.y == 1, rto.sum(), delivered.sum()))


def pr_auc(p: Floats, y: Floats) -> Figure | None:
    """Average precision. None with fewer than two orders of either outcome."""
    found = _count(p, y)
    if found is None:
        return None
    rto, orders = found.tally.rto, found.tally.orders
    above, caught = np.cumsum(orders[::-1])[::-1], np.cumsum(rto[::-1])[::-1]
    precision = caught / above
    value = float(rto @ precision / found.n_rto)
    hits, misses = np.cumsum(rto * (1 - precision) / above), np.cumsum(rto * precision / above)
    own = np.where(found.y == 1, precision[found.group] - value + hits[found.group], -misses[found.group])
    return Figure(value, own / found.n_rto)


def lift(p: Floats, y: Floats, share: float = 0.10) -> Figure | None:
    """RTO share among the riskiest `share` of orders over that of all. None with under two orders of an outcome."""
    found = _count(p, y)
    if found is None:
        return None
    looked_at, caught = gains(p, y)
    at, low, high = (float(np.interp(s, looked_at, caught)) for s in (share, share - _NEAR, share + _NEAR))
    marginal = (high - low) * found.n_rto / (2 * _NEAR * len(found.y))  # RTO share of orders at the threshold
    below = looked_at[:-1][::-1]
    taken = np.clip((share - below) / (looked_at[1:][::-1] - below), 0.0, 1.0)[found.group]
    parts = (taken * (found.y - marginal) + share * marginal - at * found.y) / found.n_rto
    return Figure(at / share, parts / share)


def log_loss(p: Floats, y: Floats) -> Figure | None:
    """Mean log loss. None without orders."""
    scores, outcomes = checked(p, y)
    of_rto, of_delivered = losses(scores)
    return _mean(np.where(outcomes == 1, of_rto, of_delivered))


def brier(p: Floats, y: Floats) -> Figure | None:
    """Mean squared error. None without orders."""
    scores, outcomes = checked(p, y)
    return _mean((scores - outcomes) ** 2)


def rto_share(p: Floats, y: Floats) -> Figure | None:
    """Share of orders that came back, whatever was said of them. None without orders."""
    return _mean(checked(p, y)[1])


def surplus(p: Floats, y: Floats) -> Figure | None:
    """Mean of what was said minus what came: 0 if right on the whole. None without orders."""
    scores, outcomes = checked(p, y)
    return _mean(scores - outcomes)


def slope(p: Floats, y: Floats) -> Figure | None:
    """Slope of a logistic regression of outcomes on log-odds: 1 if right, below 1 if scores reach too far.

    None where all scores are alike, where fewer than two orders have an outcome, or where no slope fits best.
    """
    found = _count(p, y)
    if found is None or len(found.tally.p) < 2:
        return None
    x = np.column_stack([np.ones(len(y)), _log_odds(p)])
    beta = np.array([0.0, 1.0])
    for _ in range(_STEPS):
        mean = _probability(x @ beta)
        bent = x.T @ (x * (mean * (1 - mean))[:, None])
        if np.linalg.cond(bent) > 1e12:
            return None
        step = np.linalg.solve(bent, x.T @ (y - mean))
        beta = beta + step
        if not abs(beta).max() < _STEEPEST:
            return None
        if abs(step).max() < _CLOSE:
            return Figure(float(beta[1]), (x * (y - mean)[:, None]) @ np.linalg.inv(bent)[1])
    return None


def intercept(p: Floats, y: Floats) -> Figure | None:
    """Shift of all log-odds at which what was said adds up to what came: 0 if right, above 0 if too little was said.

    None with fewer than two orders of either outcome.
    """
    if _count(p, y) is None:
        return None
    log_odds, shift = _log_odds(p), 0.0
    for _ in range(_STEPS):
        mean = _probability(log_odds + shift)
        step = (y - mean).sum() / (mean * (1 - mean)).sum()
        shift += float(np.clip(step, -5.0, 5.0))
        if abs(step) < _CLOSE:
            return Figure(shift, (y - mean) / (mean * (1 - mean)).sum())
    return None


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "auc": auc,
        "pr_auc": pr_auc,
        "log_loss": log_loss,
        "brier": brier,
        "lift_at_10": lift,
        "slope": slope,
        "intercept": intercept,
    }
)
"""Name of a metric -> its meaning. ECE is not smooth and has no parts: `training/calibration_error.py`."""
assert set(STATISTICS) - {"ece"} <= set(METRICS)


def _mean(values: Floats) -> Figure | None:
    if not len(values):
        return None
    value = float(values.mean())
    return Figure(value, (values - value) / len(values))


def _log_odds(p: Floats) -> Floats:
    inside = np.clip(p, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def _probability(log_odds: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(log_odds, -500.0, 500.0))))
