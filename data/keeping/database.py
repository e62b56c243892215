"""A pool's database: one SQLite file for each pool, or one schema for each on a PostgreSQL server; opened the one safe
way, created and migrated here.

A connection of either kind executes statements of one dialect (`?`, `?1` or `:name` for what is bound), and what the
two do differently is said by the functions of this file, `data/keeping/asked.py` and `data/keeping/kept_state.py`.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import apsw

from data.durable import writable
from data.errors import DataError
from data.keeping.schema import SCHEMA_VERSION, STEPS
from data.keeping.server import server_url


class Connection(Protocol):
    """What all rooms know of a database: `apsw.Connection` and `data.keeping.postgres.Postgres` are ones."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, statement: str, bindings: Any = ..., /) -> Any:
        """A cursor over the rows of the answer."""

    def executemany(self, statement: str, rows: Iterable[Any], /) -> Any: ...

    def close(self) -> None: ...


def is_sqlite(connection: Connection) -> bool:
    """Is this a file of SQLite? Else it is a server."""
    return isinstance(connection, apsw.Connection)


_PATIENCE_MS = 5_000
_WRITERS_KIB = 65_536  # of pages at most: news of any order reads and changes pages anywhere
_READERS_KIB = 16_384  # the inner pages over ten million keys, so that a key costs one page of the file
SAFE_SQLITE = 3_051_003  # older builds can corrupt a WAL database when two connections checkpoint and write at once


def open_database(path: Path, *, read_only: bool = False) -> Connection:
    """The pool's database, created or migrated if need be; an acknowledged write survives a power cut.

    path: of the SQLite file; on a server, the folder it lies in names the pool. Raises DataError DB001 if it was
    written by a newer version, DB003 if it is to be read and there is none, DB007 if it is to be migrated while
    somebody else writes to it; of a file DB002 if SQLite is too old to be safe, DB004 if it is something else, DB006 if
    its folder may only be read; of a
    server DB008 if it does not answer, DB009 if it is full or may only be read.
    """
    if (url := server_url()) is not None:
        return _on_server(url, path.parent.name, read_only)
    return open_file(path, read_only=read_only)


def has_database(path: Path) -> bool:
    """Is there a database for this pool? Creates none. Raises DataError DB008 if the server does not answer."""
    if server_url() is None:
        return path.exists()
    connection = server_as_it_is(path)
    try:
        return bool(connection.version())
    finally:
        connection.close()


def server_as_it_is(path: Path) -> Any:
    """The pool on the server, to be read, whatever its version."""
    from data.keeping.postgres import Postgres

    return Postgres(str(server_url()), path.parent.name, read_only=True)


def _on_server(url: str, pool: str, read_only: bool) -> Connection:
    from data.keeping.postgres import Postgres  # a tenth of a second, and only where it is used

    connection = Postgres(url, pool, read_only=read_only)
    try:
        connection.migrate(STEPS)
    except BaseException:
        connection.close()
        raise
    return connection


def open_file(path: Path, *, read_only: bool = False) -> Connection:
    """The SQLite file, created or migrated if need be (FULL: an acknowledged write is on disk)."""
    if apsw.apsw_version() and apsw.SQLITE_VERSION_NUMBER < SAFE_SQLITE:
        raise DataError("DB002", "SQLite", got=apsw.sqlite_lib_version(), expected="3.51.3 or newer",
                        to_do="install the locked versions: make test, or make demo")  # fmt: skip
    if read_only and not path.exists():
        raise DataError("DB003", str(path), got="no database", to_do="import a history first: rto import")
    with writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_PATIENCE_MS)
    try:
        with writable(path):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            _migrate(connection, path)
    except (apsw.NotADBError, DataError) as error:
        connection.close()
        if isinstance(error, DataError):
            raise
        to_do = "restore it from a backup, or move it away"
        raise DataError("DB004", str(path), got="no SQLite file", expected="a database", to_do=to_do) from error
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    hold_in_memory(connection, _READERS_KIB if read_only else _WRITERS_KIB)
    return connection


