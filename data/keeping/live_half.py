"""What a pool's database adds to its imports: live orders and news, and the opening balance; of one moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from data.keeping import export
from data.keeping.away import AWAY, folded_away
from data.keeping.database import Connection, has_database, open_database
from data.keeping.kept import ORDERS_SCHEMA, OrdersTable
from data.keeping.one_moment import one_moment
from data.keeping.opening import Opening, load_opening, stamp
from data.news import NEWS_SCHEMA, NewsTable
from data.pool import Pool

Stamp = tuple[str | None, int]


@dataclass(frozen=True, slots=True, eq=False)
class LiveHalf:
    """away: orders that the opening balance holds, and files may still hold.  stamp: changes with either."""

    orders: OrdersTable
    news: NewsTable
    opening: Opening | None
    away: Any
    stamp: Stamp


_NOTHING = LiveHalf(ORDERS_SCHEMA.empty_table(), NEWS_SCHEMA.empty_table(), None, AWAY.empty_table(), (None, 0))


def live_half(pool: Pool, through_seq: int | None = None) -> LiveHalf:
    """All of it; news up to a sequence number if one is given. Nothing without a database."""
    with _reading(pool) as connection:
        if connection is None:
            return _NOTHING
        with one_moment(connection):
            opening, away, marked = load_opening(connection), folded_away(connection), stamp(connection)
            return LiveHalf(*export.live_tables(connection, through_seq), opening, away, marked)


def stamp_of(pool: Pool) -> Stamp:
    """The stamp as it is now."""
    with _reading(pool) as connection:
        return _NOTHING.stamp if connection is None else stamp(connection)


@contextmanager
def _reading(pool: Pool) -> Iterator[Connection | None]:
    """The pool's database; None where there is none."""
    if not has_database(pool.database):
        yield None
        return
    connection = open_database(pool.database, read_only=True)
    try:
        yield connection
    finally:
        connection.close()
