"""The pool's database in bulk: the live half of the history out of it, a copy of imports into it."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from data.files import matching
from data.history import Array, Columns
from data.keeping import kept
from data.keeping.bulk import AT_ONCE, Target, merge_columns, merge_texts
from data.keeping.database import Connection, is_sqlite
from data.keeping.journal import LIVE
from data.keeping.kept import ORDERS_SCHEMA, OrdersTable
from data.news import EVENT, NEWS_SCHEMA, NewsTable

_NEWS = NEWS_SCHEMA.names[:-1]
_ORDER = ("merchant_id", "order_id")
_ALL = 2**62


def live_tables(connection: Connection, through_seq: int | None = None) -> tuple[OrdersTable, NewsTable]:
    """Every live order and all live news: what imports do not know. through_seq: news up to that number only."""
    texts = [row[0] for row in connection.execute("SELECT columns FROM orders WHERE origin = ?", (LIVE,))]
    sql = f"SELECT {', '.join(_NEWS)}, 1 FROM news WHERE origin = ? AND seq <= ? ORDER BY seq"
    rows = connection.execute(sql, (LIVE, _ALL if through_seq is None else through_seq))
    columns = list(zip(*rows, strict=True)) or [()] * len(NEWS_SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns[:-1], NEWS_SCHEMA, strict=False)]
    live = pa.array([True] * len(arrays[0]), pa.bool_())
    return _parsed(texts), pa.table([*arrays, live], schema=NEWS_SCHEMA)


def _parsed(texts: list[str]) -> OrdersTable:
    """Orders as the database keeps them (`journal.packed`), as a table."""
    if not texts:
        return ORDERS_SCHEMA.empty_table()
    lines = "\n".join(texts).encode()
    known = pj.ParseOptions(explicit_schema=ORDERS_SCHEMA, unexpected_field_behavior="ignore")
    longest = max(map(len, texts)) * 4  # bytes of a line; a block holds at least one
    table = pj.read_json(BytesIO(lines), pj.ReadOptions(block_size=max(1 << 20, longest + 1)), known)
    return table.select(ORDERS_SCHEMA.names)


_ORDERS = Target(
    "orders",
    {name: f"value ->> '{name}'" for name in ("merchant_id", "order_id", "placed_at")}
    | {"origin": "?2", "columns": "value"},
    same="merchant_id, order_id",
    then="DO NOTHING",
)


def copy_orders(connection: Connection, origin: str, orders: Columns) -> None:
    """Put a segment's orders beside the live ones; what is there already stays."""
    texts = _order_texts(orders)
    if is_sqlite(connection):
        merge_texts(connection, _ORDERS, (some for _, some in texts), origin)
    else:
        tables = (_order_table(origin, orders, rows, some) for rows, some in texts)
        merge_columns(
            connection, _ORDERS, tables, _distinct(kept.table_of({name: orders[name] for name in _ORDER}), _ORDER)
        )


def _distinct(rows: Any, names: tuple[str, ...]) -> bool:
    """Does no row have the names of another?"""
    first = matching.first_of_each(matching.keys_of([rows], names[:-1], names[-1]))
    return bool((first == np.arange(len(first))).all())


def _order_texts(orders: Columns) -> Iterator[tuple[Array, list[str]]]:
    """Rows of some orders and each as `journal.packed` has it, in the order of their keys: a table is then written from
    its beginning to its end."""
    names = sorted(orders)
    ids = pa.table({name: pa.array(orders[name], pa.string()) for name in ("merchant_id", "order_id")})
    by_key = pc.sort_indices(ids, [("merchant_id", "ascending"), ("order_id", "ascending")]).to_numpy()
    for start in range(0, len(by_key), AT_ONCE):
        rows = by_key[start : start + AT_ONCE]
        part = (orders[name][rows].tolist() for name in names)
        yield rows, [orjson.dumps(dict(zip(names, row, strict=True))).decode() for row in zip(*part, strict=True)]


def _order_table(origin: str, orders: Columns, rows: Array, texts: list[str]) -> Any:
    columns = [pa.array(orders[name][rows]) for name in ("merchant_id", "order_id", "placed_at")]
    return pa.table([*columns, pa.array([origin] * len(rows)), pa.array(texts)], list(_ORDERS.columns))


_TOLD = Target(
    "news",
    {name: f"value ->> {place}" for place, name in enumerate(_NEWS)} | {"origin": "?2"},
    same="merchant_id, source, event_id",
    then=f"DO UPDATE SET known_at = excluded.known_at WHERE news.origin <> '{LIVE}' AND excluded.known_at < news.known_at",
)


def copy_news(connection: Connection, origin: str, news: NewsTable) -> None:
    """Put a segment's news beside the live ones; told again, it is known from when it was first told."""
    ordered = news.select(_NEWS).sort_by([(name, "ascending") for name in ("merchant_id", "order_id", "known_at")])
    parts = (ordered.slice(start, AT_ONCE) for start in range(0, len(ordered), AT_ONCE))
    if is_sqlite(connection):
        merge_texts(connection, _TOLD, map(_news_texts, parts), origin)
    else:
        tables = (one.append_column("origin", pa.array([origin] * len(one))) for one in parts)
        merge_columns(connection, _TOLD, tables, _distinct(ordered, EVENT))


def _news_texts(news: NewsTable) -> list[str]:
    columns = (column.to_pylist() for column in news.columns)
    return [orjson.dumps(row).decode() for row in zip(*columns, strict=True)]
