"""Many values asked for in one statement, and many rows answered in one: SQLite and PostgreSQL say it differently."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import apsw

from data.keeping.database import Connection, is_sqlite


def asked(connection: Connection, kind: str = "text") -> str:
    """What stands in FROM for an array that is bound: rows `asked` of rowid (from 1) and value. A JOIN follows.

    kind: of the values, as PostgreSQL calls it: text or bytea. The join is crossed in SQLite, so that it goes from
    what is asked to the table and never scans the table for each value.
    """
    if is_sqlite(connection):
        return "carray(?) AS asked CROSS"
    return f"unnest(?::{kind}[]) WITH ORDINALITY AS asked (value, rowid) INNER"


def array(connection: Connection, values: Sequence[Any]) -> Any:
    """The array to bind."""
    return apsw.carray(tuple(values)) if is_sqlite(connection) else list(values)


def together(connection: Connection, column: str) -> str:
    """A column of all rows as one JSON array."""
    if is_sqlite(connection):
        return f"json_group_array({column})"
    if column.startswith("json_extract"):  # JSON already
        return f"COALESCE('[' || string_agg({column}, ',' ORDER BY asked.rowid) || ']', '[]')"
    return f"COALESCE(json_agg({column} ORDER BY asked.rowid)::text, '[]')"


def rows_named(
    connection: Connection, wanted: str, table: str, names: Sequence[str], asked_for: Collection[tuple[str, ...]]
) -> Iterator[Any]:
    """Columns of every row whose `names` (text) are one of those asked for: one question to a server, for each is a
    journey; a file is asked for each."""
    if is_sqlite(connection):
        sql = f"SELECT {wanted} FROM {table} WHERE {' AND '.join(f'{name} = ?' for name in names)}"
        for one in asked_for:
            yield from connection.execute(sql, one)
    elif asked_for:
        arrays = ", ".join("?::text[]" for _ in names)
        sql = f"SELECT {wanted} FROM unnest({arrays}) AS asked ({', '.join(names)}) JOIN {table} USING ({', '.join(names)})"
        yield from connection.execute(sql, tuple(list(column) for column in zip(*asked_for, strict=True))).fetchall()


def add_rows(connection: Connection, table: str, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows in their order. columns: of each its kind, as PostgreSQL calls it."""
    names = ", ".join(columns)
    if is_sqlite(connection):
        connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' for _ in columns)})", rows)
    elif rows:
        arrays = ", ".join(f"?::{kind}[]" for kind in columns.values())
        sql = (
            f"INSERT INTO {table} ({names}) SELECT {names} FROM unnest({arrays}) "
            f"WITH ORDINALITY AS told ({names}, place) ORDER BY place"
        )
        connection.execute(sql, tuple(list(column) for column in zip(*rows, strict=True)))
