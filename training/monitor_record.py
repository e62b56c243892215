"""What the monitor leaves behind: plain values for JSON, figures for the tracker, a page with pictures."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

from data.contract import DAY
from training.alarms import Alarm, Kind, State
from training.card_page import page, utc
from training.estimate import Estimated
from training.first_attempts import Excess
from training.holding import Truth
from training.monitor_plan import MonitorPlan
from training.monitor_plots import feature_plot, holding_plot, promise_plot, proxy_plot, score_drift_plot
from training.monitoring import Monitored, Scope
from training.pictures import embedded
from training.weeks import Week

Values: TypeAlias = dict[str, Any]

_SHORT = {"all orders": "all", "COD only": "cod"}


def values_of(found: Monitored, plan: MonitorPlan, identity: Mapping[str, Any]) -> Values:
    """Everything found, fit for strict JSON. identity: the run, its version, digest and the like, shown as told."""
    sight, seen = found.sight, found.sight.seen
    raised = [a for a in found.alarms if a.state == State.RAISED]
    return {
        "identity": {name: str(value) for name, value in identity.items()},
        "moment": utc(sight.moment),
        "matures_in_days": sight.matures_in / DAY,
        "plan": plan.model_dump(),
        "orders": {
            "reference": int((~seen.since).sum()),
            "since": int(seen.since.sum()),
            "recent": found.n_recent,
            "matured_since": int((seen.since & seen.mature).sum()),
        },
        "reference": [utc(int(end)) for end in _ends(seen.placed_at[~seen.since])],
        "since": [utc(int(end)) for end in _ends(seen.placed_at[seen.since])],
        "attempts_from": "dispatch" if sight.by_dispatch else "placement",
        "status": _status(raised),
        "alarms": [_alarm(one) for one in found.alarms],
        "scopes": [_scope(scope) for scope in found.scopes],
        "features": found.features if isinstance(found.features, str) else [asdict(one) for one in found.features],
    }


def _ends(placed_at: Any) -> tuple[int, int]:
    return int(placed_at.min()), int(placed_at.max())


def _status(raised: list[Alarm]) -> str:
    if not raised:
        return "quiet"
    return str(Kind.BROKEN if any(a.rule.kind == Kind.BROKEN for a in raised) else Kind.DRIFT)


def figures_of(found: Monitored) -> dict[str, float]:
    """The numbers of each alarm by name, for the tracker: `monitor.cod.MON201`, and 1 where it is raised."""
    told: dict[str, float] = {}
    for one in found.alarms:
        stem = f"monitor.{_SHORT[one.scope]}.{one.code}"
        if one.value is not None:
            told[stem] = one.value
        if one.state != State.NOT_APPLICABLE:
            told[f"{stem}.raised"] = float(one.state == State.RAISED)
    return told


def page_of(found: Monitored, values: Values) -> str:
    """The page: verdict, alarms, pictures, tables. Needs nothing from outside."""
    drawn = {
        "promise": promise_plot(found.scopes),
        "proxy": proxy_plot(found.scopes),
        "holding": holding_plot(found.scopes),
        "scores": score_drift_plot(found),
    }
    if not isinstance(found.features, str):
        drawn["features"] = feature_plot(found.features)
    return page("monitor", values | {"pictures": {name: embedded(figure) for name, figure in drawn.items()}})


def _alarm(one: Alarm) -> Values:
    rule = {name: getattr(one.rule, name) for name in ("kind", "title", "size", "why", "to_do")}
    told = asdict(one) | {"size": one.size}
    return told | {"kind": str(rule.pop("kind")), "threshold": rule.pop("size"), "state": str(one.state)} | rule


def _scope(scope: Scope) -> Values:
    return {
        "name": scope.name,
        "reference": _truth(scope.reference),
        "recent": {"n": scope.n_recent, "promised": _estimates(scope.recent)},
        "score_drift": None if scope.scores is None else asdict(scope.scores),
        "matured": {"promised": _estimates(scope.promised), "truth": _truth(scope.matured)},
        "proxy": scope.proxy if isinstance(scope.proxy, str) else _excess(scope.proxy),
        "weeks": [_week(week) for week in scope.weeks],
    }


def _truth(told: Truth | None) -> Values | None:
    return None if told is None else asdict(told)


def _estimates(told: dict[str, Estimated | None]) -> Values:
    return {name: None if one is None else asdict(one) for name, one in told.items()}


def _excess(told: Excess) -> Values:
    return asdict(told) | {"difference": told.difference}


def _week(week: Week) -> Values:
    return {
        "from": utc(week.start),
        "part": "since" if week.since else "reference",
        "n": week.n,
        "promised": _estimates(week.promised),
        "truth": _truth(week.truth),
        "proxy": None if week.proxy is None else _excess(week.proxy),
    }
