"""Orders, news and pseudonyms in the pool's database: the live ledger's half of the history, and a copy of imports.

Imports live in Parquet segments; their copy here (origin = segment) lets the service look up one order. Rows of
origin "live" were acknowledged to a caller and can be neither changed nor deleted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import orjson

from data import contract
from data.arrival import MISSING, NEW
from data.asked import add_rows, array, asked, together
from data.database import Connection, is_sqlite, scalar
from data.errors import DataError
from data.history import Columns, Told
from data.ledger_rows import AS_TOLD, NEWS, name_of, news_named, texts_named, told_of
from data.ledger_rows import LIVE as LIVE
from data.ledger_rows import unpacked as unpacked

_FEW = 50  # up to so many tokens it is quicker to ask for each
_SAME_ORDER = "merchant_id = ? AND order_id = asked.value"
_PSEUDONYMS = "SELECT asked.rowid - 1, pseudonym FROM {} JOIN pseudonyms ON kind = ? AND token = asked.value"
_ADD_PSEUDONYMS = "INSERT INTO pseudonyms (kind, token) SELECT ?, value FROM carray(?)"  # in the order of the array
_ADD_ON_SERVER = """INSERT INTO pseudonyms (kind, token) SELECT ?, value
FROM unnest(?::bytea[]) WITH ORDINALITY AS asked (value, place) ORDER BY place RETURNING token, pseudonym"""
_ORDER_KINDS = {"merchant_id": "text", "order_id": "text", "placed_at": "bigint", "origin": "text", "columns": "text"}
_NEWS_KINDS = dict.fromkeys((*NEWS.split(", "), "origin"), "text") | {"happened_at": "bigint", "known_at": "bigint"}


def assign_pseudonyms(connection: Connection, kind: str, tokens: list[bytes | None]) -> "np.ndarray[Any, Any]":
    """The pseudonym of each token, new ones numbered in order of first appearance; -1 for a missing token.

    Call within a transaction: nobody else may number meanwhile.
    """
    wanted = list(dict.fromkeys(t for t in tokens if t is not None))
    known = _known(connection, kind, wanted)
    new = [t for t in wanted if t not in known]
    if new:
        known |= _added(connection, kind, new)
    return np.array([MISSING if t is None else known[t] for t in tokens], dtype=np.int64)


def _added(connection: Any, kind: str, new: list[bytes]) -> dict[bytes, int]:
    if not is_sqlite(connection):
        return dict(connection.execute(_ADD_ON_SERVER, (kind, array(connection, new))))
    connection.execute(_ADD_PSEUDONYMS, (kind, array(connection, new)))
    last = connection.last_insert_rowid()  # AUTOINCREMENT within one transaction leaves no gaps
    return dict(zip(new, range(last - len(new) + 1, last + 1), strict=True))


def find_pseudonyms(connection: Connection, kind: str, tokens: list[bytes | None]) -> "np.ndarray[Any, Any]":
    """Like `assign_pseudonyms`, but writes nothing: a token never seen is NEW. A score leaves no trace of a person."""
    known = _known(connection, kind, [t for t in tokens if t is not None])
    return np.array([MISSING if t is None else known.get(t, NEW) for t in tokens], dtype=np.int64)


def _known(connection: Connection, kind: str, tokens: list[bytes]) -> dict[bytes, int]:
    if len(tokens) > _FEW or not is_sqlite(connection):
        sql = _PSEUDONYMS.format(asked(connection, "bytea"))
        rows = connection.execute(sql, (array(connection, tokens), kind)) if tokens else ()
        return {tokens[place]: int(pseudonym) for place, pseudonym in rows}
    sql = "SELECT pseudonym FROM pseudonyms WHERE kind = ? AND token = ?"
    found = ((t, scalar(connection, sql, (kind, t))) for t in tokens)
    return {t: p for t, p in found if p is not None}


def add_order(connection: Connection, columns: dict[str, Any], origin: str) -> bool:
    """`add_all_orders` of one. Raises the DataError it would be refused with."""
    [added] = add_all_orders(connection, [columns], origin)
    if isinstance(added, DataError):
        raise added
    return added


def add_all_orders(connection: Connection, every: Iterable[dict[str, Any]], origin: str) -> list[bool | DataError]:
    """Add orders as kept. False stands for one that is already there with the same content, a DataError DQ008 for one
    that is there with other content: an order is immutable as placed.
    """
    every = list(every)
    known = texts_named(connection, list(dict.fromkeys((one["merchant_id"], one["order_id"]) for one in every)))
    new: list[tuple[Any, ...]] = []
    found: list[bool | DataError] = []
    for columns in every:
        ids, text = (columns["merchant_id"], columns["order_id"]), packed(columns)
        there = known.setdefault(ids, text)
        if there is text:
            new.append((*ids, int(columns["placed_at"]), origin, text))
        same = there == text or _as_told(there) == _as_told(text)
        found.append(there is text if same else _other_order(ids[1]))
    add_rows(connection, "orders", _ORDER_KINDS, new)
    return found


def _other_order(order_id: str) -> DataError:
    return DataError(
        "DQ008",
        f"order {order_id!r}",
        got="an order id already used, with other content",
        expected="one order for each order id; an order never changes after it was placed",
        to_do="send later changes as news, or use a new order id",
    )


def _as_told(text: str) -> dict[str, Any]:
    return {name: value for name, value in orjson.loads(text).items() if name not in contract.MEASURED}


def add_news(connection: Connection, told: Told, origin: str) -> bool:
    """`add_all_news` of one piece. Raises the DataError it would be refused with."""
    [kept] = add_all_news(connection, [told], origin)
    if isinstance(kept, DataError):
        raise kept
    return kept.new


@dataclass(frozen=True, slots=True)
class Kept:
    """A piece of news as it is kept now. new: it was not told before."""

    new: bool
    told: Told


def add_all_news(connection: Connection, every: Iterable[Told], origin: str) -> list[Kept | DataError]:
    """Add pieces of news, in their order. Not new is what was told with the same content before; a DataError DQ014
    stands for one told with other content, of which nothing is added.

    Nothing happens after it was first told: a moment ahead of our clock is kept as that moment, so that the same event
    told again has the same content. What an import had told and is now told live takes the live stamp, whichever came
    first (`data/history.py`, once).
    """
    every = list(every)
    known = news_named(connection, [name_of(told) for told in every])
    new: list[Told] = []
    found: list[Kept | DataError] = []
    for told in every:
        name = name_of(told)
        there = known.get(name)
        if origin == LIVE and (told.happened_at > (latest := (there or told).known_at) or not told.live):
            told = replace(told, live=True, happened_at=min(told.happened_at, latest))
        if there is None:
            new.append(told)
            known[name] = told
        elif there.content() != told.content():
            found.append(_told_otherwise(told))
            continue
        elif origin == LIVE and not there.live:
            _stamp(connection, told)
            known[name] = told
        found.append(Kept(there is None, known[name]))
    rows = [(t.merchant_id, t.order_id, t.source, t.event_id, t.type, t.happened_at, t.known_at, t.reason, t.details, origin)
            for t in new]  # fmt: skip
    add_rows(connection, "news", _NEWS_KINDS, rows)
    return found


def _told_otherwise(told: Told) -> DataError:
    return DataError(
        "DQ014",
        f"news {told.event_id!r} from {told.source!r}",
        got="an event id already used, with other content",
        expected="one content for each (merchant, source, event_id)",
        to_do="use a new event id; to take news back, send a correction",
    )


def _stamp(connection: Connection, told: Told) -> None:
    sql = (
        "UPDATE news SET known_at = ?, origin = ? WHERE merchant_id = ? AND source = ? AND event_id = ? AND origin <> ?"
    )
    connection.execute(sql, (told.known_at, LIVE, told.merchant_id, told.source, told.event_id, LIVE))


def order_columns(connection: Connection, merchant_id: str, order_id: str) -> dict[str, Any] | None:
    """One order as kept, or None."""
    sql = "SELECT columns FROM orders WHERE merchant_id = ? AND order_id = ?"
    text = scalar(connection, sql, (merchant_id, order_id))
    return None if text is None else unpacked(text)


def news_of(connection: Connection, merchant_id: str, order_id: str, through_seq: int | None = None) -> list[Told]:
    """All news of one order in order of arrival; only up to a sequence number if one is given."""
    sql = f"SELECT {AS_TOLD} FROM news WHERE merchant_id = ? AND order_id = ? AND seq <= ? ORDER BY seq"
    rows = connection.execute(sql, (merchant_id, order_id, through_seq if through_seq is not None else 2**62))
    return [told_of(row) for row in rows]


def columns_of_many(
    connection: Connection, merchant_id: str, order_ids: Sequence[str], names: Sequence[str]
) -> tuple[list[int], list[tuple[Any, ...]]]:
    """Which of these orders are kept, by their places, and some columns of each: a column of values for each name."""
    paths = ", ".join(f"'$.{name}'" for name in names)
    wanted = "asked.rowid - 1", f"json_extract(columns, {paths})"
    places, told = _in_one_row(connection, wanted, "orders", merchant_id, order_ids)
    return places, list(zip(*told, strict=True)) or [()] * len(names)


def news_of_many(connection: Connection, merchant_id: str, order_ids: Sequence[str]) -> list[list[Any]]:
    """All news of these orders as columns: the order's place, type, happened_at, known_at, reason, has it details?"""
    wanted = ("asked.rowid - 1", "type", "happened_at", "known_at", "reason", "details IS NOT NULL")
    return _in_one_row(connection, wanted, "news", merchant_id, order_ids)


