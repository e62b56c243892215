"""Pictures of a model for its run, its card and its report: figures as values, without pyplot's global state.

Colours are Okabe and Ito's, told apart with any colour vision; the model is always the first and darkest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from training.evaluation import BINS, gains, lift, measure, reliability

Floats = NDArray[np.float64]
Axes = Any  # matplotlib carries no types we check

INK, GREY, PALE = "#222222", "#8A8A8A", "#DDDDDD"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
LINES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
TOP_SHARES = np.linspace(0.02, 1.0, 99)
DPI = 150


@dataclass(frozen=True, slots=True)
class Scored:
    """What one curve or panel shows: scores `p` (n,) 0 to 1, outcomes `y` (n,) 0 or 1, and its name in the legend."""

    name: str
    p: Floats
    y: NDArray[np.number]


def reliability_plot(panels: Sequence[Scored]) -> Figure:
    """One panel each (all orders, COD only; or before and after): what was said against what came, scores below."""
    figure = Figure(figsize=(4.4 * max(len(panels), 1), 5.2), dpi=DPI, layout="constrained")
    axes = figure.subplots(2, len(panels), squeeze=False, height_ratios=(4, 1), sharex=True)
    reach = _reach(panels)
    for column, panel in enumerate(panels):
        _draw_reliability(axes[0, column], panel, reach)
        _draw_histogram(axes[1, column], panel, reach)
    axes[0, 0].set_ylabel("RTO share that came, 95 % interval")
    axes[1, 0].set_ylabel("orders")
    return figure


def lift_plot(models: Sequence[Scored]) -> Figure:
    """The first is the model, the rest its baselines: RTOs found, and lift, among the riskiest share of orders."""
    figure = Figure(figsize=(9.2, 4.4), dpi=DPI, layout="constrained")
    found, lifted = figure.subplots(1, 2)
    found.plot([0, 1], [0, 1], color=PALE, linewidth=1.2, zorder=1)
    lifted.axhline(1, color=PALE, linewidth=1.2, zorder=1)
    for rank, model in reversed(list(enumerate(models))):
        look = _look(rank)
        found.plot(*gains(model.p, model.y), label=model.name, **look)
        lifts = [lift(model.p, model.y, float(share)) for share in TOP_SHARES]
        lifted.plot(TOP_SHARES, [np.nan if value is None else value for value in lifts], **look)
    dress(found, "share of orders looked at, riskiest first", "share of all RTOs among them", percent="xy")
    dress(
        lifted, "share of orders looked at, riskiest first", "lift (their RTO share / that of all orders)", percent="x"
    )
    found.set(xlim=(0, 1), ylim=(0, 1.005))
    lifted.set(xlim=(0, 1))
    handles, names = found.get_legend_handles_labels()
    found.legend(handles[::-1], names[::-1], loc="lower right", frameon=False, fontsize=9)
    return figure


def score_plot(panels: Sequence[Scored]) -> Figure:
    """One panel each: how scores spread over orders that were delivered and orders that came back."""
    figure = Figure(figsize=(4.4 * max(len(panels), 1), 3.6), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    reach = _reach(panels)
    for axis, panel in zip(axes, panels, strict=True):
        _draw_scores(axis, panel, np.linspace(0, reach, 41))
        axis.set_xlim(0, reach)
    axes[0].set_ylabel("share of the outcome's orders, per bar")
    return figure


def _draw_reliability(axis: Axes, panel: Scored, reach: float) -> None:
    bins = reliability(panel.p, panel.y, BINS)
    said, came = [b.p_mean for b in bins], [b.rto_share for b in bins]
    reaches = [[b.rto_share - b.low for b in bins], [b.high - b.rto_share for b in bins]]
    axis.plot([0, reach], [0, reach], color=GREY, linewidth=1, zorder=1)
    points = {"fmt": "o", "markersize": 4.5, "color": COLOURS[0], "elinewidth": 1.2, "zorder": 3, "clip_on": False}
    if bins:  # an unclipped nothing has no place on the page, and the layout would collapse around it
        axis.errorbar(said, came, yerr=reaches, **points)
    axis.set(xlim=(0, reach), ylim=(0, max([reach, *(b.high for b in bins)])))
    axis.set_title(f"{panel.name}, {len(panel.p):,} orders", loc="left", fontsize=10, color=INK)
    axis.text(0.04, 0.95, _calibration_note(panel), transform=axis.transAxes, va="top", fontsize=9, color=INK)
    dress(axis, "", "", percent="xy")


def _calibration_note(panel: Scored) -> str:
    judged = measure(panel.p, panel.y)
    if judged.ece is None or judged.base_rate is None:
        return "no orders"
    return f"said {100 * np.mean(panel.p):.1f} %, came {100 * judged.base_rate:.1f} %\nECE {judged.ece:.3f}"


def _draw_histogram(axis: Axes, panel: Scored, reach: float) -> None:
    axis.hist(panel.p, bins=np.linspace(0, reach, 41).tolist(), color=COLOURS[0], alpha=0.55)
    dress(axis, "predicted risk", "", percent="x")
    axis.set_ylim(0, max(axis.get_ylim()[1], 1))
    axis.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda orders, _: f"{orders:,.0f}"))


def _draw_scores(axis: Axes, panel: Scored, edges: Floats) -> None:
    for outcome, name, colour in ((0, "delivered", COLOURS[0]), (1, "came back (RTO)", COLOURS[5])):
        scores = panel.p[panel.y == outcome]
        counts = np.histogram(scores, bins=edges)[0] / max(len(scores), 1)
        axis.stairs(counts, edges, fill=True, color=colour, alpha=0.22)
        axis.stairs(counts, edges, color=colour, linewidth=1.6, label=f"{name}, {len(scores):,}")
    axis.set_title(panel.name, loc="left", fontsize=10, color=INK)
    dress(axis, "predicted risk", "", percent="xy")
    axis.set_ylim(bottom=0)
    axis.legend(loc="upper right", frameon=False, fontsize=9)


def _look(rank: int) -> dict[str, Any]:
    """Colour and line of a curve: the model first and bold, baselines thinner."""
    colour, line = COLOURS[rank % len(COLOURS)], LINES[rank % len(LINES)]
    return {"color": colour, "linestyle": line, "linewidth": 1.5 if rank else 2.4, "zorder": 2 if rank else 3}


def _reach(panels: Sequence[Scored]) -> float:
    """The end of a risk axis: the highest score shown, up to the next 5 %. At least 10 %, at most 100 %."""
    highest = max((float(panel.p.max()) for panel in panels if len(panel.p)), default=0.0)
    return float(np.clip(np.ceil(highest * 20) / 20, 0.10, 1.0))


def dress(axis: Axes, x_label: str, y_label: str, percent: str) -> None:
    """Labels, quiet spines, and percent signs on the axes named in `percent`."""
    axis.set_xlabel(x_label)
    axis.set_ylabel(y_label)
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(GREY)
    axis.tick_params(colors=INK, labelsize=9)
    for name, along in (("x", axis.xaxis), ("y", axis.yaxis)):
        if name in percent:
            along.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
            along.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g} %"))
