"""Live orders, news and decisions: what was acknowledged, and the state it moves, in one transaction."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import orjson

from data import journal
from data.contract import NewsType, Reason
from data.database import Connection, scalar
from data.history import Told
from data.one_moment import commits_seen, one_moment
from data.opening import refuse_older
from features.contribution import in_cash
from features.held import NAMES, Held, Placed, PlainNews, WeighAll, held_by, held_of, joined, no_order
from features.store import Standing, Store, standing


def place(connection: Connection, columns: dict[str, Any], placed: Told) -> bool:
    """Add an order as kept and the news that it was placed. False if it was already there with the same content.

    Raises DataError DQ008 if the order id was used with other content, DQ016 if it may have been folded away.
    """
    before = stands(connection, placed.merchant_id, placed.order_id)
    if before is None:
        refuse_older(connection, placed.order_id, int(columns["placed_at"]), placed.known_at)
    if not journal.add_order(connection, columns, journal.LIVE):
        return False
    journal.add_news(connection, placed, journal.LIVE)
    _fold(connection, before, placed.merchant_id, placed.order_id)
    return True


def tell(connection: Connection, told: Told) -> bool:
    """Add one piece of news. False if it was told before. News may come before its order: it counts from then on.

    Nothing happens after it was first told: a moment ahead of our clock is kept as that moment, so that the same event
    told again has the same content. Raises DataError DQ014 if the event id was used with other content.
    """
    told = replace(told, happened_at=min(told.happened_at, first_told(connection, told)))
    before = stands(connection, told.merchant_id, told.order_id)
    if not journal.add_news(connection, told, journal.LIVE):
        return False
    _fold(connection, before, told.merchant_id, told.order_id)
    return True


def first_told(connection: Connection, told: Told) -> int:
    """When this event was told for the first time: now, unless it is kept already."""
    sql = "SELECT known_at FROM news WHERE merchant_id = ? AND source = ? AND event_id = ?"
    known_at = scalar(connection, sql, (told.merchant_id, told.source, told.event_id))
    return told.known_at if known_at is None else int(known_at)


@contextmanager
def same_moment(readers: Sequence[Connection], watch: Connection) -> Iterator[None]:
    """`one_moment` for several connections to one database, and the same for all. watch: one more, which does nothing
    else: it says whether anything was committed while they began.
    """
    while True:
        with ExitStack() as begun:
            before = commits_seen(watch)
            for connection in readers:
                begun.enter_context(one_moment(connection))
                scalar(connection, "SELECT 1 FROM meta")  # the moment is that of the first reading
            if commits_seen(watch) == before:
                yield
                return


def stands(connection: Connection, merchant_id: str, order_id: str | None) -> Standing | None:
    """What an order contributes now; None if it was never placed here."""
    columns = None if order_id is None else journal.order_columns(connection, merchant_id, order_id)
    if columns is None or order_id is None:
        return None
    return standing(columns, journal.news_of(connection, merchant_id, order_id))


def held(
    connection: Connection, ids: Sequence[tuple[str, str | None]], weigh_all: WeighAll | None = None
) -> Held:  # fmt: skip
    """`stands` for many orders as columns, by place in `ids`; orders never placed here are left out.

    weigh_all: as of `held_of`.
    """
    asked = [row for row, (_, order_id) in enumerate(ids) if order_id is not None]
    if len(asked) <= _FEW:
        found = {row: stands(connection, *ids[row]) for row in asked}
        return held_by({row: one for row, one in found.items() if one is not None})
    by_merchant: dict[str, list[int]] = {}
    for row in asked:
        by_merchant.setdefault(ids[row][0], []).append(row)
    return joined(
        [_held_of(connection, merchant, rows, [str(ids[row][1]) for row in rows], weigh_all)
         for merchant, rows in by_merchant.items()]
    )  # fmt: skip


_FEW = 4
_TYPES = {t.name.lower(): int(t) for t in NewsType}
_REASONS = {r.name.lower(): int(r) for r in Reason} | {None: int(Reason.NONE), "": int(Reason.NONE)}
_ALSO = ("payment_method", "amount_minor", "placed_at")


def _held_of(
    connection: Connection, merchant_id: str, rows: list[int], ids: list[str], weigh_all: WeighAll | None
) -> Held:  # fmt: skip
    """The orders of one merchant. rows: of the batch, those of `ids`."""
    places, columns = journal.columns_of_many(connection, merchant_id, ids, (*NAMES, *_ALSO))
    kept = [ids[place] for place in places]
    if not kept:
        return no_order()
    news = _news_of(connection, merchant_id, kept)
    method, amount, placed_at = columns[len(NAMES) :]
    told = Placed(
        np.array(rows)[places],
        columns[: len(NAMES)],
        in_cash(np.array(method, dtype=object)).astype(bool),
        np.array(amount, dtype=np.float64),
        np.array(placed_at, dtype=np.int64),
    )
    found = held_of(told, news, weigh_all)
    for i in np.flatnonzero(news.needs_more(len(kept))).tolist():
        one = stands(connection, merchant_id, kept[i])
        assert one is not None, "it was found"
        found.put(i, one)
    return found


def _news_of(connection: Connection, merchant_id: str, ids: list[str]) -> PlainNews:
    owner, types, happened_at, known_at, reasons, detailed = journal.news_of_many(connection, merchant_id, ids)
    told = (owner, [_TYPES[name] for name in types], happened_at, known_at, [_REASONS[name] for name in reasons])
    whose, kind, happened, known, why = (np.array(column, dtype=np.int64) for column in told)
    return PlainNews(whose, kind, happened, known, why, ~np.array(detailed, dtype=bool)).sorted()


def _fold(connection: Connection, before: Standing | None, merchant_id: str, order_id: str) -> None:
    after = stands(connection, merchant_id, order_id)
    if after is not None:
        Store(connection).change(before, after)


def record(connection: Connection, decision: dict[str, Any]) -> None:
    """Append a decision: the answer as given, and everything it was made from."""
    made_from = decision["made_from"]
    connection.execute(
        "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            decision["decision_id"],
            made_from["merchant_id"],
            made_from["order_id"],
            made_from["checkout_id"],
            made_from["scored_at"],
            made_from["folded_through"],
            orjson.dumps(decision, option=orjson.OPT_SORT_KEYS).decode(),
        ),
    )


def decision(connection: Connection, merchant_id: str, decision_id: str) -> dict[str, Any] | None:
    """One decision of this merchant; None if there is none, or it is another's."""
    sql = "SELECT body FROM decisions WHERE decision_id = ? AND merchant_id = ?"
    text = scalar(connection, sql, (decision_id, merchant_id))
    return None if text is None else dict(orjson.loads(text))
