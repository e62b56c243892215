"""The sums by this project's replay, in memory: from the two tables to a history, then the product's own `replay`."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa

from data.contract import NewsType
from data.history import Array, History
from data.side_by_side import side_by_side
from features.replay import each, folds_of
from tests.bench.engine_input import KEYS, PARTS, SUMS


def history_of(orders: pa.Table, news: pa.Table) -> History:
    """Orders by placed_at, and the news of each: placed, then its outcome if it was told."""
    n, by_order = len(orders), np.empty(len(orders), dtype=np.int64)
    by_order[orders["order"].to_numpy()] = np.arange(n)
    wanted = ("placed_at", *PARTS)
    columns = dict(zip(wanted, side_by_side([partial(_taken, orders[name], by_order) for name in wanted]), strict=True))
    order, at = news["order"].to_numpy(), news["known_at"].to_numpy()
    told = np.zeros(n, dtype=np.int64)
    told[order] = 1
    start = np.concatenate([[0], np.cumsum(1 + told)])
    types, known = np.full(start[-1], int(NewsType.PLACED)), np.empty(start[-1], dtype=np.int64)
    known[start[:-1]] = columns["placed_at"]
    last = start[order] + 1
    known[last] = at
    types[last] = np.where(news["rto"].to_numpy() > 0, int(NewsType.RTO_STARTED), int(NewsType.DELIVERED))
    absent, zero = np.full(start[-1], -1), np.zeros(start[-1], dtype=np.int64)  # columns that say nothing share them
    flat = {"type": types, "happened_at": known, "known_at": known, "rank": types, "reason": zero, "version": zero}
    flat |= dict.fromkeys(("action", "voids"), absent)
    columns |= dict.fromkeys(("name", "sku", "category", "campaign", "courier"), absent[:n])
    columns |= {"order_id": by_order, "amount_minor": np.zeros(n), "payment_method": zero[:n]}
    nothing = {name: np.empty(0, dtype=np.int64) for name in ("row", "address", "pincode", "district", "state")}
    return History(columns, nothing, start, flat, None, int(known.max()))


def _taken(column: pa.ChunkedArray, rows: Array) -> Array:
    return column.to_numpy()[rows]


def compute(orders: pa.Table, news: pa.Table) -> Iterator[tuple[str, list[Array]]]:
    """Each key's nine columns, orders by placed_at; in the order in which they are done."""
    for found in each(history_of(orders, news), folds_of([one for key in KEYS for one in SUMS[key]])):
        key = next(iter(found)).key
        yield key, [found.pop(one) for one in SUMS[key]]
