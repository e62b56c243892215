"""Pictures of the monitor: figures as values in the style of `training/plots.py`.

On every time axis: grey ground is the reference, white the orders since the model learned. Lines are what the scores
say, with the band in which the truth should lie 95 times of 100; points are what came, with 95 % intervals.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure as Drawing

from training.drift import Drift
from training.evaluation import Z95, wilson
from training.holding import Figure
from training.monitoring import Monitored, Scope
from training.plots import COLOURS, DPI, GREY, INK, PALE, dress
from training.weeks import Week

Axes: TypeAlias = Any
Array: TypeAlias = np.ndarray[Any, Any]
Point: TypeAlias = tuple[float, float, float]
"""Value, low, high."""

_SAID, _CAME = COLOURS[0], COLOURS[5]
_MOST_WEEKS, _MOST_FEATURES = 53, 12
_MIDDLE = np.timedelta64(84, "h")  # a week is drawn at its middle


FIGURES: dict[str, str] = {"rto_share": "RTO share", "auc": "AUC", "log_loss": "log loss"}


def promise_plot(scopes: Sequence[Scope], names: Sequence[str] = tuple(FIGURES)) -> Drawing:
    """Figures by week: what the scores promise, and what came where all outcomes are known. A column for each scope."""
    figure, axes = _panels(len(scopes), len(names), 0.8 + 2.6 * len(names))
    for column, scope in enumerate(scopes):
        for row, name in enumerate(names):
            axis = axes[row, column]
            _said(axis, scope, name)
            _points(axis, scope, _share_came if name == "rto_share" else _figure(name), "came, 95 % interval")
            dress(axis, "", FIGURES[name] if column == 0 else "", percent="y" if name == "rto_share" else "")
            _time(axis, scope)
    _headed(axes[0], scopes)
    return figure


def proxy_plot(scopes: Sequence[Scope]) -> Drawing:
    """First attempts that failed, by week, beside what such scores came to in the reference."""
    figure, axes = _panels(len(scopes), 1, 3.4)
    for column, scope in enumerate(scopes):
        axis = axes[0, column]
        weeks = [w for w in _newest(scope) if w.proxy is not None]
        expected = [w.proxy.expected for w in weeks if w.proxy]
        axis.plot(_when(weeks), expected, color=_SAID, linewidth=2, label="reference, at such scores")
        _points(axis, scope, _proxy_came, "first attempts that failed, 95 % interval")
        dress(axis, "", "share of first attempts" if column == 0 else "", percent="y")
        _time(axis, scope)
    _headed(axes[0], scopes)
    return figure


def holding_plot(scopes: Sequence[Scope]) -> Drawing:
    """Calibration by week: what came less what was said, and the slope."""
    figure, axes = _panels(len(scopes), 2, 6.0)
    for column, scope in enumerate(scopes):
        large, slope = axes[0, column], axes[1, column]
        large.axhline(0, color=GREY, linewidth=1)
        slope.axhline(1, color=GREY, linewidth=1)
        _points(large, scope, _figure("large"), "what came, 95 % interval")
        _points(slope, scope, _figure("slope"), "slope, 95 % interval")
        dress(large, "", "came less said" if column == 0 else "", percent="y")
        dress(slope, "", "calibration slope" if column == 0 else "", percent="")
        for axis in (large, slope):
            _time(axis, scope)
    _headed(axes[0], scopes)
    return figure


def score_drift_plot(found: Monitored) -> Drawing:
    """How scores are spread: the reference, and the newest orders."""
    figure, axes = _panels(len(found.scopes), 1, 3.2)
    seen = found.sight.seen
    edges = np.linspace(0, max(0.1, float(np.ceil(seen.p.max() * 20) / 20)), 41)
    for column, scope in enumerate(found.scopes):
        here = seen if scope.name == found.scopes[0].name else seen.where(seen.cod)
        since = here.where(here.since)
        parts = (
            ("reference", here.where(~here.since).p, GREY),
            ("newest orders", since.where(since.newest(found.recent_days)).p, _SAID),
        )
        axis = axes[0, column]
        for name, p, colour in parts:
            shares = np.histogram(p, bins=edges)[0] / max(len(p), 1)
            axis.stairs(shares, edges, fill=True, color=colour, alpha=0.18)
            axis.stairs(shares, edges, color=colour, linewidth=1.6, label=f"{name}, {len(p):,}")
        axis.set_title(scope.name, loc="left", fontsize=10, color=INK)
        axis.set_xlim(0, edges[-1])
        dress(axis, "predicted risk", "share of orders, per bar" if column == 0 else "", percent="xy")
        axis.set_ylim(bottom=0)
        axis.legend(loc="upper right", frameon=False, fontsize=9)
    return figure


def feature_plot(features: Sequence[Drift]) -> Drawing:
    """The features that moved the score most: by how much, and their PSI beside what chance explains."""
    shown = list(features[:_MOST_FEATURES])[::-1]
    figure = Drawing(figsize=(9.2, 0.9 + 0.27 * max(len(shown), 1)), dpi=DPI, layout="constrained")
    parts, psis = figure.subplots(1, 2, sharey=True)
    at = np.arange(len(shown))
    parts.barh(at, [one.part or 0.0 for one in shown], color=_SAID, height=0.62)
    parts.set_yticks(at, [one.name for one in shown])
    psis.barh(at, [one.psi for one in shown], color=COLOURS[4], height=0.62)
    psis.plot([one.at_most for one in shown], at, "|", color=INK, markersize=9, label="chance explains up to")
    dress(parts, "its part of the score moved, log-odds", "", percent="")
    dress(psis, "PSI", "", percent="")
    psis.legend(loc="lower right", frameon=False, fontsize=9)
    return figure


def _panels(columns: int, rows: int, height: float) -> tuple[Drawing, Array]:
    figure = Drawing(figsize=(4.8 * columns + 0.4, height), dpi=DPI, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def _headed(axes: Sequence[Axes], scopes: Sequence[Scope]) -> None:
    """A panel's name above it, and the legend in the first one, out of the way of its points."""
    for axis, scope in zip(axes, scopes, strict=True):
        axis.set_title(scope.name, loc="left", fontsize=10, color=INK)
    axes[0].legend(loc="upper left", frameon=False, fontsize=9)
    low, high = axes[0].get_ylim()
    axes[0].set_ylim(low, high + 0.22 * (high - low))


