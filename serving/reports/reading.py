"""From the pool's database to columns: every order of one merchant, and all that was told of it.

Rows become arrays some thousand at a time: millions of small Python objects kept at once are what makes reading slow.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Any

import numpy as np
import orjson

from data import contract
from data.contract import NewsType
from data.fates import Fates, NewsColumns, fates, tied
from data.keeping.database import Connection
from data.label import VOID
from features.one_order import FOREVER
from serving.reports import columns
from serving.reports.columns import DIMENSIONS, MISSING, NETWORK, PAYMENTS, Array, Coder, Orders, handles_seen, networks

ALWAYS = -(2**62)
"""A moment before all orders."""
_TEXT = (*DIMENSIONS, "payment_method", "currency")
_HANDLES = ("phone", "customer_id", "email")
_NUMBERS = ("amount_minor", "local_minute", *_HANDLES, "ip")
_PLACE = ("pincode", "district", "state")
_AT_ONCE = 500  # rows that stay in the processor's cache between reading and unpacking
_TYPE_CODES = {t.name.lower(): int(t) for t in NewsType}
_REASON_CODES = {r.name.lower(): int(r) for r in contract.Reason} | {None: 0, "": 0}
_ACTION_CODES = {a.name.lower(): int(a) for a in contract.Action}


def _extract(names: Sequence[str]) -> str:
    paths = ", ".join(f"'$.{name}'" for name in names)
    return f"json_extract(columns, {paths})"


# a plus keeps SQLite from looking each order up by its time: reading the table through is several times faster
_ORDERS = f"""SELECT order_id, placed_at, {_extract((*_TEXT, *_NUMBERS))} FROM orders
WHERE merchant_id = :merchant AND +placed_at >= :since AND +placed_at < :before ORDER BY merchant_id, order_id"""
_EARLIER = f"""SELECT {_extract(_HANDLES)} FROM orders
WHERE merchant_id = :merchant AND +placed_at < :since ORDER BY merchant_id, order_id"""
_NEWS = """SELECT order_id, type, happened_at, known_at, reason, seq, details FROM news
WHERE merchant_id = :merchant AND known_at < :before"""
_NEWS_OF_SPAN = f"""{_NEWS} AND order_id IN (SELECT order_id FROM orders
WHERE merchant_id = :merchant AND placed_at >= :since AND placed_at < :before)"""
_VOIDED = "SELECT seq FROM news WHERE merchant_id = ? AND source = ? AND event_id = ? AND order_id = ?"


@dataclass(frozen=True, slots=True)
class Span:
    """Orders of one merchant placed from `since` and before `before`; only news known before `before` counts."""

    merchant_id: str
    since: int = ALWAYS
    before: int = FOREVER

    @property
    def bindings(self) -> dict[str, Any]:
        return {"merchant": self.merchant_id, "since": self.since, "before": self.before}


def read_orders(connection: Connection, span: Span, currency: str | None = None) -> Orders:
    """The orders of a span as told by its end. Those whose placing was taken back are left out.

    A buyer who switched to prepaid counts as prepaid, and the newest corrected address is the place, as in features.
    Amounts in another currency than `currency` are unknown.
    """
    raw = _raw_orders(connection, span)
    found, corrected = _fates(connection, span, raw.ids)
    for row in np.flatnonzero(found.version):
        for name in _PLACE:
            raw.text[name][row] = raw.coders[name].codes([corrected[int(found.version[row]) - 1].get(name)])[0]
    orders = _orders(raw, found, _earlier(connection, span), currency)
    rows = np.flatnonzero(found.verdict != VOID)
    return orders.take(rows[np.argsort(raw.placed_at[rows], kind="stable")])


@dataclass(frozen=True, slots=True)
class _Raw:
    """Orders as kept, by id: text columns as codes (n,) of their coders, numbers (n,) with NaN where missing."""

    ids: list[str]
    placed_at: Array
    text: dict[str, Array]
    numbers: dict[str, Array]
    coders: dict[str, Coder]


def _raw_orders(connection: Connection, span: Span) -> _Raw:
    ids: list[str] = []
    coders = {name: Coder() for name in _TEXT}
    parts: dict[str, list[Array]] = {name: [np.zeros(0)] for name in ("placed_at", *_TEXT, *_NUMBERS)}
    for rows in _chunks(connection.execute(_ORDERS, span.bindings)):
        ids += [row[0] for row in rows]
        parts["placed_at"].append(np.array([row[1] for row in rows], dtype=np.int64))
        for name, values in zip((*_TEXT, *_NUMBERS), _unpacked([row[2] for row in rows]), strict=True):
            known = coders[name].codes(values) if name in coders else np.array(values, dtype=np.float64)
            parts[name].append(known)
    whole = {name: _joined(some, name not in _NUMBERS) for name, some in parts.items()}
    text, numbers = ({name: whole[name] for name in names} for names in (_TEXT, _NUMBERS))
    return _Raw(ids, whole["placed_at"], text, numbers, coders)


def _chunks(cursor: Any) -> Iterator[list[Any]]:
    while rows := list(islice(cursor, _AT_ONCE)):
        yield rows


def _unpacked(arrays: list[str]) -> Iterator[tuple[Any, ...]]:
    """Columns of rows told as JSON arrays."""
    return zip(*orjson.loads("[" + ",".join(arrays) + "]"), strict=True)


def _joined(parts: list[Array], whole: bool = True) -> Array:
    return np.concatenate(parts).astype(np.int64 if whole else np.float64)


def _earlier(connection: Connection, span: Span) -> list[Array]:
    """Pseudonyms on the orders before the span, for each handle."""
    parts: list[list[Array]] = [[np.zeros(0)] for _ in _HANDLES]
    if span.since > ALWAYS:
        for rows in _chunks(connection.execute(_EARLIER, {"merchant": span.merchant_id, "since": span.since})):
            for some, values in zip(parts, _unpacked([row[0] for row in rows]), strict=True):
                some.append(_handle(np.array(values, dtype=np.float64)))
    return [_joined(some) for some in parts]


def _handle(numbers: Array) -> Array:
    """Pseudonyms, MISSING where there is none."""
    return np.nan_to_num(numbers, nan=MISSING).astype(np.int64)


def _orders(raw: _Raw, found: Fates, earlier: list[Array], currency: str | None) -> Orders:
    foreign = _foreign(raw, currency)
    handles = [_handle(raw.numbers[name]) for name in _HANDLES]
    placed_at = raw.placed_at.astype(np.float64)
    order_id = np.empty(len(raw.ids), dtype=object)
    order_id[:] = raw.ids
    text = {name: raw.coders[name].coded(raw.text[name]) for name in DIMENSIONS}
    text[NETWORK] = networks(_handle(raw.numbers["ip"]), order_id, placed_at)
    return Orders(
        order_id=order_id,
        placed_at=raw.placed_at,
        outcome=np.select([found.status == columns.RTO, found.status == columns.DELIVERED], [1.0, 0.0], np.nan),
        status=found.status,
        payment=_payment(raw, found.switched),
        amount_minor=np.where(foreign, np.nan, raw.numbers["amount_minor"]),
        foreign=foreign,
        cause=found.cause,
        buyer=handles_seen(raw.placed_at, handles, earlier),
        local_minute=raw.numbers["local_minute"],
        action=found.action,
        first_failed=found.first_failed,
        switched=found.switched,
        left=found.left,
        delivered_after=np.where(found.delivered_at < 0, np.nan, found.delivered_at - placed_at),
        told_after=np.where(found.told_at < 0, np.nan, found.told_at - placed_at),
        text=MappingProxyType(text),
    )


def _payment(raw: _Raw, switched: Array) -> Array:
    told = [PAYMENTS.index(name) if name in PAYMENTS else MISSING for name in raw.coders["payment_method"].names]
    return np.where(switched, columns.PREPAID, np.array([*told, MISSING])[raw.text["payment_method"]])


def _foreign(raw: _Raw, currency: str | None) -> Array:
    """Which amounts are of another currency than the merchant's, (n,)."""
    other = [currency is not None and name != currency for name in raw.coders["currency"].names]
    return np.array([*other, False])[raw.text["currency"]]


