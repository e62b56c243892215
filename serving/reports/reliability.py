"""The chart that shows whether probabilities came true: said against happened, one panel for each kind of orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from types import MappingProxyType

from serving.reports.charts import Tick, scale_to, steps
from serving.reports.figures import Evidence, ReliabilityBin
from serving.reports.wording import count, percent

SIZE, _PAD_LEFT, _PAD, _PAD_BOTTOM = 360.0, 52.0, 12.0, 46.0
_TITLES: Mapping[str, str] = MappingProxyType({"all": "All orders", "cod": "COD orders only"})


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    y_low: float
    y_high: float
    r: float
    text: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One square chart. touching: bins whose interval holds what was said."""

    kind: str
    title: str
    size: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    dots: tuple[Dot, ...]
    touching: int


def panels(evidence: Evidence) -> tuple[Panel, ...]:
    """A panel for each kind of orders that has bins."""
    found = ((kind, [ReliabilityBin(*b) for b in evidence.bins.get(kind, ())]) for kind in _TITLES)
    return tuple(_panel(kind, bins) for kind, bins in found if bins)


def _panel(kind: str, bins: Sequence[ReliabilityBin]) -> Panel:
    end, step = scale_to(max(max(b.p_mean, b.rto_share) for b in bins) * 1.1)
    side = SIZE - _PAD_LEFT - _PAD
    bottom = SIZE - _PAD_BOTTOM

    def x(share: float) -> float:
        return _PAD_LEFT + side * min(share, end) / end

    def y(share: float) -> float:
        return bottom - (bottom - _PAD) * min(share, end) / end

    largest = max(b.n for b in bins)
    dots = tuple(
        Dot(x(b.p_mean), y(b.rto_share), y(b.low), y(b.high), 3 + 3 * sqrt(b.n / largest), _text(b)) for b in bins
    )
    ticks = steps(end, step)
    return Panel(
        kind, _TITLES[kind], SIZE, _PAD_LEFT, SIZE - _PAD, _PAD, bottom,
        x_ticks=tuple(Tick(x(s), percent(s, 0)) for s in ticks),
        y_ticks=tuple(Tick(y(s), percent(s, 0)) for s in ticks),
        dots=dots,
        touching=sum(b.low <= b.p_mean <= b.high for b in bins),
    )  # fmt: skip


def _text(b: ReliabilityBin) -> str:
    return f"said {percent(b.p_mean)}, came back {percent(b.rto_share)} of {count(b.n)}"
