"""Seconds of each step between files understood and a history: import's second half, and loading."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import segments
from data.building import build_history, orders_meant
from data.checking import check_history, told_frame
from data.contract import DAY, HOUR
from data.imports.additions import new_news, new_orders
from data.ingest import Imported
from data.news import NEWS_SCHEMA, once
from data.pool import Pool
from tests.helpers.histories import T0, order_columns


def made_up(n: int, seed: int = 1) -> tuple[dict[str, Any], Any]:
    """n orders of random buyers and places over a year, and two and a half pieces of news for each, as told."""
    rng = np.random.default_rng(seed)
    placed = T0 + np.sort(rng.integers(0, 365 * DAY, n))
    ids = np.array([f"OD{seed}{i:010d}" for i in range(n)], dtype=object)
    pins = np.array([f"{p}" for p in rng.integers(110_001, 855_120, 3_000)], dtype=object)
    orders = order_columns([{"placed_at": 0}]) | {"order_id": ids, "placed_at": placed}
    orders = {name: column if len(column) == n else np.repeat(column, n) for name, column in orders.items()}
    orders |= {
        "merchant_id": np.repeat(np.array(["shop"], dtype=object), n),
        "payment_method": np.array(["cod", "prepaid"], dtype=object)[(rng.random(n) < 0.3).astype(int)],
        "pincode": pins[rng.integers(0, len(pins), n)],
        "sku": np.array([f"sku-{i}" for i in range(4_000)], dtype=object)[rng.integers(0, 4_000, n)],
        "amount_minor": rng.integers(9_900, 500_000, n).astype(np.float64),
        "phone": rng.integers(1, n // 2 + 2, n),
        "address": rng.integers(1, n // 2 + 2, n),
    }
    fates = np.array(["delivered", "delivered", "delivered", "rto_started"], dtype=object)[rng.integers(0, 4, n)]
    half = rng.random(n) < 0.5
    parts = [
        told(ids, "placed", placed),
        told(ids, fates, placed + rng.integers(2 * DAY, 9 * DAY, n)),
        told(ids[half], "out_for_delivery", placed[half] + 2 * DAY - HOUR),
    ]
    news = pa.concat_tables(parts)
    return orders, news.sort_by("known_at")


def told(ids: Any, kind: Any, at: Any) -> Any:
    """One piece of news of each order."""
    n, order = len(ids), pa.array(ids, pa.string())
    types = pa.array(kind, pa.string()) if isinstance(kind, np.ndarray) else pa.repeat(kind, n)
    columns = [
        pa.repeat("shop", n),
        order,
        pa.repeat("native", n),
        pc.binary_join_element_wise(order, types, ":"),
        types,
    ]
    empty, live = pa.nulls(n, pa.string()), pa.repeat(False, n)
    return pa.table([*columns, pa.array(at), pa.array(at), empty, empty, live], schema=NEWS_SCHEMA)


def bench_history(n: int = 300_000) -> list[dict[str, Any]]:
    """Seconds of this process's own work for n orders; the second import meets the first."""
    took: dict[str, float] = {}

    def timed(name: str, action: Callable[[], Any]) -> Any:
        start = time.process_time()
        result = action()
        took[name] = time.process_time() - start
        return result

    folder = Path(mkdtemp())
    pool = Pool(folder, "bench")
    segment_of(pool, *made_up(10, seed=3))  # compiled once, outside the clock
    check_history(segments.load_history(pool))
    segment_of(pool, *made_up(n))
    orders, news = made_up(n, seed=2)
    told_once = timed("count news once", lambda: once(news))
    meant = timed("find each news's order", lambda: orders_meant(orders, told_once))
    history = timed("build", lambda: build_history(orders, told_once, T0 + 400 * DAY, meant))
    frame = timed("frame of the news", lambda: told_frame(told_once, meant))
    timed("check", lambda: check_history(history, frame))
    timed("judge what orders are new", lambda: new_orders(pool, orders))
    timed("judge what news is new", lambda: new_news(pool, news))
    timed("write", lambda: segment_of(pool, orders, told_once))
    timed("load both", lambda: segments.load_history(pool))
    shutil.rmtree(folder)
    return [{"what": name, "seconds": seconds, "per_second": n / seconds} for name, seconds in took.items()]


def segment_of(pool: Pool, orders: dict[str, Any], news: Any) -> None:
    """Keep orders and news as one import."""
    content = Imported(orders, news, [], T0 + 400 * DAY, len(orders["order_id"]))
    with segments.writing(pool) as draft:
        segments.write_segment(draft, content, {"contract": 1, "exported_at": T0 + 400 * DAY})
