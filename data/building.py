"""Building a history from orders and a table of news, column by column: no Python object for a piece of news.

Building it twice from the same news in any order gives the same arrays.
"""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from data import contract, kept, matching
from data.contract import NewsType
from data.history import PLACE_AND_ADDRESS, Array, Columns, History
from data.matching import Keys

_CORRECTION = NewsType.CORRECTION.name.lower()


def build_history(orders: Columns, news: Any, known_through: int) -> History:
    """Sort, index and resolve. `news` must already be counted `once`. News of unknown orders is left out."""
    ids = kept.table_of({name: orders[name] for name in ("merchant_id", "order_id")})
    keys = matching.keys_of([ids, news], ("merchant_id",), "order_id")
    row = matching.matches(keys, len(ids))
    orders = orders | {"placed_at": _never_after_told(orders["placed_at"], row, news)}
    by_time = _order_of_orders(orders["placed_at"], keys)
    place = np.empty(len(ids) + 1, dtype=np.int64)
    place[by_time], place[-1] = np.arange(len(ids)), -1
    start, rows, rank = _order_of_news(place[row], news, len(ids))
    told = news.take(pa.array(rows))
    columns, corrected = _news_columns(told, start, rank)
    orders = {name: column[by_time] for name, column in orders.items()}
    return History(orders, corrected, start, columns, told.select(["event_id", "source"]), known_through)


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


def _news_columns(told: Any, start: Array, rank: Array) -> tuple[Columns, Columns]:
    n = len(told)
    columns: Columns = {
        "type": _meaning(told["type"], contract.news_type),
        "happened_at": numbers_of(told["happened_at"]),
        "known_at": numbers_of(told["known_at"]),
        "reason": _meaning(told["reason"], contract.reason),
        "rank": rank,
        "action": np.full(n, -1, dtype=np.int64),
        "voids": np.full(n, -1, dtype=np.int64),
        "version": np.zeros(n, dtype=np.int64),
    }
    corrected: dict[str, list[Any]] = {name: [] for name in ("row", *PLACE_AND_ADDRESS)}
    detailed = np.flatnonzero(told["details"].is_valid().to_numpy())
    owner = np.searchsorted(start, detailed, side="right") - 1
    some = told.select(["type", "source", "details"]).take(pa.array(detailed)).to_pylist()
    for i, order, one in zip(detailed.tolist(), owner.tolist(), some, strict=True):
        _resolve(i, order, one, told, start, columns, corrected)
    return columns, _corrected_columns(corrected)


def _meaning(column: Any, meaning: Callable[[Any], int]) -> Array:
    """What the words of a column stand for in the contract."""
    codes, words = matching.coded(column)
    missing = meaning(None) if column.null_count else 0
    return np.array([*(int(meaning(word)) for word in words), missing], dtype=np.int64)[codes]


def _resolve(
    i: int, order: int, one: dict[str, Any], told: Any, start: Array, columns: Columns,
    corrected: dict[str, list[Any]],
) -> None:  # fmt: skip
    details = json.loads(one["details"] or "{}")
    if one["type"] == _CORRECTION:
        columns["voids"][i] = _voided(told, slice(start[order], start[order + 1]), details, one["source"])
    elif "action" in details:
        columns["action"][i] = contract.Action[str(details["action"]).upper()]
    elif "address" in details:
        corrected["row"].append(order)
        for name in PLACE_AND_ADDRESS:
            corrected[name].append(details["address"].get(name))
        columns["version"][i] = len(corrected["row"])


def _voided(told: Any, part: slice, details: dict[str, Any], source: str) -> int:
    """Place among its order's news of what a correction takes back, -1 if nobody told that."""
    wanted = details.get("voids"), details.get("source", source)
    own = told.select(["event_id", "source"]).slice(part.start, part.stop - part.start).to_pylist()
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
