"""The pool's database in bulk: the live half of the history out of it, a copy of imports into it."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from data.asked import merge_rows
from data.database import Connection
from data.history import Columns
from data.journal import LIVE
from data.kept import ORDERS_SCHEMA, OrdersTable
from data.news import NEWS_SCHEMA, NewsTable

_NEWS = NEWS_SCHEMA.names[:-1]
_AT_ONCE = 50_000
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


def copy_orders(connection: Connection, origin: str, orders: Columns) -> None:
    """Put a segment's orders beside the live ones; what is there already stays."""
    columns = ("merchant_id", "order_id", "placed_at", "origin", "columns")
    rows = _order_rows(origin, orders)
    merge_rows(connection, "orders", columns, rows, same="merchant_id, order_id", then="DO NOTHING")


def _order_rows(origin: str, orders: Columns) -> Iterator[tuple[Any, ...]]:
    """In the order of their keys: a table is then written from its beginning to its end."""
    names = sorted(orders)
    merchant, order, placed = (names.index(name) for name in ("merchant_id", "order_id", "placed_at"))
    ids = pa.table({name: pa.array(orders[name], pa.string()) for name in ("merchant_id", "order_id")})
    by_key = pc.sort_indices(ids, [("merchant_id", "ascending"), ("order_id", "ascending")]).to_numpy()
    for start in range(0, len(by_key), _AT_ONCE):
        rows = by_key[start : start + _AT_ONCE]
        part = (orders[name][rows].tolist() for name in names)
        for row in zip(*part, strict=True):
            text = orjson.dumps(dict(zip(names, row, strict=True))).decode()  # as journal.packed
            yield row[merchant], row[order], row[placed], origin, text


def copy_news(connection: Connection, origin: str, news: NewsTable) -> None:
    """Put a segment's news beside the live ones; told again, it is known from when it was first told."""
    earliest = (
        "DO UPDATE SET known_at = excluded.known_at "
        f"WHERE news.origin <> '{LIVE}' AND excluded.known_at < news.known_at"
    )
    by_order = [(name, "ascending") for name in ("merchant_id", "order_id", "known_at")]
    rows = _news_rows(origin, news.select(_NEWS).sort_by(by_order))
    merge_rows(connection, "news", (*_NEWS, "origin"), rows, same="merchant_id, source, event_id", then=earliest)


def _news_rows(origin: str, news: NewsTable) -> Iterator[tuple[Any, ...]]:
    for batch in news.to_batches(max_chunksize=_AT_ONCE):
        columns = (column.to_pylist() for column in batch.columns)
        yield from ((*row, origin) for row in zip(*columns, strict=True))
