"""Pictures of the cards: orders and returns by week, how late outcomes are told, calibration by slice."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from data.contract import DAY
from training.evaluation import wilson
from training.plots import COLOURS, DPI, GREY, INK, PALE, dress
from training.rows import Rows

Array: TypeAlias = np.ndarray[Any, Any]

_WEEK, _MONDAY = 7 * DAY, 4 * DAY
_FEWEST = 20
_DAYS_SHOWN = 45


def weeks_plot(rows: Rows) -> Figure:
    """Orders by week, and the share of matured ones that came back; pale ground is where too few have matured."""
    figure = Figure(figsize=(9.2, 3.8), dpi=DPI, layout="constrained")
    share, orders = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    placed_at = rows.orders["placed_at"]
    week = (placed_at - _MONDAY) // _WEEK
    numbers, counts = np.unique(week, return_counts=True)
    when = (numbers * _WEEK + _MONDAY + _WEEK // 2).astype("datetime64[us]")
    orders.bar(when, counts, width=np.timedelta64(6, "D"), color=GREY)
    for name, mask, colour in (
        ("all orders", rows.mature, COLOURS[0]),
        ("cash orders", rows.mature & rows.is_cod, COLOURS[5]),
    ):
        told = [(w, rows.y[mask & (week == n)]) for w, n in zip(when, numbers, strict=True)]
        told = [(w, y) for w, y in told if len(y) >= _FEWEST]
        if told:
            values = np.array([y.mean() for _, y in told])
            ends = np.array([wilson(int(y.sum()), len(y)) for _, y in told])
            at = np.array([w for w, _ in told])
            share.plot(at, values, color=colour, linewidth=1.8, label=name)
            share.fill_between(at, ends[:, 0], ends[:, 1], color=colour, alpha=0.15, linewidth=0)
    oldest_young = np.datetime64(rows.moments.until - rows.moments.matures_in, "us")
    if len(when) and oldest_young < when[-1]:
        share.axvspan(
            oldest_young, when[-1] + np.timedelta64(84, "h"), color=PALE, alpha=0.6, linewidth=0, label="not matured"
        )
    share.axvline(np.datetime64(rows.moments.cut, "us"), color=INK, linewidth=1, linestyle=(0, (4, 3)), label="cut")
    dress(share, "", "RTO share, 95 %", percent="y")
    share.set_ylim(bottom=0)
    share.legend(loc="lower left", frameon=False, fontsize=8.5, ncols=4)
    dress(orders, "", "orders a week", percent="")
    locator = AutoDateLocator(minticks=4, maxticks=9)
    orders.xaxis.set_major_locator(locator)
    orders.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    return figure


def lags_plot(rows: Rows) -> Figure:
    """How late outcomes are told: the share of deliveries, and of returns, known so many days after the order."""
    figure = Figure(figsize=(6.2, 3.2), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    for outcome, name, colour in ((0, "delivered", COLOURS[0]), (1, "came back (RTO)", COLOURS[5])):
        lag = np.sort(rows.labels.lag[rows.mature & (rows.y == outcome)]) / DAY
        if len(lag):
            axis.plot(
                lag, np.arange(1, len(lag) + 1) / len(lag), color=colour, linewidth=2, label=f"{name}, {len(lag):,}"
            )
    matures = rows.moments.matures_in / DAY
    axis.axvline(matures, color=INK, linewidth=1, linestyle=(0, (4, 3)), label=f"matures: {matures:.1f} days")
    dress(axis, "days after the order", "share of outcomes told", percent="y")
    axis.set(xlim=(0, min(_DAYS_SHOWN, 2 * matures + 1)), ylim=(0, 1.01))
    axis.legend(loc="lower right", frameon=False, fontsize=9)
    return figure


def slices_plot(parts: Sequence[dict[str, Any]]) -> Figure:
    """What came less what was said in every slice, with its 95 % interval; 0 is right."""
    lines = [(part["title"], one) for part in parts for one in part["slices"]]
    figure = Figure(figsize=(7.6, 0.9 + 0.24 * max(len(lines), 1)), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    axis.axvline(0, color=GREY, linewidth=1)
    at = np.arange(len(lines))[::-1]
    for y, (_, one) in zip(at, lines, strict=True):
        colour = COLOURS[5] if one["alarm"] else COLOURS[0]
        if one["off_ends"]:
            axis.plot(one["off_ends"], [y, y], color=colour, linewidth=1.3)
        axis.plot(one["off"], y, "o", color=colour, markersize=4.5)
    axis.set_yticks(at, [f"{title}: {one['name']}  ({one['n']:,})" for title, one in lines])
    axis.set_ylim(-0.8, len(lines) - 0.2)
    dress(axis, "came less said, 95 % interval", "", percent="x")
    return figure