def _migrate(connection: Connection, path: Path) -> None:
    if (version := scalar(connection, "PRAGMA user_version")) == SCHEMA_VERSION:
        return
    with immediate(connection):
        version = scalar(connection, "PRAGMA user_version")  # another process may have been first
        if version > SCHEMA_VERSION:
            expected = f"version {SCHEMA_VERSION} or older"
            raise DataError(
                "DB001", str(path), got=f"schema version {version}", expected=expected, to_do="upgrade rto-risk"
            )
        for step in STEPS[version:]:
            connection.execute(step)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


WAIT_SECONDS = 600
Say: TypeAlias = Callable[[str], None]


@contextmanager
def immediate(connection: Connection, say: Say | None = None) -> Iterator[None]:
    """A transaction that takes the write lock at once: one that reads first and writes later can fail half-way.

    Raises DataError DB007 if somebody else holds it longer than the connection is patient; with `say` that is said
    aloud, and waited for ten minutes more.
    """
    begin_writing(connection, say)
    try:
        yield
        commit(connection)
    except BaseException:
        roll_back(connection)
        raise


def commit(connection: Connection) -> None:
    """End what `begin_writing` began: it is on disk."""
    if is_sqlite(connection):
        connection.execute("COMMIT")
    else:
        connection.commit()  # type: ignore[attr-defined]


def roll_back(connection: Connection) -> None:
    """End what `begin_writing` began: it never was. A commit that failed may have ended it, or not."""
    if not is_sqlite(connection):
        connection.rollback()  # type: ignore[attr-defined]
    elif connection.in_transaction:
        connection.execute("ROLLBACK")


def begin_writing(connection: Connection, say: Say | None = None) -> None:
    """Begin what `immediate` begins; the caller ends it."""
    if _begins(connection):
        return
    if say is None:
        raise _busy(connection, "to which somebody else is writing now")
    say("the pool's database is being written to: waiting until that has ended")
    if not _begins(connection, WAIT_SECONDS):
        raise _busy(connection, f"to which somebody else has been writing for {WAIT_SECONDS} seconds")


def _begins(connection: Any, seconds: float | None = None) -> bool:
    """seconds: how long to wait for a turn, where that is longer than usual."""
    try:
        if not is_sqlite(connection):
            connection.begin(seconds)
            return True
        if seconds is not None:
            connection.set_busy_timeout(int(seconds * 1000))
        connection.execute("BEGIN IMMEDIATE")
    except apsw.BusyError:
        return False
    except DataError as error:
        if error.code != "DB007":
            raise
        return False
    finally:
        if seconds is not None and is_sqlite(connection):
            connection.set_busy_timeout(_PATIENCE_MS)
    return True


def _busy(connection: Any, how_long: str) -> DataError:
    return DataError(
        "DB007",
        connection.filename if is_sqlite(connection) else connection.where,
        got=f"a database {how_long}",
        expected="a turn to write",
        to_do="see what holds it (a state rebuild, an import?), then try again",
    )


def hold_in_memory(connection: Connection, kib: int) -> None:
    """Let a file's pages be cached so far; a server knows by itself."""
    if is_sqlite(connection):
        connection.execute(f"PRAGMA cache_size = -{kib}")


def map_into_memory(connection: Connection, n_bytes: int) -> None:
    """Let a file that is only read be mapped."""
    if is_sqlite(connection):
        connection.execute(f"PRAGMA mmap_size = {n_bytes}")


def scalar(connection: Connection, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
    """The first column of the first row, or None."""
    row = connection.execute(sql, bindings).fetchone()
    return None if row is None else row[0]


KNOWN_THROUGH = "known_through"
"""Name of the note that says to which moment the imported history is complete."""
BUILT_FROM = "built_from"
"""Name of the note that says which segments the online state holds: their names, joined by commas."""


def get_meta(connection: Connection, name: str) -> str | None:
    value: str | None = scalar(connection, "SELECT value FROM meta WHERE name = ?", (name,))
    return value


def set_meta(connection: Connection, name: str, value: str) -> None:
    sql = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    connection.execute(sql, (name, value))
