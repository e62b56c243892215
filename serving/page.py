"""A merchant's report put together: orders from the database, open orders scored now, the model's evidence."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from data.contract import DAY, SECOND, Action
from data.currency import minor_digits
from data.database import KNOWN_THROUGH, Connection, get_meta, open_database, scalar
from data.journal import LIVE, order_columns
from data.pool import Merchant, Pool
from serving.reports import Evidence, Meta, Money, OpenRisk, OrderRow, build_report, order_rows, render
from serving.scorer import Ask, score
from serving.weighing import policy_for
from training.bundle import Bundle

_MOST_OPEN = 500
_YOUNG_DAYS = 30.0
_SHIP = Action.ALLOW_COD.name.lower()


def report_page(pool: Pool, merchant: Merchant, bundle: Bundle | None, now: int) -> str:
    """The page as HTML. Opens its own connection, so that it can run beside the event loop."""
    connection = open_database(pool.database, read_only=True)
    try:
        rows = order_rows(connection, merchant.merchant_id)
        meta = _meta(connection, merchant, bundle, now)
        risks = [] if bundle is None else _open_risks(connection, bundle, rows, meta, now, len(pool.merchants()) == 1)
    finally:
        connection.close()
    return render(build_report(rows, risks, None if bundle is None else evidence(bundle), _money(merchant, rows), meta))


def _meta(connection: Connection, merchant: Merchant, bundle: Bundle | None, now: int) -> Meta:
    matures_in = _YOUNG_DAYS if bundle is None else bundle.about["moments"]["matures_in"] / DAY
    imported = int(get_meta(connection, KNOWN_THROUGH) or 0)
    live = scalar(
        connection, "SELECT 1 FROM news WHERE origin = ? AND merchant_id = ? LIMIT 1", (LIVE, merchant.merchant_id)
    )
    return Meta(merchant.merchant_id, merchant.timezone, now, matures_in, now if live or not imported else imported)


def _open_risks(
    connection: Connection, bundle: Bundle, rows: list[OrderRow], meta: Meta, now: int, single: bool
) -> list[OpenRisk]:
    young = meta.told_until - max(meta.matures_in_days, _YOUNG_DAYS) * DAY
    waiting = [r for r in rows if r.status == "open" and r.placed_at >= young]
    newest = sorted(waiting, key=lambda r: -r.placed_at)[:_MOST_OPEN]
    gone = _dispatched(connection, meta.merchant_id)
    risks = (_risk(connection, bundle, row, meta, now, single) for row in newest)
    return [replace(r, action=_SHIP, saving_minor=None) if r.order_id in gone else r for r in risks]


def _dispatched(connection: Connection, merchant_id: str) -> set[str]:
    """Orders that have left: nothing can be asked of their buyers before dispatch any more."""
    sql = "SELECT DISTINCT order_id FROM news WHERE merchant_id = ? AND type IN ('dispatched', 'out_for_delivery')"
    return {row[0] for row in connection.execute(sql, (merchant_id,))}


def _risk(connection: Connection, bundle: Bundle, row: OrderRow, meta: Meta, now: int, single: bool) -> OpenRisk:
    columns = order_columns(connection, meta.merchant_id, row.order_id)
    assert columns is not None, "the row was read from the same table"
    ask = Ask(meta.merchant_id, columns, "report", now, row.order_id, None, 3, single)
    answer = score(connection, bundle, ask).answer
    worth = {a["action"]: a["expected_value_minor"] for a in answer["actions"]}
    best = answer["recommendation"]["action"]
    saving = float(worth[best] - worth["allow_cod"]) if "allow_cod" in worth else None
    texts = [r["text"] for r in answer["reasons"] if r["direction"] == "raises"]
    risk = answer["risk"]
    return OpenRisk(row.order_id, row.placed_at, row.amount_minor, risk["p_rto"], risk["tier"], best, saving, texts)


def _money(merchant: Merchant, rows: list[OrderRow]) -> Money:
    policy, digits = policy_for(merchant.currency), minor_digits(merchant.currency)
    amounts = [r.amount_minor for r in rows if r.amount_minor]
    if policy is None:
        return Money(merchant.currency, minor_digits=digits)
    mean = sum(amounts) / len(amounts) if amounts else 0.0
    cost = policy.economics.cost_of_rto(round(mean))
    basis = f"default costs ({policy.economics.version}) at the mean order value"
    return Money(merchant.currency, cost, basis, digits)


def evidence(bundle: Bundle) -> Evidence:
    """What the bundle says of its own judging, as the report shows it."""
    scopes: dict[str, Any] = {s["name"]: s for s in bundle.about["evidence"]}
    every = scopes["all orders"]
    model, constant = every["metrics"]["model"], every["metrics"]["constant"]
    low, high = every["auc"] or (None, None)
    names = {"all": "all orders", "cod": "COD only"}
    bins = {key: _bins(scopes[name]) for key, name in names.items() if name in scopes}
    through = _day(bundle.about["trained_through"])
    version = f"{bundle.about.get('name') or 'model'} {bundle.about.get('version') or ''}".strip()
    return Evidence(
        bins,
        model["n"],
        model["auc"],
        low,
        high,
        model["log_loss"],
        constant["log_loss"],
        model["base_rate"],
        through,
        version,
    )


def _bins(scope: dict[str, Any]) -> list[tuple[float, float, float, float, int]]:
    return [(b["p_mean"], b["rto_share"], b["low"], b["high"], b["n"]) for b in scope["bins"]]


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment / SECOND, UTC).date().isoformat()
