"""The history that `make bench-store` brings into a store: made-up orders with every key, one shop with half of them.

A buyer orders two or three times; nine in ten orders have an outcome, the newest ones none, so that there is news to tell.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from data import contract, segments
from data.contract import DAY, HOUR
from data.ingest import Imported
from data.news import NEWS_SCHEMA
from data.pool import Merchant, Pool
from tests.bench.engine_input import START, YEAR

HOT = "shop-0"
_SHOPS, _OPEN = 40, 0.1
_TEXTS = ("merchant_id", "pincode", "district", "state", "payment_method", "courier")
ENDS = START + YEAR + 30 * DAY


def import_history(folder: Path, n: int, seed: int) -> Pool:
    """A pool of n orders of a year and what became of them, as one segment."""
    pool, rng = Pool(folder, "bench"), np.random.default_rng(seed)
    pool.token_key()
    orders = orders_of(n, rng)
    shops = [Merchant(f"shop-{i}") for i in range(_SHOPS)]
    with segments.writing(pool) as draft:
        content = Imported(orders, _news(orders, rng), shops, ENDS, n)
        segments.write_segment(draft, content, {"contract": 1, "exported_at": ENDS})
    pool.add_merchants(shops)
    return pool


def orders_of(n: int, rng: np.random.Generator) -> dict[str, Any]:
    """Kept columns, by `placed_at`."""
    columns: dict[str, Any] = {name: np.full(n, None, dtype=object) for name in contract.KEPT_TEXT}
    columns |= {name: rng.random(n).round(3) for name in contract.KEPT_NUMBERS}
    buyer, place = rng.integers(0, max(n // 3, 1), n), (19_000 * rng.random(n) ** 3).astype(np.int64)
    tokens = {"phone": buyer, "customer_id": buyer, "email": buyer, "name": buyer, "address": buyer - buyer % 2,
              "device_id": buyer, "ip": buyer // 20}  # fmt: skip
    shares = dict(zip(contract.TOKEN_COLUMNS, (0.7, 0.97, 0.6, 0.98, 0.98, 0.5, 0.8), strict=True))
    columns |= {name: np.where(rng.random(n) < shares[name], tokens[name] + 1, -1) for name in contract.TOKEN_COLUMNS}
    shop = np.where(rng.random(n) < 0.5, 0, rng.integers(0, _SHOPS, n))
    cash = np.where(rng.random(n) < 0.7, "cod", "prepaid")
    courier = rng.integers(0, 5, n)
    values = shop, 110_000 + place, place // 25, place // 500, cash, courier
    before = "shop-", "", "D", "S", "", "courier-"
    columns |= {name: _texts(start, column) for name, start, column in zip(_TEXTS, before, values, strict=True)}
    columns["sku"] = _texts("sku-", rng.integers(0, 3_000, n))
    columns["amount_minor"] = rng.integers(30_000, 300_000, n).astype(np.float64)
    columns["placed_at"] = START + np.sort(rng.integers(0, YEAR, n))
    columns["order_id"] = _texts("o-", np.arange(n))
    return columns


def _texts(before: str, values: Any) -> Any:
    """Text for each value; equal ones are one object."""
    distinct, place = np.unique(values, return_inverse=True)
    return np.array([f"{before}{value}" for value in distinct.tolist()], dtype=object)[place]


def _news(orders: dict[str, Any], rng: np.random.Generator) -> pa.Table:
    """That each was placed, and, but for the newest, how it ended."""
    n, placed = len(orders["order_id"]), orders["placed_at"]
    ended = np.arange(int(n * (1 - _OPEN)))
    told = placed[ended] + 2 * DAY + (rng.gamma(2.0, 36, len(ended)) * HOUR).astype(np.int64)
    rto = rng.random(len(ended)) < 0.25
    parts = [_table(orders, np.arange(n), "placed", placed, None), _table(orders, ended[~rto], "delivered", told[~rto], None),
             _table(orders, ended[rto], "rto_started", told[rto], "refused")]  # fmt: skip
    return pa.concat_tables(parts)


def _table(orders: dict[str, Any], rows: Any, kind: str, moment: Any, reason: str | None) -> pa.Table:
    order_id = orders["order_id"][rows]
    columns = {
        "merchant_id": orders["merchant_id"][rows], "order_id": order_id, "source": ["shop"] * len(rows),
        "event_id": [f"{one}:{kind}" for one in order_id], "type": [kind] * len(rows), "happened_at": moment,
        "known_at": moment, "reason": [reason] * len(rows), "details": [None] * len(rows), "live": [False] * len(rows),
    }  # fmt: skip
    return pa.table(
        {name: pa.array(columns[name], field.type) for name, field in zip(NEWS_SCHEMA.names, NEWS_SCHEMA, strict=True)}
    )
