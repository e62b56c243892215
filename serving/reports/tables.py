"""Every figure of the report as plain tables: what the downloads hold, with the rule by which each was counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from zoneinfo import ZoneInfo

from serving.reports import wording
from serving.reports.decided import FEWEST_DECISIONS
from serving.reports.figures import Group, GroupRow, Period, Report
from serving.reports.groups import PIN_PRIOR
from serving.reports.shares import Share

Cell: TypeAlias = str | int | float | date | None
"""Whole numbers, shares from 0 to 1, money in major units, days; None where there is no figure."""

_COD = ("cod_known_outcome", "cod_came_back", "cod_rto_share")
_SHARE = ("known_outcome", "came_back", "rto_share", "low_95", "high_95")


@dataclass(frozen=True, slots=True)
class Table:
    """One table. name: of its file or sheet.  rule: which orders count, and how."""

    name: str
    title: str
    rule: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def tables(report: Report) -> dict[str, Table]:
    """All tables of a report by name; those without rows too, so that a name always exists."""
    groups = [_group(report, group) for group in report.groups.values()]
    made = [_summary(report), _weeks(report), _months(report), *groups]
    made += [
        one(report) for one in (_causes, _attempts, _delays, _actions, _tiers, _tier_weeks, _reasons, _open, _model)
    ]
    return {table.name: table for table in made}


def matured_rule(report: Report) -> str:
    """Which orders count in a share."""
    return (
        f"Orders of the period placed at least {report.meta.matures_in_days:.3g} days before {_told_until(report)} whose "
        "outcome is known (came back or delivered). rto_share = came_back / known_outcome; low_95 and high_95: Wilson."
    )


def period_text(report: Report) -> str:
    """The days asked for, in words."""
    meta = report.meta
    if meta.since is None and meta.until is None:
        return "the whole history"
    since = "the first order" if meta.since is None else wording.day(meta.since)
    until = wording.local_day(meta.ends_at, ZoneInfo(meta.timezone)) if meta.until is None else meta.until
    return f"{since} to {wording.day(until)}"


def _told_until(report: Report) -> str:
    return wording.moment(report.meta.told_until, ZoneInfo(report.meta.timezone))


def _share(share: Share) -> tuple[Cell, ...]:
    low, high = (share.low, share.high) if share.n else (None, None)
    return (share.n, share.rto, *(None if v is None else round(v, 4) for v in (share.share, low, high)))


def _summary(report: Report) -> Table:
    head, cost, currency = report.headline, report.cost, report.money.currency
    rows: list[tuple[Cell, ...]] = [
        ("orders shipped or still open", head.shipped_or_open),
        ("delivered", head.delivered),
        ("came back (RTO)", head.rto),
        ("open", head.open),
        ("lost or delivered in part", head.other),
        ("cancelled, not counted", head.cancelled),
        ("old enough to judge", head.matured),
        ("of these, outcome known", head.outcome_known),
    ]
    for name, share in (("all", head.every), ("cash on delivery", head.cod), ("prepaid", head.prepaid)):
        rows += [(f"{name}: {label}", value) for label, value in zip(_SHARE, _share(share), strict=True)]
    rows += [
        (f"cost of one RTO ({currency})", _major(report, cost.each_minor if cost else None)),
        (f"RTO parcels x cost of one ({currency})", _major(report, cost.total_minor if cost else None)),
        ("orders in another currency, without amount here", report.foreign),
        ("orders whose buyer switched to prepaid", report.switched.orders if report.switched else 0),
        ("orders or checkouts decided on", report.advice.decisions),
        ("period", period_text(report)),
        ("merchant", report.meta.merchant_id),
    ]
    return Table("summary", "Summary", matured_rule(report), ("figure", "value"), tuple(rows))


def _major(report: Report, minor: float | None) -> Cell:
    if minor is None:
        return None
    value = minor / 10**report.money.minor_digits
    return int(value) if value == int(value) else round(value, report.money.minor_digits)


def _weeks(report: Report) -> Table:
    return _periods(report, "weeks", "week_of", report.weeks)


def _months(report: Report) -> Table:
    return _periods(report, "months", "month_of", report.months)


def _periods(report: Report, name: str, first: str, found: Iterable[Period]) -> Table:
    rule = (
        "All orders of the period by the local day they were placed, cancelled ones left out; shares of those with an "
        "outcome so far. final = no: some orders are too young, the share still moves."
    )
    kinds = ("all", "cod", "prepaid")
    shares = [f"{kind}_{column}" for kind in kinds for column in _SHARE]
    columns = (first, "final", "orders", "cod_orders", "open", *shares)
    rows = tuple(
        (p.start, "yes" if p.mature else "no", p.orders, p.cod_orders, p.open, *_share(p.every), *_share(p.cod),
         *_share(p.prepaid))
        for p in found
    )  # fmt: skip
    return Table(name, "By week" if name == "weeks" else "By month", rule, columns, rows)


def _group(report: Report, group: Group) -> Table:
    ranked = any(row.shrunk is not None for row in group.rows)
    extra = [*(("district", "ranking_share") if ranked else ()), *(_COD if group.has_cod else ())]
    rows: list[tuple[Cell, ...]] = [(row.name, *_share(row.share), *_beside(row, ranked)) for row in group.rows]
    blank: tuple[Cell, ...] = (None,) * len(extra)
    rows += [("(not told)", *_share(group.missing), *blank)] if group.missing.n else []
    rows += [("(all)", *_share(group.total), *blank)]
    more = f" ranking_share: as if each had {PIN_PRIOR} more orders at your average." if ranked else ""
    return Table(group.key, group.heading, matured_rule(report) + more, (group.key, *_SHARE, *extra), tuple(rows))


def _beside(row: GroupRow, ranked: bool) -> tuple[Cell, ...]:
    named: tuple[Cell, ...] = (row.more, round(row.shrunk or 0.0, 4)) if ranked else ()
    return named if row.cod is None else (*named, *_share(row.cod)[:3])


def _causes(report: Report) -> Table:
    rule = "The last reason told before the parcel turned round, for all parcels of the period that came back."
    rows = tuple((c.name, c.n, round(c.share, 4)) for c in report.causes)
    return Table("causes", "Why they came back", rule, ("cause", "parcels", "share"), rows)


def _attempts(report: Report) -> Table:
    found = report.attempts
    rule = "Matured orders of the period of which a delivery or a failed attempt was told."
    rows: tuple[tuple[Cell, ...], ...] = (
        ("an attempt was told", found.told),
        ("first attempt failed", found.first_failed),
        ("of these delivered later", found.delivered),
        ("of these came back", found.rto),
        ("of these neither yet", found.open),
    )
    return Table("attempts", "First attempts", rule, ("figure", "orders"), rows if found.told else ())


def _delays(report: Report) -> Table:
    rule = "Matured orders of the period; days within which 50, 90 and 99 of 100 were. Told: when the news reached us."
    rows = tuple((d.name, d.n, round(d.half, 2), round(d.most, 2), round(d.nearly_all, 2)) for d in report.delays)
    return Table("delays", "How long it takes", rule, ("what", "orders", "days_50", "days_90", "days_99"), rows)


def _actions(report: Report) -> Table:
    rule = (
        "Orders of the period by the last action told as taken; came_back of those with an outcome so far. No "
        "comparison of actions: they were taken on different orders."
    )
    found = (*report.taken, *([report.switched] if report.switched else []))
    rows = tuple((wording.ACTIONS.get(t.action, t.action), t.orders, *_share(t.share)) for t in found)
    return Table("actions", "Actions taken", rule, ("action", "orders", *_SHARE), rows)


def source_text(report: Report) -> str:
    """Where the figures on safe and risky orders are from, and how many decisions there were."""
    v = report.advice
    if v.source == "decisions":
        return f"The last decision kept for each of {wording.count(v.orders)} orders or checkouts of the period."
    few = "No decision was kept in the period" if not v.decisions else (
        f"{wording.count(v.decisions)} order{' or checkout was' if v.decisions == 1 else 's or checkouts were'} decided on "
        f"in the period, too few to stand for its orders ({FEWEST_DECISIONS} are needed, and half of the "
        f"{wording.count(v.placed_since)} placed since the first)"
    )  # fmt: skip
    if v.source == "open":
        return (
            f"{few}, so these are the {wording.count(v.orders)} open orders as scored now, by the day they were placed."
        )
    return f"{few}, and no open order was scored."


def _tiers(report: Report) -> Table:
    rule = f"{source_text(report)} came_back: of matured orders of the period with an outcome."
    rows = tuple(
        (t.tier, t.orders, *_share(t.share), None if t.said is None else round(t.said, 4)) for t in report.advice.tiers
    )
    return Table("tiers", "What became of each tier", rule, ("tier", "orders", *_SHARE, "mean_p_rto_said"), rows)


def _tier_weeks(report: Report) -> Table:
    rows = tuple((w.start, w.low, w.medium, w.high, w.orders) for w in report.advice.weeks)
    columns = ("week_of", "low", "medium", "high", "orders")
    return Table("tier_weeks", "Safe and risky by week", source_text(report), columns, rows)


def _reasons(report: Report) -> Table:
    rule = f"{source_text(report)} Orders for which the reason was among those told as raising the risk."
    rows = tuple(
        (wording.BUCKETS.get(r.bucket, r.bucket), report.reason_words.get(r.code, wording.code(r.code)), r.orders)
        for r in report.advice.reasons
    )
    return Table("reasons", "What raises the risk", rule, ("about", "reason", "orders"), rows)


def _open(report: Report) -> Table:
    rule = "Open orders where something is worth more than shipping as they are, best first, as scored now."
    if not report.today.weighed:
        rule = "The riskiest open orders, as scored now: without costs no advice can be weighed."
    columns = ("order_id", "placed_on", "value", "p_rto", "tier", "advice", "expected_saving", "why")
    zone = ZoneInfo(report.meta.timezone)
    rows = tuple(
        (r.order_id, wording.local_day(r.placed_at, zone), _major(report, r.amount_minor), r.p_rto, r.tier,
         wording.ACTIONS.get(r.action, r.action) if report.today.weighed else None, _major(report, r.saving_minor),
         "; ".join(r.reasons))
        for r in report.today.rows
    )  # fmt: skip
    return Table("open_orders", "Orders to act on", rule, columns, rows)


def _model(report: Report) -> Table:
    rule = "Orders the model had not seen, in groups of similar probability: what was said and what came back."
    columns = ("orders_of", "orders", "said", "came_back_share", "low_95", "high_95")
    bins = report.evidence.bins if report.evidence else {}
    rows = tuple(
        (kind, n, round(said, 4), round(seen, 4), round(low, 4), round(high, 4))
        for kind, found in bins.items()
        for said, seen, low, high, n in found
    )
    return Table("reliability", "Can you trust the probabilities?", rule, columns, rows)
