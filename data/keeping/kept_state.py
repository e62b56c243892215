"""Rows of the online state: read and written many at a time, for each question to a server is a journey."""

from collections.abc import Collection, Mapping
from typing import TypeAlias

from data.keeping.asked import rows_named
from data.keeping.database import Connection, is_sqlite

Pair: TypeAlias = tuple[str, str]
"""kind and key of a row of state"""

_WRITE = "INSERT INTO state {} ON CONFLICT (kind, key) DO UPDATE SET folded = excluded.folded"
_ON_FILE = _WRITE.format("VALUES (?, ?, ?)")
_ON_SERVER = _WRITE.format("SELECT * FROM unnest(?::text[], ?::text[], ?::bytea[])")


def state_of(connection: Connection, pairs: Collection[Pair]) -> dict[Pair, bytes]:
    """What is kept under these; a pair under which nothing is kept is left out."""
    rows = rows_named(connection, "kind, key, folded", "state", ("kind", "key"), pairs)
    return {(kind, key): folded for kind, key, folded in rows}


def keep_state(connection: Connection, rows: Mapping[Pair, bytes]) -> None:
    """Put rows of state, in the order of keys. Call within a transaction."""
    ordered = sorted(rows.items())
    if is_sqlite(connection):
        connection.executemany(_ON_FILE, ((kind, key, folded) for (kind, key), folded in ordered))
    elif ordered:
        kinds, keys, folded = zip(*((kind, key, folded) for (kind, key), folded in ordered), strict=True)
        connection.execute(_ON_SERVER, (list(kinds), list(keys), list(folded)))
