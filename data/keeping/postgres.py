"""A pool's tables on a PostgreSQL server: what `data/keeping/database.py` promises, kept by psycopg.

SQL is written once, in SQLite's words as far as both know them: bindings and table definitions are translated here.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from psycopg import pq, sql
from psycopg.types.array import ListBinaryDumper

from data.errors import DataError
from data.keeping.postgres_words import PREFIX, TOOLS, defined, down, lock_of, schema_of, told, translated

_PATIENCE_S = 5.0
_CONNECT_S = 2
_AGAIN_AFTER_S = 0.5  # a server that does not answer is not asked again for so long: scoring must not wait for it

_COPY_HEAD, _COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


class Postgres:
    """One connection to a pool's schema; opened again by itself when it was lost between transactions."""

    patience_s = _PATIENCE_S

    def __init__(self, url: str, pool: str, *, read_only: bool) -> None:
        """Raises DataError DB008 if the server does not answer."""
        self.url, self.schema, self.read_only = url, schema_of(pool), read_only
        self._failed_at = float("-inf")
        self._raw = self._connected()

    @property
    def where(self) -> str:
        """The database and schema, without the password."""
        return f"PostgreSQL database {self._raw.info.dbname}, schema {self.schema}"

    def _connected(self) -> "psycopg.Connection[Any]":
        if time.monotonic() - self._failed_at < _AGAIN_AFTER_S:
            raise down("no answer a moment ago")
        options = f"-c synchronous_commit=on -c default_transaction_read_only={'on' if self.read_only else 'off'}"
        try:
            made = psycopg.connect(
                self.url, autocommit=True, connect_timeout=_CONNECT_S, options=options, application_name="rto-risk",
                cursor_factory=psycopg.Cursor,
                # a host that vanished says nothing: after some ten seconds whoever waits for it fails, and connects again
                keepalives_idle=5, keepalives_interval=2, keepalives_count=3, tcp_user_timeout=5_000,
            )  # fmt: skip
            made.adapters.register_dumper(list, ListBinaryDumper)  # as text, a thousand states take a fifth of a second
            with made.cursor() as cursor:
                cursor.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(self.schema)))
        except psycopg.Error as error:
            self._failed_at = time.monotonic()
            raise down(type(error).__name__) from error
        return made

    @property
    def in_transaction(self) -> bool:
        return self._raw.info.transaction_status in (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR)

    def execute(self, statement: str, bindings: Any = ()) -> "psycopg.Cursor[Any]":
        """Run one statement of the common dialect. Its rows come from the cursor.

        Raises DataError DB007, DB008, DB009 or DB010 if the server is busy, gone, full or read-only, or refuses it.
        """
        text, numbered = translated(statement)
        if numbered:
            bindings = {f"p{i}": value for i, value in enumerate(bindings, start=1)}
        return self._run(text, bindings) if bindings else self._run(statement)

    def executemany(self, statement: str, rows: Iterable[Any]) -> None:
        text = translated(statement)[0]
        cursor = self._cursor()
        try:
            cursor.executemany(text.encode(), rows)
        except psycopg.Error as error:
            raise told(error) from error

    def _cursor(self, binary: bool = True) -> "psycopg.Cursor[Any]":
        if self._raw.closed:
            self._raw = self._connected()
        return self._raw.cursor(binary=binary)

    def _run(self, text: str, bindings: Any = None) -> "psycopg.Cursor[Any]":
        """Without bindings, several statements may follow each other."""
        cursor = self._cursor(binary=bindings is not None)
        try:
            return cursor.execute(text.encode(), bindings)
        except psycopg.Error as error:
            raise told(error) from error

    def begin(self, seconds: float | None = None) -> None:
        """Begin to write, alone: one at a time writes to a pool, whatever process it lives in.

        Raises DataError DB007 if the turn did not come in so many seconds.
        """
        patience = int((self.patience_s if seconds is None else seconds) * 1000)
        turn = f"SET LOCAL lock_timeout = {patience}; SELECT pg_advisory_xact_lock({lock_of(self.schema)})"
        try:
            self._run(f"BEGIN; {turn}")
        except DataError:
            self.rollback()
            raise

    def commit(self) -> None:
        self._run("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self._run("ROLLBACK")

    def begin_reading(self) -> None:
        """What is read until the commit is of one moment."""
        self._run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def migrate(self, steps: tuple[str, ...]) -> None:
        """Bring the schema up to the last step. Raises DataError DB001 if a newer version wrote it, DB003 if it is to
        be read and there is none."""
        if (version := self.version()) == len(steps):
            return
        if self.read_only and version == 0:
            raise DataError("DB003", self.where, got="no tables", to_do="import a history first: rto import")
        if version > len(steps):
            expected = f"version {len(steps)} or older"
            raise DataError(
                "DB001", self.where, got=f"schema version {version}", expected=expected, to_do="upgrade rto-risk"
            )
        if self.read_only:  # as SQLite does: what is older is brought up to date by whoever opens it first
            writer = Postgres(self.url, self.schema.removeprefix(PREFIX), read_only=False)
            writer.migrate(steps)
            writer.close()
            return
        self.begin()
        try:
            if (version := self.version()) == 0:
                self._raw.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(self.schema)))
                self._run(TOOLS)
            for step in steps[version:]:
                self._run(defined(step))
            self._run(f"UPDATE schema_version SET version = {len(steps)}")
            self.commit()
        except psycopg.Error as error:
            self.rollback()
            raise told(error) from error
        except BaseException:
            self.rollback()
            raise

    def version(self) -> int:
        """Of the schema as it is; 0 where there is none."""
        there = self._run("SELECT to_regclass('schema_version') IS NOT NULL").fetchone()
        if not (there and there[0]):
            return 0
        row = self._run("SELECT version FROM schema_version").fetchone()
        return 0 if row is None else int(row[0])

    def copy_in(self, table: str, columns: tuple[str, ...], rows: Iterable[Any]) -> None:
        """Many rows at once, into an empty table."""
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        try:
            with self._cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:
            raise told(error) from error

    def copy_binary(self, table: str, columns: tuple[str, ...], pieces: Iterable[Any]) -> None:
        """Many rows at once, each piece some of them in the format of a binary COPY, without its head and its end."""
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table), names)
        try:
            with self._cursor() as cursor, cursor.copy(statement) as copy:
                copy.write(_COPY_HEAD)
                for piece in pieces:
                    copy.write(piece)
                copy.write(_COPY_END)
        except psycopg.Error as error:
            raise told(error) from error

    def stream(self, table: str, columns: tuple[str, ...]) -> Iterator[Any]:
        """Every row of a table, some at a time."""
        statement = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
        )
        try:
            with self._raw.cursor(name="stream", binary=True) as cursor:
                cursor.itersize = 5_000
                cursor.execute(statement)
                yield from cursor
        except psycopg.Error as error:
            raise told(error) from error

    def last_number(self, table: str, column: str) -> int:
        """The last number the database gave to a row; 0 before the first."""
        found = "SELECT last_value FROM pg_sequences WHERE schemaname = %s AND sequencename = %s"
        row = self._run(found, (self.schema, f"{table}_{column}_seq")).fetchone()
        return int(row[0] or 0) if row else 0

    def go_on_after(self, table: str, column: str, number: int) -> None:
        """Number further rows from here."""
        self._run("SELECT setval(%s::regclass, %s, %s)", (f"{table}_{column}_seq", max(number, 1), number > 0))

    def drop(self) -> None:
        """The pool's schema with everything in it, at once."""
        self._raw.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(self.schema)))

    def close(self) -> None:
        self._raw.close()
