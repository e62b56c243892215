"""Rows that are no longer kept: out of the ledger in one transaction, then out of the files of imports."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import pyarrow as pa

from data.keeping.away import without
from data.keeping.database import Connection, scalar
from data.keeping.erasing import replace_table
from data.keeping.journal import LIVE
from data.pool import replace_text
from data.segments import Segment, read_news, read_orders_table

PRUNED = "pruned"
_GONE = "(merchant_id, order_id) IN (SELECT merchant_id, order_id FROM folded_away)"
_MARK = '{"pruned":true}'  # as the triggers of the schema know it


def told_since(connection: Connection, seq: int, orders: Sequence[tuple[str, str]]) -> bool:
    """Was something told live of one of these orders after `seq`?"""
    rows = connection.execute(
        "SELECT DISTINCT merchant_id, order_id FROM news WHERE seq > ? AND origin = ?", (seq, LIVE)
    )
    return not set(orders).isdisjoint((merchant, order) for merchant, order in rows.fetchall())


def take_orders(connection: Connection, orders: Iterable[tuple[str, str]]) -> None:
    """Delete orders and their news from the ledger, and write down which, until no file holds them. Call within a
    transaction. What was acknowledged is marked first: nothing else may delete it."""
    connection.executemany("INSERT INTO folded_away VALUES (?, ?)", orders)
    connection.execute(f"UPDATE news SET origin = ? WHERE origin = ? AND {_GONE}", (PRUNED, LIVE))
    connection.execute(f"DELETE FROM news WHERE {_GONE}")
    connection.execute(f"DELETE FROM orders WHERE {_GONE}")
    connection.execute(f"UPDATE checkouts SET checkout_id = '' WHERE {_GONE}")
    connection.execute(f"DELETE FROM checkouts WHERE {_GONE}")


def take_decisions(connection: Connection, before: int) -> int:
    """Delete decisions made before a moment; returns how many. Call within a transaction."""
    n = int(scalar(connection, "SELECT COUNT(*) FROM decisions WHERE scored_at < ?", (before,)))
    connection.execute("UPDATE decisions SET body = ? WHERE scored_at < ?", (_MARK, before))
    connection.execute("DELETE FROM decisions WHERE scored_at < ?", (before,))
    connection.execute("DELETE FROM shadows WHERE scored_at < ?", (before,))
    return n


def begin_entry(connection: Connection, now: int, told: dict[str, Any]) -> None:
    """Write a pruning down, in counts. Call within its transaction."""
    row = (now, orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode())
    connection.execute("INSERT INTO prunings (begun_at, told) VALUES (?, ?)", row)


def unfinished(connection: Connection) -> int:
    """Prunings of which files, or the space on disk, may still hold rows."""
    return int(scalar(connection, "SELECT COUNT(*) FROM prunings WHERE done_at IS NULL"))


def take_from_file(segment: Segment, away: Any) -> None:
    """Write an import's files anew without orders that were folded away, and without their news; its manifest counts
    what is left."""
    for left in segment.folder.glob(".*.parquet"):  # of a process that was killed
        left.unlink()
    for name, table in (
        ("orders.parquet", read_orders_table(segment)),
        ("news.parquet", read_news(segment).drop_columns("live")),
    ):
        left_over: pa.Table = without(table, away)
        if len(left_over) < len(table):
            replace_table(segment.folder / name, left_over)
        counted = "n_" + name.removesuffix(".parquet")
        if segment.manifest.get(counted) != len(left_over):
            segment.manifest[counted] = len(left_over)
            replace_text(segment.folder / "manifest.json", json.dumps(segment.manifest, indent=1, sort_keys=True))


def end(connection: Connection, now: int) -> None:
    """No file holds what was folded away. Call within a transaction."""
    connection.execute("DELETE FROM folded_away")
    connection.execute("UPDATE prunings SET done_at = ? WHERE done_at IS NULL", (now,))
