"""How many orders of each week were safe and how many risky: where the bars of that chart lie."""

from collections.abc import Sequence
from dataclasses import dataclass

from serving.reports.figures import TierWeek
from serving.reports.wording import count, short_day

WEEKS = 26
WIDTH, HEIGHT = 1000.0, 240.0
_LEFT, _TOP, _BOTTOM = 50.0, 12.0, 34.0
_TIERS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Bar:
    tier: str
    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class TierChart:
    """Stacked bars, a week each, safe below and risky on top. most: orders of the highest bar."""

    width: float
    height: float
    left: float
    top: float
    bottom: float
    most: int
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]


def tier_chart(weeks: Sequence[TierWeek]) -> TierChart | None:
    """The newest WEEKS weeks; None without any."""
    drawn = weeks[-WEEKS:]
    if not drawn:
        return None
    most = max(week.orders for week in drawn)
    slot = min((WIDTH - _LEFT) / len(drawn), 90.0)
    bars, every = [], -(-len(drawn) // 10)
    for i, week in enumerate(drawn):
        bars += _stack(week, _LEFT + slot * i + 0.1 * slot, 0.8 * slot, most)
    labels = tuple(
        Label(_LEFT + slot * (i + 0.5), short_day(week.start)) for i, week in enumerate(drawn) if i % every == 0
    )
    return TierChart(WIDTH, HEIGHT, _LEFT, _TOP, HEIGHT - _BOTTOM, most, tuple(bars), labels)


def _stack(week: TierWeek, x: float, width: float, most: int) -> list[Bar]:
    bars, y = [], HEIGHT - _BOTTOM
    for tier in _TIERS:
        n = getattr(week, tier)
        height = (HEIGHT - _BOTTOM - _TOP) * n / most
        y -= height
        text = f"Week of {short_day(week.start)} {week.start.year}: {count(n)} of {count(week.orders)} {tier}"
        bars += [Bar(tier, x, y, width, height, text)] if n else []
    return bars
