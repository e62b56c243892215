"""Checkouts and the orders they became: a checkout is scored before it has an order id, and found again by its own."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from data.errors import DataError
from data.keeping.asked import add_rows, rows_named
from data.keeping.database import Connection, is_sqlite, scalar

_LINK = {"merchant_id": "text", "order_id": "text", "checkout_id": "text"}
_MOST = 100
_BODIES = "SELECT body FROM decisions WHERE merchant_id = ?1 AND "
_NEWEST = " ORDER BY scored_at DESC, decision_id LIMIT ?3"
_OF_CHECKOUT = (
    "(checkout_id = ?2 OR order_id IN (SELECT order_id FROM checkouts WHERE merchant_id = ?1 AND checkout_id = ?2))"
)
_OF_ORDER = (
    "(order_id = ?2 OR checkout_id = (SELECT checkout_id FROM checkouts WHERE merchant_id = ?1 AND order_id = ?2))"
)


def link_all(connection: Connection, links: Sequence[tuple[str, str, str]]) -> None:
    """Keep which checkouts orders came from: (merchant, order, checkout). Call within a transaction.

    Raises DataError DQ008 if an order is already linked to another one.
    """
    ids = list(dict.fromkeys((merchant_id, order_id) for merchant_id, order_id, _ in links))
    rows = rows_named(connection, ", ".join(_LINK), "checkouts", ("merchant_id", "order_id"), ids)
    known = {(merchant_id, order_id): checkout_id for merchant_id, order_id, checkout_id in rows}
    new: list[tuple[str, str, str]] = []
    for merchant_id, order_id, checkout_id in links:
        if (merchant_id, order_id) not in known:
            new.append((merchant_id, order_id, checkout_id))
        if known.setdefault((merchant_id, order_id), checkout_id) != checkout_id:
            raise DataError(
                "DQ008",
                f"order {order_id!r}",
                got="an order id already used, with another checkout_id",
                expected="one checkout for each order",
                to_do="send the checkout_id it was placed with, or none",
            )
    add_rows(connection, "checkouts", _LINK, new)


def checkout_of(connection: Connection, merchant_id: str, order_id: str) -> str | None:
    """The checkout an order came from; None where it was not told."""
    sql = "SELECT checkout_id FROM checkouts WHERE merchant_id = ? AND order_id = ?"
    found: str | None = scalar(connection, sql, (merchant_id, order_id))
    return found


def orders_of(connection: Connection, merchant_id: str, checkout_id: str) -> list[str]:
    """The orders a checkout became, by id: most often none yet, or one."""
    sql = "SELECT order_id FROM checkouts WHERE merchant_id = ? AND checkout_id = ? ORDER BY order_id"
    return [row[0] for row in connection.execute(sql, (merchant_id, checkout_id))]


def became(connection: Connection, asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Of (merchant, checkout) the one order it became; left out where it became none yet, or several."""
    found: dict[tuple[str, str], list[str]] = {}
    for place, order_id in _orders_of(connection, asked) if asked else ():
        found.setdefault(asked[place], []).append(order_id)
    return {one: orders[0] for one, orders in found.items() if len(orders) == 1}


def _orders_of(connection: Connection, asked: Sequence[tuple[str, str]]) -> Iterable[tuple[int, str]]:
    if not is_sqlite(connection):
        return list(connection.execute(_ORDERS_ON_SERVER, tuple(map(list, zip(*asked, strict=True)))))
    if len(asked) == 1:
        return [(0, order_id) for (order_id,) in connection.execute(_ORDERS_OF_ONE, asked[0]).fetchall()]
    [found] = connection.execute(_ORDERS, (orjson.dumps(asked).decode(),))
    return zip(*map(orjson.loads, found), strict=True)


_ORDERS_OF_ONE = "SELECT order_id FROM checkouts WHERE merchant_id = ? AND checkout_id = ?"
_ORDERS = """SELECT json_group_array(asked.key), json_group_array(order_id) FROM json_each(?) AS asked
CROSS JOIN checkouts ON merchant_id = asked.value ->> 0 AND checkout_id = asked.value ->> 1"""
_ORDERS_ON_SERVER = """SELECT place - 1, order_id FROM unnest(?::text[], ?::text[]) WITH ORDINALITY
AS asked (merchant_id, checkout_id, place) INNER JOIN checkouts USING (merchant_id, checkout_id)"""


def decisions_of_checkout(connection: Connection, merchant_id: str, checkout_id: str) -> list[dict[str, Any]]:
    """Decisions on a checkout and on the orders it became, newest first, at most 100."""
    return _decisions(connection, _OF_CHECKOUT, merchant_id, checkout_id)


def decisions_of_order(connection: Connection, merchant_id: str, order_id: str) -> list[dict[str, Any]]:
    """Decisions on an order and on the checkout it came from, newest first, at most 100."""
    return _decisions(connection, _OF_ORDER, merchant_id, order_id)


def _decisions(connection: Connection, which: str, merchant_id: str, wanted: str) -> list[dict[str, Any]]:
    rows = connection.execute(_BODIES + which + _NEWEST, (merchant_id, wanted, _MOST))
    return [orjson.loads(row[0]) for row in rows]
