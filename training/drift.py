"""Did the mix of orders move? Population stability index (PSI) of features and scores, beside what chance makes of it.

PSI = sum over bins of (now - before) * ln(now / before), shares of orders. Numbers are cut at the deciles of the
reference; few distinct values stay themselves; missing is a bin of its own. Between two samples of one population it
is about chi-square with bins - 1 degrees of freedom, times 1/n + 1/m (Yurdakul and Naranjo 2020, doi:10.21314/JRMV.2020.227):
from that come the PSI to expect by chance, and the most that chance explains.

PSI says that values moved, not that it matters: a shop's own rate that creeps from 19 to 20 % leaves every old bin. So
beside it stands how far the feature's part of the score moved: the Wasserstein distance between its contributions to
the log-odds before and now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from scipy.special import chdtri

Array: TypeAlias = np.ndarray[Any, Any]

BINS = 10
_QUANTILES = 200


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a distribution: its values, the share of orders in it before and now."""

    label: str
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How one column moved. by_chance: PSI to expect of two samples this large.  at_most: what chance explains.

    part: how far its part of the log-odds moved; None for a score, which is no part.
    """

    name: str
    psi: float
    by_chance: float
    at_most: float
    part: float | None
    missing_before: float
    missing_now: float
    bins: tuple[Bin, ...]

    def beyond(self, size: float) -> bool:
        """Did it move by more than `size`, and by more than chance explains?"""
        return self.psi > max(size, self.at_most)

    @property
    def missing_jump(self) -> float:
        """By how much the share of orders without a value changed, 0 to 1."""
        return abs(self.missing_now - self.missing_before)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison. x: (n, k) features, NaN where missing.  parts: (m, k) contributions of some of them."""

    x: Array
    parts: Array


def drifts(names: Sequence[str], before: Side, now: Side, confidence: float) -> tuple[Drift, ...]:
    """Drift of each of k columns, those that move the score most first; neither side is empty.

    confidence: that no column exceeds its `at_most` by chance (Bonferroni).
    """
    of_one = 1 - (1 - confidence) / max(len(names), 1)
    found = []
    for j, name in enumerate(names):
        part = _apart(before.parts[:, j], now.parts[:, j])
        found.append(replace(drift(name, before.x[:, j], now.x[:, j], of_one), part=part))
    return tuple(sorted(found, key=lambda one: -(one.part or 0.0)))


def drift(name: str, before: Array, now: Array, confidence: float) -> Drift:
    """Drift of one column, before (n,) and now (m,), neither empty."""
    edges, labels = _cut(before)
    counts = [_counted(side, edges) for side in (before, now)]
    told = np.flatnonzero(counts[0] + counts[1])
    (q, p), (n, m) = (count[told] / count.sum() for count in counts), (len(before), len(now))
    filled = np.maximum(p, 0.5 / m), np.maximum(q, 0.5 / n)  # an empty bin counts as half an order
    psi = float(((filled[0] - filled[1]) * np.log(filled[0] / filled[1])).sum())
    freedom, scale = len(told) - 1, 1 / n + 1 / m
    at_most = float(chdtri(freedom, 1 - confidence)) * scale if freedom else 0.0
    bins = tuple(Bin(labels[i], float(b), float(a)) for i, b, a in zip(told, q, p, strict=True))
    gone_before, gone_now = (float(np.isnan(side).mean()) for side in (before, now))
    return Drift(name, psi, freedom * scale, at_most, None, gone_before, gone_now, bins)


def _apart(before: Array, now: Array) -> float:
    """Wasserstein distance: how far, on average, one distribution must be moved to become the other."""
    at = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    return float(np.abs(np.quantile(now, at) - np.quantile(before, at)).mean())


def _cut(before: Array) -> tuple[Array, list[str]]:
    """Upper edges of all bins but the last, and the name of each bin, "missing" at the end."""
    told = before[~np.isnan(before)]
    if len(told) == 0:
        return np.zeros(0), ["any", "missing"]
    values = np.unique(told)
    edges = values[:-1] if len(values) <= BINS else np.unique(np.quantile(told, np.arange(1, BINS) / BINS))
    if len(values) <= BINS:
        return edges, [*(f"{value:.5g}" for value in values), "missing"]
    lower = [f"{edge:.5g}" for edge in edges]
    between = [f"{a} to {b}" for a, b in pairwise(lower)]
    return edges, [f"up to {lower[0]}", *between, f"above {lower[-1]}", "missing"]


def _counted(values: Array, edges: Array) -> Array:
    gone = np.isnan(values)
    counts = np.bincount(np.searchsorted(edges, values[~gone], side="left"), minlength=len(edges) + 1)
    return np.append(counts, gone.sum()).astype(np.float64)
