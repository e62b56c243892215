"""Where the marks of each chart lie: geometry in the units of its drawing, no colours and no words of markup."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from serving.reports.figures import (
    Group,
    Period,
)
from serving.reports.shares import Share
from serving.reports.wording import interval, month, percent, short_day

WEEKS = 53
ORDERS_PER_POINT = 10
"""A week with fewer outcomes is not drawn: its share would be chance."""
WIDTH, HEIGHT = 1000.0, 340.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 50.0, 86.0, 14.0, 34.0
_MARKERS_UP_TO = 30
_LABEL_GAP = 17.0


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point with the ends of its interval."""

    x: float
    y: float
    y_low: float
    y_high: float


@dataclass(frozen=True, slots=True)
class Series:
    """One line. solid, dashed: `points` of polylines (dashed: weeks too young); bands: polygons of the intervals."""

    name: str
    css: str
    solid: tuple[str, ...]
    dashed: tuple[str, ...]
    bands: tuple[str, ...]
    marks: tuple[Mark, ...]
    label_y: float | None


@dataclass(frozen=True, slots=True)
class Hover:
    x: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class WeekChart:
    """The share of each week. young_x: left edge of the weeks too young to judge, None if all are mature."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    series: tuple[Series, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    hovers: tuple[Hover, ...]
    young_x: float | None


@dataclass(frozen=True, slots=True)
class Whisker:
    """A share and its interval on a common scale, 0 to 100 % of the width. cut: the interval goes on beyond it."""

    at: float
    low: float
    high: float
    cut: bool


def week_chart(periods: Sequence[Period], *, with_payment: bool) -> WeekChart | None:
    """The newest WEEKS weeks; None if no week has enough outcomes."""
    weeks = list(periods)[-WEEKS:]
    kinds: list[tuple[str, str, Callable[[Period], Share]]] = [("All", "all", lambda w: w.every)]
    if with_payment:
        kinds = [("COD", "cod", lambda w: w.cod), ("Prepaid", "prepaid", lambda w: w.prepaid), *kinds]
    drawn = [of(w) for w in weeks for _, _, of in kinds if of(w).n >= ORDERS_PER_POINT]
    if not drawn:
        return None
    top_share, step = scale_to(max(1.25 * (s.share or 0.0) for s in drawn))
    slot = (WIDTH - _LEFT - _RIGHT) / len(weeks)
    frame = _Frame([_LEFT + slot * (i + 0.5) for i in range(len(weeks))], [w.mature for w in weeks], top_share)
    series = [_series(name, css, [of(w) for w in weeks], frame) for name, css, of in kinds]
    young = next((i for i, w in enumerate(weeks) if not w.mature), None)
    return WeekChart(
        WIDTH, HEIGHT, _LEFT, WIDTH - _RIGHT, _TOP, HEIGHT - _BOTTOM,
        series=tuple(_spread(series)),
        x_ticks=tuple(_x_ticks(weeks, frame.x)),
        y_ticks=tuple(Tick(frame.y(s), percent(s, 0)) for s in steps(top_share, step)),
        hovers=tuple(Hover(_LEFT + slot * i, slot, _hover(w, with_payment)) for i, w in enumerate(weeks)),
        young_x=None if young is None else _LEFT + slot * young,
    )  # fmt: skip


def scale_to(highest: float) -> tuple[float, float]:
    """A round end of an axis of shares, at least 10 %, and the step of its ticks.

    >>> scale_to(0.31), scale_to(0.02)
    ((0.4, 0.1), (0.1, 0.02))
    """
    step = next((s for s in (0.02, 0.05, 0.1, 0.2) if highest <= 5 * s), 0.25)
    return min(1.0, max(0.1, step * -(-highest // step))), step


def steps(end: float, step: float) -> list[float]:
    """0, step, 2 step ... end."""
    return [step * i for i in range(round(end / step) + 1)]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where weeks lie, which are mature, and what share the top of the chart is."""

    x: list[float]
    mature: list[bool]
    top_share: float

    def y(self, share: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * min(share, self.top_share) / self.top_share


def _series(name: str, css: str, shares: list[Share], frame: _Frame) -> Series:
    marks = {
        i: Mark(frame.x[i], frame.y(s.share or 0.0), frame.y(s.low), frame.y(s.high))
        for i, s in enumerate(shares)
        if s.n >= ORDERS_PER_POINT
    }
    solid = [r for r in runs(i for i in marks if frame.mature[i]) if len(r) > 1]
    edges = ((i, i + 1) for i in marks if i + 1 in marks and not (frame.mature[i] and frame.mature[i + 1]))
    lone = [i for i in marks if i - 1 not in marks and i + 1 not in marks]
    shown = list(marks) if len(shares) <= _MARKERS_UP_TO else lone
    # the label stands at the height of the last week that can be judged: younger ones all sink towards zero
    last = marks[max((i for i in marks if frame.mature[i]), default=max(marks))] if marks else None
    return Series(
        name, css,
        solid=tuple(_points((marks[i].x, marks[i].y) for i in run) for run in solid),
        dashed=tuple(_points((marks[i].x, marks[i].y) for i in edge) for edge in edges),
        bands=tuple(_band([marks[i] for i in run]) for run in runs(marks) if len(run) > 1),
        marks=tuple(marks[i] for i in shown),
        label_y=last.y if last else None,
    )  # fmt: skip


def runs(numbers: Iterable[int]) -> list[list[int]]:
    """Rising numbers cut where one is left out.

    >>> runs([1, 2, 5])
    [[1, 2], [5]]
    """
    out: list[list[int]] = []
    for i in numbers:
        if out and out[-1][-1] == i - 1:
            out[-1].append(i)
        else:
            out.append([i])
    return out


def _points(pairs: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def _band(marks: list[Mark]) -> str:
    return _points([*((m.x, m.y_high) for m in marks), *((m.x, m.y_low) for m in reversed(marks))])


def _spread(series: list[Series]) -> list[Series]:
    """Labels at the ends of lines, pushed apart until none covers another."""
    heights = {s.css: s.label_y for s in series if s.label_y is not None}
    order = sorted(heights, key=lambda css: heights[css])
    for above, below in pairwise(order):
        heights[below] = max(heights[below], heights[above] + _LABEL_GAP)
    return [Series(s.name, s.css, s.solid, s.dashed, s.bands, s.marks, heights.get(s.css)) for s in series]


def _x_ticks(weeks: list[Period], x: list[float]) -> list[Tick]:
    if len(weeks) <= 8:
        return [Tick(at, short_day(w.start)) for w, at in zip(weeks, x, strict=True)]
    starts = [i for i, w in enumerate(weeks) if i == 0 or w.start.month != weeks[i - 1].start.month]
    if len(starts) > 1 and starts[1] - starts[0] < 4:
        starts = starts[1:]
    return [
        Tick(x[i], month(weeks[i].start) if k == 0 or weeks[i].start.month == 1 else month(weeks[i].start)[:3])
        for k, i in enumerate(starts)
    ]


def _hover(week: Period, with_payment: bool) -> str:
    kinds = [("all", week.every), *([("COD", week.cod), ("prepaid", week.prepaid)] if with_payment else [])]
    lines = [f"Week of {short_day(week.start)} {week.start.year}{'' if week.mature else ' (too young to judge)'}"]
    lines += [f"{name}: {percent(s.share)} of {s.n:,} ({interval(s)})" for name, s in kinds]
    return "\n".join([*lines, f"{week.open:,} still open"])


def whisker_scale(group: Group) -> float:
    """The share at the right end of a table's whiskers: the largest share, and a half more of room."""
    shown = [*(row.share for row in group.rows[: group.shown]), group.rest]
    return min(1.0, max(1.5 * (share.share or 0.0) for share in shown) or 0.1)


def whisker(share: Share, scale: float) -> Whisker:
    """Positions in percent of the width."""
    at, low, high = (100 * min(v, scale) / scale for v in (share.share or 0.0, share.low, share.high))
    return Whisker(at, low, high, share.high > scale)