def _fates(connection: Connection, span: Span, ids: list[str]) -> tuple[Fates, list[dict[str, Any]]]:
    """The fates of these orders, and the corrected addresses by version 1, 2, ..."""
    told, details = _told(connection, span, {order_id: row for row, order_id in enumerate(ids)})
    more = _read_details(connection, span, told, details)
    kept = (told["owner"] >= 0) & ~np.isin(told["seq"], list(more.voided))
    rank = _ranks(connection, told)
    named = (told[name] for name in ("owner", "type", "happened_at", "known_at", "reason"))
    news = (*named, rank, more.action, more.version)
    return fates(len(ids), NewsColumns(*(column[kept] for column in news))), more.corrected


def _told(connection: Connection, span: Span, row_of: dict[str, int]) -> tuple[dict[str, Array], list[tuple[int, str]]]:
    """News as columns (k,), and the details of those rows that have some."""
    names = ("owner", "type", "happened_at", "known_at", "reason", "seq")
    parts: dict[str, list[Array]] = {name: [np.zeros(0)] for name in names}
    details: list[tuple[int, str]] = []
    done = 0
    for rows in _chunks(connection.execute(_NEWS if span.since == ALWAYS else _NEWS_OF_SPAN, span.bindings)):
        order_id, type_, happened_at, known_at, reason, seq, more = zip(*rows, strict=True)
        codes = ([row_of.get(o, MISSING) for o in order_id], [_TYPE_CODES[t] for t in type_], happened_at, known_at,
                 [_REASON_CODES[r] for r in reason], seq)  # fmt: skip
        for name, values in zip(names, codes, strict=True):
            parts[name].append(np.array(values, dtype=np.int64))
        details += [(done + i, text) for i, text in enumerate(more) if text is not None]
        done += len(rows)
    return {name: _joined(some) for name, some in parts.items()}, details


