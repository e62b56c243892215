"""A person taken out of orders and news: what is left of an order is its place, goods, money and fate.

An order keeps its id (later news must find it, and the merchant's own books have it), its PIN code, what was bought and
what became of it: places and goods still add up. Pseudonyms and measures of personal text become missing, as if they had
never been told, and the row is marked `erased`, so that the same order told again brings nobody back.
"""

import json
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from data.contract import TEXT_MEASURES, TOKEN_COLUMNS
from data.durable import sync
from data.history import ERASED
from data.keeping.database import Connection
from data.keeping.journal import order_columns, packed
from data.keeping.traces import OrderId
from data.segments import ORDER_KEY, Segment, read_news, read_orders_table

_MEASURES = (*TEXT_MEASURES, "text_measures_version")


def wiped(columns: dict[str, Any]) -> dict[str, Any]:
    """Kept columns of an order without its buyer."""
    nobody = dict.fromkeys(TOKEN_COLUMNS, -1) | dict.fromkeys(_MEASURES, None) | {ERASED: 1.0}
    return columns | {name: value for name, value in nobody.items() if name in columns or name == ERASED}


def wiped_details(details: str | None) -> str | None:
    """Details of a piece of news without the address they name; None if they name none."""
    told = json.loads(details or "{}")
    address = told.get("address")
    if not isinstance(address, dict) or address.get("address") is None:
        return None
    return json.dumps(told | {"address": address | {"address": None}, ERASED: True}, sort_keys=True)


def wipe_rows(connection: Connection, orders: Iterable[OrderId]) -> int:
    """Wipe orders and their news in the database; returns how many pieces of news. Call within a transaction."""
    n_news = 0
    for merchant, order in orders:
        columns = order_columns(connection, merchant, order)
        if columns is not None and ERASED not in columns:
            sql = "UPDATE orders SET columns = ? WHERE merchant_id = ? AND order_id = ?"
            connection.execute(sql, (packed(wiped(columns)), merchant, order))
        sql = "SELECT seq, details FROM news WHERE merchant_id = ? AND order_id = ? AND details IS NOT NULL"
        for seq, details in connection.execute(sql, (merchant, order)).fetchall():
            if (without := wiped_details(details)) is not None:
                connection.execute("UPDATE news SET details = ? WHERE seq = ?", (without, seq))
                n_news += 1
    return n_news


def wipe_segment(segment: Segment, orders: Collection[OrderId]) -> int:
    """Wipe orders and their news in an import's files, each replaced in one step; returns how many orders it holds."""
    for left in segment.folder.glob(".*.parquet"):  # of a process that was killed
        left.unlink()
    table = read_orders_table(segment)
    here = _rows_of(table, orders)
    if here.any():
        replace_table(segment.folder / "orders.parquet", _wiped_table(table, here))
    news = read_news(segment).drop_columns("live")
    details = news["details"].to_pylist()
    without = {i: text for i in np.flatnonzero(_rows_of(news, orders)).tolist()
               if (text := wiped_details(details[i])) is not None}  # fmt: skip
    if without:
        told = pa.array([without.get(i, text) for i, text in enumerate(details)], pa.string())
        column = news.column_names.index("details")
        replace_table(segment.folder / "news.parquet", news.set_column(column, "details", told))
    return int(here.sum())


def _rows_of(table: Any, orders: Collection[OrderId]) -> Any:
    """(n,) is the row's order among these?"""
    ids = zip(*(table[name].to_pylist() for name in ORDER_KEY), strict=True)
    return np.fromiter((one in orders for one in ids), dtype=bool, count=len(table))


def _wiped_table(table: Any, here: Any) -> Any:
    for name in (*TOKEN_COLUMNS, *_MEASURES):
        if name in table.column_names:
            nothing = -1 if name in TOKEN_COLUMNS else np.nan
            column = table[name].fill_null(nothing).to_numpy().copy()
            column[here] = nothing
            table = table.set_column(table.column_names.index(name), name, pa.array(column))
    marks = np.where(here, 1.0, np.nan)
    if ERASED in table.column_names:
        marks = np.fmax(marks, np.array(table[ERASED]))
        return table.set_column(table.column_names.index(ERASED), ERASED, pa.array(marks))
    return table.append_column(ERASED, pa.array(marks))


def replace_table(path: Path, table: Any) -> None:
    """Write a table in place of another, on disk, so that a reader sees the old file or the new one."""
    draft = path.with_name(f".{os.getpid()}.parquet")
    pq.write_table(table, draft, write_page_checksum=True)
    sync(draft)
    draft.replace(path)
    sync(path.parent)


def begin_entry(connection: Connection, now: int, told: dict[str, Any]) -> int:
    """Write an erasure down: counts, nothing of the person. Call within the transaction that wipes the rows."""
    row = (now, orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode())
    sql = "INSERT INTO erasures (begun_at, told) VALUES (?, ?) RETURNING erasure"
    (entry,) = connection.execute(sql, row).fetchall()[0]
    return int(entry)


def unfinished(connection: Connection) -> list[int]:
    """Erasures of which the state, or the space on disk, may still hold something."""
    return [int(one) for (one,) in connection.execute("SELECT erasure FROM erasures WHERE done_at IS NULL")]


def end_entries(connection: Connection, entries: Iterable[int], now: int) -> None:
    connection.executemany(
        "UPDATE erasures SET done_at = ? WHERE erasure = ? AND done_at IS NULL", [(now, one) for one in entries]
    )


def last_done(connection: Connection) -> int:
    """When the newest erasure ended, microseconds; 0 without one. What was read before cannot be recomputed."""
    [(at,)] = connection.execute("SELECT COALESCE(MAX(COALESCE(done_at, begun_at)), 0) FROM erasures").fetchall()
    return int(at)
