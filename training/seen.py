"""What the monitor looks at: the run's own test orders as the reference, and all orders since, scored and labelled.

The reference are the newest orders the model learned from, scored by the judged twin, which had not seen them. The
orders since are scored by the model that is served; neither has learned from them. So no score is judged on its own
lessons.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from data.contract import DAY, NewsType, Payment
from data.errors import DataError, TooLittleHistory
from data.history import Columns, History
from features.assemble import matrix
from features.catalog import needed_sums
from features.labels import labels_at, maturity
from features.replay import Progress, replay
from training.bundle import Bundle
from training.card_page import utc
from training.clusters import Clusters, clusters_of
from training.first_attempts import first_attempts
from training.monitor_plan import MonitorPlan

Array: TypeAlias = np.ndarray[Any, Any]

_UNSHIPPED = (int(NewsType.CANCELLED), int(NewsType.LOST))


@dataclass(frozen=True, slots=True)
class Watched:
    """The run that is watched. judged: its test orders as kept with it (`run_record.predictions`)."""

    bundle: Bundle
    judged: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Seen:
    """Orders looked at, oldest first; arrays (n,).

    since: placed after the last order the model learned from; the others are the reference.  p: calibrated scores.
    y: outcomes, NaN while unknown.  mature: old enough to be judged, and with an outcome.  called_off: cancelled or
    lost, as far as known: no outcome will come.  started, asked, tried, failed: `first_attempts.FirstAttempts`.
    """

    placed_at: Array
    since: Array
    cod: Array
    clusters: Clusters
    p: Array
    y: Array
    mature: Array
    called_off: Array
    started: Array
    asked: Array
    tried: Array
    failed: Array

    def where(self, mask: Array) -> "Seen":
        """These orders alone."""
        return Seen(*(getattr(self, name)[mask] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.p)

    def newest(self, days: int, at: Array | None = None) -> Array:
        """(n,) mask of the orders of the newest `days` days by `at` (default: placed_at); none of no orders."""
        when = self.placed_at if at is None else at
        return np.asarray(when > when.max(initial=0) - days * DAY)


@dataclass(frozen=True, slots=True)
class Sight:
    """All that was looked at. x: (n, k) features of `seen`, columns as in the bundle.  matures_in: microseconds.

    attempts_told: are failed attempts told at all?  by_dispatch: is an attempt's clock the dispatch?
    """

    seen: Seen
    x: Array
    moment: int
    matures_in: int
    attempts_told: bool
    by_dispatch: bool


def look(history: History, watched: Watched, plan: MonitorPlan, until: int | None, progress: Progress) -> Sight:
    """Replay the history, score the orders since the run learned, and say what is known of them at `until`.

    Raises DataError MON001 if the run's test orders are not in this history, TooLittleHistory MON002 if there is no
    order since.
    """
    moment = history.known_through if until is None else min(until, history.known_through)
    labels, orders = labels_at(history, moment), history.orders
    matures_in = maturity(labels, orders["placed_at"])
    judged = _rows_of(watched.judged, orders)
    since = np.flatnonzero((orders["placed_at"] > learned_through(watched)) & (orders["placed_at"] <= moment))
    _require_since(len(since), watched, moment)
    rows = np.concatenate([judged["row"].to_numpy(), since])
    bundle = watched.bundle
    readings = replay(history, needed_sums(bundle.features), progress)
    some = {one: values[rows] for one, values in readings.items()}
    x = matrix({name: column[rows] for name, column in orders.items()}, some, bundle.shrinkage, bundle.features)
    p = np.concatenate([judged["p_model"].to_numpy(np.float64), bundle.probability(x[len(judged) :])])
    tries = first_attempts(history, moment, int(plan.proxy_horizon_days * DAY))
    y, placed_at = labels.y[rows], orders["placed_at"][rows]
    seen = Seen(
        placed_at=placed_at,
        since=np.arange(len(rows)) >= len(judged),
        cod=np.asarray(orders["payment_method"][rows] == Payment.COD, dtype=bool),
        clusters=clusters_of(orders)[rows],
        p=p,
        y=y,
        mature=~np.isnan(y) & (placed_at <= moment - matures_in),
        called_off=_called_off(history, moment)[rows],
        started=tries.start[rows],
        asked=tries.asked[rows],
        tried=tries.tried[rows],
        failed=tries.failed[rows],
    )
    return Sight(seen, x, moment, matures_in, tries.told, tries.by_dispatch)


def _rows_of(judged: pd.DataFrame, orders: Columns) -> pd.DataFrame:
    """The run's test orders with their row in the history, oldest first."""
    ids = ["merchant_id", "order_id"]
    here = pd.DataFrame({name: orders[name] for name in ids} | {"row": np.arange(len(orders["order_id"]))})
    found = judged[[*ids, "p_model"]].merge(here, on=ids).sort_values("row")
    if len(found) < len(judged):
        to_do = "name a run of this pool's own history (rto runs), or train and promote anew"
        got = f"{len(judged) - len(found):,} of its {len(judged):,} test orders are not here"
        raise DataError("MON001", "history", got=got, expected="the history the run learned from", to_do=to_do)
    return found


def learned_through(watched: Watched) -> int:
    """When the last order was placed that shaped the trees or the calibrator, microseconds."""
    about = watched.bundle.about
    refreshed = about.get("recalibrated", {}).get("refit", {}).get("placed_to", 0)
    return max(int(about["trained_through"]), int(about.get("calibrated_through", 0)), int(refreshed))


def _require_since(n: int, watched: Watched, moment: int) -> None:
    if n == 0:
        to_do = "import newer orders; or name an older run with --run"
        got = f"no order after {utc(learned_through(watched))}, up to {utc(moment)}"
        raise TooLittleHistory(
            "MON002", "history", got=got, expected="orders the model did not learn from", to_do=to_do
        )


def _called_off(history: History, moment: int) -> Array:
    news = history.news
    order = np.repeat(np.arange(len(history)), np.diff(history.start))
    off = np.zeros(len(history), dtype=bool)
    off[order[np.isin(news["type"], _UNSHIPPED) & (news["known_at"] <= moment)]] = True
    return off
