"""From the pool's database to report rows: every order of one merchant, judged by the one definition of the label."""

from itertools import groupby
from typing import Any

from data.contract import NewsType, Payment, Reason
from data.database import Connection
from data.history import Told
from data.journal import unpacked
from data.label import MIXED, NOT_RTO, RTO, VOID, News
from features.one_order import FOREVER, address_version, resolve, rto_cause, standing, verdict
from serving.reports.figures import OrderRow

_ORDERS = "SELECT order_id, placed_at, columns FROM orders WHERE merchant_id = ? ORDER BY placed_at, order_id"
_NEWS = """SELECT merchant_id, order_id, source, event_id, type, happened_at, known_at, reason, details, origin = 'live'
FROM news WHERE merchant_id = ? ORDER BY order_id"""


def order_rows(connection: Connection, merchant_id: str, before: int = FOREVER) -> list[OrderRow]:
    """All orders of one merchant placed before a moment, by placed_at, as news known before that moment tells them.

    Orders whose placing was taken back are left out.
    """
    found = connection.execute(_NEWS, (merchant_id,))
    news = {order_id: [Told(*row) for row in rows] for order_id, rows in groupby(found, key=lambda row: row[1])}
    rows = []
    for order_id, placed_at, text in connection.execute(_ORDERS, (merchant_id,)):
        if placed_at < before:
            row = order_row(unpacked(text), news.get(order_id, []), before)
            rows += [] if row is None else [row]
    return rows


def order_row(columns: dict[str, Any], told: list[Told], before: int = FOREVER) -> OrderRow | None:
    """One order as kept and all its news. None if, by then, it was not placed or its placing was taken back.

    A buyer who switched to prepaid counts as prepaid, and the newest corrected address is the place, as in features.
    """
    resolved = resolve(told)
    news = resolved.news
    found = verdict(news, before)
    if found == VOID:
        return None
    known = standing(news, before)
    cause = rto_cause(news, before) if found == RTO else None
    version = address_version(news, before)
    place = resolved.corrected[version - 1] if version else columns
    amount = columns["amount_minor"]
    return OrderRow(
        order_id=columns["order_id"],
        placed_at=columns["placed_at"],
        payment=_payment(columns["payment_method"], news, known),
        amount_minor=amount if amount == amount else None,  # NaN: unknown
        pincode=place["pincode"],
        district=place["district"],
        state=place["state"],
        category=columns["category"],
        outcome=float(found) if found in (NOT_RTO, RTO) else float("nan"),
        status=_status(found, news, known),
        cause=cause.name.lower() if cause not in (None, Reason.NONE) else None,
    )


def _payment(placed_as: str | None, news: News, known: list[int]) -> str | None:
    if any(news.type[i] == NewsType.SWITCHED_TO_PREPAID for i in known):
        return Payment.PREPAID.value
    return placed_as if placed_as in (Payment.COD, Payment.PREPAID) else None


def _status(found: int, news: News, known: list[int]) -> str:
    if found in (NOT_RTO, RTO, MIXED):
        return {NOT_RTO: "delivered", RTO: "rto", MIXED: "mixed"}[found]
    kinds = {news.type[i] for i in known}
    if NewsType.CANCELLED in kinds:
        return "cancelled"
    return "lost" if NewsType.LOST in kinds else "open"
