"""Building a history from orders and a table of news, column by column: no Python object for a piece of news.

Building it twice from the same news in any order gives the same arrays.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from data import contract
from data.contract import NewsType
from data.files import matching
from data.files.matching import Keys
from data.history import PLACE_AND_ADDRESS, Array, Columns, History
from data.keeping import kept

_CORRECTION = NewsType.CORRECTION.name.lower()


@dataclass(frozen=True, slots=True)
class Meant:
    """Which order each piece of news means. keys: of orders, then news.  order: (k,) row of the order, -1 unknown.
    placed_at: (n,) of the orders as the fold takes it."""

    keys: Keys
    order: Array
    placed_at: Array

    @property
    def order_placed_at(self) -> Array:
        """(k,) when the order of each piece of news was placed; NaN where nobody placed it."""
        placed_at: Array = np.append(self.placed_at.astype(np.float64), np.nan)[self.order]  # the last one for -1
        return placed_at


def orders_meant(orders: Columns, news: Any) -> Meant:
    """Find the order of each piece of news."""
    ids = kept.table_of({name: orders[name] for name in ("merchant_id", "order_id")})
    keys = matching.keys_of([ids, news], ("merchant_id",), "order_id")
    order = matching.matches(keys, len(ids))
    return Meant(keys, order, _never_after_told(orders["placed_at"], order, news))


def build_history(orders: Columns, news: Any, known_through: int, meant: Meant | None = None) -> History:
    """Sort, index and resolve. `news` must already be counted `once`. News of unknown orders is left out.

    meant: what `orders_meant` says of the same orders and news, where it is known already.
    """
    meant = meant or orders_meant(orders, news)
    by_time = _order_of_orders(meant.placed_at, meant.keys)
    place = np.empty(len(by_time) + 1, dtype=np.int64)
    place[by_time], place[-1] = np.arange(len(by_time)), -1
    start, rows, rank = _order_of_news(place[meant.order], news, len(by_time))
    named = news.select(["event_id", "source"]).take(pa.array(rows))
    columns, corrected = _news_columns(news, rows, named, start, rank)
    orders = {name: column[by_time] for name, column in (orders | {"placed_at": meant.placed_at}).items()}
    return History(orders, corrected, start, columns, named, known_through)


def numbers_of(column: Any) -> Array:
    """An Arrow column of whole numbers as an array of its own, to be written to."""
    return np.array(column, dtype=np.int64)


def _never_after_told(placed_at: Array, row: Array, news: Any) -> Array:
    """placed_at for the fold: a live caller's clock may run ahead of ours, and no order is told before it is placed."""
    types, names = matching.coded(news["type"])
    told = (types == names.index("placed")) & (row >= 0) if "placed" in names else np.zeros(len(row), dtype=bool)
    first = placed_at.copy()
    np.minimum.at(first, row[told], numbers_of(news["known_at"])[told])
    return first


def _order_of_orders(placed_at: Array, keys: Keys) -> Array:
    """(n,) rows by (placed_at, merchant, order id): sorted by time, then only what was placed at one instant."""
    rows = np.argsort(placed_at, kind="stable")
    starts = np.flatnonzero(np.diff(placed_at[rows], prepend=placed_at[rows[:1]] - 1))
    return matching.sort_within(np.append(starts, len(rows)), rows, placed_at, keys)


def _order_of_news(row: Array, news: Any, n_orders: int) -> tuple[Array, Array, Array]:
    """(start, rows of the news by order and known_at, rank): ties, and the rank, go by (source, event_id).

    rank: place of each event among its order's, a tie-break that ignores arrival.
    """
    keys = matching.keys_of([news], ("source",), "event_id")
    start, rows = matching.grouped(row, n_orders)
    known_at = numbers_of(news["known_at"])
    rows = matching.sort_within(start, rows, known_at, keys)
    by_id = matching.sort_within(start, rows, np.zeros_like(known_at), keys)
    place_by_id = np.empty(len(row), dtype=np.int64)
    place_by_id[by_id] = np.arange(len(rows))
    return start, rows, place_by_id[rows] - start[row[rows]]


def _news_columns(news: Any, rows: Array, named: Any, start: Array, rank: Array) -> tuple[Columns, Columns]:
    n = len(rows)
    columns: Columns = {
        "type": _meaning(news["type"], contract.news_type)[rows],
        "happened_at": numbers_of(news["happened_at"])[rows],
        "known_at": numbers_of(news["known_at"])[rows],
        "reason": _meaning(news["reason"], contract.reason)[rows],
        "rank": rank,
        "action": np.full(n, -1, dtype=np.int64),
        "voids": np.full(n, -1, dtype=np.int64),
        "version": np.zeros(n, dtype=np.int64),
    }
    corrected: dict[str, list[Any]] = {name: [] for name in ("row", *PLACE_AND_ADDRESS)}
    detailed = np.flatnonzero(news["details"].is_valid().to_numpy()[rows])
    owner = np.searchsorted(start, detailed, side="right") - 1
    some = news.select(["type", "source", "details"]).take(pa.array(rows[detailed])).to_pylist()
    for i, order, one in zip(detailed.tolist(), owner.tolist(), some, strict=True):
        _resolve(i, order, one, named, start, columns, corrected)
    return columns, _corrected_columns(corrected)


def _meaning(column: Any, meaning: Callable[[Any], int]) -> Array:
    """What the words of a column stand for in the contract."""
    codes, words = matching.coded(column)
    missing = meaning(None) if column.null_count else 0
    return np.array([*(int(meaning(word)) for word in words), missing], dtype=np.int64)[codes]


def _resolve(
    i: int, order: int, one: dict[str, Any], named: Any, start: Array, columns: Columns,
    corrected: dict[str, list[Any]],
) -> None:  # fmt: skip
    details = json.loads(one["details"] or "{}")
    if one["type"] == _CORRECTION:
        columns["voids"][i] = _voided(named, slice(start[order], start[order + 1]), details, one["source"])
    elif "action" in details:
        columns["action"][i] = contract.Action[str(details["action"]).upper()]
    elif "address" in details:
        corrected["row"].append(order)
        for name in PLACE_AND_ADDRESS:
            corrected[name].append(details["address"].get(name))
        columns["version"][i] = len(corrected["row"])


def _voided(named: Any, part: slice, details: dict[str, Any], source: str) -> int:
    """Place among its order's news of what a correction takes back, -1 if nobody told that."""
    wanted = details.get("voids"), details.get("source", source)
    own = named.slice(part.start, part.stop - part.start).to_pylist()
    return next((j for j, other in enumerate(own) if (other["event_id"], other["source"]) == wanted), -1)


def _corrected_columns(corrected: dict[str, list[Any]]) -> Columns:
    columns = {name: _objects(values) for name, values in corrected.items() if name not in ("row", "address")}
    tokens = [-1 if v is None else v for v in corrected["address"]]
    return columns | {
        "row": np.array(corrected["row"], dtype=np.int64),
        "address": np.array(tokens, dtype=np.int64),
    }


def _objects(values: list[Any]) -> Array:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
