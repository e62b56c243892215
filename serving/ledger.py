"""Live orders, news and decisions: what was acknowledged, and the state it moves, in one transaction."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import orjson

from data.contract import NewsType, Reason
from data.errors import DataError
from data.history import Told
from data.keeping import journal
from data.keeping.adding import Kept, add_all_news, add_all_orders
from data.keeping.asked import add_rows
from data.keeping.database import Connection, scalar
from data.keeping.ledger_rows import OrderName, name_of, news_named, news_of_orders, texts_named, unpacked
from data.keeping.one_moment import commits_seen, one_moment
from data.keeping.opening import refuse_older
from features.contribution import in_cash
from features.held import NAMES, Held, Placed, PlainNews, WeighAll, held_by, held_of, joined, no_order
from features.store import Standing, Store, standing


def place(connection: Connection, columns: dict[str, Any], placed: Told) -> bool:
    """`place_all` of one order. Raises the DataError it would be refused with."""
    return _kept(place_all(connection, [(columns, placed)])[0]).new


def place_all(connection: Connection, every: Sequence[tuple[dict[str, Any], Told]]) -> list[Kept | DataError]:
    """Add orders as kept, each with the news that it was placed. Not new is one that was already there with the same
    content; a DataError DQ008 stands for one whose id was used with other content.

    Raises DataError DQ014 if the event id was used for something else, DQ016 if the order may have been folded away:
    nothing of all this may be kept then.
    """
    added = add_all_orders(connection, [columns for columns, _ in every], journal.LIVE)
    new = [one for one, is_new in zip(every, added, strict=True) if is_new is True]
    for columns, placed in new:
        refuse_older(connection, placed.order_id, int(columns["placed_at"]), placed.known_at)
    before = news_of_orders(connection, [_order_of(placed) for _, placed in new])
    told = [_kept(one) for one in add_all_news(connection, [placed for _, placed in new], journal.LIVE)]
    after = [standing(columns, [*before[_order_of(placed)], one.told])
             for (columns, placed), one in zip(new, told, strict=True)]  # fmt: skip
    Store(connection).change_all([(None, one) for one in after])
    again = news_named(
        connection, [name_of(placed) for (_, placed), one in zip(every, added, strict=True) if one is False]
    )
    fresh = iter(told)
    return [
        one if isinstance(one, DataError) else next(fresh) if one else Kept(False, again.get(name_of(placed), placed))
        for (_, placed), one in zip(every, added, strict=True)
    ]


def tell(connection: Connection, told: Told) -> bool:
    """`tell_all` of one piece of news. Raises the DataError it would be refused with."""
    return tell_each(connection, [told])[0]


def tell_each(connection: Connection, every: Sequence[Told]) -> list[bool]:
    """`tell_all`: is each new? Raises the first DataError that one would be refused with."""
    return [_kept(one).new for one in tell_all(connection, every)]


def tell_all(connection: Connection, every: Sequence[Told]) -> list[Kept | DataError]:
    """Add pieces of news, as `add_all_news` does, and fold what is new in one pass: each order is judged once
    before and once after, each row of state read and written once. News may come before its order: it counts from
    then on.
    """
    before = news_of_orders(connection, list(dict.fromkeys(map(_order_of, every))))
    kept = add_all_news(connection, every, journal.LIVE)
    fresh: dict[OrderName, list[Told]] = {}
    for one in kept:
        if isinstance(one, Kept) and one.new:
            fresh.setdefault(_order_of(one.told), []).append(one.told)
    orders = {ids: unpacked(text) for ids, text in texts_named(connection, list(fresh)).items()}
    Store(connection).change_all(
        (standing(columns, before[ids]), standing(columns, [*before[ids], *fresh[ids]]))
        for ids, columns in orders.items()
    )
    return kept


def _kept(one: Kept | DataError) -> Kept:
    if isinstance(one, DataError):
        raise one
    return one


def _order_of(told: Told) -> OrderName:
    return told.merchant_id, told.order_id


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
    if not asked:
        return no_order()
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


def record_all(connection: Connection, decisions: Sequence[dict[str, Any]]) -> None:
    """Append decisions, each the answer as given and everything it was made from."""
    add_rows(connection, "decisions", _DECISION, [_row(one) for one in decisions])


_DECISION = {"decision_id": "text", "merchant_id": "text", "order_id": "text", "checkout_id": "text", "scored_at": "bigint",
             "folded_through": "bigint", "body": "text"}  # fmt: skip


def _row(decision: dict[str, Any]) -> tuple[Any, ...]:
    made_from, body = decision["made_from"], orjson.dumps(decision, option=orjson.OPT_SORT_KEYS).decode()
    ids = (made_from["merchant_id"], made_from["order_id"], made_from["checkout_id"])
    return decision["decision_id"], *ids, made_from["scored_at"], made_from["folded_through"], body


def decision(connection: Connection, merchant_id: str, decision_id: str) -> dict[str, Any] | None:
    """One decision of this merchant; None if there is none, or it is another's."""
    sql = "SELECT body FROM decisions WHERE decision_id = ? AND merchant_id = ?"
    text = scalar(connection, sql, (decision_id, merchant_id))
    return None if text is None else dict(orjson.loads(text))