@dataclass(slots=True)
class _Details:
    """What the details of news say: action, version (k,), as in NewsColumns; news taken back, by sequence number."""

    action: Array
    version: Array
    corrected: list[dict[str, Any]] = field(default_factory=list)
    voided: set[int] = field(default_factory=set)


def _read_details(
    connection: Connection, span: Span, told: dict[str, Array], details: list[tuple[int, str]]
) -> _Details:
    n = len(told["type"])
    found = _Details(np.full(n, MISSING), np.zeros(n, dtype=np.int64))
    for i, text in details:
        more = orjson.loads(text)
        if told["type"][i] == NewsType.CORRECTION:
            found.voided |= _taken_back(connection, span.merchant_id, int(told["seq"][i]), more)
        elif "action" in more:
            found.action[i] = _ACTION_CODES[str(more["action"]).lower()]
        elif "address" in more:
            found.corrected.append(more["address"])
            found.version[i] = len(found.corrected)
    return found


def _taken_back(connection: Connection, merchant_id: str, seq: int, details: dict[str, Any]) -> set[int]:
    """Sequence numbers of the news of the same order that a correction takes back."""
    order_id, source = next(connection.execute("SELECT order_id, source FROM news WHERE seq = ?", (seq,)))
    wanted = (merchant_id, details.get("source", source), details.get("voids"), order_id)
    return {row[0] for row in connection.execute(_VOIDED, wanted)}


def _ranks(connection: Connection, told: dict[str, Array]) -> Array:
    """Ranks (k,) of news that only (source, event_id) tells apart; ties are rare, so only theirs are read."""
    rank = np.zeros(len(told["seq"]), dtype=np.int64)
    rows = tied(told["owner"], told["type"], told["happened_at"])
    sql = "SELECT source, event_id FROM news WHERE seq = ?"
    names = [(*next(connection.execute(sql, (int(told["seq"][i]),))), int(i)) for i in rows]
    for place, (_, _, i) in enumerate(sorted(names)):
        rank[i] = place
    return rank
