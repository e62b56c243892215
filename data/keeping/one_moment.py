"""Parts of transactions: a point to come back to, and many readings of one moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from data.keeping.database import Connection, is_sqlite, scalar


def savepoint(connection: Any) -> Callable[[bool], None]:
    """A point within a transaction; the answer ends it: back to it if what came after failed, else on."""
    connection.execute("SAVEPOINT job")

    def end(failed: bool) -> None:
        if failed:
            connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")

    return end


@contextmanager
def one_moment(connection: Any) -> Iterator[None]:
    """Everything read inside is of one moment, whatever a writer commits meanwhile."""
    if is_sqlite(connection):
        connection.execute("SAVEPOINT one_moment")
    else:
        connection.begin_reading()
    try:
        yield
    finally:
        if is_sqlite(connection):
            connection.execute("RELEASE one_moment")
        else:
            connection.rollback()


def commits_seen(connection: Connection) -> str:
    """Something that changes with every commit of others; asked of a connection that is in no transaction."""
    file = is_sqlite(connection)
    return str(scalar(connection, "PRAGMA data_version" if file else "SELECT pg_current_snapshot()::text"))
