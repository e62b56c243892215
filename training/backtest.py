"""A backtest: the same training at several moments of the past, each judged on what came after it.

The history is replayed once: what is read at an order is what was known when it was placed, at whatever origin. Labels,
maturity, shrinkage, levels, line, trees and calibrator are found at each origin from what was known there.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.console import Tell
from data.contract import DAY
from data.history import History
from training.beside import Beside
from training.clusters import Clusters, clusters_of
from training.evaluation import Floats
from training.judged import Judged
from training.origins import BacktestPlan, cuts_of, day_of, rows_at
from training.plan import Plan
from training.report import MODEL
from training.rows import Rows, build_rows
from training.run import fit_twin, predict_test
from training.weekly import Refresh, weekly

WEEKLY = "model, recalibrated weekly"


@dataclass(frozen=True, slots=True)
class Origin:
    """One origin: what it learned from, and what it said. at, weekly_at: rows of the history judged.

    said: name -> (m,) probabilities of `at`.  weekly: the same of `weekly_at`, empty if not asked for.
    """

    about: dict[str, Any]
    at: NDArray[np.int64]
    said: dict[str, Floats]
    weekly_at: NDArray[np.int64]
    weekly: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Backtest:
    """All origins, oldest first, over the rows of one history."""

    rows: Rows
    clusters: Clusters
    origins: tuple[Origin, ...]
    beside: tuple[Beside, ...]

    def judged(self, *, by_week: bool = False) -> tuple[NDArray[np.int64], Judged]:
        """Rows of the history and what was said of them, origin after origin; or of the days calibrated weekly."""
        at = [origin.weekly_at if by_week else origin.at for origin in self.origins]
        said = [origin.weekly if by_week else origin.said for origin in self.origins]
        names = [name for name in said[0] if all(name in one for one in said)]
        rows = np.concatenate(at)
        told = {name: np.concatenate([one[name] for one in said]) for name in names}
        told |= {} if by_week else {one.name: one.p[rows] for one in self.beside}
        origin = np.repeat(np.arange(len(at)), [len(one) for one in at])
        return rows, Judged(origin, self.rows.y[rows], self.clusters[rows], told)


def backtest(
    history: History, plan: Plan, asked: BacktestPlan, until: int | None, beside: tuple[Beside, ...], tell: Tell
) -> Backtest:
    """Train and judge at each origin. Raises TooLittleHistory where the history is too short for what is asked."""
    whole = build_rows(history, plan, until, tell)
    cuts, origins = cuts_of(whole, asked), []
    for done, cut in enumerate(cuts):
        tell(f"origin {day_of(cut)}", done, len(cuts))
        origins.append(_origin(history, whole, cut, plan, asked))
    tell("judge", len(cuts), len(cuts))
    return Backtest(whole, clusters_of(whole.orders), tuple(origins), beside)


def _origin(history: History, whole: Rows, cut: int, plan: Plan, asked: BacktestPlan) -> Origin:
    rows = rows_at(whole, history, cut, asked.reach_days, plan)
    twin = fit_twin(rows, plan)
    test, placed_at = np.flatnonzero(rows.blocks.test), rows.orders["placed_at"]
    said = predict_test(rows, twin)
    of_span = placed_at[test] < cut + asked.span_days * DAY
    weekly_at, weekly_said = np.empty(0, dtype=np.int64), {}
    if asked.weekly_days:
        weekly_at, p = weekly(history, rows, twin, Refresh(asked.window_days, asked.weekly_days))
        frozen = said[MODEL][np.searchsorted(test, weekly_at)]
        weekly_said = {MODEL: frozen, WEEKLY: p}
    about = {
        "cut": day_of(cut),
        "matures_in_days": rows.moments.matures_in / DAY,
        "learned_from": int(rows.blocks.train.sum()),
        "judged": int(of_span.sum()),
        "features": len(twin.design.features),
        "shape": {name: getattr(twin.shape, name) for name in twin.shape.__slots__},
    }
    return Origin(about, test[of_span], {name: p[of_span] for name, p in said.items()}, weekly_at, weekly_said)
