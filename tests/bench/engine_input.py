"""What every engine of `make bench-engine` is given, and what it is asked for: one list of sums, one pair of tables.

    orders.parquet   order (row, by placed_at), placed_at, and a whole number for each part of a key
    news.parquet     order, known_at, rto: the outcomes told, in the order of arrival; 15 % are still out

An order is known at its placed_at, an outcome at its known_at, and both age from placed_at. Keys are numbers already,
so that no engine pays for text. Both files are in random order: each engine, and the floor, sorts for itself.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.contract import DAY, HOUR
from features.contribution import Measure
from features.fold import FOREVER
from features.keys import KINDS
from features.sources import Sum

KEYS = (
    "phone", "customer", "email", "address", "device", "ip", "pincode", "district", "state", "all", "merchant",
    "merchant_pincode",
)  # fmt: skip
MEASURES = (Measure.PLACED, Measure.KNOWN, Measure.RTO)
HALF_LIVES = (FOREVER, 7 * DAY, 90 * DAY)
SUMS = {key: tuple(Sum(key, measure, life) for measure in MEASURES for life in HALF_LIVES) for key in KEYS}
"""108 sums: orders placed, outcomes known and RTO under 12 keys, with three half-lives."""
PARTS = tuple(dict.fromkeys(column for key in KEYS for column in KINDS[key].columns))
START, YEAR = 1_700_000_000_000_000, 365 * DAY


def write_input(folder: Path, n: int, seed: int) -> None:
    """n orders of a year: two or three orders a buyer, a few large shops, places as unequal as places are."""
    rng = np.random.default_rng(seed)
    buyer = rng.integers(0, max(n // 3, 1), n)
    pincode = (19_000 * rng.random(n) ** 3).astype(np.int64)
    columns = {
        "phone": _told(buyer, rng, 0.97),
        "customer_id": _told(buyer // 2 + buyer % 2, rng, 0.7),
        "email": _told(buyer, rng, 0.6),
        "address": _told(buyer - buyer % 2, rng, 0.98),
        "device_id": _told(buyer, rng, 0.5),
        "ip": _told(buyer // 20, rng, 0.8),
        "pincode": pincode,
        "district": pincode // 25,
        "state": pincode // 500,
        "merchant_id": (40 * rng.random(n) ** 2).astype(np.int64),
    }
    placed = START + np.sort(rng.choice(YEAR, n, replace=False) if n < 10**6 else rng.integers(0, YEAR, n))
    orders = pa.table({"order": np.arange(n), "placed_at": placed} | columns)
    told = np.flatnonzero(rng.random(n) < 0.85)
    known = placed[told] + 2 * DAY + (rng.gamma(2.0, 36, len(told)) * HOUR).astype(np.int64)
    news = pa.table({"order": told, "known_at": known, "rto": (rng.random(len(told)) < 0.25).astype(np.int8)})
    folder.mkdir(parents=True, exist_ok=True)
    for table, name in ((orders, "orders"), (news, "news")):
        shuffled = table.take(pa.array(rng.permutation(len(table))))
        pq.write_table(shuffled, folder / f"{name}.parquet", compression="zstd", compression_level=1)


def _told(values: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    """The values, -1 where one is not told."""
    return np.where(rng.random(len(values)) < share, values, -1)
