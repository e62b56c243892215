"""A logistic regression on the same features: the baseline beside the model, and the margin its trees grow on.

Columns are put on a linear scale as the catalog says (log, logit), standardised, a missing value is the mean and a
missing flag of its own. Coefficients obey the catalog's monotone signs. Applying needs numpy only.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from features.catalog import Feature
from training.remembered import remembered

Array: TypeAlias = np.ndarray[Any, Any]

_TAIL = 0.002  # beyond these quantiles of training a value counts as the quantile: no straight line goes on forever
_RARE = 0.005  # a missing flag set (or unset) on fewer rows is noise
_RIDGE = 1e-9  # keeps a step finite where a column says nothing
_CLOSE = 1e-7  # log loss, summed over orders, that another step could still gain
_MOST_STEPS, _SHORTEST = 100, 1e-10
_ARRAYS = ("mean", "spread", "low", "high", "coefficient", "missing_coefficient", "missing_share")


@dataclass(frozen=True)
class Linear:
    """scales: (k,) "linear", "log" or "logit".  mean, spread, low, high, coefficient, missing_coefficient: (k,).

    margin(x) = intercept + sum_j coefficient_j * z_j + missing_coefficient_j * [x_j is missing]
    """

    scales: tuple[str, ...]
    mean: Array
    spread: Array
    low: Array
    high: Array
    coefficient: Array
    missing_coefficient: Array
    missing_share: Array
    intercept: float

    def contributions(self, x: Array) -> Array:
        """(n, k) additive parts of the margin, each against the average training order."""
        z, gone = self._standardised(x)
        return np.asarray(z * self.coefficient + (gone - self.missing_share) * self.missing_coefficient)

    def margin(self, x: Array) -> Array:
        """(n,) log-odds."""
        return np.asarray(self.contributions(x).sum(axis=1) + self.base)

    def scaled(self, share: float) -> "Linear":
        """The line whose margin, and every part of it, is `share` of this one's."""
        parts = {name: share * getattr(self, name) for name in ("coefficient", "missing_coefficient", "intercept")}
        return replace(self, **parts)

    @cached_property
    def base(self) -> float:
        """The margin of the average training order."""
        return float(self.intercept + (self.missing_share * self.missing_coefficient).sum())

    def _standardised(self, x: Array) -> tuple[Array, Array]:
        straight = _straightened(x, *self._on_scales)
        z = (np.minimum(np.maximum(straight, self.low), self.high) - self.mean) / self.spread
        gone = np.isnan(z)
        return np.where(gone, 0.0, z), gone.astype(np.float64)

    @cached_property
    def _on_scales(self) -> tuple[Array, Array]:
        """Worked out once: for one order it would take as long as the rest."""
        return _columns_on(self.scales, "log"), _columns_on(self.scales, "logit")

    def as_dict(self) -> dict[str, Any]:
        return {"scales": list(self.scales), "intercept": self.intercept} | {
            n: getattr(self, n).tolist() for n in _ARRAYS
        }

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> "Linear":
        columns = {name: np.array(saved[name], dtype=np.float64) for name in _ARRAYS}
        return Linear(scales=tuple(saved["scales"]), intercept=float(saved["intercept"]), **columns)


def _columns_on(scales: tuple[str, ...], scale: str) -> Array:
    """Places of the columns on a scale."""
    return np.flatnonzero([one == scale for one in scales])


def rescaled(x: Array, scales: tuple[str, ...]) -> Array:
    """(n, k) columns on the scale on which the log-odds are roughly straight."""
    return _straightened(x, _columns_on(scales, "log"), _columns_on(scales, "logit"))


def _straightened(x: Array, log: Array, logit: Array) -> Array:
    """`rescaled`. log, logit: places of the columns that are."""
    out = x.copy()
    out[:, log] = np.log1p(np.maximum(out[:, log], 0.0))
    share = np.clip(out[:, logit], 1e-3, 1 - 1e-3)
    out[:, logit] = np.log(share / (1 - share))
    return out


def fit_linear(
    x: Array, y: Array, features: tuple[Feature, ...], penalty: float, signed: bool = True, weight: Array | None = None
) -> Linear:
    """Minimise log loss + penalty/2 * |coefficients|^2 over standardised columns, within sign bounds.

    x: (n, k) with NaN for missing.  y: (n,) 0 or 1.  penalty: in orders.  signed: obey the catalog's monotone signs.
    weight: (n,) above 0, how many orders each row stands for; all one if None.
    """
    [line] = fit_path(x, y, features, (penalty,), signed, weight)
    return line


