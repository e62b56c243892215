"""A frozen model whose calibrator is refreshed each week on the newest matured weeks, as a shop would."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.contract import DAY
from data.history import History
from training.evaluation import Floats
from training.newest import newest, refreshed, told_at
from training.rows import Rows
from training.run import Twin
from training.trees import probability

Ints = NDArray[np.int64]

WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Refresh:
    """How a calibrator is refreshed: on orders of the newest `window_days`, each week for so many days."""

    window_days: int
    days: int


def weekly(history: History, rows: Rows, twin: Twin, refresh: Refresh) -> tuple[Ints, Floats]:
    """(m,) rows of the test within `days` of the cut, and their probabilities by the calibrator of their week.

    The calibrator of a week is fitted on labels as known when it begins, on orders no tree has seen.
    """
    placed_at, cut, n = rows.orders["placed_at"], rows.moments.cut, len(history)
    unseen = placed_at > placed_at[rows.learn].max()
    raw = np.full(n, np.nan)
    raw[: len(placed_at)][unseen] = probability(twin.model.margin(twin.design.x[unseen]))
    found, said = [], []
    for start in range(cut, cut + refresh.days * DAY, WEEK):
        end = min(start + WEEK, cut + refresh.days * DAY)
        now = np.flatnonzero(rows.blocks.test & (placed_at >= start) & (placed_at < end))
        told = told_at(history, start)
        calibrator = refreshed(raw, told, newest(told, ~np.isnan(raw), refresh.window_days), twin.calibrator)
        found.append(now)
        said.append(np.asarray(calibrator.apply(raw[now])))
    return np.concatenate(found), np.concatenate(said)
