"""How sure a metric is: 95 % intervals of one model, and of the difference between two on the same orders.

AUC: DeLong, DeLong and Clarke-Pearson 1988 (doi:10.2307/2531595), by the midranks of Sun and Xu 2014
(doi:10.1109/LSP.2014.2337313). Mean losses: normal. All else: bootstrap. Orders count as independent; orders of one
buyer or one bad week are not quite, so the true intervals are a little wider.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.evaluation import BINS, STATISTICS, Z95, Tally, bin_of, checked, losses, tally

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval, in the unit of its metric."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """First model minus second on the same orders, with its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Is one of the two better beyond chance?"""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class EceFloor:
    """The ECE of a perfectly calibrated model on as many orders: in the middle, and in the worst of twenty cases."""

    median: float
    p95: float


def auc_interval(p: ArrayLike, y: ArrayLike) -> Interval | None:
    """DeLong's interval of the AUC, built on its log-odds so that it stays between 0 and 1.

    p (n,) 0 to 1, y (n,) 0 or 1. None where the variance cannot be told: fewer than two orders of either outcome, or
    a ranking without a mistake (or without a hit).
    """
    parts = _auc_parts(*checked(p, y))
    if parts is None:
        return None
    auc, variance = parts.auc, parts.variance()
    if not (0 < auc < 1 and variance > 0):
        return None
    centre, reach = np.log(auc / (1 - auc)), Z95 * np.sqrt(variance) / (auc * (1 - auc))
    low, high = (1 / (1 + np.exp(-end)) for end in (centre - reach, centre + reach))
    return Interval(float(low), float(high))


def log_loss_interval(p: ArrayLike, y: ArrayLike) -> Interval | None:
    """Normal interval of the mean log loss. p (n,) 0 to 1, y (n,) 0 or 1. None for fewer than two orders."""
    found = _mean_interval(_order_losses(p, y))
    return None if found is None else Interval(found.low, found.high)


def paired_log_loss(p_a: ArrayLike, p_b: ArrayLike, y: ArrayLike) -> Difference | None:
    """Mean log loss of a minus that of b on the same orders (n,): below 0, a is better. None under two orders."""
    return _mean_interval(_order_losses(p_a, y) - _order_losses(p_b, y))


def paired_auc(p_a: ArrayLike, p_b: ArrayLike, y: ArrayLike) -> Difference | None:
    """AUC of a minus that of b on the same orders (n,), by DeLong's covariance: above 0, a is better.

    None with fewer than two orders of either outcome.
    """
    a, b = _auc_parts(*checked(p_a, y)), _auc_parts(*checked(p_b, y))
    if a is None or b is None:
        return None
    gap = _AucParts(a.auc - b.auc, a.of_rto - b.of_rto, a.of_delivered - b.of_delivered)
    reach = float(Z95 * np.sqrt(gap.variance()))
    return Difference(gap.auc, gap.auc - reach, gap.auc + reach)


def bootstrap(
    p: ArrayLike, y: ArrayLike, statistics: Iterable[str], *, seed: int, n: int = 400
) -> dict[str, Interval | None]:
    """Intervals of the named metrics (`evaluation.STATISTICS`) from `n` resamples of the orders.

    p (orders,) 0 to 1, y (orders,) 0 or 1. None where the metric is not defined. Percentiles of the resamples, but
    for ECE: chance alone adds to it, in a resample once more than in the sample. So its interval is reflected at the
    measured value, which may lie above it, and starts at 0 unless that exceeds `ece_floor`; it held the truth in 87
    to 97 of 100 trials. KeyError for an unknown metric.
    """
    chosen = {name: STATISTICS[name] for name in statistics}
    counted, rng = tally(p, y), np.random.default_rng(seed)
    draws: dict[str, list[float]] = {name: [] for name in chosen}
    for resample in _resamples(counted, n, rng):
        for name, statistic in chosen.items():
            value = statistic(resample)
            if value is not None:  # a resample may hold one outcome only
                draws[name].append(value)
    found = {name: _percentiles(draws[name]) if chosen[name](counted) is not None else None for name in chosen}
    if (percentiles := found.get("ece")) is not None:
        found["ece"] = _reflected(percentiles, chosen["ece"](counted) or 0.0, _floor_of(counted, rng, n))
    return found


def ece_floor(p: ArrayLike, *, seed: int, n: int = 400) -> EceFloor | None:
    """What chance alone makes of ECE if outcomes come exactly as scored: `n` draws of all outcomes.

    p (orders,) 0 to 1. None without orders.
    """
    counted = tally(p, np.zeros(np.shape(p)))
    return _floor_of(counted, np.random.default_rng(seed), n) if len(counted.p) else None


@dataclass(frozen=True, slots=True)
class _AucParts:
    """An AUC and each order's part in it: the share of orders of the other outcome that it ranks rightly against."""

    auc: float
    of_rto: Floats
    of_delivered: Floats

    def variance(self) -> float:
        return float(
            self.of_rto.var(ddof=1) / len(self.of_rto) + self.of_delivered.var(ddof=1) / len(self.of_delivered)
        )


