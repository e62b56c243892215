"""The sums by Polars: running sums of weights scaled to one moment, read by an as-of join, scaled back.

    S(t) = 2^-(t / h) * sum over facts seen before t of  w * 2^(placed_at / h)

so a decayed sum is a running sum, and what an order reads is the last one before it. Faster here than one table of facts
and orders with `cum_sum().over(key)` (tried: 1.3 to 2 times as long).
"""

from collections.abc import Iterator

import polars as pl
import pyarrow as pa

from data.history import Array
from features.fold import FOREVER
from features.keys import KINDS
from tests.bench.engine_input import HALF_LIVES, KEYS, START

_NAMES = [f"{measure}{h}" for measure in ("placed", "known", "rto") for h in range(len(HALF_LIVES))]


def compute(orders: pa.Table, news: pa.Table) -> Iterator[tuple[str, list[Array]]]:
    """Each key's nine columns, orders by placed_at."""
    asked = pl.DataFrame(orders).sort("placed_at", "order")
    told = pl.DataFrame(news).join(asked, on="order").sort("known_at")
    ages = {h: 2.0 ** ((pl.col("placed_at") - START) / h) if h != FOREVER else pl.lit(1.0) for h in HALF_LIVES}
    scales = [one.alias(f"scale{i}") for i, one in enumerate(ages.values())]
    asked, told = asked.with_columns(scales), told.with_columns(scales)
    for key in KEYS:
        yield key, _one(asked.with_columns(_key(key)), told.with_columns(_key(key)))


def _key(key: str) -> pl.Expr:
    """A key's parts as one number, null where one is missing."""
    parts = KINDS[key].columns
    if not parts:
        return pl.lit(0, pl.Int64).alias("key")
    one = pl.col(parts[0])
    for part in parts[1:]:
        one = one * 1_000_000 + pl.col(part)
    return pl.when(pl.all_horizontal(pl.col(part) >= 0 for part in parts)).then(one).alias("key")


def _one(asked: pl.DataFrame, told: pl.DataFrame) -> list[Array]:
    lives = range(len(HALF_LIVES))
    placed = asked.select("key", "placed_at", *(pl.col(f"scale{h}").alias(f"placed{h}") for h in lives))
    known = told.select(
        "key", "known_at",
        *(pl.col(f"scale{h}").alias(f"known{h}") for h in lives),
        *((pl.col(f"scale{h}") * pl.col("rto")).alias(f"rto{h}") for h in lives),
    )  # fmt: skip
    found = asked.select("key", "placed_at", "^scale.*$")
    for facts, at in ((placed, "placed_at"), (known, "known_at")):
        names = [name for name in facts.columns if name not in ("key", at)]
        running = facts.filter(pl.col("key").is_not_null()).select(
            pl.col(at).alias("seen_at"), "key", *(pl.col(name).cum_sum().over("key") for name in names)
        )
        found = found.join_asof(
            running,
            left_on="placed_at",
            right_on="seen_at",
            by="key",
            allow_exact_matches=False,
            check_sortedness=False,
        )
    read = [pl.col(name).fill_null(0.0) / pl.col(f"scale{name[-1]}") for name in _NAMES]
    out = found.select(pl.when(pl.col("key").is_not_null()).then(one).otherwise(None) for one in read)
    return [column.cast(pl.Float64).fill_null(float("nan")).to_numpy() for column in out.get_columns()]
