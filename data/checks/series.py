"""What the page of checks draws: orders per day, and the RTO share by week with its interval. Plain values."""

from typing import Any

import numpy as np

from data.contract import DAY, EARLIEST

Array = np.ndarray[Any, Any]

Z = 1.96
FEWEST = 20


def series_of(placed_at: Array, labels: Array, exported_at: int) -> dict[str, list[list[Any]]]:
    """`orders_per_day`: [day, orders]; `rto_by_week`: [its first day, outcomes, RTO share, low, high] (95 %, Wilson).

    Days are UTC; orders dated before 2000 or after the export have none. Weeks of under 20 outcomes are left out.
    """
    dated = (placed_at >= EARLIEST) & (placed_at <= exported_at)
    days, told = placed_at[dated] // DAY, labels[dated]
    if not len(days):
        return {"orders_per_day": [], "rto_by_week": []}
    first = int(days.min())
    per_day = [[_date(first + i), int(n)] for i, n in enumerate(np.bincount(days - first))]
    week, has = (days - first) // 7, ~np.isnan(told)
    n, rto = np.bincount(week[has]), np.bincount(week[has], told[has])
    weeks = [
        [_date(first + 7 * int(i)), int(n[i]), *_wilson(rto[i] / n[i], int(n[i]))] for i in np.flatnonzero(n >= FEWEST)
    ]
    return {"orders_per_day": per_day, "rto_by_week": weeks}


def _wilson(share: float, n: int) -> tuple[float, float, float]:
    middle, spread = share + Z * Z / (2 * n), Z * float(np.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)))
    low, high = ((middle + sign * spread) / (1 + Z * Z / n) for sign in (-1, 1))
    return round(float(share), 4), round(float(low), 4), round(float(high), 4)


def _date(day: int) -> str:
    return str(np.datetime64(int(day), "D"))
