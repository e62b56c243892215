"""A frozen model whose calibrator is refreshed each week on the newest matured weeks, as a shop would."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.contract import DAY
from data.history import History
from features.labels import labels_at
from training.calibration import fit_calibrator
from training.evaluation import Floats
from training.rows import Rows
from training.run import Twin
from training.trees import probability

Ints = NDArray[np.int64]

WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Refresh:
    """How a calibrator is refreshed: on orders of `window_days`, the newest whose outcome had time to be told."""

    window_days: int
    days: int


def weekly(history: History, rows: Rows, twin: Twin, refresh: Refresh) -> tuple[Ints, Floats]:
    """(m,) rows of the test within `days` of the cut, and their probabilities by the calibrator of their week.

    The calibrator of a week is fitted on labels as known when it begins, on orders no tree has seen.
    """
    all_placed, cut = rows.orders["placed_at"], rows.moments.cut
    last_grown = all_placed[rows.blocks.trees | rows.blocks.early_stop].max()
    unseen = slice(int(np.searchsorted(all_placed, last_grown, side="right")), len(all_placed))  # sorted by time
    placed_at, test = all_placed[unseen], rows.blocks.test[unseen]
    raw = probability(twin.model.margin(twin.design.x[unseen]))
    found, said = [], []
    for start in range(cut, cut + refresh.days * DAY, WEEK):
        end = min(start + WEEK, cut + refresh.days * DAY)
        now = np.flatnonzero(test & (placed_at >= start) & (placed_at < end))
        y = labels_at(history, start).y[: len(all_placed)][unseen]
        newest = start - rows.moments.matures_in
        known = (placed_at <= newest) & (placed_at > newest - refresh.window_days * DAY) & ~np.isnan(y)
        found.append(now + unseen.start)
        calibrator = fit_calibrator(raw[known], y[known], towards=twin.calibrator)  # as rto calibrate does
        said.append(np.asarray(calibrator.apply(raw[now])))
    return np.concatenate(found), np.concatenate(said)
