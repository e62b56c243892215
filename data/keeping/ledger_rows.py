"""Rows of the live ledger asked for by name, many at once: orders as kept, and news as told."""

from collections.abc import Collection, Iterable
from typing import Any, TypeAlias

import numpy as np
import orjson

from data import contract
from data.history import Told
from data.keeping.asked import rows_named
from data.keeping.database import Connection

LIVE = "live"
NEWS = "merchant_id, order_id, source, event_id, type, happened_at, known_at, reason, details"
AS_TOLD = f"{NEWS}, origin = '{LIVE}'"

Name: TypeAlias = tuple[str, str, str]
"""merchant, source and event id of a piece of news: it counts once"""
OrderName: TypeAlias = tuple[str, str]
"""merchant and order id"""


def name_of(told: Told) -> Name:
    return told.merchant_id, told.source, told.event_id


def told_of(row: Any) -> Told:
    """A row of AS_TOLD."""
    return Told(*(*row[:-1], bool(row[-1])))


def news_named(connection: Connection, names: Iterable[Name]) -> dict[Name, Told]:
    """The news of these names that is kept."""
    columns = ("merchant_id", "source", "event_id")
    rows = rows_named(connection, AS_TOLD, "news", columns, list(dict.fromkeys(names)))
    return {name_of(told): told for told in map(told_of, rows)}


def texts_named(connection: Connection, ids: Collection[OrderName]) -> dict[OrderName, str]:
    """The orders of these names that are kept, each as its JSON (`packed`)."""
    rows = rows_named(connection, "merchant_id, order_id, columns", "orders", ("merchant_id", "order_id"), ids)
    return {(merchant_id, order_id): text for merchant_id, order_id, text in rows}


def news_of_orders(connection: Connection, ids: Collection[OrderName]) -> dict[OrderName, list[Told]]:
    """All news of each of these orders, in any order; of an order without any, none."""
    found: dict[OrderName, list[Told]] = {one: [] for one in ids}
    for row in rows_named(connection, AS_TOLD, "news", ("merchant_id", "order_id"), ids):
        found[row[0], row[1]].append(told_of(row))
    return found


def packed(columns: dict[str, Any]) -> str:
    """One order's kept columns as canonical JSON; NaN becomes null."""
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in columns.items()}
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()


def unpacked(text: str) -> dict[str, Any]:
    """The inverse of `packed`: missing numbers are NaN again."""
    columns: dict[str, Any] = orjson.loads(text)
    return columns | {name: float("nan") for name in contract.KEPT_NUMBERS if columns.get(name) is None}
