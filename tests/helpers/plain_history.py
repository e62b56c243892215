"""The history in plain Python, one piece of news at a time: slow, and the meaning of `data/building.py`."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from data import contract
from data.contract import NewsType
from data.history import PLACE_AND_ADDRESS, Array, Columns, Told


@dataclass(frozen=True)
class PlainHistory:
    """The fields of `History`, with names of news as arrays."""

    orders: Columns
    corrected: Columns
    start: Array
    news: Columns
    event_ids: Array
    sources: Array
    known_through: int


def plain_history(orders: Columns, news: list[Told], known_through: int) -> PlainHistory:
    """Sort, index and resolve. `news` must already be counted `once`. News of unknown orders is left out."""
    orders, row_of = _sorted_orders(orders | {"placed_at": _never_after_told(orders, news)})
    known = [(row_of[t.merchant_id, t.order_id], t) for t in news if (t.merchant_id, t.order_id) in row_of]
    known.sort(key=lambda p: (p[0], p[1].known_at, p[1].source, p[1].event_id))
    rows = np.array([r for r, _ in known], dtype=np.int64)
    start = np.searchsorted(rows, np.arange(len(orders["order_id"]) + 1))
    told = [t for _, t in known]
    columns, corrected = _news_columns(told, start)
    ids, sources = _objects([t.event_id for t in told]), _objects([t.source for t in told])
    return PlainHistory(orders, corrected, start, columns, ids, sources, known_through)


def _never_after_told(orders: Columns, news: list[Told]) -> Array:
    """placed_at for the fold: a live caller's clock may run ahead of ours, and no order is told before it is placed."""
    told_at: dict[tuple[str, str], int] = {}
    for told in news:
        if told.type == "placed":
            key = (told.merchant_id, told.order_id)
            told_at[key] = min(told.known_at, told_at.get(key, told.known_at))
    ids = zip(orders["merchant_id"], orders["order_id"], orders["placed_at"].tolist(), strict=True)
    return np.array([min(at, told_at.get((m, o), at)) for m, o, at in ids], dtype=np.int64)


def _sorted_orders(orders: Columns) -> tuple[Columns, dict[tuple[str, str], int]]:
    ids = list(zip(orders["merchant_id"], orders["order_id"], strict=True))
    order = sorted(range(len(ids)), key=lambda i: (int(orders["placed_at"][i]), *ids[i]))
    return {name: column[order] for name, column in orders.items()}, {ids[i]: row for row, i in enumerate(order)}


def _news_columns(told: list[Told], start: Array) -> tuple[Columns, Columns]:
    columns: Columns = {
        "type": np.array([contract.news_type(t.type) for t in told], dtype=np.int64),
        "happened_at": np.array([t.happened_at for t in told], dtype=np.int64),
        "known_at": np.array([t.known_at for t in told], dtype=np.int64),
        "reason": np.array([contract.reason(t.reason) for t in told], dtype=np.int64),
        "rank": _ranks(told, start),
        "action": np.full(len(told), -1, dtype=np.int64),
        "voids": np.full(len(told), -1, dtype=np.int64),
        "version": np.zeros(len(told), dtype=np.int64),
    }
    corrected: dict[str, list[Any]] = {name: [] for name in ("row", *PLACE_AND_ADDRESS)}
    owner = np.repeat(np.arange(len(start) - 1), np.diff(start))
    for i in np.flatnonzero([t.details is not None for t in told]):
        _resolve(int(i), told, columns, corrected, int(owner[i]), start)
    return columns, _corrected_columns(corrected)


def _ranks(told: list[Told], start: Array) -> Array:
    """Place of each event among its order's by (source, event_id): a tie-break that ignores arrival."""
    owner = np.repeat(np.arange(len(start) - 1), np.diff(start))
    order = sorted(range(len(told)), key=lambda i: (owner[i], told[i].source, told[i].event_id))
    ranks = np.empty(len(told), dtype=np.int64)
    ranks[order] = np.arange(len(told))
    return ranks - start[owner] if len(told) else ranks


def _resolve(
    i: int, told: list[Told], columns: Columns, corrected: dict[str, list[Any]], row: int, start: Array
) -> None:
    details = json.loads(told[i].details or "{}")
    if told[i].type == NewsType.CORRECTION.name.lower():
        for j in range(start[row], start[row + 1]):
            if told[j].event_id == details.get("voids") and told[j].source == details.get("source", told[i].source):
                columns["voids"][i] = j - start[row]
    elif "action" in details:
        columns["action"][i] = contract.Action[str(details["action"]).upper()]
    elif "address" in details:
        corrected["row"].append(row)
        for name in PLACE_AND_ADDRESS:
            corrected[name].append(details["address"].get(name))
        columns["version"][i] = len(corrected["row"])


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
