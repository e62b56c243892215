"""Many values asked for in one statement, and many rows answered in one: SQLite and PostgreSQL say it differently."""

from collections.abc import Sequence
from typing import Any

import apsw

from data.database import Connection, is_sqlite


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
