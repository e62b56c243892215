"""Orders that share a fate: those of one buyer, and those of one day. Intervals count them together.

Two-way clustering (Cameron, Gelbach and Miller 2011, doi:10.1198/jbes.2010.07136): the variance by buyer, plus that by
day, minus that by both; at least that by buyer, since with few days the sum may come out too small.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.contract import DAY
from data.history import Columns

Array: TypeAlias = np.ndarray[Any, Any]
Floats = NDArray[np.float64]

BUYER_COLUMNS = ("phone", "customer_id", "email", "address")
_LEAST_DAYS = 5  # fewer tell nothing of how days differ


@dataclass(frozen=True, slots=True)
class Clusters:
    """(n,) which buyer and which day each order belongs to, as numbers that mean nothing else."""

    buyer: NDArray[np.int64]
    day: NDArray[np.int64]

    def __getitem__(self, rows: Any) -> "Clusters":
        return Clusters(self.buyer[rows], self.day[rows])

    def __len__(self) -> int:
        return len(self.buyer)

    def standard_error(self, parts: Floats) -> float | None:
        """Of a figure whose orders have these parts (n,), `training/influence.py`. None for orders of one buyer."""
        by_buyer = _variance(parts, self.buyer)
        if by_buyer is None:
            return None
        by_day, by_both = _variance(parts, self.day), _variance(parts, self._both())
        if by_day is None or by_both is None or len(np.unique(self.day)) < _LEAST_DAYS:
            return float(np.sqrt(by_buyer))
        return float(np.sqrt(max(by_buyer + by_day - by_both, by_buyer)))

    def _both(self) -> NDArray[np.int64]:
        both: NDArray[np.int64] = self.buyer * (int(self.day.max()) + 1) + self.day
        return both


def clusters_of(orders: Columns) -> Clusters:
    """Buyers by the first handle that is told of phone, customer number, e-mail and address; without one, an order
    is a buyer of its own. Days in UTC."""
    n = len(orders["placed_at"])
    kind, handle = np.full(n, -1, dtype=np.int64), np.arange(n, dtype=np.int64)
    for number, column in reversed(list(enumerate(BUYER_COLUMNS))):
        told = np.asarray(orders[column]) >= 0
        kind, handle = np.where(told, number, kind), np.where(told, orders[column], handle)
    return Clusters(numbered(handle * (len(BUYER_COLUMNS) + 1) + kind + 1), numbered(orders["placed_at"] // DAY))


def numbered(values: Array) -> NDArray[np.int64]:
    """(n,) the same groups, numbered from 0.

    >>> numbered(np.array([70, 30, 70]))
    array([1, 0, 1])
    """
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _variance(parts: Floats, group: NDArray[np.int64]) -> float | None:
    sums = np.bincount(numbered(group), weights=parts)
    n = len(sums)
    return float((sums**2).sum() * n / (n - 1)) if n > 1 else None
