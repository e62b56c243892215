"""The sums by pandas as notebooks first have them: for each order its key's history is looked up, cut at the order's moment,
and summed. At a million orders this takes hours: a sample of orders is asked, and its time is extrapolated to all of them.
"""

import time
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from data.history import Array
from features.fold import FOREVER
from tests.bench.engine_input import HALF_LIVES, KEYS
from tests.bench.engine_pandas import _key

ASKED = 200
"""Orders of the sample."""


def sampled(orders: pa.Table, news: pa.Table, rows: Array) -> tuple[float, float, dict[str, Array]]:
    """Seconds and CPU seconds for all orders, as extrapolated; and of the orders `rows` (k,), by time, each key's columns."""
    clock = _Clock()
    asked = orders.to_pandas().sort_values(["placed_at", "order"])
    told = news.to_pandas().merge(asked, on="order")
    clock.add(1)
    found: dict[str, Array] = {}
    for key in KEYS:
        keyed = asked.assign(key=_key(asked, key))
        by_key = keyed.groupby("key"), told.assign(key=_key(told, key)).groupby("key")
        groups = [by.groups for by in by_key]  # made at the first question
        clock.add(1)
        sums = [_one(order, *by_key, *groups) for order in keyed.iloc[rows].itertuples()]
        clock.add(len(asked) / len(rows))
        found |= {f"{key} {j}": column for j, column in enumerate(np.array(sums).T)}
    return clock.seconds, clock.cpu, found


class _Clock:
    """Sums what was spent since the last time, so many times."""

    def __init__(self) -> None:
        self.seconds, self.cpu, self._last = 0.0, 0.0, (time.perf_counter(), time.process_time())

    def add(self, times: float) -> None:
        now = time.perf_counter(), time.process_time()
        self.seconds += times * (now[0] - self._last[0])
        self.cpu += times * (now[1] - self._last[1])
        self._last = now


def _one(order: Any, orders: Any, news: Any, placed_keys: Any, told_keys: Any) -> list[float]:
    """The nine sums of one order."""
    if order.key not in placed_keys or order.key < 0:
        return [np.nan] * 9
    placed = orders.get_group(order.key)
    placed = placed[placed["placed_at"] < order.placed_at]
    told = news.get_group(order.key) if order.key in told_keys else placed.assign(rto=0, known_at=0).iloc[:0]
    told = told[told["known_at"] < order.placed_at]
    sums: list[list[float]] = [[], [], []]
    for half_life in HALF_LIVES:
        weight = _weight(told, order, half_life)
        sums[0].append(float(_weight(placed, order, half_life).sum()))
        sums[1].append(float(weight.sum()))
        sums[2].append(float((weight * told["rto"]).sum()))
    return [one for some in sums for one in some]


def _weight(past: pd.DataFrame, order: Any, half_life: int) -> pd.Series:
    if half_life == FOREVER:
        return pd.Series(1.0, index=past.index)
    return 0.5 ** ((order.placed_at - past["placed_at"]) / half_life)
