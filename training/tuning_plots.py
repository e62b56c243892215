"""Pictures of a search, in the style of `training/plots.py`: its course, what mattered, each dimension, each origin.

Everything is told against the default plan: log loss minus the default's, below 0 better.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from training.plots import COLOURS, DPI, GREY, INK, PALE, Axes

_UNIT = 1e4  # differences are shown in ten-thousandths of log loss
_LABEL = "log loss minus the default's, x 0.0001"
_WORST_SHOWN = 0.9  # of finished trials: what is worse than this share of them stands at the upper edge
_EDGE = 0.03  # of the height of a picture: how far below the upper edge that is
_PANELS_ACROSS = 3


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial: its place in the order, its parameters, its difference to the default (of stopped ones: so far)."""

    number: int
    parameters: Mapping[str, Any]
    difference: float
    finished: bool
    is_default: bool


def history_plot(trials: Sequence[Tried]) -> Figure:
    """Every trial in order, and the best so far."""
    figure = Figure(figsize=(9.2, 4.0), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    reach = _reach(trials)
    _draw_trials(axis, trials, {t.number: float(t.number) for t in trials}, reach)
    done = [t for t in trials if t.finished]
    best = np.minimum.accumulate([t.difference for t in done]) * _UNIT
    axis.step([t.number for t in done], best, where="post", color=COLOURS[0], linewidth=1.6, label="best so far")
    _dress(axis, "trial")
    axis.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axis.set_ylabel(_LABEL)
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=9, ncols=5, handletextpad=0.3)
    return figure


def importance_plot(importances: Mapping[str, float]) -> Figure:
    """How much each dimension told the good trials from the others; shares that add up to 1."""
    figure = Figure(figsize=(9.2, 0.6 + 0.42 * max(len(importances), 1)), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    names, shares = list(importances)[::-1], list(importances.values())[::-1]
    bars = axis.barh(names, shares, color=COLOURS[0], alpha=0.75, height=0.62)
    axis.bar_label(bars, [f"{100 * share:.0f} %" for share in shares], padding=4, fontsize=9, color=INK)
    _dress(axis, "share of what separates the best quarter of the trials from all")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g} %"))
    axis.set_xlim(0, max([*shares, 0.01]) * 1.1)
    return figure


def slice_plot(trials: Sequence[Tried], scales: Mapping[str, str]) -> Figure:
    """One panel for each dimension: its value against the difference. scales: "log", "linear" or "choices" by name."""
    down = int(np.ceil(len(scales) / _PANELS_ACROSS))
    figure = Figure(figsize=(9.2, 2.7 * down + 0.2), dpi=DPI, layout="constrained")
    axes = figure.subplots(down, _PANELS_ACROSS, squeeze=False, sharey=True).ravel()
    reach = _reach(trials)
    for axis, (name, scale) in zip(axes, scales.items(), strict=False):
        _draw_slice(axis, trials, name, scale, reach)
    for axis in axes[len(scales) :]:
        axis.set_visible(False)
    for row in range(down):
        axes[row * _PANELS_ACROSS].set_ylabel(_LABEL, fontsize=8)
    return figure


def origins_plot(names: Sequence[str], gains: Sequence[tuple[float, float | None, float | None]]) -> Figure:
    """The best plan against the default on each origin, with 95 % intervals: does it hold over time?"""
    figure = Figure(figsize=(9.2, 3.2), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    axis.axhline(0, color=GREY, linewidth=1, zorder=1)
    for place, (mean, low, high) in enumerate(gains):
        if low is not None and high is not None:
            axis.plot([place, place], [low * _UNIT, high * _UNIT], color=COLOURS[0], linewidth=1.6)
        axis.plot(place, mean * _UNIT, "o", color=COLOURS[0], markersize=6)
    _dress(axis, "judged from")
    axis.set_xticks(range(len(names)), names)
    axis.set_xlim(-0.5, len(names) - 0.5)
    axis.set_ylabel(_LABEL)
    return figure


def _draw_slice(axis: Axes, trials: Sequence[Tried], name: str, scale: str, reach: tuple[float, float]) -> None:
    told = [t for t in trials if name in t.parameters]
    if scale == "choices":
        values = sorted({t.parameters[name] for t in told}, key=_order)
        places = {t.number: float(values.index(t.parameters[name])) for t in told}
        axis.set_xticks(range(len(values)), [_short(value) for value in values], fontsize=8)
        axis.set_xlim(-0.5, len(values) - 0.5)
    else:
        places = {t.number: float(t.parameters[name]) for t in told}
        axis.set_xscale(scale)
    _draw_trials(axis, told, places, reach)
    _dress(axis, name)
    if scale == "log":
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def _draw_trials(axis: Axes, trials: Sequence[Tried], places: Mapping[int, float], reach: tuple[float, float]) -> None:
    axis.axhline(0, color=GREY, linewidth=1, zorder=1)
    done = [t for t in trials if t.finished]
    best = min(done, key=lambda t: (t.difference, t.number), default=None)
    kinds = {
        "stopped early": ([t for t in trials if not t.finished], "x", GREY, 24),
        "judged on all origins": ([t for t in done if t is not best and not t.is_default], "o", COLOURS[4], 22),
        "the default": ([t for t in done if t.is_default], "D", INK, 34),
        "the best": ([t for t in done if t is best and not t.is_default], "o", COLOURS[5], 54),
    }
    for rank, (label, (some, marker, colour, size)) in enumerate(kinds.items()):
        if some:
            heights = [min(t.difference * _UNIT, reach[1] - (reach[1] - reach[0]) * _EDGE) for t in some]
            at = [places[t.number] for t in some]
            axis.scatter(at, heights, s=size, marker=marker, color=colour, label=label, zorder=3 + rank, linewidths=1.2)
    axis.set_ylim(*reach)


def _reach(trials: Sequence[Tried]) -> tuple[float, float]:
    """Ends of the axis of differences: a few very bad trials must not press the others flat."""
    done = np.array([t.difference for t in trials if t.finished]) * _UNIT
    low, high = float(min(done.min(), 0)), float(max(np.quantile(done, _WORST_SHOWN), 0))
    room = max(high - low, 1e-3) * 0.08
    return low - room, high + 2 * room


def _order(text: str) -> tuple[int, str]:
    return len(text), text


def _short(text: str) -> str:
    """A choice as a tick: `["linear", "none"]` is two short lines."""
    value = json.loads(text)
    return "\nor ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _dress(axis: Axes, x_label: str) -> None:
    axis.set_xlabel(x_label, fontsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(GREY)
    axis.tick_params(colors=INK, labelsize=9)
    axis.grid(axis="y", color=PALE, linewidth=0.6)
    axis.set_axisbelow(True)
