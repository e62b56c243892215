"""Orders judged at several origins, and what any metric is over them: the mean of the origins, with an interval."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.calibration_error import CalibrationError, Fold, calibration_error
from training.clusters import Clusters
from training.evaluation import Z95, Floats
from training.influence import METRICS, Figure

BOUNDED = ("auc", "pr_auc")
"""Metrics between 0 and 1 whose intervals are built on log-odds, so that they stay there."""
_LEAST_BUYERS = 10  # fewer tell nothing of how buyers differ


@dataclass(frozen=True, slots=True)
class Judged:
    """Orders of all origins, one after the other. origin: (n,) which.  y: (n,) outcomes.  said: name -> (n,)
    probabilities, NaN where it says nothing of an order."""

    origin: NDArray[np.int64]
    y: Floats
    clusters: Clusters
    said: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, rows: Any) -> "Judged":
        said = {name: p[rows] for name, p in self.said.items()}
        return Judged(self.origin[rows], self.y[rows], self.clusters[rows], said)

    def told(self, *names: str) -> "Judged":
        """The orders of which all these say something."""
        there = np.ones(len(self), dtype=bool)
        for name in names:
            there &= ~np.isnan(self.said[name])
        return self if there.all() else self[there]

    def by_origin(self) -> Iterator[tuple[NDArray[np.int64], "Judged"]]:
        """The orders of each origin that has some, and where they stand."""
        for number in np.unique(self.origin):
            rows = np.flatnonzero(self.origin == number)
            yield rows, self[rows]


@dataclass(frozen=True, slots=True)
class Mean:
    """A figure's mean over the origins where it is defined, with its 95 % interval: None where none can be told.

    by_origin: (value, low, high) of each origin that has orders; None where the figure is not defined there.
    """

    mean: float
    low: float | None
    high: float | None
    origins: int
    by_origin: tuple[tuple[float, float | None, float | None] | None, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


Ask = Callable[[Judged], Figure | None]
"""A figure of the orders of one origin."""


def mean(judged: Judged, ask: Ask, *, bounded: bool = False, each: bool = False) -> Mean | None:
    """What `ask` says, averaged over the origins; None if it says nothing anywhere. each: an interval each, too."""
    parts, found, singles = np.zeros(len(judged)), [], []
    for rows, own in judged.by_origin():
        figure = ask(own)
        single = None
        if figure is not None:
            parts[rows] = figure.parts
            found.append(figure.value)
            ends = _ends(figure.value, figure.parts, own.clusters, bounded) if each else (None, None)
            single = (figure.value, *ends)
        singles.append(single)
    if not found:
        return None
    value = float(np.mean(found))
    low, high = _ends(value, parts / len(found), judged.clusters, bounded)
    return Mean(value, low, high, len(found), tuple(singles))


def _ends(value: float, parts: Floats, clusters: Clusters, bounded: bool) -> tuple[float | None, float | None]:
    error = clusters.standard_error(parts)
    if error is None or len(np.unique(clusters.buyer)) < _LEAST_BUYERS:
        return None, None
    if not bounded:
        return value - Z95 * error, value + Z95 * error
    if not 0 < value < 1:
        return None, None
    centre, reach = np.log(value / (1 - value)), Z95 * error / (value * (1 - value))
    low, high = (float(1 / (1 + np.exp(-end))) for end in (centre - reach, centre + reach))
    return low, high


def metric(judged: Judged, name: str, of: str, *, each: bool = False) -> Mean | None:
    """A metric (`influence.METRICS`) of what `of` says."""
    return mean(judged, lambda own: METRICS[name](own.said[of], own.y), bounded=name in BOUNDED, each=each)


def difference(judged: Judged, name: str, one: str, other: str) -> Mean | None:
    """A metric of one minus that of the other, on the same orders."""

    def ask(own: Judged) -> Figure | None:
        a, b = (METRICS[name](own.said[of], own.y) for of in (one, other))
        return None if a is None or b is None else Figure(a.value - b.value, a.parts - b.parts)

    return mean(judged, ask)


def share(judged: Judged, name: str, one: str, other: str) -> Mean | None:
    """A metric of one as a share of that of the other, on the same orders."""

    def ask(own: Judged) -> Figure | None:
        a, b = (METRICS[name](own.said[of], own.y) for of in (one, other))
        if a is None or b is None or b.value <= 0:
            return None
        return Figure(a.value / b.value, (a.parts - b.parts * a.value / b.value) / b.value)

    return mean(judged, ask)


def ece(judged: Judged, of: str, *, seed: int) -> CalibrationError | None:
    """ECE of what `of` says, beside the floor of a perfectly calibrated model."""
    own = [Fold(part.said[of], part.y, part.clusters.buyer) for _, part in judged.by_origin()]
    return calibration_error(own, seed=seed)
