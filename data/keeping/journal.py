"""Orders, news and pseudonyms in the pool's database: the live ledger's half of the history, and a copy of imports.

Imports live in Parquet segments; their copy here (origin = segment) lets the service look up one order. Rows of
origin "live" were acknowledged to a caller and can be neither changed nor deleted.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from data import contract
from data.arrival import MISSING, NEW
from data.errors import DataError
from data.history import Columns, Told
from data.keeping.adding import add_all_news, add_all_orders
from data.keeping.asked import array, asked, together
from data.keeping.database import Connection, is_sqlite, scalar
from data.keeping.ledger_rows import AS_TOLD, told_of
from data.keeping.ledger_rows import LIVE as LIVE
from data.keeping.ledger_rows import packed as packed
from data.keeping.ledger_rows import unpacked as unpacked

_FEW = 50  # up to so many tokens it is quicker to ask for each
_SAME_ORDER = "merchant_id = ? AND order_id = asked.value"
_PSEUDONYMS = "SELECT asked.rowid - 1, pseudonym FROM {} JOIN pseudonyms ON kind = ? AND token = asked.value"
_ALL_PSEUDONYMS = """SELECT json_group_array(asked.key), json_group_array(pseudonym) FROM json_each(?) AS asked
CROSS JOIN pseudonyms ON kind = asked.value ->> 0 AND token = unhex(asked.value ->> 1)"""
_ALL_ON_SERVER = """SELECT place - 1, pseudonym FROM unnest(?::text[], ?::bytea[]) WITH ORDINALITY AS asked (kind, token, place)
INNER JOIN pseudonyms USING (kind, token)"""
_ADD_PSEUDONYMS = "INSERT INTO pseudonyms (kind, token) SELECT ?, value FROM carray(?)"  # in the order of the array
_ADD_ON_SERVER = """INSERT INTO pseudonyms (kind, token) SELECT ?, value
FROM unnest(?::bytea[]) WITH ORDINALITY AS asked (value, place) ORDER BY place RETURNING token, pseudonym"""


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


def find_all_pseudonyms(
    connection: Connection, tokens: dict[str, list[bytes | None]]
) -> dict[str, "np.ndarray[Any, Any]"]:  # fmt: skip
    """`find_pseudonyms` of several kinds at once: the tokens of each."""
    if is_sqlite(connection) and all(len(own) == 1 for own in tokens.values()):
        return _of_one(connection, tokens)
    wanted = list(dict.fromkeys((kind, one) for kind, own in tokens.items() for one in own if one is not None))
    known = dict(_all_known(connection, wanted)) if wanted else {}
    return {
        kind: np.array([MISSING if t is None else known.get((kind, t), NEW) for t in own], dtype=np.int64)
        for kind, own in tokens.items()
    }


def _of_one(connection: Connection, tokens: dict[str, list[bytes | None]]) -> dict[str, "np.ndarray[Any, Any]"]:
    """One token of each kind, in a file: nothing is found under a missing one."""
    told = [own[0] for own in tokens.values()]
    [found] = connection.execute(_one_statement(tuple(tokens)), told)
    return {
        kind: np.array([MISSING if token is None else NEW if known is None else known], dtype=np.int64)
        for kind, token, known in zip(tokens, told, found, strict=True)
    }


@lru_cache(maxsize=4)
def _one_statement(kinds: tuple[str, ...]) -> str:
    return "SELECT " + ", ".join(
        f"(SELECT pseudonym FROM pseudonyms WHERE kind = '{one}' AND token = ?)" for one in kinds
    )


def _all_known(connection: Connection, wanted: list[tuple[str, bytes]]) -> Iterator[tuple[tuple[str, bytes], int]]:
    if is_sqlite(connection):
        told = orjson.dumps([[kind, token.hex()] for kind, token in wanted]).decode()
        [found] = connection.execute(_ALL_PSEUDONYMS, (told,))
        places, pseudonyms = map(orjson.loads, found)
    else:
        rows = connection.execute(_ALL_ON_SERVER, tuple(map(list, zip(*wanted, strict=True)))).fetchall()
        places, pseudonyms = zip(*rows, strict=True) if rows else ((), ())
    return ((wanted[place], pseudonym) for place, pseudonym in zip(places, pseudonyms, strict=True))


def unseen(_: str, tokens: list[bytes | None]) -> "np.ndarray[Any, Any]":
    """As `find_pseudonyms` where no token was ever seen; for when none can be looked up."""
    return np.array([MISSING if t is None else NEW for t in tokens], dtype=np.int64)


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


def add_news(connection: Connection, told: Told, origin: str) -> bool:
    """`add_all_news` of one piece. Raises the DataError it would be refused with."""
    [kept] = add_all_news(connection, [told], origin)
    if isinstance(kept, DataError):
        raise kept
    return kept.new


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


def news_as_of(
    connection: Connection, merchant_id: str, order_id: str, through_seq: int, origins: frozenset[str]
) -> list[Told]:
    """The news of one order that a state held which was built from the imports `origins` and had heard what came in live
    up to `through_seq`. An import's copy is numbered anew by each rebuild, so that its number says nothing."""
    sql = f"SELECT seq, origin, {AS_TOLD} FROM news WHERE merchant_id = ? AND order_id = ?"
    rows = connection.execute(sql, (merchant_id, order_id))
    held = (row for row in rows if row[1] in origins or (row[1] == LIVE and row[0] <= through_seq))
    return [told_of(row[2:]) for row in held]


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


def as_table(rows: list[dict[str, Any]]) -> Columns:
    """Kept columns of several orders as arrays of the contract's types."""
    nan = float("nan")
    texts = np.array([[r[name] for r in rows] for name in contract.KEPT_TEXT], dtype=object)
    numbers = np.array([[r.get(name, nan) for r in rows] for name in contract.KEPT_NUMBERS], dtype=np.float64)
    whole = np.array([[r[name] for r in rows] for name in _WHOLE], dtype=np.int64)
    table: Columns = dict(zip(contract.KEPT_TEXT, texts, strict=True))
    return table | dict(zip(contract.KEPT_NUMBERS, numbers, strict=True)) | dict(zip(_WHOLE, whole, strict=True))


_WHOLE = (*contract.TOKEN_COLUMNS, "placed_at")