@remembered
def fit_path(
    x: Array,
    y: Array,
    features: tuple[Feature, ...],
    penalties: tuple[float, ...],
    signed: bool = True,
    weight: Array | None = None,
) -> list[Linear]:
    """`fit_linear` for each penalty, in the order given; each starts where the one before it ended."""
    blank = _unfitted(x, tuple(f.scale for f in features))
    z, gone = blank._standardised(x)
    flagged = (blank.missing_share > _RARE) & (blank.missing_share < 1 - _RARE)
    design = np.hstack([z, (gone - blank.missing_share)[:, flagged], np.ones((len(z), 1))])
    sign, k = np.zeros(design.shape[1]), x.shape[1]
    if signed:
        sign[:k] = [f.monotone for f in features]
    beta = np.zeros(design.shape[1])
    share = np.average(y, weights=weight)
    beta[-1] = np.log(max(share, 1e-6) / max(1 - share, 1e-6))
    rows = _Weighed(design, np.asarray(y, dtype=np.float64), np.ones(1) if weight is None else weight)
    lines = []
    for penalty in penalties:
        ridge = np.full(design.shape[1], penalty)
        ridge[-1] = 0.0
        beta = _minimum(rows, ridge, sign, beta)
        missing = np.zeros(k)
        missing[flagged] = beta[k:-1]
        intercept = float(beta[-1] - (blank.missing_share * missing).sum())
        lines.append(replace(blank, coefficient=beta[:k], missing_coefficient=missing, intercept=intercept))
    return lines


def _unfitted(x: Array, scales: tuple[str, ...]) -> Linear:
    z = rescaled(x, scales)
    there = ~np.isnan(z)
    tails = [
        np.quantile(c[t], [_TAIL, 1 - _TAIL]) if t.any() else (0.0, 0.0) for c, t in zip(z.T, there.T, strict=True)
    ]
    low, high = np.array(tails).reshape(-1, 2).T
    z = np.clip(z, low, high)
    n = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, z, 0.0).sum(axis=0) / n
    spread = np.sqrt((np.where(there, z - mean, 0.0) ** 2).sum(axis=0) / n)
    none = np.zeros(x.shape[1])
    return Linear(
        scales, mean, np.where(spread > 1e-9, spread, 1.0), low, high, none, none, 1 - there.mean(axis=0), 0.0
    )


@dataclass(frozen=True, slots=True)
class _Weighed:
    """design: (n, k).  y: (n,).  weight: (n,), or (1,) if all count alike."""

    design: Array
    y: Array
    weight: Array


def _minimum(rows: _Weighed, ridge: Array, sign: Array, beta: Array) -> Array:
    """The coefficients (k,) of least penalised loss with coefficient * sign >= 0, by projected Newton steps.

    Bertsekas 1982 (doi:10.1137/0320018): coefficients that stand at their bound and would cross it are held, the rest
    take a Newton step, cut back at the bounds and shortened until the loss falls. beta: where to start, within bounds.
    """
    loss, slope, curve = _loss(beta, rows, ridge)
    for _ in range(_MOST_STEPS):
        free = ~((sign != 0) & (beta == 0) & (slope * sign > 0))
        some = rows.design[:, free]
        bent = some.T @ (some * curve[:, None]) + np.diag(ridge[free] + _RIDGE)
        step = np.zeros_like(beta)
        step[free] = -np.linalg.solve(bent, slope[free])
        if -slope @ step < _CLOSE:
            break
        before, share = loss, 1.0
        while share > _SHORTEST:
            moved = beta + share * step
            moved[moved * sign < 0] = 0.0
            loss, slope, curve = _loss(moved, rows, ridge)
            if loss <= before:
                break
            share /= 2
        beta = moved
    return beta


def _loss(beta: Array, rows: _Weighed, ridge: Array) -> tuple[float, Array, Array]:
    """Penalised loss, its gradient (k,), and each row's second derivative p (1 - p), by its weight."""
    margin = rows.design @ beta
    p = 1.0 / (1.0 + np.exp(-np.clip(margin, -500, 500)))
    loss = (rows.weight * (np.logaddexp(0.0, margin) - rows.y * margin)).sum() + 0.5 * (ridge * beta**2).sum()
    return float(loss), rows.design.T @ (rows.weight * (p - rows.y)) + ridge * beta, rows.weight * p * (1 - p)
