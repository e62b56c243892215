"""News that waits for its order: kept, counted and told to the person, since the order may be imported later."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from data.keeping.database import open_database
from data.keeping.journal import LIVE
from data.news import NewsTable
from data.pool import Pool
from data.segments import Segment, read_orders_table

_IDS = ["merchant_id", "order_id"]


def of_unknown_orders(news: NewsTable, pool: Pool, earlier: Sequence[Segment]) -> int:
    """How many of these pieces of news belong to an order that no earlier import holds and that never came in live.
    earlier: the pool's segments."""
    waiting = news.select(_IDS)
    for segment in earlier:
        if len(waiting):
            waiting = _left(waiting, read_orders_table(segment, _IDS))
    return len(_left(waiting, _live(pool))) if len(waiting) else 0


def _left(waiting: NewsTable, orders: NewsTable) -> NewsTable:
    ids = [_together(table) for table in (waiting, orders)]
    return waiting.filter(pc.invert(pc.is_in(ids[0], ids[1])))


def _together(table: NewsTable) -> NewsTable:
    return pc.binary_join_element_wise(*(table[name].cast(pa.string()) for name in _IDS), "\0")


def _live(pool: Pool) -> NewsTable:
    connection = open_database(pool.database, read_only=True)
    try:
        rows = connection.execute("SELECT merchant_id, order_id FROM orders WHERE origin = ?", (LIVE,)).fetchall()
    finally:
        connection.close()
    columns = list(zip(*rows, strict=True)) or [(), ()]
    return pa.table([pa.array(column, pa.string()) for column in columns], names=_IDS)
