"""A calibrator on the newest outcomes, those of young orders too: they are told at different speeds, and that is known.

Of young orders mostly deliveries are told yet, so their outcomes look too good. But among those told by an age the odds
of a return are the true odds times F_r / F_d: the shares of returns and of deliveries that are told by that age, known
from orders that have matured. With the logarithm of that ratio as an offset a calibrator can learn from orders as young
as some of their returns are told: a delayed-feedback model (Chapelle 2014, doi:10.1145/2623330.2623634) whose delays are
those that were, not exponential ones. It takes delays to be the same whatever the score, and now as in the last months.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.contract import DAY
from data.history import History
from features.labels import labels_at, maturity
from training.calibration import BetaCalibrator, fit_calibrator

Array: TypeAlias = np.ndarray[Any, Any]

WINDOW_DAYS = 28
"""Of orders before the moment, what a calibrator is refreshed on: ADR 0014 tells what longer and shorter ones do."""
_DELAYS_FROM_DAYS = 90
_LEAST_TOLD = 0.1  # of returns: of fewer the ratio is mostly noise
_LEAST_OF_EACH = 50  # matured outcomes from which shares are told


@dataclass(frozen=True, slots=True)
class Told:
    """What had been told of orders by a moment. placed_at, y, lag: (n,), y and lag NaN where nothing was.

    weight: (n,) how many orders each stands for; one each if None.
    """

    at: int
    placed_at: Array
    y: Array
    lag: Array
    matures_in: int
    weight: Array | None = None

    def log_odds_shift(self) -> Array:
        """(n,) ln(F_r/F_d) at each order's age: 0 for matured orders, NaN where too little is told by that age."""
        age = (self.at - self.placed_at).astype(np.float64)
        mature = age >= self.matures_in
        law = mature & (age < self.matures_in + _DELAYS_FROM_DAYS * DAY) & ~np.isnan(self.y) & ~np.isnan(self.lag)
        returned, delivered = (np.sort(self.lag[law & (self.y == outcome)]) for outcome in (1, 0))
        shift = np.where(mature, 0.0, np.nan)
        if min(len(returned), len(delivered)) < _LEAST_OF_EACH:
            return shift
        share = [np.searchsorted(lags, age, side="right") / len(lags) for lags in (returned, delivered)]
        told = ~mature & (share[0] >= _LEAST_TOLD) & (share[1] > 0)
        shift[told] = np.log(share[0][told] / share[1][told])
        return shift


def told_at(history: History, at: int) -> Told:
    """What the history tells at a moment."""
    labels, placed_at = labels_at(history, at), history.orders["placed_at"]
    return Told(at, placed_at, labels.y, labels.lag, maturity(labels, placed_at), history.stands_for)


@dataclass(frozen=True, slots=True)
class Newest:
    """Orders to calibrate on: told by the moment, placed within `days` before it. taken: (n,) of `Told`; shift: (n,)."""

    taken: NDArray[np.bool_]
    shift: Array


def newest(told: Told, unseen: NDArray[np.bool_], days: float = WINDOW_DAYS) -> Newest:
    """unseen: (n,) the orders no tree was grown on; on others scores look surer than they are."""
    shift = told.log_odds_shift()
    recent = (told.placed_at > told.at - days * DAY) & (told.placed_at < told.at)
    return Newest(unseen & recent & ~np.isnan(told.y) & ~np.isnan(shift), shift)


def refreshed(raw: Array, told: Told, found: Newest, towards: BetaCalibrator) -> BetaCalibrator:
    """`towards`, moved as far as the newest outcomes say. raw: (n,) of `Told`, uncalibrated; read where taken."""
    at = found.taken
    weight = 1.0 if told.weight is None else told.weight[at]
    return fit_calibrator(raw[at], told.y[at], towards=towards, offset=found.shift[at], weight=weight)