def _newest(scope: Scope) -> list[Week]:
    return list(scope.weeks[-_MOST_WEEKS:])


def _when(weeks: Sequence[Week]) -> Array:
    return np.array([np.datetime64(w.start, "us") + _MIDDLE for w in weeks], dtype="datetime64[us]")


def _said(axis: Axes, scope: Scope, name: str) -> None:
    weeks = [w for w in _newest(scope) if w.promised[name] is not None]
    told = [w.promised[name] for w in weeks]
    when = _when(weeks)
    low, high = ([getattr(one, end) for one in told] for end in ("low", "high"))
    axis.fill_between(when, low, high, color=_SAID, alpha=0.18, linewidth=0)
    axis.plot(when, [one.value for one in told if one], color=_SAID, linewidth=2, label="the scores promise")


def _points(axis: Axes, scope: Scope, of: Callable[[Week], Point | None], label: str) -> None:
    told = [(w, point) for w in _newest(scope) if (point := of(w)) is not None]
    if not told:
        return
    when = _when([w for w, _ in told])
    values = np.array([point[0] for _, point in told])
    reach = np.array([[point[0] - point[1], point[2] - point[0]] for _, point in told]).T
    look = {"fmt": "o", "markersize": 4, "color": _CAME, "elinewidth": 1.1, "zorder": 3}
    axis.errorbar(when, values, yerr=np.maximum(reach, 0), label=label, **look)


def _share_came(week: Week) -> Point | None:
    told = week.truth
    return None if told is None else (told.came, *wilson(told.rto, told.n))


def _figure(name: str) -> Callable[[Week], Point | None]:
    """A figure of the week's truth by name, with its 95 % interval."""

    def of(week: Week) -> Point | None:
        told: Figure | None = getattr(week.truth, name) if week.truth else None
        return None if told is None else (told.value, *told.ends(Z95))

    return of


def _proxy_came(week: Week) -> Point | None:
    told = week.proxy
    return None if told is None else (told.share, *wilson(round(told.share * told.n), told.n))


def _time(axis: Axes, scope: Scope) -> None:
    """Dates below; the reference on grey ground."""
    weeks = _newest(scope)
    locator = AutoDateLocator(minticks=3, maxticks=7)
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    if not weeks:
        return
    starts = _when(weeks)
    first, last = starts[0] - _MIDDLE, starts[-1] + _MIDDLE
    reference = [when for when, week in zip(starts, weeks, strict=True) if not week.since]
    if reference:
        axis.axvspan(first, reference[-1] + _MIDDLE, color=PALE, alpha=0.45, linewidth=0, zorder=0)
    axis.set_xlim(first, last)
