"""News that waits for its order: kept, counted and told to the person, since the order may be imported later."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.database import open_database
from data.journal import LIVE
from data.news import NewsTable
from data.pool import Pool
from data.segments import list_segments

_IDS = ["merchant_id", "order_id"]


def of_unknown_orders(news: NewsTable, pool: Pool) -> int:
    """How many of these pieces of news belong to an order that no earlier import holds and that never came in live."""
    waiting = news.select(_IDS)
    for segment in list_segments(pool):
        if len(waiting):
            waiting = _left(waiting, pq.read_table(segment.folder / "orders.parquet", columns=_IDS))
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
