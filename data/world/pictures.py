"""Pictures of the marginals for `docs/world.md`: `python -m data.world.pictures docs/img`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from data.contract import DAY
from data.world.marginal import Marginal
from data.world.marginals import BOOKED, Ended, marginals
from data.world.presets import NETWORK
from data.world.simulate import World, simulate
from data.world.streams import Flags, Floats

SEEDS, ORDERS, UNTIL = (7, 8, 9), 200_000, 1_782_777_600_000_000  # 2026-06-30
INK, PALE, BAND = "#0072B2", "#DDDDDD", "#F3E3B8"
MARKS = ("o", "s", "^")
STYLE = {
    "svg.hashsalt": "world",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
Axes = Any  # matplotlib carries no types we check


def draw(folder: Path, seeds: Sequence[int] = SEEDS, orders: int = ORDERS) -> list[Path]:
    """Draw the three pictures into `folder`; the first seed's world is the one shown in detail."""
    worlds = (simulate(NETWORK, orders, seed, UNTIL, lambda done, total: None) for seed in seeds)
    first = next(worlds)
    figures = [marginals(first), *(marginals(world) for world in worlds)]
    with mpl.rc_context(STYLE):
        made = {"bands": bands(figures, seeds), "marginals": shares(first, figures[0]), "time": times(first)}
        for name, figure in made.items():
            figure.savefig(folder / f"world-{name}.svg", metadata={"Date": None})
    return [folder / f"world-{name}.svg" for name in made]


def bands(figures: Sequence[Sequence[Marginal]], seeds: Sequence[int]) -> Figure:
    """Each marginal of each seed, on a scale where its band reaches from 0 to 1."""
    named = figures[0]
    figure = Figure(figsize=(9.0, 0.24 * len(named) + 1.0), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(0, 1, color=BAND, zorder=0)
    for seed, mark, mine in zip(seeds, MARKS, figures, strict=False):
        where = [_within(one) for one in mine]
        axes.plot(where, range(len(mine)), mark, color=INK, markersize=4, fillstyle="none", label=f"seed {seed}")
    axes.set_yticks(range(len(named)), [one.name for one in named])
    axes.set_ylim(len(named) - 0.5, -0.5)
    axes.set_xticks([0, 1], ["least", "most"])
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False)
    return figure


def _within(one: Marginal) -> float:
    most = one.most if np.isfinite(one.most) else 2 * one.value - one.least
    return (one.value - one.least) / (most - one.least)


def shares(world: World, figures: Sequence[Marginal]) -> Figure:
    """Cash RTO by delay, by tier and by district, and the reasons booked beside ClickPost's."""
    value = {one.name: one for one in figures}
    figure = Figure(figsize=(9.0, 6.0), layout="constrained")
    delay, tier, district, reason = figure.subplots(2, 2).ravel()
    names = ("1-2", "3-5", "over 5")
    found = [value[f"COD RTO, first attempt in {name} days"] for name in names]
    _bars(
        delay,
        names,
        [one.value for one in found],
        [(one.least, 0.5 * (one.least + one.most), one.most) for one in found],
    )
    delay.set_title("COD RTO by days to the first attempt; Shipway ± 2 points")
    ended, geo, place = Ended.of(world), world.inner.market.geography, world.inner.orders.visits.place
    by_tier = [_mean(ended.rto, ended.cod & (geo.tier[place] == level)) for level in range(3)]
    _bars(tier, ("metro", "large city", "the rest"), by_tier, [])
    tier.set_title("COD RTO by tier")
    _districts(district, world, ended)
    limits = [(value[f"COD RTO booked as {name}"].least, share, share + 0.06) for name, (_, share) in BOOKED.items()]
    booked = [value[f"COD RTO booked as {name}"] for name in BOOKED]
    _bars(reason, [name.replace(" ", "\n") for name in BOOKED], [one.value for one in booked], limits)
    reason.set_title("COD RTO by reason booked; ClickPost ± 6 points")
    return figure


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float], limits: Sequence[tuple[float, ...]]) -> None:
    axes.bar(names, values, color=INK, width=0.55, zorder=2)
    for at, (least, middle, most) in enumerate(limits):
        axes.bar(at, most - least, bottom=least, width=0.8, color=BAND, zorder=1)
        axes.plot([at - 0.4, at + 0.4], [middle] * 2, color="#B8860B", zorder=3, linewidth=1)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")


def _districts(axes: Axes, world: World, ended: Ended) -> None:
    place = world.inner.orders.visits.place[ended.cod]
    code = world.inner.market.geography.district_code[place]
    count = np.bincount(code)
    mean = np.bincount(code, weights=world.truth["p_cod"].to_numpy()[ended.cod]) / np.maximum(count, 1)
    axes.axvspan(0.18, 0.33, color=BAND, zorder=0)
    axes.hist(
        mean[count > 0], bins=np.arange(0.1, 0.56, 0.02).tolist(), weights=count[count > 0] / count.sum(), color=INK
    )
    axes.set_title("cash orders by their district's RTO; Shipway's cities")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:.0%}")


def times(world: World) -> Figure:
    """Share of ends told by the day after the order, and cash RTO by week with sales and the shift."""
    figure = Figure(figsize=(9.0, 3.4), layout="constrained")
    told, weekly = figure.subplots(1, 2, width_ratios=(1, 1.5))
    course, ended = world.inner.course, Ended.of(world)
    for name, who, at, style in (
        ("delivered", course.delivered & ~course.started, course.delivered_at, "-"),
        ("RTO", course.started, course.started_at, "--"),
    ):
        days = np.sort((at - course.placed_at)[who]) / DAY
        told.plot(days, np.linspace(0, 1, len(days)), style, color=INK, label=name)
    told.set(xlim=(0, 25), title="ends come, by day after the order", xlabel="days")
    told.legend(frameon=False)
    _weeks(weekly, world, ended.cod, ended.rto)
    for axes in (told, weekly):
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    return figure


def _weeks(axes: Axes, world: World, cod: Flags, rto: Flags) -> None:
    preset, visits = world.preset, world.inner.orders.visits
    week = (visits.day[cod] // 7).astype(np.int64)
    count = np.bincount(week)
    share: Floats = np.bincount(week, weights=rto[cod]) / np.maximum(count, 1)
    axes.plot(np.arange(len(share)) * 7 + 3.5, share, color=INK)
    for sale in preset.sales:
        axes.axvspan(sale.starts * preset.days, sale.starts * preset.days + sale.days, color=BAND)
    axes.axvline(preset.time.shift_at * preset.days, color="#B8860B", linestyle="--")
    axes.set(title="COD RTO by week; bands: sales, line: the abrupt shift", xlabel="day", ylim=(0.15, 0.45))


def _mean(what: Flags, among: Flags) -> float:
    return float(what[among].mean()) if among.any() else float("nan")


if __name__ == "__main__":
    for path in draw(Path(sys.argv[1])):
        print(path)
