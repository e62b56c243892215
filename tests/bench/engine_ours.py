"""The sums by this project's replay, in memory: from the two tables to a history, then the product's own `replay`."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from data.contract import NewsType
from data.history import Array, History
from features.replay import each, folds_of
from tests.bench.engine_input import KEYS, PARTS, SUMS


def history_of(orders: pa.Table, news: pa.Table) -> History:
    """Orders by placed_at, and the news of each: placed, then its outcome if it was told."""
    n, by_order = len(orders), np.argsort(orders["order"].to_numpy())
    columns = {name: orders[name].to_numpy()[by_order] for name in ("placed_at", *PARTS)}
    columns |= {name: np.full(n, -1) for name in ("name", "sku", "category", "campaign", "courier")}
    columns |= {"order_id": np.arange(n), "amount_minor": np.zeros(n), "payment_method": np.zeros(n)}
    order, at = news["order"].to_numpy(), news["known_at"].to_numpy()
    told = np.zeros(n, dtype=np.int64)
    told[order] = 1
    start = np.concatenate([[0], np.cumsum(1 + told)])
    types, known = np.full(start[-1], int(NewsType.PLACED)), np.empty(start[-1], dtype=np.int64)
    known[start[:-1]] = columns["placed_at"]
    last = start[order] + 1
    known[last] = at
    types[last] = np.where(news["rto"].to_numpy() > 0, int(NewsType.RTO_STARTED), int(NewsType.DELIVERED))
    flat = {"type": types, "happened_at": known, "known_at": known, "rank": types}
    flat |= {name: np.full(len(types), -1) for name in ("reason", "action", "voids")}
    flat["reason"], flat["version"] = np.zeros(len(types), dtype=np.int64), np.zeros(len(types), dtype=np.int64)
    nothing = {name: np.empty(0, dtype=np.int64) for name in ("row", "address", "pincode", "district", "state")}
    return History(columns, nothing, start, flat, None, int(known.max()))


def compute(orders: pa.Table, news: pa.Table) -> Iterator[tuple[str, list[Array]]]:
    """Each key's nine columns, orders by placed_at; in the order in which they are done."""
    for found in each(history_of(orders, news), folds_of([one for key in KEYS for one in SUMS[key]])):
        key = next(iter(found)).key
        yield key, [found[one] for one in SUMS[key]]
