"""A merchant's report put together: orders and decisions from the database, open orders scored now, the evidence."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from data.contract import DAY, SECOND, Action
from data.currency import minor_digits
from data.keeping.database import Connection, open_database, scalar
from data.keeping.journal import LIVE, order_columns
from data.keeping.one_moment import one_moment
from data.pool import Merchant, Pool
from serving import freshness
from serving.decisions.shop import Policies
from serving.decisions.stages import PLACED
from serving.policies.policy_shelf import policies_of
from serving.reports import Evidence, Meta, Money, OpenRisk, Report, build_report, columns
from serving.reports.columns import Orders
from serving.reports.decided import raising, read_decisions
from serving.reports.reading import ALWAYS, Span, read_orders
from serving.reports.wording import local_day
from serving.scorer import Ask, score_many
from serving.scores.reason_wording import WORDING
from training.bundle import Bundle

MOST_OPEN = 5_000
"""Open orders that are scored, the newest; the page says how many wait."""
DAYS = 90
_YOUNG_DAYS = 30.0
_SHIP = Action.ALLOW_COD.name.lower()


@dataclass(frozen=True, slots=True)
class Period:
    """Local days of orders asked for, both ends included. Neither given: the last DAYS days. everything: all there are."""

    since: date | None = None
    until: date | None = None
    everything: bool = False


def make_report(pool: Pool, merchant: Merchant, bundle: Bundle | None, now: int, period: Period) -> Report:
    """All figures. Opens its own connection, so that it can run beside the event loop."""
    connection = open_database(pool.database, read_only=True)
    try:
        with one_moment(connection):
            return _report(connection, pool, merchant, bundle, now, period)
    finally:
        connection.close()


def _report(
    connection: Connection, pool: Pool, merchant: Merchant, bundle: Bundle | None, now: int, period: Period
) -> Report:
    single, policies = len(pool.merchants()) == 1, policies_of(pool)
    meta = _meta(connection, merchant, bundle, now, period, single)
    span = _span(meta)
    young = int(meta.told_until - max(meta.matures_in_days, _YOUNG_DAYS) * DAY)
    orders = read_orders(connection, Span(meta.merchant_id, min(span.since, young), now), merchant.currency)
    risks: list[OpenRisk] = []
    # rows of the open orders that are young enough to be still on their way, newest first
    waiting = np.flatnonzero((orders.status == columns.OPEN) & (orders.placed_at >= young))[::-1]
    if bundle is not None:
        risks = _open_risks(connection, bundle, orders.take(waiting[:MOST_OPEN]), _For(meta, single, policies))
    decided, left_out = read_decisions(connection, meta.merchant_id, span.since, span.before)
    inside = orders.take((orders.placed_at >= span.since) & (orders.placed_at < span.before))
    known = None if bundle is None else evidence(bundle)
    money = _money(merchant, inside, policies)
    return build_report(
        inside,
        risks,
        known,
        money,
        meta,
        decided=decided,
        left_out=left_out,
        waiting=len(waiting),
        reason_words={code: words.raises for code, words in WORDING.items()},
    )


def _meta(
    connection: Connection, merchant: Merchant, bundle: Bundle | None, now: int, period: Period, single: bool
) -> Meta:
    matures_in = _YOUNG_DAYS if bundle is None else bundle.about["moments"]["matures_in"] / DAY
    told_until, old = _told_until(connection, merchant, matures_in * DAY, now)
    through = told_until if old or not _has_live(connection, merchant) else now
    since, until = period.since, period.until
    if since is None and not period.everything:
        since = (until or local_day(through, ZoneInfo(merchant.timezone))) - timedelta(days=DAYS - 1)
    return Meta(
        merchant.merchant_id, merchant.timezone, now, matures_in, told_until, since, until, shares_model=not single,
        through=through, old=old,
    )  # fmt: skip


def _told_until(connection: Connection, merchant: Merchant, matures_in: float, now: int) -> tuple[int, bool]:
    """To where the merchant's outcomes are told, and whether that is too long ago. Who tells of parcels, tells until now."""
    live, imported = freshness.live_through(connection, merchant.merchant_id), freshness.imported_through(connection)
    if live and not freshness.too_old(live, matures_in, now):
        return now, False
    through = min(max(live, imported) or now, now)
    return through, freshness.too_old(through, matures_in, now)


def _has_live(connection: Connection, merchant: Merchant) -> bool:
    """Do orders or news come as they happen? Then the period runs on to now."""
    sql = "SELECT 1 FROM news WHERE origin = ? AND merchant_id = ? LIMIT 1"
    return bool(scalar(connection, sql, (LIVE, merchant.merchant_id)))


def _span(meta: Meta) -> Span:
    zone = ZoneInfo(meta.timezone)
    since = ALWAYS if meta.since is None else _midnight(meta.since, zone)
    before = meta.ends_at + 1 if meta.until is None else _midnight(meta.until + timedelta(days=1), zone)
    return Span(meta.merchant_id, since, min(before, meta.generated_at))


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp()) * SECOND


@dataclass(frozen=True, slots=True)
class _For:
    """What the advice on open orders depends on, beside the orders."""

    meta: Meta
    single: bool
    policies: Policies


def _open_risks(connection: Connection, bundle: Bundle, waiting: Orders, to: _For) -> list[OpenRisk]:
    asks = [_ask(connection, str(order_id), to) for order_id in waiting.order_id]
    answers = score_many(connection, bundle, asks)
    risks = [_risk(waiting, i, one.answer) for i, one in enumerate(answers)]
    # nothing can be asked of a buyer before dispatch once the parcel has left
    return [replace(r, action=_SHIP, saving_minor=None) if waiting.left[i] else r for i, r in enumerate(risks)]


def _ask(connection: Connection, order_id: str, to: _For) -> Ask:
    merchant, at = to.meta.merchant_id, to.meta.generated_at
    kept = order_columns(connection, merchant, order_id)
    assert kept is not None, "the order was read from the same table"
    return Ask(merchant, kept, "report", at, order_id, None, 3, to.single, PLACED, to.policies)  # checkout is over


def _risk(waiting: Orders, i: int, answer: dict[str, Any]) -> OpenRisk:
    worth = {a["action"]: a["expected_value_minor"] for a in answer["actions"]}
    best, risk = answer["recommendation"]["action"], answer["risk"]
    saving = float(worth[best] - worth["allow_cod"]) if {best, "allow_cod"} <= set(worth) else None
    texts = [r["text"] for r in answer["reasons"] if r["direction"] == "raises"]
    amount = float(waiting.amount_minor[i])
    return OpenRisk(
        str(waiting.order_id[i]), int(waiting.placed_at[i]), None if np.isnan(amount) else amount,
        risk["p_rto"], risk["tier"], best, saving, texts, raising(answer["reasons"]),
    )  # fmt: skip


def _money(merchant: Merchant, orders: Orders, policies: Policies) -> Money:
    shop, digits = policies.of(merchant.merchant_id, merchant.currency), minor_digits(merchant.currency)
    policy = shop.money_for(merchant.currency, None)
    amounts = orders.amount_minor[orders.amount_minor > 0]
    if policy is None:
        return Money(merchant.currency, minor_digits=digits)
    cost = policy.economics.cost_of_rto(round(float(amounts.mean())) if len(amounts) else 0)
    by_default = shop.policy_id == policy.version
    basis = f"{'default' if by_default else 'your'} costs ({shop.policy_id}) at the mean order value of this period"
    return Money(merchant.currency, cost, basis, digits, by_default)


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
