"""A logistic regression on the same features: the baseline beside the model, and the margin its trees grow on.

Columns are put on a linear scale as the catalog says (log, logit), standardised, a missing value is the mean and a
missing flag of its own. Coefficients obey the catalog's monotone signs. Applying needs numpy only.
"""

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from features.catalog import Feature

Array: TypeAlias = np.ndarray[Any, Any]

_TAIL = 0.002  # beyond these quantiles of training a value counts as the quantile: no straight line goes on forever
_RARE = 0.005  # a missing flag set (or unset) on fewer rows is noise
_ARRAYS = ("mean", "spread", "low", "high", "coefficient", "missing_coefficient", "missing_share")


@dataclass(frozen=True, slots=True)
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

    @property
    def base(self) -> float:
        """The margin of the average training order."""
        return float(self.intercept + (self.missing_share * self.missing_coefficient).sum())

    def _standardised(self, x: Array) -> tuple[Array, Array]:
        z = (np.clip(rescaled(x, self.scales), self.low, self.high) - self.mean) / self.spread
        gone = np.isnan(z)
        return np.where(gone, 0.0, z), gone.astype(np.float64)

    def as_dict(self) -> dict[str, Any]:
        return {"scales": list(self.scales), "intercept": self.intercept} | {
            n: getattr(self, n).tolist() for n in _ARRAYS
        }

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> "Linear":
        columns = {name: np.array(saved[name], dtype=np.float64) for name in _ARRAYS}
        return Linear(scales=tuple(saved["scales"]), intercept=float(saved["intercept"]), **columns)


def rescaled(x: Array, scales: tuple[str, ...]) -> Array:
    """(n, k) columns on the scale on which the log-odds are roughly straight."""
    out = x.copy()
    log = np.array([s == "log" for s in scales], dtype=bool)
    logit = np.array([s == "logit" for s in scales], dtype=bool)
    out[:, log] = np.log1p(np.maximum(out[:, log], 0.0))
    share = np.clip(out[:, logit], 1e-3, 1 - 1e-3)
    out[:, logit] = np.log(share / (1 - share))
    return out


def fit_linear(x: Array, y: Array, features: tuple[Feature, ...], penalty: float, signed: bool = True) -> Linear:
    """Minimise log loss + penalty/2 * |coefficients|^2 over standardised columns, by L-BFGS within sign bounds.

    x: (n, k) with NaN for missing.  y: (n,) 0 or 1.  penalty: in orders.  signed: obey the catalog's monotone signs.
    """
    from scipy.optimize import minimize

    blank = _unfitted(x, tuple(f.scale for f in features))
    z, gone = blank._standardised(x)
    flagged = (blank.missing_share > _RARE) & (blank.missing_share < 1 - _RARE)
    design = np.hstack([z, (gone - blank.missing_share)[:, flagged], np.ones((len(z), 1))])
    signs = [f.monotone if signed else 0 for f in features]
    bounds = [(0.0 if s > 0 else None, 0.0 if s < 0 else None) for s in signs] + [(None, None)] * (
        int(flagged.sum()) + 1
    )
    weight = np.full(design.shape[1], penalty)
    weight[-1] = 0.0
    start = np.zeros(design.shape[1])
    start[-1] = np.log(max(y.mean(), 1e-6) / max(1 - y.mean(), 1e-6))
    best = minimize(
        _loss, start, (design, y, weight), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500}
    ).x
    k = x.shape[1]
    missing = np.zeros(k)
    missing[flagged] = best[k:-1]
    intercept = float(best[-1] - (blank.missing_share * missing).sum())
    return replace(blank, coefficient=best[:k], missing_coefficient=missing, intercept=intercept)


def _unfitted(x: Array, scales: tuple[str, ...]) -> Linear:
    z = rescaled(x, scales)
    there = ~np.isnan(z)
    low, high = np.nanquantile(np.vstack([z, np.zeros_like(z[:1])]), [_TAIL, 1 - _TAIL], axis=0)
    z = np.clip(z, low, high)
    n = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, z, 0.0).sum(axis=0) / n
    spread = np.sqrt((np.where(there, z - mean, 0.0) ** 2).sum(axis=0) / n)
    none = np.zeros(x.shape[1])
    return Linear(
        scales, mean, np.where(spread > 1e-9, spread, 1.0), low, high, none, none, 1 - there.mean(axis=0), 0.0
    )


def _loss(beta: Array, design: Array, y: Array, weight: Array) -> tuple[float, Array]:
    margin = design @ beta
    loss = np.logaddexp(0.0, margin) - y * margin
    slope = design.T @ (1.0 / (1.0 + np.exp(-np.clip(margin, -500, 500))) - y)
    return float(loss.sum() + 0.5 * (weight * beta**2).sum()), slope + weight * beta
