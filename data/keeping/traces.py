"""Where a person stands in a pool: the orders that carry what they are known by, and what else those orders name them by.

One hop, no more: an order carries a handle that was named, or it does not. Another order of the same e-mail under another
phone may be a relative's or a shop's own mailbox; it is counted, and erased when that handle is named too.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import orjson

from data.arrival import MISSING
from data.contract import TOKEN_COLUMNS
from data.keeping.database import Connection
from data.keeping.journal import LIVE, order_columns
from data.segments import ORDER_KEY, Segment, read_news, read_orders_table

OrderId: TypeAlias = tuple[str, str]
"""merchant and order id"""
_AT_ONCE = 10_000
_LIVE_ORDERS = """SELECT merchant_id, order_id, columns FROM orders WHERE (merchant_id, order_id) > (?, ?) AND origin = ?
ORDER BY merchant_id, order_id LIMIT ?"""
_MOVED = "SELECT merchant_id, order_id, details FROM news WHERE details LIKE '%\"address\"%'"


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is to be forgotten. handles: kind of pseudonym (a token column) and pseudonym.  merchants: in whose orders."""

    handles: frozenset[tuple[str, int]]
    merchants: frozenset[str]


@dataclass(slots=True)
class Traces:
    """orders: the person's.  handles: all that these orders carry, and what was named.  shared: those of them that other
    orders carry too."""

    orders: set[OrderId] = field(default_factory=set)
    handles: set[tuple[str, int]] = field(default_factory=set)
    shared: set[tuple[str, int]] = field(default_factory=set)

    @property
    def gone(self) -> set[tuple[str, int]]:
        """Handles that nobody is known by once these orders are wiped."""
        return self.handles - self.shared

    def counted(self, handles: Iterable[tuple[str, int]]) -> dict[str, int]:
        return dict(sorted(Counter(kind for kind, _ in handles).items()))


def find_traces(connection: Connection, segments: Sequence[Segment], subject: Subject) -> Traces:
    """Look through every order: once for the person's, once more for who else is known by the same."""
    found = Traces(handles=set(subject.handles))
    for ids, told in _orders(connection, segments):
        for i in np.flatnonzero(_carries(told, subject.handles)).tolist():
            if ids[i][0] in subject.merchants:
                found.orders.add(ids[i])
    for ids, told in _orders(connection, segments):
        here = np.array([one in found.orders for one in ids], dtype=bool)
        _note(found.handles, told, here)
    _moved(connection, segments, found)
    return found


def told_since(connection: Connection, seq: int, subject: Subject, found: Traces) -> None:
    """Orders that came in live since the look began, which found none of them. Call within a transaction."""
    sql = "SELECT DISTINCT merchant_id, order_id FROM news WHERE seq > ? AND origin = ?"
    for merchant, order in connection.execute(sql, (seq, LIVE)).fetchall():
        columns = order_columns(connection, merchant, order)
        if columns is None:
            continue
        carried = {(kind, int(columns[kind])) for kind in TOKEN_COLUMNS if columns.get(kind, MISSING) > MISSING}
        if merchant in subject.merchants and carried & subject.handles:
            found.orders.add((merchant, order))
            found.handles |= carried
        elif (merchant, order) not in found.orders:
            found.shared |= carried & found.handles


def _note(into: set[tuple[str, int]], told: dict[str, Any], rows: Any) -> None:
    for kind, column in told.items():
        into.update((kind, one) for one in np.unique(column[rows]).tolist() if one > MISSING)


def _moved(connection: Connection, segments: Sequence[Segment], found: Traces) -> None:
    """Addresses that came with a correction; and what other orders carry too."""
    elsewhere = []
    for order, address in corrected_addresses(connection, segments):
        if order in found.orders:
            found.handles.add(("address", address))
        else:
            elsewhere.append(("address", address))
    found.shared.update(one for one in elsewhere if one in found.handles)
    for ids, told in _orders(connection, segments):
        carried = _carries(told, found.handles)
        for i in np.flatnonzero(carried).tolist():
            if ids[i] not in found.orders:
                found.shared.update(one for kind in told if (one := (kind, int(told[kind][i]))) in found.handles)


def _carries(told: dict[str, Any], handles: Collection[tuple[str, int]]) -> Any:
    by_kind: dict[str, list[int]] = {}
    for kind, one in handles:
        by_kind.setdefault(kind, []).append(one)
    n = len(next(iter(told.values())))
    carried = np.zeros(n, dtype=bool)
    for kind, some in by_kind.items():
        if kind in told:
            carried |= np.isin(told[kind], some)
    return carried


def _orders(connection: Connection, segments: Sequence[Segment]) -> Iterator[tuple[list[OrderId], dict[str, Any]]]:
    """Ids of orders, and their pseudonyms by kind: what came in live a page at a time, then each import."""
    last = ("", "")
    while rows := connection.execute(_LIVE_ORDERS, (*last, LIVE, _AT_ONCE)).fetchall():
        ids = [(merchant, order) for merchant, order, _ in rows]
        texts = [orjson.loads(text) for _, _, text in rows]
        yield ids, {kind: np.array([one.get(kind, MISSING) for one in texts], dtype=np.int64) for kind in TOKEN_COLUMNS}
        last = ids[-1]
    for segment in segments:
        table = read_orders_table(segment)
        if len(table):
            names = [kind for kind in TOKEN_COLUMNS if kind in table.column_names]
            ids = list(zip(*(table[name].to_pylist() for name in ORDER_KEY), strict=True))
            yield ids, {kind: np.array(table[kind].fill_null(MISSING), dtype=np.int64) for kind in names}


def corrected_addresses(connection: Connection, segments: Sequence[Segment]) -> Iterator[tuple[OrderId, int]]:
    """The pseudonym of each corrected address, and whose order it corrected."""
    rows: Iterable[Any] = connection.execute(_MOVED)
    for merchant, order, details in rows:
        if (address := _address(details)) is not None:
            yield (merchant, order), address
    for segment in segments:
        table = read_news(segment, (*ORDER_KEY, "details"))
        some = table.filter(table["details"].is_valid()).to_pylist()
        for one in some:
            if (address := _address(one["details"])) is not None:
                yield (one["merchant_id"], one["order_id"]), address


def _address(details: str) -> int | None:
    told = json.loads(details).get("address")
    address = told.get("address") if isinstance(told, dict) else None
    return None if address is None or address < 0 else int(address)