def _auc_parts(p: Floats, y: Floats) -> _AucParts | None:
    rto, delivered = p[y == 1], p[y == 0]
    if min(len(rto), len(delivered)) < 2:
        return None
    of_rto = _share_below(np.sort(delivered), rto)
    return _AucParts(float(of_rto.mean()), of_rto, 1 - _share_below(np.sort(rto), delivered))


def _share_below(ordered: Floats, scores: Floats) -> Floats:
    """For each of `scores` the share of `ordered` below it, ties as half: the midranks, without the ranking."""
    both = np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")
    shares: Floats = both / (2 * len(ordered))
    return shares


def _order_losses(p: ArrayLike, y: ArrayLike) -> Floats:
    scores, outcomes = checked(p, y)
    of_rto, of_delivered = losses(scores)
    return np.where(outcomes == 1, of_rto, of_delivered)


def _mean_interval(values: Floats) -> Difference | None:
    if len(values) < 2:
        return None
    mean, reach = float(values.mean()), float(Z95 * values.std(ddof=1) / np.sqrt(len(values)))
    return Difference(mean, mean - reach, mean + reach)


def _resamples(counted: Tally, n: int, rng: np.random.Generator) -> Iterator[Tally]:
    """Orders drawn with replacement, counted again: 2 cells for each score, RTO and delivered."""
    cells = np.concatenate([counted.rto, counted.delivered]).astype(np.int64)
    cell_of = np.repeat(np.arange(len(cells)), cells)
    for _ in range(n):
        drawn = np.bincount(cell_of[rng.integers(0, len(cell_of), len(cell_of))], minlength=len(cells))
        rto, delivered = drawn.astype(np.float64).reshape(2, -1)
        seen = rto + delivered > 0
        yield Tally(counted.p[seen], rto[seen], delivered[seen])


def _percentiles(draws: list[float]) -> Interval | None:
    if not draws:
        return None
    low, high = (float(end) for end in np.quantile(draws, [0.025, 0.975]))
    return Interval(low, high)


def _reflected(percentiles: Interval, measured: float, floor: EceFloor) -> Interval:
    low, high = 2 * measured - percentiles.high, 2 * measured - percentiles.low
    return Interval(max(0.0, low) if measured > floor.p95 else 0.0, max(0.0, high))


def _floor_of(counted: Tally, rng: np.random.Generator, n: int) -> EceFloor:
    orders = counted.orders.astype(np.int64)
    scores, bins = np.repeat(counted.p, orders), np.repeat(bin_of(counted, BINS), orders)
    starts = np.flatnonzero(np.diff(bins, prepend=-1))
    surplus = (np.add.reduceat(scores - (rng.random(len(scores)) < scores), starts) for _ in range(n))
    floors = [float(np.abs(by_bin).sum() / len(scores)) for by_bin in surplus]
    return EceFloor(float(np.median(floors)), float(np.quantile(floors, 0.95)))
