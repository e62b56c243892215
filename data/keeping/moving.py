"""A pool's tables from a server into a file of the same schema, and back: how a server's pools are backed up and
restored, and how a pool changes from one store to the other."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from data.errors import UsageError
from data.keeping.database import commit, get_meta, open_file, roll_back, set_meta
from data.keeping.postgres import Postgres
from data.keeping.schema import SCHEMA_VERSION, STEPS

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"


def to_file(server: Postgres, path: Path) -> None:
    """Everything the pool holds on the server, of one moment, as a new SQLite file."""
    file: Any = open_file(path)
    server.begin_reading()
    try:
        with closing(file), file:
            for table, columns in tables_of(file):
                names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
                file.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", server.stream(table, columns))
            for table, column in _numbered(file):
                file.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
                file.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, server.last_number(table, column)))
    finally:
        server.rollback()
    _in_one_file(path)


def bring(path: Path, url: str, pool: str, undone: ExitStack) -> Callable[[], None]:
    """A file's pool to the server at `url`. Call the answer when the installation around it is in place; until then
    `undone` takes it away again, and so does the next to bring it if this process is killed.

    Raises UsageError BK004 if the pool is there already.
    """
    server = Postgres(url, pool, read_only=False)
    undone.callback(server.close)
    if _is_left_over(server):
        server.drop()
    server.migrate(STEPS)
    to_server(path, server)
    undone.callback(server.drop)
    return partial(_settle, server)


def to_server(path: Path, server: Postgres) -> None:
    """Everything a file holds into the pool's tables on the server, which must be empty, in one transaction. A note
    beside it says that its installation is not in place yet.

    Raises UsageError BK004 if they hold something.
    """
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as file:
        server.begin()
        try:
            for table, columns in tables_of(file):
                if server.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None:
                    to_do = "name an empty database by RTO_DATABASE_URL; this one was not touched"
                    expected = "a schema without rows"
                    raise UsageError("BK004", server.where, got=f"rows in {table}", expected=expected, to_do=to_do)
                server.copy_in(table, columns, _rows(file, table, columns))
            for table, column in _numbered(file):
                last = file.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
                server.go_on_after(table, column, last[0] if last else 0)
            set_meta(server, _MOVING, _last_written(server))
            commit(server)
        except BaseException:
            roll_back(server)
            raise


_MOVING = "moving"
"""Name of the note that a pool was moved here, and its installation is not in place yet: how far it was written to."""


def _settle(server: Postgres) -> None:
    server.execute("DELETE FROM meta WHERE name = ?", (_MOVING,))
    server.close()


def _is_left_over(server: Postgres) -> bool:
    """Was the pool moved here by a process that ended before the installation was in place? Never if it was written to
    since: that is somebody's."""
    return server.version() == SCHEMA_VERSION and get_meta(server, _MOVING) == _last_written(server)


def _last_written(server: Postgres) -> str:
    last = "SELECT (SELECT COALESCE(MAX(seq), 0) FROM news), (SELECT COUNT(*) FROM decisions), (SELECT COUNT(*) FROM orders)"
    return ",".join(map(str, server.execute(last).fetchone() or ()))


def tables_of(file: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Every table and its columns."""
    names = [name for (name,) in file.execute(_TABLES).fetchall()]
    return [(name, tuple(row[1] for row in file.execute(f"PRAGMA table_info({name})"))) for name in names]


def _numbered(file: Any) -> list[tuple[str, str]]:
    """Tables whose rows are numbered by the database, and the column."""
    found = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
    return [(name, columns[0]) for (name,) in file.execute(found).fetchall()
            for table, columns in tables_of(file) if table == name]  # fmt: skip


def _rows(file: Any, table: str, columns: tuple[str, ...]) -> Iterator[Any]:
    yield from file.execute(f"SELECT {', '.join(columns)} FROM {table}")


def _in_one_file(path: Path) -> None:
    """Without a write-ahead log beside it: a backup's files are what its manifest names."""
    with closing(apsw.Connection(str(path))) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file.execute("PRAGMA journal_mode = DELETE")
