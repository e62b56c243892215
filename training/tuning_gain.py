"""Is the best plan of many better than the default, or only the luckiest?

Differences are paired (same origins, same orders) and their standard errors are by day, since orders of one day share
sales and weather. The best of many trials looks better than it is: so besides the plain interval there is one that holds
for all trials at once, from the largest of their deviations when days are drawn again (White 2000,
doi:10.1111/1468-0262.00152, studentised after Romano and Wolf 2005, doi:10.1111/j.1468-0262.2005.00615.x). That later trials
are led by earlier ones, and that trials stopped early were candidates too, is not in it.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.evaluation import Z95

Array: TypeAlias = np.ndarray[Any, Any]
Floats = NDArray[np.float64]

_DRAWS = 2_000


@dataclass(frozen=True, slots=True)
class Gain:
    """Log loss of one plan minus the default's, below 0 better. low, high: 95 %, paired by day.

    sure_low, sure_high: 95 % for all trials together, so also for the best. None: fewer than two days, or no orders.
    """

    n: int
    mean: float
    low: float | None
    high: float | None
    sure_low: float | None
    sure_high: float | None

    @property
    def beyond_noise(self) -> bool:
        """Better than the default, even if it was the luckiest of all?"""
        return self.sure_high is not None and self.sure_high < 0


def gain_of(losses: Floats, default: Floats, orders: NDArray[np.integer], chosen: int, seed: int) -> Gain:
    """The gain of trial `chosen`. losses: (trials, days) log loss summed by day.  default, orders: (days,)."""
    n = int(orders.sum())
    differences = losses - default
    means = differences.sum(axis=1) / max(n, 1)
    errors = _standard_errors(differences, means, orders)
    mean, error = float(means[chosen]), float(errors[chosen])
    if not np.isfinite(error):
        return Gain(n, mean, None, None, None, None)
    reach, sure = Z95 * error, _largest(differences, means, orders, seed) * error
    return Gain(n, mean, mean - reach, mean + reach, mean - sure, mean + sure)


def _standard_errors(differences: Floats, means: Floats, orders: NDArray[np.integer]) -> Floats:
    """(trials,) of each mean difference, days as clusters; not finite with fewer than two days."""
    n_days = int((orders > 0).sum())
    if n_days < 2:
        return np.full(len(means), np.nan)
    parts = differences - means[:, None] * orders
    return np.asarray(np.sqrt((parts**2).sum(axis=1) * n_days / (n_days - 1)) / orders.sum())


def _largest(differences: Floats, means: Floats, orders: NDArray[np.integer], seed: int) -> float:
    """By how many standard errors the worst of all trials strays in 19 of 20 draws of days; at least 1.96."""
    days, n_days = np.flatnonzero(orders > 0), int((orders > 0).sum())
    weights = np.random.default_rng(seed).multinomial(n_days, np.full(n_days, 1 / n_days), size=_DRAWS)
    parts = (differences - means[:, None] * orders)[:, days]
    scale = np.sqrt((parts**2).sum(axis=1) * n_days / (n_days - 1))
    moves = scale > 0  # the default itself never does
    if not moves.any():
        return Z95
    strayed = np.abs(weights @ parts[moves].T) / scale[moves]
    strayed *= int(orders.sum()) / (weights @ orders[days])[:, None]  # a draw may hold more or fewer orders
    return max(Z95, float(np.quantile(strayed.max(axis=1), 0.95)))
