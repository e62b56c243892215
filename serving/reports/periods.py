"""Weeks and months: each from the first order to the last, empty ones too."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeAlias

import numpy as np

from serving.reports import columns
from serving.reports.columns import Array, Orders
from serving.reports.figures import Period
from serving.reports.shares import Share

_StartOf: TypeAlias = Callable[[int], date]
_THURSDAY = 3  # 1 January 1970 was one: days since then + 3 count from a Monday


def weeks(orders: Orders, days: Array, last_mature: date) -> tuple[Period, ...]:
    """A period for each week, Monday to Sunday. days: local day of each order (n,); cancelled orders are not counted."""
    number = (days.astype(np.int64) + _THURSDAY) // 7
    return _periods(orders, number, lambda i: date(1970, 1, 1) + timedelta(days=7 * i - _THURSDAY), last_mature)


def months(orders: Orders, days: Array, last_mature: date) -> tuple[Period, ...]:
    """A period for each calendar month."""
    number = days.astype("datetime64[M]").astype(np.int64)
    return _periods(orders, number, lambda i: date(1970 + i // 12, i % 12 + 1, 1), last_mature)


def _periods(orders: Orders, number: Array, start_of: _StartOf, last_mature: date) -> tuple[Period, ...]:
    counted = orders.status != columns.CANCELLED
    if not counted.any():
        return ()
    first = int(number[counted].min())
    slot, size = number - first, int(number[counted].max()) - first + 1

    def count(mask: Array) -> Array:
        return np.bincount(slot[mask & counted], minlength=size)

    def shares(kind: Array) -> list[Share]:
        known, back = count(orders.known & kind).tolist(), count((orders.outcome == 1) & kind).tolist()
        return [Share(n, rto) for n, rto in zip(known, back, strict=True)]

    anyone, cod = np.ones(len(orders), dtype=bool), orders.payment == columns.COD
    n, n_cod, n_open = (count(mask).tolist() for mask in (anyone, cod, orders.status == columns.OPEN))
    every, paid_later, paid_before = (shares(kind) for kind in (anyone, cod, orders.payment == columns.PREPAID))
    return tuple(
        Period(
            start_of(first + i), n[i], n_cod[i], n_open[i], every[i], paid_later[i], paid_before[i],
            mature=start_of(first + i + 1) <= last_mature,
        )
        for i in range(size)
    )  # fmt: skip
