"""Space that deleted and changed rows took: written anew without them, so that nothing is found on disk that was erased.

SQLite keeps old bytes in free pages and in the write-ahead log, a server in pages of the table: VACUUM writes a file (a
server: FULL, each table) that holds what counts, and the log is cut. A server's own log of changes and its backups are
beyond a client; docs/operations.md says what to do with them.
"""

import time
from typing import Any

import apsw

from data.errors import DataError
from data.keeping.database import Connection, is_sqlite

_TABLES = ("pseudonyms", "orders", "news", "decisions", "answered", "state", "opening")
_PATIENCE_S = 30.0


def give_back(connection: Connection, patience_s: float = _PATIENCE_S) -> None:
    """Write the database anew. Readers of a file go on; those of a server wait for each table in turn.

    Raises DataError DB011 if somebody reads without end.
    """
    if not is_sqlite(connection):
        for table in _TABLES:
            connection.execute(f"VACUUM FULL {table}")
        connection.execute("CHECKPOINT")
        return
    end = time.monotonic() + patience_s
    written = False
    while not (written := written or _written(connection)) or _busy(connection):
        if time.monotonic() > end:
            got = f"readers that did not end within {patience_s:g} seconds"
            raise DataError("DB011", getattr(connection, "filename", ""), got=got, expected="a moment without one",
                            to_do="the rows are erased; give the same command again for the space they took")  # fmt: skip
        time.sleep(0.05)


def _written(connection: Any) -> bool:
    try:
        connection.execute("VACUUM")
    except apsw.BusyError:
        return False
    return True


def _busy(connection: Any) -> bool:
    [(busy, _, _)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return bool(busy)
