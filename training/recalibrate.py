"""A fresh calibrator for trees as they are, fitted on orders they were not grown on, and judged on newer ones.

    trained through |---- fit, at most `weeks` ----|-- judge --|  newest matured order ...  until
                                  |-------------- refit, the newest `weeks` --------------|

Orders placed after the model was trained through are out of its sample; on others its scores look surer than they are.
What is judged is the way, by a calibrator of the past, on orders old enough to have an outcome; what is served is then
fitted the same way on the newest weeks, those too whose outcomes are told early (`training/newest.py`).
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.contract import DAY, Payment
from data.errors import TooLittleHistory
from data.history import Columns, History
from features.assemble import matrix
from features.replay import Progress, replay
from training.bundle import Bundle
from training.calibration import BetaCalibrator
from training.card_page import utc
from training.newest import Newest, Told, newest, refreshed, told_at
from training.trees import probability

Array: TypeAlias = np.ndarray[Any, Any]
Mask: TypeAlias = NDArray[np.bool_]

WEEK = 7 * DAY
JUDGED_SHARE = 1 / 3
"""Of the newest weeks, the newest part: what a refreshed calibrator is judged on."""
LEAST_FIT, LEAST_JUDGED, _LEAST_OF_EACH = 300, 150, 10


@dataclass(frozen=True, slots=True)
class Fresh:
    """Orders that the trees were not grown on and whose outcome is told, (n,) each, oldest first.

    at: rows of the history.  raw: uncalibrated probability.  y: as known at `until`.  newest: the last moment whose
    orders are old enough for any outcome to be told.
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
    """(n,) masks of `Fresh`: fit and judge part at `cut`; refit is the newest."""

    fit: Mask
    judge: Mask
    refit: Mask
    cut: int


@dataclass(frozen=True, slots=True)
class Refreshed:
    """calibrator: to be served.  judged: its forerunner, fitted on older orders.  before: the one there was."""

    calibrator: BetaCalibrator
    judged: BetaCalibrator
    before: BetaCalibrator
    windows: Windows


def fresh_orders(history: History, bundle: Bundle, until: int | None, progress: Progress) -> Fresh:
    """Score the orders the bundle's trees were not grown on, as it would have scored them when they were placed."""
    told = told_at(history, history.known_through if until is None else min(until, history.known_through))
    through = int(bundle.about["trained_through"])
    taken = (told.placed_at > through) & (told.placed_at < told.at) & ~np.isnan(told.y)
    orders = {name: column[taken] for name, column in history.orders.items()}
    raw = np.zeros(0)
    if taken.any():
        readings = {one: values[taken] for one, values in replay(history, bundle.sums, progress).items()}
        raw = probability(bundle.margin(matrix(orders, readings, bundle.shrinkage, bundle.features)))
    youngest = told.at - told.matures_in
    return Fresh(orders, np.flatnonzero(taken), raw, told.y[taken], through, youngest, told.matures_in, told.at)


def refresh(history: History, fresh: Fresh, before: BetaCalibrator, trained: BetaCalibrator, weeks: int) -> Refreshed:
    """Fit, judge on newer orders, refit. trained: the calibrator of the training, which both new ones lean on.

    Leaning on that one and not on `before`, a refresh of a refresh is the refresh. Raises TooLittleHistory CAL001.
    """
    start = max(fresh.trained_through, fresh.newest - weeks * WEEK)
    cut = int(fresh.newest - (fresh.newest - start) * JUDGED_SHARE)
    then, now = told_at(history, cut), told_at(history, fresh.until)  # then: as in the shop
    fit, refit = (newest(told, _unseen(told, fresh), weeks * 7) for told in (then, now))
    judge = (fresh.placed_at > cut) & (fresh.placed_at <= fresh.newest)
    windows = Windows(fit.taken[fresh.at], judge, refit.taken[fresh.at], cut)
    _require_enough(then.y[fit.taken], fresh, windows, weeks)
    judged, calibrator = (_by(fresh, told, found, trained) for told, found in ((then, fit), (now, refit)))
    return Refreshed(calibrator, judged, before, windows)


def _unseen(told: Told, fresh: Fresh) -> Mask:
    unseen = np.zeros(len(told.y), dtype=bool)
    unseen[fresh.at] = True
    return unseen


def _by(fresh: Fresh, told: Told, found: Newest, trained: BetaCalibrator) -> BetaCalibrator:
    raw = np.full(len(told.y), np.nan)
    raw[fresh.at] = fresh.raw
    return refreshed(raw, told, found, trained)


def _require_enough(y_fit: Array, fresh: Fresh, windows: Windows, weeks: int) -> None:
    if _enough(y_fit, LEAST_FIT) and _enough(fresh.y[windows.judge], LEAST_JUDGED):
        return
    old = fresh.placed_at <= fresh.newest
    raise TooLittleHistory(
        "CAL001",
        f"orders since {utc(fresh.trained_through)}, through which the model was trained",
        got=f"{int(old.sum()):,} old enough to have an outcome, {int(fresh.y[old].sum()):,} of them RTO; "
        f"in the newest {weeks} weeks {int(windows.judge.sum()):,} to judge after {len(y_fit):,} to fit",
        expected=f"at least {LEAST_JUDGED:,} to judge after {LEAST_FIT:,} to fit, {_LEAST_OF_EACH} of each outcome in both",
        to_do="keep the calibrator until more outcomes are told, pass more --weeks, or train anew: rto train",
    )


def _enough(y: Array, least: int) -> bool:
    n_rto = int(y.sum())
    return len(y) >= least and min(n_rto, len(y) - n_rto) >= _LEAST_OF_EACH
