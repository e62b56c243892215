"""Orders and news added to the live ledger, many at once: what is there already is asked for in one statement, and what is
new is added in one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from data import contract
from data.errors import DataError
from data.history import ERASED, Told, told_differently
from data.keeping.asked import add_rows
from data.keeping.database import Connection
from data.keeping.ledger_rows import LIVE, NEWS, name_of, news_named, packed, texts_named

_ORDER_KINDS = {"merchant_id": "text", "order_id": "text", "placed_at": "bigint", "origin": "text", "columns": "text"}
_NEWS_KINDS = dict.fromkeys((*NEWS.split(", "), "origin"), "text") | {"happened_at": "bigint", "known_at": "bigint"}


def add_all_orders(connection: Connection, every: Iterable[dict[str, Any]], origin: str) -> list[bool | DataError]:
    """Add orders as kept. False stands for one that is already there with the same content, a DataError DQ008 for one
    that is there with other content: an order is immutable as placed.
    """
    every = list(every)
    known = texts_named(connection, list(dict.fromkeys((one["merchant_id"], one["order_id"]) for one in every)))
    new: list[tuple[Any, ...]] = []
    found: list[bool | DataError] = []
    for columns in every:
        ids, text = (columns["merchant_id"], columns["order_id"]), packed(columns)
        there = known.setdefault(ids, text)
        if there is text:
            new.append((*ids, int(columns["placed_at"]), origin, text))
        same = there == text or erased(there) or _as_told(there) == _as_told(text)
        found.append(there is text if same else _other_order(ids[1]))
    add_rows(connection, "orders", _ORDER_KINDS, new)
    return found


def _other_order(order_id: str) -> DataError:
    return DataError(
        "DQ008",
        f"order {order_id!r}",
        got="an order id already used, with other content",
        expected="one order for each order id; an order never changes after it was placed",
        to_do="send later changes as news, or use a new order id",
    )


def erased(text: str | None) -> bool:
    """Was a person taken out of this row? Then what it said cannot be compared any more."""
    return bool(orjson.loads(text or "{}").get(ERASED))


def _as_told(text: str) -> dict[str, Any]:
    return {name: value for name, value in orjson.loads(text).items() if name not in contract.MEASURED}


@dataclass(frozen=True, slots=True)
class Kept:
    """A piece of news as it is kept now. new: it was not told before."""

    new: bool
    told: Told


def add_all_news(connection: Connection, every: Iterable[Told], origin: str) -> list[Kept | DataError]:
    """Add pieces of news, in their order. Not new is what was told with the same content before; a DataError DQ014
    stands for one told with other content, of which nothing is added.

    Nothing happens after it was first told: a moment ahead of our clock is kept as that moment, so that the same event
    told again has the same content. What an import had told and is now told live takes the live stamp, whichever came
    first (`data/history.py`, once).
    """
    every = list(every)
    known = news_named(connection, [name_of(told) for told in every])
    new: list[Told] = []
    found: list[Kept | DataError] = []
    for told in every:
        name = name_of(told)
        there = known.get(name)
        if origin == LIVE and (told.happened_at > (latest := (there or told).known_at) or not told.live):
            told = replace(told, live=True, happened_at=min(told.happened_at, latest))
        if there is None:
            new.append(told)
            known[name] = told
        elif there.content() != told.content() and not erased(there.details):
            found.append(told_differently(told))
            continue
        elif origin == LIVE and not there.live:
            _stamp(connection, told)
            known[name] = told
        found.append(Kept(there is None, known[name]))
    rows = [(t.merchant_id, t.order_id, t.source, t.event_id, t.type, t.happened_at, t.known_at, t.reason, t.details, origin)
            for t in new]  # fmt: skip
    add_rows(connection, "news", _NEWS_KINDS, rows)
    return found


def _stamp(connection: Connection, told: Told) -> None:
    sql = (
        "UPDATE news SET known_at = ?, origin = ? WHERE merchant_id = ? AND source = ? AND event_id = ? AND origin <> ?"
    )
    connection.execute(sql, (told.known_at, LIVE, told.merchant_id, told.source, told.event_id, LIVE))
