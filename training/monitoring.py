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
from training.first_attempts import Excess, Yardstick, yardstick
from training.holding import Truth, truth
from training.monitor_plan import MonitorPlan
from training.seen import Seen, Sight, Watched, look
from training.weeks import Week, weeks_of

Array: TypeAlias = np.ndarray[Any, Any]

_MOST_PARTS = 10_000
_ONE_BUYER = "all of one buyer"
ALL, COD = "all orders", "COD only"


@dataclass(frozen=True, slots=True)
class Scope:
    """All figures of one set of orders.

    reference: what became of its matured orders.  recent: estimate of the newest orders, and drift of their scores.
    promised, matured: estimate and truth of the newest matured orders since the run learned.  proxy: the newest first
    attempts; a text where they tell nothing.
    """

    name: str
    reference: Truth | None
    n_recent: int
    recent: dict[str, Estimated | None]
    scores: Drift | None
    promised: dict[str, Estimated | None]
    matured: Truth | None
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
        _truth(reference.where(reference.mature)),
        len(recent),
        estimate(recent.where(~recent.called_off).p, seed=plan.seed),
        drift("score", reference.p, recent.p, plan.confidence) if enough else None,
        estimate(matured.p, seed=plan.seed),
        _truth(matured),
        _proxy(measured, tried, plan),
        weeks_of(seen, None if isinstance(measured, str) else measured, sight, plan),
    )


def _truth(orders: Seen) -> Truth | None:
    return truth(orders.p, orders.y, orders.clusters)


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
    was, now = scope.reference, scope.recent["rto_share"]
    if was is None or now is None or was.large is None:
        return "no orders"
    if (few := _few(min(scope.n_recent, was.n), plan)) is not None:
        return few
    error = float(np.hypot(now.sd, was.large.error))
    said = f"{now.value:.1%} expected to come back, {was.came:.1%} came back in the reference"
    return Change(scope.n_recent, *_ends(now.value - was.came, error, z), plan.rto_share_off * was.came, said)


def _promise_change(scope: Scope, plan: MonitorPlan, z: float) -> Change | str:
    was, now = scope.reference, scope.recent["auc"]
    if was is None or was.auc is None or now is None:
        return "too few orders of either outcome"
    if (few := _few(scope.n_recent, plan)) is not None:
        return few
    said = f"AUC {now.value:.3f} expected, {was.auc.value:.3f} in the reference"
    ends = _ends(now.value - was.auc.value, float(np.hypot(now.sd, was.auc.error)), z)
    return Change(scope.n_recent, *ends, plan.auc_off, said, falls_only=True)


def _proxy_change(scope: Scope, plan: MonitorPlan, z: float) -> Change | str:
    found = scope.proxy
    if isinstance(found, str):
        return found
    said = f"{found.share:.1%} of first attempts failed, {found.expected:.1%} did in the reference at such scores"
    return Change(found.n, *_ends(found.difference, found.sd, z), plan.proxy_off * found.expected, said)


def _matured(scope: Scope, plan: MonitorPlan) -> Truth | str:
    """What became of the newest matured orders, where there are enough of them, and of either outcome said or come."""
    found = scope.matured
    n = 0 if found is None else found.n
    if found is None or n < plan.fewest_orders:
        return f"{n:,} orders since the model learned have matured; at least {plan.fewest_orders:,} can tell"
    fewer = max(min(rto, n - rto) for rto in (found.rto, found.said * n))
    if fewer < plan.fewest_outcomes:
        return f"{fewer:.0f} matured orders of one outcome; at least {plan.fewest_outcomes:,} can tell"
    return found


def _large_change(scope: Scope, plan: MonitorPlan, z: float) -> Change | str:
    found, said = _matured(scope, plan), scope.promised["rto_share"]
    if isinstance(found, str) or found.large is None or said is None:
        return found if isinstance(found, str) else _ONE_BUYER
    told = f"{found.came:.1%} came back, {found.said:.1%} were said to"
    error = max(found.large.error, said.sd)  # where nothing came back, outcomes alone would show no spread
    return Change(found.n, *_ends(found.large.value, error, z), plan.calibration_off * found.said, told)


def _slope_change(scope: Scope, plan: MonitorPlan, z: float) -> Change | str:
    found = _matured(scope, plan)
    if isinstance(found, str) or found.slope is None:
        return found if isinstance(found, str) else "the scores are all alike, or part the outcomes without a mistake"
    said = f"calibration slope {found.slope.value:.2f}, 1 is right"
    return Change(found.n, *_ends(found.slope.value - 1, found.slope.error, z), plan.slope_off, said)


def _auc_change(scope: Scope, plan: MonitorPlan, z: float) -> Change | str:
    found, was = _matured(scope, plan), scope.reference
    if isinstance(found, str):
        return found
    if was is None or was.auc is None or found.auc is None:
        return "too few orders of either outcome"
    said = f"AUC {found.auc.value:.3f}, {was.auc.value:.3f} in the reference"
    ends = _ends(found.auc.value - was.auc.value, float(np.hypot(found.auc.error, was.auc.error)), z)
    return Change(found.n, *ends, plan.auc_off, said, falls_only=True)


def _ends(difference: float, error: float, z: float) -> tuple[float, float, float]:
    return difference, difference - z * error, difference + z * error
