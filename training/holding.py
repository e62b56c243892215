"""Does a probability keep its word? Calibration in the large and its slope, each with its standard deviation.

In the large: share that came back less mean score. Slope: y regressed on the score's log-odds; 1 is right, below 1 the
scores are too bold (high ones too high, low ones too low), above 1 too timid (Cox 1958; Van Calster et al. 2019,
doi:10.1186/s12916-019-1466-7).
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy.special import expit

from training.calibration import EDGE
from training.intervals import Figure

Array: TypeAlias = np.ndarray[Any, Any]

_STEPS, _CLOSE, _WILD = 50, 1e-10, 30.0
_FEWEST = 20  # of either outcome: below it the slope's normal interval is no longer believable


@dataclass(frozen=True, slots=True)
class Holding:
    """n orders. said: mean score.  came: share that came back.  large: came - said.  slope: None where untellable."""

    n: int
    said: float
    came: float
    large: Figure
    slope: Figure | None


def holding(p: Array, y: Array) -> Holding | None:
    """p: (n,) scores, y: (n,) outcomes. None under two orders."""
    if len(p) < 2:
        return None
    off = y - p
    large = Figure(float(off.mean()), float(off.std(ddof=1) / np.sqrt(len(p))))
    return Holding(len(p), float(p.mean()), float(y.mean()), large, slope(p, y))


def slope(p: Array, y: Array) -> Figure | None:
    """Slope of y on the log-odds of p by maximum likelihood (Newton). None with few outcomes or scores all alike."""
    inside = np.clip(p, EDGE, 1 - EDGE)
    z = np.log(inside) - np.log1p(-inside)
    if min(y.sum(), len(y) - y.sum()) < _FEWEST or z.std() < 1e-6:
        return None
    x = np.column_stack([np.ones(len(z)), z])
    beta = np.array([0.0, 1.0])
    for _ in range(_STEPS):
        q = expit(x @ beta)
        information = (x * (q * (1 - q))[:, None]).T @ x
        step = np.linalg.solve(information, x.T @ (y - q))
        beta += step
        if np.abs(beta).max() > _WILD:  # the scores part the outcomes without a mistake: no finite slope
            return None
        if np.abs(step).max() < _CLOSE:
            return Figure(float(beta[1]), float(np.sqrt(np.linalg.inv(information)[1, 1])))
    return None
