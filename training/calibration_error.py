"""ECE of several folds together, with an interval that counts a buyer's orders as one, and the floor chance makes.

ECE is no smooth function of the orders: chance alone raises it, in a resample once more than in the sample. So buyers
are resampled, the interval is reflected at the measured value, and it starts at 0 unless that exceeds the floor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from training.evaluation import BINS, bin_of, tally

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DRAWS = 400
_AT_ONCE = 40


@dataclass(frozen=True, slots=True)
class Fold:
    """Scores p (n,), outcomes y (n,), and the buyer (n,) of each order, numbered from 0 alike in all folds."""

    p: Floats
    y: Floats
    buyer: Ints


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """Mean ECE of the folds. low, high: 95 %.  floor_*: of a perfectly calibrated model on as many orders."""

    mean: float
    low: float
    high: float
    by_fold: tuple[float, ...]
    floor_mean: float
    floor_p95: float


def calibration_error(folds: Sequence[Fold], *, seed: int) -> CalibrationError | None:
    """None without folds, or where one has no orders. floor_p95 is the mean of the folds' own 95th percentiles."""
    if not folds or not all(len(fold.y) for fold in folds):
        return None
    rng = np.random.default_rng(seed)
    bins = [_bins(fold.p) for fold in folds]
    measured = [_ece(fold.p - fold.y, bin_) for fold, bin_ in zip(folds, bins, strict=True)]
    floors = np.array([_floors(fold.p, bin_, rng) for fold, bin_ in zip(folds, bins, strict=True)])
    p95 = float(np.quantile(floors, 0.95, axis=1).mean())
    mean, drawn = float(np.mean(measured)), _resampled(folds, bins, rng)
    low, high = (2 * mean - float(end) for end in np.quantile(drawn, [0.975, 0.025]))
    low = max(0.0, low) if mean > p95 else 0.0
    return CalibrationError(mean, low, max(0.0, high), tuple(measured), float(floors.mean()), p95)


def _bins(p: Floats) -> Ints:
    """(n,) bin of each order: of equally many, equal scores together."""
    counted = tally(p, np.zeros(len(p)))
    return bin_of(counted, BINS)[np.searchsorted(counted.p, p)].astype(np.int64)


def _ece(surplus: Floats, bins: Ints) -> float:
    return float(np.abs(np.bincount(bins, weights=surplus, minlength=BINS)).sum() / len(surplus))


def _floors(p: Floats, bins: Ints, rng: np.random.Generator) -> Floats:
    """(DRAWS,) ECE if outcomes came exactly as scored."""
    return np.array([_ece(p - (rng.random(len(p)) < p), bins) for _ in range(DRAWS)])


def _resampled(folds: Sequence[Fold], bins: Sequence[Ints], rng: np.random.Generator) -> Floats:
    """(DRAWS,) mean ECE of the folds when buyers are drawn with replacement, the same draw in all folds."""
    n_buyers = 1 + max(int(fold.buyer.max()) for fold in folds)
    there = np.unique(np.concatenate([fold.buyer for fold in folds]))
    tables = [_by_buyer(fold, bin_, n_buyers) for fold, bin_ in zip(folds, bins, strict=True)]
    drawn = []
    for start in range(0, DRAWS, _AT_ONCE):
        weights = np.zeros((n_buyers, min(_AT_ONCE, DRAWS - start)))
        weights[there] = rng.poisson(1.0, (len(there), weights.shape[1]))
        drawn.append(np.mean([_ece_of(table, weights) for table in tables], axis=0))
    return np.concatenate(drawn)


def _by_buyer(fold: Fold, bins: Ints, n_buyers: int) -> csr_array:
    """(BINS + 1, buyers): what each buyer adds to the surplus of each bin, and its orders in the last row."""
    rows, columns = np.concatenate([bins, np.full(len(bins), BINS)]), np.concatenate([fold.buyer, fold.buyer])
    values = np.concatenate([fold.p - fold.y, np.ones(len(bins))])
    return csr_array((values, (rows, columns)), shape=(BINS + 1, n_buyers))


def _ece_of(table: csr_array, weights: Floats) -> Floats:
    sums = table @ weights
    found: Floats = np.abs(sums[:-1]).sum(axis=0) / np.maximum(sums[-1], 1.0)
    return found
