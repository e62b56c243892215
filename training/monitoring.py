"""The monitor's figures, for all orders and for cash orders alone: drift, estimate, truth, early proxy, calibration.

What is known when:  at once the features, scores and what they promise;  days after dispatch the first attempts;
weeks later the outcomes. Each figure is set beside the reference, with an interval, and by week.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy.special import ndtri

from data.history import History
from features.replay import Progress
from training.alarms import Alarm, Change, features_moved, judged, scores_moved
from training.drift import Drift, Side, drift, drifts
from training.estimate import Estimated, estimate
from training.evaluation import Metrics, measure
from training.first_attempts import Excess, Yardstick, yardstick
from training.holding import Holding, holding
from training.intervals import Figure, auc_figure
from training.monitor_plan import MonitorPlan
from training.seen import Seen, Sight, Watched, look
from training.weeks import Week, weeks_of

Array: TypeAlias = np.ndarray[Any, Any]

_MOST_PARTS = 10_000
ALL, COD = "all orders", "COD only"


@dataclass(frozen=True, slots=True)
class Truth:
    """Matured orders: what the scores promised of them, and what came."""

    estimated: dict[str, Estimated | None]
    realised: Metrics
    auc: Figure | None
    holding: Holding | None


@dataclass(frozen=True, slots=True)
class Scope:
    """All figures of one set of orders.

    reference: its truth.  recent: orders of the newest days, estimate of them, drift of their scores.  matured: the
    newest matured orders since the run learned.  proxy: the newest first attempts; a text where there are none.
    """

    name: str
    reference: Truth
    n_recent: int
    recent: dict[str, Estimated | None]
    scores: Drift | None
    matured: Truth
    proxy: Excess | str
    weeks: tuple[Week, ...]


@dataclass(frozen=True, slots=True)
class Monitored:
    """Everything the monitor found. features: drift of each, the largest first; a text where it cannot be told."""

    sight: Sight
    recent_days: int
    features: tuple[Drift, ...] | str
    n_recent: int
    scopes: tuple[Scope, ...]
    alarms: tuple[Alarm, ...]


def monitor(history: History, watched: Watched, plan: MonitorPlan, until: int | None, progress: Progress) -> Monitored:
    """Look at the orders since the run learned, as known at `until` (default: all that is known)."""
    sight = look(history, watched, plan, until, progress)
    progress("compare with the reference", 0, 1)
    seen = sight.seen
    recent = seen.since & seen.newest(plan.recent_days)
    features = _features(sight, watched, recent, plan)
    masks = {ALL: np.ones(len(seen), dtype=bool)}
    if 0 < seen.cod.sum() < len(seen):
        masks[COD] = seen.cod
    scopes = tuple(_scope(name, sight, mask, plan) for name, mask in masks.items())
    alarms = [features_moved(features, ALL, int(recent.sum()), plan)]
    alarms += [alarm for scope in scopes for alarm in _alarms(scope, plan)]
    progress("compare with the reference", 1, 1)
    return Monitored(
        sight, plan.recent_days, features, int(recent.sum()), scopes, tuple(sorted(alarms, key=lambda a: a.code))
    )


def _features(sight: Sight, watched: Watched, recent: Array, plan: MonitorPlan) -> tuple[Drift, ...] | str:
    reference = ~sight.seen.since
    if (few := _few(int(min(recent.sum(), reference.sum())), plan)) is not None:
        return few
    names = [feature.name for feature in watched.bundle.features]
    before, now = (_side(watched, sight.x[mask]) for mask in (reference, recent))
    return drifts(names, before, now, plan.confidence)


def _side(watched: Watched, x: Array) -> Side:
    some = x[:: max(1, len(x) // _MOST_PARTS)]  # evenly over time: contributions take long
    return Side(x, watched.bundle.contributions(some)[0])


def _few(n: int, plan: MonitorPlan) -> str | None:
    return None if n >= plan.fewest_orders else f"{n:,} orders; at least {plan.fewest_orders:,} can tell"


def _scope(name: str, sight: Sight, mask: Array, plan: MonitorPlan) -> Scope:
    seen = sight.seen.where(mask)
    reference, since = seen.where(~seen.since), seen.where(seen.since)
    recent = since.where(since.newest(plan.recent_days))
    matured = since.where(since.mature)
    matured = matured.where(matured.newest(plan.recent_days))
    measured = _yardstick(reference, sight, plan)
    tried = since.where(since.tried)
    tried = tried.where(tried.newest(plan.proxy_days, tried.started))
    enough = min(len(reference), len(recent)) >= plan.fewest_orders
    return Scope(
        name,
        _truth(reference.where(reference.mature), plan),
        len(recent),
        estimate(recent.where(~recent.called_off).p, seed=plan.seed),
        drift("score", reference.p, recent.p, plan.confidence) if enough else None,
        _truth(matured, plan),
        _proxy(measured, tried, plan),
        weeks_of(seen, None if isinstance(measured, str) else measured, sight, plan),
    )


def _truth(orders: Seen, plan: MonitorPlan) -> Truth:
    return Truth(
        estimate(orders.p, seed=plan.seed),
        measure(orders.p, orders.y),
        auc_figure(orders.p, orders.y),
        holding(orders.p, orders.y),
    )


def _yardstick(reference: Seen, sight: Sight, plan: MonitorPlan) -> Yardstick | str:
    tried = reference.where(reference.tried)
    if not sight.attempts_told or not tried.failed.any():
        return "this history tells of no failed attempts"
    return _few(len(tried), plan) or yardstick(tried.p, tried.failed)


def _proxy(measured: Yardstick | str, tried: Seen, plan: MonitorPlan) -> Excess | str:
    if isinstance(measured, str):
        return measured
    return _few(len(tried), plan) or measured.excess(tried.p, tried.failed)


def _alarms(scope: Scope, plan: MonitorPlan) -> list[Alarm]:
    z = float(ndtri((1 + plan.confidence) / 2))
    scores = scope.scores or _few(scope.n_recent, plan) or "too few reference orders"
    return [
        scores_moved(scores, scope.name, scope.n_recent, plan),
        judged("MON103", scope.name, _share_change(scope, plan, z)),
        judged("MON104", scope.name, _promise_change(scope, plan, z)),
        judged("MON201", scope.name, _proxy_change(scope, plan, z)),
        judged("MON202", scope.name, _large_change(scope, plan, z)),
        judged("MON203", scope.name, _slope_change(scope, plan, z)),
        judged("MON204", scope.name, _auc_change(scope, plan, z)),
    ]


def _share_change(scope: Scope, plan: MonitorPlan, z: float) -> Change | str:
    was, now = scope.reference.holding, scope.recent["rto_share"]
    if now is None or was is None:
        return "no orders"
    if (few := _few(min(scope.n_recent, was.n), plan)) is not None:
        return few
    sd = float(np.hypot(now.sd, np.sqrt(was.came * (1 - was.came) / was.n)))
    difference = now.value - was.came
    said = f"{now.value:.1%} expected to come back, {was.came:.1%} came back in the reference"
    return Change(scope.n_recent, *_ends(difference, sd, z), plan.rto_share_off * was.came, said)


def _promise_change(scope: Scope, plan: MonitorPlan, z: float) -> Change | str:
    was, now = scope.reference.auc, scope.recent["auc"]
    if now is None or was is None:
        return "too few orders of either outcome"
    if (few := _few(scope.n_recent, plan)) is not None:
        return few
    said = f"AUC {now.value:.3f} expected, {was.value:.3f} in the reference"
    ends = _ends(now.value - was.value, float(np.hypot(now.sd, was.sd)), z)
    return Change(scope.n_recent, *ends, plan.auc_off, said, falls_only=True)


def _proxy_change(scope: Scope, plan: MonitorPlan, z: float) -> Change | str:
    found = scope.proxy
    if isinstance(found, str):
        return found
    said = f"{found.share:.1%} of first attempts failed, {found.expected:.1%} did in the reference at such scores"
    return Change(found.n, *_ends(found.difference, found.sd, z), plan.proxy_off * found.expected, said)


def _held(scope: Scope, plan: MonitorPlan) -> Holding | str:
    """The matured orders' calibration, where there are enough of them and of either outcome."""
    found, n = scope.matured.holding, scope.matured.realised.n
    if found is None or n < plan.fewest_orders:
        return f"{n:,} orders since the model learned have matured; at least {plan.fewest_orders:,} can tell"
    fewer = min(scope.matured.realised.positives, n - scope.matured.realised.positives)
    if fewer < plan.fewest_outcomes:
        return f"{fewer:,} matured orders of one outcome; at least {plan.fewest_outcomes:,} can tell"
    return found