def _in_one_row(
    connection: Connection, wanted: Sequence[str], table: str, merchant_id: str, order_ids: Sequence[str]
) -> list[list[Any]]:
    """Columns of what a table holds of these orders, each as one JSON text: SQLite then works in one piece and leaves
    the interpreter to others, where a row at a time is a quarrel for it."""
    columns = ", ".join(together(connection, one) for one in wanted)
    sql = f"SELECT {columns} FROM {asked(connection)} JOIN {table} ON {_SAME_ORDER}"
    [texts] = connection.execute(sql, (array(connection, order_ids), merchant_id))
    return [orjson.loads(text) for text in texts]


def last_seq(connection: Connection) -> int:
    """Sequence number of the newest news; 0 without any."""
    return int(scalar(connection, "SELECT COALESCE(MAX(seq), 0) FROM news"))


def packed(columns: dict[str, Any]) -> str:
    """One order's kept columns as canonical JSON; NaN becomes null."""
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in columns.items()}
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()


def as_table(rows: list[dict[str, Any]]) -> Columns:
    """Kept columns of several orders as arrays of the contract's types."""
    table: Columns = {}
    for name in contract.KEPT_TEXT:
        table[name] = np.array([r[name] for r in rows] + [None], dtype=object)[:-1]
    for name in contract.KEPT_NUMBERS:
        table[name] = np.array([r.get(name, np.nan) for r in rows], dtype=np.float64)
    for name in (*contract.TOKEN_COLUMNS, "placed_at"):
        table[name] = np.array([r[name] for r in rows], dtype=np.int64)
    return table
