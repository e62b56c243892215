"""The demo's orders: who orders what, how it is asked over HTTP, and how an answer is shown."""

import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.contract import DAY, SECOND

_IN_ORDER = ("amount_minor", "order_id", "sku")
_ENDS = ("delivered", "rto_started")
_SAME = (
    *("channel", "currency", "amount_minor", "discount_minor", "shipping_fee_minor"),
    *("origin_pincode", "campaign", "device_id", "ip"),
)
_WHERE = ("line1", "line2", "landmark", "city", "district", "state", "pincode", "country")
_WHO = ("customer_id", "phone", "email", "name")
_GOODS = ("sku", "category", "quantity", "price_minor")


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the service answers."""
    request = urllib.request.Request(url, orjson.dumps(body), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        found: dict[str, Any] = orjson.loads(response.read())
    return found


def show_answer(answer: dict[str, Any]) -> None:
    """One decision in a few lines: risk, advice, sums, reasons."""
    risk, advice = answer["risk"], answer["recommendation"]
    prepaid = "" if risk["p_rto_if_prepaid"] is None else f", {risk['p_rto_if_prepaid']:.1%} if prepaid"
    print(f"risk of coming back {risk['p_rto']:.1%} ({risk['tier']}){prepaid}; advice: {advice['summary']}")
    print("  worth  " + ", ".join(f"{a['action']} Rs {a['expected_value_minor'] / 100:.2f}" for a in answer["actions"]))
    for reason in answer["reasons"][:3]:
        print(f"  {reason['direction']:<7}{reason['impact']:+.3f}  {reason['text']} [{reason['code']}]")


def buyer(market: Path, outcome: str) -> dict[str, Any]:
    """A cash order as the market wrote it: the one of middling value, of the buyer with most cash orders of which this
    outcome was told, less those of which the opposite was."""
    orders, news = pq.read_table(market / "orders.parquet"), pq.read_table(market / "news.parquet")
    ends = news.filter(pc.is_in(news["type"], pa.array(_ENDS))).select(["order_id", "type"])
    speaks = pc.if_else(pc.equal(ends["type"], outcome), 1, -1)
    cash = orders.filter(pc.and_(pc.equal(orders["payment_method"], "cod"), pc.is_valid(orders["phone"])))
    counted = cash.join(ends.append_column("speaks", speaks), "order_id", join_type="inner").group_by("phone")
    best = counted.aggregate([("speaks", "sum")]).sort_by([("speaks_sum", "descending"), ("phone", "ascending")])
    mine = cash.filter(pc.equal(cash["phone"], best["phone"][0])).sort_by([(by, "ascending") for by in _IN_ORDER])
    row: dict[str, Any] = mine.slice(mine.num_rows // 2, 1).to_pylist()[0]
    return row


def order(row: dict[str, Any], now: int, order_id: str | None) -> dict[str, Any]:
    """An order of the market as if it were placed now, in cash; without an id it is still at the checkout."""
    return {name: row[name] for name in _SAME} | {
        "order_id": order_id,
        "checkout_id": None if order_id else "demo-checkout",
        "placed_at": rfc3339(now),
        "promised_at": rfc3339(now + 4 * DAY),
        "payment_method": "cod",
        "line_items": [{name: row[name] for name in _GOODS}],
        "customer": {name: row[name] for name in _WHO},
        "shipping_address": {name: row[name] for name in _WHERE},
    }


def rfc3339(moment: int) -> str:
    """A moment in microseconds as the API takes it."""
    return datetime.fromtimestamp(moment / SECOND, UTC).isoformat()