def _large_change(scope: Scope, plan: MonitorPlan, z: float) -> Change | str:
    found = _held(scope, plan)
    if isinstance(found, str):
        return found
    said = f"{found.came:.1%} came back, {found.said:.1%} were said to"
    return Change(found.n, *_ends(found.large.value, found.large.sd, z), plan.calibration_off * found.said, said)


def _slope_change(scope: Scope, plan: MonitorPlan, z: float) -> Change | str:
    found = _held(scope, plan)
    if isinstance(found, str):
        return found
    if found.slope is None:
        return "the scores are all alike"
    said = f"calibration slope {found.slope.value:.2f}, 1 is right"
    return Change(found.n, *_ends(found.slope.value - 1, found.slope.sd, z), plan.slope_off, said)


def _auc_change(scope: Scope, plan: MonitorPlan, z: float) -> Change | str:
    found = _held(scope, plan)
    if isinstance(found, str):
        return found
    was, now = scope.reference.auc, scope.matured.auc
    if was is None or now is None:
        return "too few orders of either outcome"
    said = f"AUC {now.value:.3f}, {was.value:.3f} in the reference"
    ends = _ends(now.value - was.value, float(np.hypot(now.sd, was.sd)), z)
    return Change(found.n, *ends, plan.auc_off, said, falls_only=True)


def _ends(difference: float, sd: float, z: float) -> tuple[float, float, float]:
    return difference, difference - z * sd, difference + z * sd
