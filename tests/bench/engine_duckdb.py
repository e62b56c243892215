"""The sums by DuckDB: running sums of scaled weights over a window, read by two as-of joins (see engine_polars.py).

Faster than one window over a table of orders and facts together, which was tried beside it.
"""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from data.history import Array
from features.fold import FOREVER
from features.keys import KINDS
from tests.bench.engine_input import HALF_LIVES, KEYS, START

_NAMES = [f"{measure}{h}" for measure in ("placed", "known", "rto") for h in range(len(HALF_LIVES))]


def compute(orders: pa.Table, news: pa.Table) -> Iterator[tuple[str, list[Array]]]:
    """Each key's nine columns, orders by placed_at."""
    database = duckdb.connect()
    database.execute("SET threads = 2")
    database.execute("SET preserve_insertion_order = false")
    scales = ", ".join(f"{_scale(h)} AS scale{i}" for i, h in enumerate(HALF_LIVES))
    database.register("orders_in", orders)
    database.register("news_in", news)
    database.execute(f'CREATE TABLE asked AS SELECT *, {scales} FROM orders_in ORDER BY placed_at, "order"')
    database.execute('CREATE TABLE told AS SELECT asked.*, known_at, rto FROM news_in JOIN asked USING ("order")')
    for key in KEYS:
        columns = database.execute(_QUERY.format(key=_key(key))).fetchnumpy()
        yield key, [columns[name] for name in _NAMES]


def _scale(half_life: int) -> str:
    return "1.0::DOUBLE" if half_life == FOREVER else f"pow(2.0, (placed_at - {START}) / {half_life}.0)"


def _key(key: str) -> str:
    parts = KINDS[key].columns
    if not parts:
        return "0"
    missing = " OR ".join(f"{part} < 0" for part in parts)
    return f"CASE WHEN NOT ({missing}) THEN {parts[0]}" + "".join(f" * 1000000 + {p}" for p in parts[1:]) + " END"


_LIVES = range(len(HALF_LIVES))
_PLACED = ", ".join(f"sum(scale{h}) OVER seen AS placed{h}" for h in _LIVES)
_KNOWN = ", ".join(f"sum(scale{h}) OVER seen AS known{h}, sum(scale{h} * rto) OVER seen AS rto{h}" for h in _LIVES)
_READ = ", ".join(
    f"CASE WHEN a.key IS NULL THEN 'nan'::DOUBLE ELSE coalesce({n}, 0) / scale{n[-1]} END AS {n}" for n in _NAMES
)
_QUERY = f"""
WITH a AS (SELECT *, {{key}} AS key FROM asked), o AS (SELECT *, {{key}} AS key FROM told),
placed AS (SELECT key, placed_at AS moment, {_PLACED} FROM a WHERE key IS NOT NULL WINDOW seen AS (PARTITION BY key ORDER BY placed_at)),
known AS (SELECT key, known_at AS moment, {_KNOWN} FROM o WHERE key IS NOT NULL WINDOW seen AS (PARTITION BY key ORDER BY known_at))
SELECT {_READ} FROM a
ASOF LEFT JOIN placed ON a.key = placed.key AND a.placed_at > placed.moment
ASOF LEFT JOIN known ON a.key = known.key AND a.placed_at > known.moment
ORDER BY a."order"
"""
