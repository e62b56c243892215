"""One row of the online state: read, and changed within a transaction. A file is asked at once; what goes to a server
is held until the commit (`data/held_state.py`), for each question is a journey."""

from collections.abc import Iterable
from typing import Any

from data.database import Connection, is_sqlite, scalar
from data.held_state import Pair


def have_at_hand(connection: Any, pairs: Iterable[Pair]) -> None:
    """These rows will be asked for: one question to a server, none to a file."""
    if not is_sqlite(connection):
        connection.fetch_state(pairs)


def state_of(connection: Any, kind: str, key: str) -> bytes | None:
    """A row of state as the transaction sees it, for who changes it; None where there is none."""
    if not is_sqlite(connection):
        held: bytes | None = connection.state((kind, key))
        return held
    sql = "SELECT folded FROM state WHERE kind = ? AND key = ?"
    blob: bytes | None = scalar(connection, sql, (kind, key))
    return blob


def keep_state(connection: Any, kind: str, key: str, folded: bytes) -> None:
    """Put a row of state. Call within a transaction."""
    if not is_sqlite(connection):
        connection.put_state((kind, key), folded)
        return
    sql = "INSERT INTO state VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET folded = excluded.folded"
    connection.execute(sql, (kind, key, folded))


def load_rows(connection: Connection, rows: Iterable[tuple[str, str, bytes]]) -> None:
    """Put many rows that are not there yet. Call within a transaction."""
    if is_sqlite(connection):
        connection.executemany("INSERT INTO state VALUES (?, ?, ?)", rows)
    else:
        connection.copy_in("state", ("kind", "key", "folded"), rows)  # type: ignore[attr-defined]
