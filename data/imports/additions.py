"""What an import adds to what its pool holds already: judged before anything is written."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from data.arrival import MISSING
from data.contract import MEASURED
from data.errors import DataError
from data.files import matching
from data.history import Array, Columns
from data.keeping import kept
from data.keeping.live_half import live_half
from data.news import EVENT, NewsTable, is_erased, require_same_content
from data.pool import Pool
from data.segments import ORDER_KEY, Segment, list_segments, live_history, read_news, read_orders_table


def new_orders(pool: Pool, orders: Columns, earlier: Sequence[Segment] | None = None) -> Columns:
    """The orders that no earlier segment holds. What the earlier told and this one no longer does stays as it was.
    earlier: the pool's segments as listed already.

    Raises DataError DQ008, naming the columns and the segment, if an order is told again with another value.
    """
    own, new = kept.table_of({name: orders[name] for name in ORDER_KEY}), np.arange(len(orders["order_id"]))
    changed: dict[int, tuple[list[str], Segment]] = {}
    for segment in list_segments(pool) if earlier is None else earlier:
        ids = read_orders_table(segment, ORDER_KEY)
        keys = matching.keys_of([ids, own.take(pa.array(new))], ORDER_KEY[:1], ORDER_KEY[1])
        found = matching.matches(keys, len(ids))
        again = found >= 0
        if again.any():
            changed |= {i: (names, segment) for i, names in _changed(segment, found[again], orders, new[again]).items()}
            new = new[~again]
    if changed:
        first = min(changed)
        raise _changed_order(orders["order_id"][first], *changed[first])
    return orders if len(new) == len(own) else {name: column[new] for name, column in orders.items()}


def not_folded_away(pool: Pool, orders: Columns) -> Columns:
    """The orders placed since the opening balance begins: of older ones nobody can say whether it holds them already."""
    opening = live_half(pool).opening
    if opening is None:
        return orders
    return {name: column[orders["placed_at"] >= opening.since] for name, column in orders.items()}


def _changed(segment: Segment, held: Array, orders: Columns, rows: Array) -> dict[int, list[str]]:
    """The first of `rows` that tells another value than the segment's row in `held`, and the columns that do."""
    before = read_orders_table(segment).take(pa.array(held))
    columns = [name for name in orders if name in before.column_names and name not in MEASURED]
    pairs = {name: (kept.columns_of(before.select([name]))[name], orders[name][rows]) for name in columns}
    differs = {name: _told(one) & _told(other) & (one != other) for name, (one, other) in pairs.items()}
    wrong = np.flatnonzero(np.logical_or.reduce(list(differs.values())))
    return {int(rows[i]): [name for name in columns if differs[name][i]] for i in wrong[:1]}


def _told(column: Array) -> Array:
    told: Array = column != np.array(None) if column.dtype == object else ~np.isnan(column) & (column != MISSING)
    return told


def _changed_order(order_id: str, columns: list[str], segment: Segment) -> DataError:
    return DataError(
        "DQ008",
        f"order {order_id!r}",
        got=f"another {', '.join(columns)} than in an earlier import, segment {segment.name}",
        expected="the same: an order never changes after it was placed",
        to_do="map what the export overwrites later as overwritten; tell later changes as news. If the earlier import was "
        f"wrong, take it out: move {segment.folder} away, import again, rto state rebuild (docs/mappings.md)",
    )


def new_news(pool: Pool, news: NewsTable, earlier: Sequence[Segment] | None = None) -> NewsTable:
    """The news that adds something: never told before, or known earlier than was told before.

    news: each piece once (`data/news.py`).  earlier: the pool's segments as listed already. Raises DataError DQ014 if an
    event id was told before with other content: found here, not at the next loading.
    """
    known_before = np.full(len(news), np.iinfo(np.int64).max)
    sources = [live_history(pool)[1], *(list_segments(pool) if earlier is None else earlier)]
    names = [_names(source) for source in sources]
    if not sum(map(len, names)):
        return news
    keys = matching.keys_of([news, *names], EVENT[:2], EVENT[2])
    ends = np.cumsum([len(table) for table in names])
    found = np.split(matching.matches(keys, len(news)), ends[:-1])
    for source, rows in zip(sources, found, strict=True):
        _hear(news, source, rows, known_before)
    fresh = np.array(news["known_at"], dtype=np.int64) < known_before
    return news if fresh.all() else news.filter(pa.array(fresh))


def _names(source: Any) -> NewsTable:
    """What names each piece of news that came in live, or in a segment."""
    return read_news(source, EVENT) if isinstance(source, Segment) else source.select(EVENT)


def _hear(news: NewsTable, source: Any, found: Array, known_before: Array) -> None:
    """Note since when earlier news was known that is told again; what came in live is known for good.

    found: for each piece of the source the row of the new table that tells it again, or -1.
    """
    again = np.flatnonzero(found >= 0)
    if not len(again):
        return
    again = again[np.argsort(found[again], kind="stable")]  # a refusal names the first
    held = (read_news(source) if isinstance(source, Segment) else source).take(pa.array(again))
    rows = found[again]
    require_same_content(pa.concat_tables([news, held]), rows, len(news) + np.arange(len(rows)))
    settled = np.array(held["live"], dtype=bool) | is_erased(held)
    known_at = np.where(settled, np.iinfo(np.int64).min, np.array(held["known_at"]))
    np.minimum.at(known_before, rows, known_at)
