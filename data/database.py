"""One SQLite file for each pool: opened the one safe way, created and migrated here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import apsw

from data.errors import DataError

Connection: TypeAlias = apsw.Connection

_PATIENCE_MS = 5_000
SAFE_SQLITE = 3_051_003  # older builds can corrupt a WAL database when two connections checkpoint and write at once

_SCHEMA = """
CREATE TABLE pseudonyms (
  pseudonym INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, token BLOB NOT NULL, UNIQUE (kind, token)
);
CREATE TABLE orders (
  merchant_id TEXT NOT NULL, order_id TEXT NOT NULL, placed_at INTEGER NOT NULL, origin TEXT NOT NULL,
  columns TEXT NOT NULL, PRIMARY KEY (merchant_id, order_id)
) WITHOUT ROWID;
CREATE TABLE news (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, merchant_id TEXT NOT NULL, order_id TEXT NOT NULL, source TEXT NOT NULL,
  event_id TEXT NOT NULL, type TEXT NOT NULL, happened_at INTEGER NOT NULL, known_at INTEGER NOT NULL,
  reason TEXT, details TEXT, origin TEXT NOT NULL, UNIQUE (merchant_id, source, event_id)
);
CREATE INDEX news_of_order ON news (merchant_id, order_id);
CREATE INDEX orders_by_time ON orders (merchant_id, placed_at);
CREATE TABLE decisions (
  decision_id TEXT PRIMARY KEY, merchant_id TEXT NOT NULL, order_id TEXT, checkout_id TEXT,
  scored_at INTEGER NOT NULL, folded_through INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX decisions_of_merchant ON decisions (merchant_id, scored_at);
CREATE TABLE state (kind TEXT NOT NULL, key TEXT NOT NULL, folded BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TRIGGER news_is_append_only BEFORE UPDATE ON news WHEN OLD.origin = 'live'
  BEGIN SELECT RAISE(ABORT, 'news is append-only'); END;
CREATE TRIGGER live_news_stays BEFORE DELETE ON news WHEN OLD.origin = 'live'
  BEGIN SELECT RAISE(ABORT, 'news is append-only'); END;
CREATE TRIGGER orders_are_immutable BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'orders are immutable'); END;
CREATE TRIGGER decisions_are_immutable BEFORE UPDATE ON decisions
  BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decisions_stay BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
"""
_CHECKOUTS = """
CREATE TABLE checkouts (
  merchant_id TEXT NOT NULL, order_id TEXT NOT NULL, checkout_id TEXT NOT NULL, PRIMARY KEY (merchant_id, order_id)
) WITHOUT ROWID;
CREATE INDEX orders_of_checkout ON checkouts (merchant_id, checkout_id);
CREATE INDEX decisions_of_checkout ON decisions (merchant_id, checkout_id) WHERE checkout_id IS NOT NULL;
CREATE INDEX decisions_of_order ON decisions (merchant_id, order_id) WHERE order_id IS NOT NULL;
CREATE TRIGGER checkouts_are_immutable BEFORE UPDATE ON checkouts
  BEGIN SELECT RAISE(ABORT, 'an order keeps its checkout'); END;
CREATE TRIGGER checkouts_stay BEFORE DELETE ON checkouts
  BEGIN SELECT RAISE(ABORT, 'an order keeps its checkout'); END;
"""
_ANSWERED = """
CREATE TABLE answered (
  merchant_id TEXT NOT NULL, key TEXT NOT NULL, made_at INTEGER NOT NULL, asked TEXT NOT NULL, status INTEGER NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY (merchant_id, key)
);
CREATE INDEX answered_by_time ON answered (made_at);
"""
_STEPS = (_SCHEMA, _CHECKOUTS, _ANSWERED)
"""What brings a file from version 0 to 1, from 1 to 2, ... A published step never changes: a change is a new step."""
SCHEMA_VERSION = len(_STEPS)


def open_database(path: Path, *, read_only: bool = False) -> Connection:
    """The pool's database, created or migrated if need be; an acknowledged write survives a power cut (FULL).

    Raises DataError DB001 if the file was written by a newer version, DB002 if SQLite is too old to be safe, DB003 if
    it is to be read and there is none, DB004 if the file is something else, DB007 if it is to be migrated while
    somebody else writes to it.
    """
    if apsw.apsw_version() and apsw.SQLITE_VERSION_NUMBER < SAFE_SQLITE:
        raise DataError("DB002", "SQLite", got=apsw.sqlite_lib_version(), expected="3.51.3 or newer")
    if read_only and not path.exists():
        raise DataError("DB003", str(path), got="no database", to_do="import a history first: rto import")
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_PATIENCE_MS)
    try:
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
        for step in _STEPS[version:]:
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
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a COMMIT that failed may have ended it, or not
            connection.execute("ROLLBACK")
        raise


def begin_writing(connection: Connection, say: Say | None = None) -> None:
    """Begin what `immediate` begins; the caller ends it."""
    if _begins(connection):
        return
    if say is None:
        raise _busy(connection, "to which somebody else is writing now")
    say("the pool's database is being written to: waiting until that has ended")
    connection.set_busy_timeout(WAIT_SECONDS * 1000)
    try:
        if not _begins(connection):
            raise _busy(connection, f"to which somebody else has been writing for {WAIT_SECONDS} seconds")
    finally:
        connection.set_busy_timeout(_PATIENCE_MS)


def _begins(connection: Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except apsw.BusyError:
        return False
    return True


def _busy(connection: Connection, how_long: str) -> DataError:
    return DataError(
        "DB007",
        connection.filename,
        got=f"a database {how_long}",
        expected="a turn to write",
        to_do="see what holds it (a state rebuild, an import?), then try again",
    )


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
