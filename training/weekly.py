"""A frozen model whose calibrator is refreshed each week on the newest matured weeks, as a shop would."""

from dataclasses import dataclass

import numpy as np

from data.contract import DAY
from data.history import History
from features.labels import labels_at
from training.calibration import fit_calibrator
from training.evaluation import Floats
from training.rows import Rows
from training.run import Twin
from training.trees import probability

WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Refresh:
    """How a calibrator is refreshed: on orders of `window_days`, the newest whose outcome had time to be told."""

    window_days: int
    days: int


def weekly(
    history: History, rows: Rows, twin: Twin, refresh: Refresh
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Floats]:
    """(m,) rows of the test within `days` of the cut, and their probabilities by the calibrator of their week.

    The calibrator of a week is fitted on labels as known when it begins, on orders no tree has seen.
    """
    placed_at, cut = rows.orders["placed_at"], rows.moments.cut
    raw = probability(twin.model.margin(twin.design.x))
    fresh = placed_at > _last(placed_at, rows.blocks.trees | rows.blocks.early_stop)
    found, said = [], []
    for start in range(cut, cut + refresh.days * DAY, WEEK):
        end = min(start + WEEK, cut + refresh.days * DAY)
        now = np.flatnonzero(rows.blocks.test & (placed_at >= start) & (placed_at < end))
        y = labels_at(history, start).y[: len(placed_at)]
        newest = start - rows.moments.matures_in
        known = fresh & (placed_at <= newest) & (placed_at > newest - refresh.window_days * DAY) & ~np.isnan(y)
        found.append(now)
        said.append(np.asarray(fit_calibrator(raw[known], y[known]).apply(raw[now])))
    return np.concatenate(found), np.concatenate(said)


def _last(
    placed_at: np.ndarray[tuple[int], np.dtype[np.int64]], among: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> int:
    return int(placed_at[among].max())
