"""Pictures of a backtest: metrics origin by origin, and the model slice by slice beside another's word."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.plots import COLOURS, DPI, GREY, INK, PALE
from training.report import MODEL

Axes = Any  # matplotlib carries no types we check
Values = dict[str, Any]

METRICS = {"auc": "AUC", "log_loss": "log loss", "lift_at_10": "lift at 10 %", "ece": "ECE"}
MARKERS = "osD^vP"
_SHOWN = ("evidence", "payment", "tier", "category", "merchant", "state")
_MOST = 8


def origins_plot(cuts: Sequence[str], scope: Values, models: Sequence[str]) -> Figure:
    """One panel for each metric: its value at each origin with its 95 % interval, the model first."""
    figure = Figure(figsize=(9.2, 6.4), dpi=DPI, layout="constrained")
    panels = figure.subplots(2, 2, sharex=True).ravel()
    for panel, (metric, title) in zip(panels, METRICS.items(), strict=True):
        for rank, model in reversed(list(enumerate(models))):
            _draw_metric(panel, scope["models"][model][metric], rank, len(models), model)
        panel.set_title(title, loc="left", fontsize=10, color=INK)
        panel.set_xticks(range(len(cuts)), [cut[5:] if len(cuts) > 5 else cut for cut in cuts], fontsize=9)
        panel.set_xlim(-0.5, len(cuts) - 0.5)
        panel.yaxis.set_major_locator(MaxNLocator(5))
        _quiet(panel)
    panels[3].set_ylim(bottom=0)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles[::-1], names[::-1], loc="outside lower center", ncols=len(names), frameon=False, fontsize=9)
    return figure


def _draw_metric(panel: Axes, found: Values | None, rank: int, n_models: int, name: str) -> None:
    if found is None:
        return
    look = {
        "color": COLOURS[rank % len(COLOURS)],
        "marker": MARKERS[rank % len(MARKERS)],
        "zorder": 4 if rank == 0 else 3,
    }
    if "by_fold" in found:
        panel.plot(range(len(found["by_fold"])), found["by_fold"], label=name, linestyle="none", **look)
        if rank == 0:
            panel.axhline(found["floor_mean"], color=GREY, linewidth=1)
            panel.axhline(found["floor_p95"], color=GREY, linewidth=1, linestyle=(0, (3, 2)))
            panel.text(-0.45, found["floor_p95"], "floor: mean, 95th percentile", fontsize=8, color=GREY, va="bottom")
        return
    at = [k for k, one in enumerate(found["by_origin"]) if one is not None]
    values, low, high = (np.array([found["by_origin"][k][end] for k in at], dtype=float) for end in range(3))
    reach = [np.nan_to_num(values - low), np.nan_to_num(high - values)]
    panel.errorbar(np.array(at) + 0.12 * (rank - (n_models - 1) / 2), values, yerr=reach, label=name, linestyle="none",
                   markersize=5, elinewidth=1.2, **look)  # fmt: skip
    panel.axhline(found["mean"], color=look["color"], linewidth=0.9, alpha=0.5)


def slices_plot(scope: Values, beside: str | None) -> Figure:
    """AUC of the model in the largest slices of each kind, with 95 % intervals; `beside` as a mark in each."""
    rows: list[tuple[str, Values | None]] = []
    for key in _SHOWN:
        part = scope["slices"][key]
        told = [one for one in part["slices"] if one["auc"] is not None][:_MOST]
        if len(told) > 1:
            rows += [(part["title"], None), *((f"{one['name']}, {one['n']:,}", one) for one in told)]
    figure = Figure(figsize=(7.6, 1.2 + 0.21 * len(rows)), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    if (whole := scope["models"][MODEL]["auc"]) is not None:
        axis.axvline(whole["mean"], color=PALE, linewidth=1.2, zorder=1)
    for place, (_, one) in enumerate(rows):
        if one is not None:
            _draw_slice(axis, place, one, beside)
    axis.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=8.5)
    for label, (_, one) in zip(axis.get_yticklabels(), rows, strict=True):
        label.set_fontweight("normal" if one else "bold")
    axis.set_ylim(len(rows) - 0.4, -0.6)
    named = f"; diamond: {beside}" if beside else ""
    axis.set_xlabel(f"AUC of the model, 95 % interval{named}; line: the model on all of these orders")
    _quiet(axis)
    axis.tick_params(axis="y", length=0)
    return figure


def _draw_slice(axis: Axes, place: int, one: Values, beside: str | None) -> None:
    found = one["auc"]
    value = found["mean"]
    low, high = (value if found[end] is None else found[end] for end in ("low", "high"))
    look = {"fmt": "o", "color": COLOURS[0], "markersize": 4.5, "elinewidth": 1.2}
    axis.errorbar(value, place, xerr=[[value - low], [high - value]], **look)
    gap = one["against"][beside]["auc"] if beside else None
    if gap is not None:
        axis.plot(value - gap["mean"], place, "D", color=COLOURS[2], markersize=4, zorder=3)


def _quiet(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(GREY)
    axis.tick_params(colors=INK, labelsize=9)
