"""A fresh calibrator for trees as they are, fitted on orders they were not grown on, and judged on newer ones.

    trained through |---- fit, at most `weeks` ----| gap |-- judge --|  the newest matured order
                                  |--------- refit, the newest `weeks` --------|

Orders placed after the model was trained through are out of its sample; on others its scores look surer than they are.
What is judged is the way, by a calibrator of the past; what is served is then fitted the same way on the newest weeks.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.contract import DAY, Payment
from data.errors import TooLittleHistory
from data.history import Columns, History
from features.assemble import matrix
from features.labels import labels_at, maturity
from features.replay import Progress, replay
from training.bundle import Bundle
from training.calibration import BetaCalibrator, fit_calibrator
from training.card_page import utc
from training.trees import probability

Array: TypeAlias = np.ndarray[Any, Any]
Mask: TypeAlias = NDArray[np.bool_]

WEEK = 7 * DAY
JUDGED_SHARE = 1 / 3
"""Of the newest weeks, the newest part: what a refreshed calibrator is judged on."""
LEAST_FIT, LEAST_JUDGED, _LEAST_OF_EACH = 300, 150, 10


@dataclass(frozen=True, slots=True)
class Fresh:
    """Orders that the trees were not grown on and whose outcome had time to be told, (n,) each, oldest first.

    at: rows of the history.  raw: uncalibrated probability.  y: as known at `until`.  newest: the last moment whose
    orders are old enough.
    """

    orders: Columns
    at: NDArray[np.intp]
    raw: Array
    y: Array
    trained_through: int
    newest: int
    matures_in: int
    until: int

    @property
    def placed_at(self) -> Array:
        return self.orders["placed_at"]

    @property
    def is_cod(self) -> Mask:
        """Placed as cash on delivery."""
        return np.asarray(self.orders["payment_method"] == Payment.COD, dtype=bool)


@dataclass(frozen=True, slots=True)
class Windows:
    """(n,) masks of `Fresh`: fit and judge part at `cut`, with `gap` microseconds between them; refit is the newest."""

    fit: Mask
    judge: Mask
    refit: Mask
    cut: int
    gap: int


@dataclass(frozen=True, slots=True)
class Refreshed:
    """calibrator: to be served.  judged: its forerunner, fitted on older orders.  before: the one there was."""

    calibrator: BetaCalibrator
    judged: BetaCalibrator
    before: BetaCalibrator
    windows: Windows


def fresh_orders(history: History, bundle: Bundle, until: int | None, progress: Progress) -> Fresh:
    """Score the orders the bundle's trees were not grown on, as it would have scored them when they were placed."""
    moment = history.known_through if until is None else min(until, history.known_through)
    placed_at, labels = history.orders["placed_at"], labels_at(history, moment)
    matures_in, through = maturity(labels, placed_at), int(bundle.about["trained_through"])
    newest = moment - matures_in
    taken = (placed_at > through) & (placed_at <= newest) & ~np.isnan(labels.y)
    orders = {name: column[taken] for name, column in history.orders.items()}
    raw = np.zeros(0)
    if taken.any():
        readings = {one: values[taken] for one, values in replay(history, bundle.sums, progress).items()}
        raw = probability(bundle.margin(matrix(orders, readings, bundle.shrinkage, bundle.features)))
    return Fresh(orders, np.flatnonzero(taken), raw, labels.y[taken], through, newest, matures_in, moment)


def refresh(history: History, fresh: Fresh, before: BetaCalibrator, trained: BetaCalibrator, weeks: int) -> Refreshed:
    """Fit, judge on newer orders, refit. trained: the calibrator of the training, which both new ones lean on.

    Leaning on that one and not on `before`, a refresh of a refresh is the refresh. Raises TooLittleHistory CAL001.
    """
    windows = _windows(fresh, weeks)
    y = labels_at(history, windows.cut).y[fresh.at] if windows.gap else fresh.y  # as told by then, as in the shop
    fit = windows.fit & ~np.isnan(y)
    judged = fit_calibrator(fresh.raw[fit], y[fit], towards=trained)
    calibrator = fit_calibrator(fresh.raw[windows.refit], fresh.y[windows.refit], towards=trained)
    return Refreshed(calibrator, judged, before, windows)


def _windows(fresh: Fresh, weeks: int) -> Windows:
    """With a gap as long as a label matures where enough orders are left to fit, else without one."""
    placed_at, start = fresh.placed_at, max(fresh.trained_through, fresh.newest - weeks * WEEK)
    cut = int(fresh.newest - (fresh.newest - start) * JUDGED_SHARE)
    judge, refit = placed_at > cut, placed_at > start
    for gap in (fresh.matures_in, 0):
        fit = (placed_at <= cut - gap) & (placed_at > cut - gap - weeks * WEEK)
        if _enough(fresh.y[fit], LEAST_FIT) and _enough(fresh.y[judge], LEAST_JUDGED):
            return Windows(fit, judge, refit, cut, gap)
    n, n_rto = len(fresh.y), int(fresh.y.sum())
    raise TooLittleHistory(
        "CAL001",
        f"orders since {utc(fresh.trained_through)}, through which the model was trained",
        got=f"{n:,} old enough to have an outcome, {n_rto:,} of them RTO; "
        f"in the newest {weeks} weeks {int(judge.sum()):,} to judge after {int((refit & ~judge).sum()):,} to fit",
        expected=f"at least {LEAST_JUDGED:,} to judge after {LEAST_FIT:,} to fit, {_LEAST_OF_EACH} of each outcome in both",
        to_do="keep the calibrator until more outcomes are told, pass more --weeks, or train anew: rto train",
    )


def _enough(y: Array, least: int) -> bool:
    n_rto = int(y.sum())
    return len(y) >= least and min(n_rto, len(y) - n_rto) >= _LEAST_OF_EACH
