"""From orders to the figures of the page: counting only, nothing read and nothing written."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from data.contract import DAY, Action
from serving.reports import groups
from serving.reports.figures import (
    AdviceSum,
    Cause,
    Evidence,
    Headline,
    Meta,
    Money,
    OpenRisk,
    OrderRow,
    Period,
    Report,
    RtoCost,
    Today,
)
from serving.reports.shares import Share
from serving.reports.wording import CAUSES, NO_CAUSE, local_day

ROWS_TODAY = 25
_SHIP = Action.ALLOW_COD.name.lower()


def build_report(
    rows: Sequence[OrderRow], open_risks: Sequence[OpenRisk], evidence: Evidence | None, money: Money, meta: Meta
) -> Report:
    """All figures of one merchant's page. rows: every order; open_risks: open orders as scored now, in any order."""
    matured = [r for r in rows if _is_mature(r.placed_at, meta)]
    headline = _headline(rows, matured)
    zone = ZoneInfo(meta.timezone)
    days = [local_day(r.placed_at, zone) for r in rows]
    each = money.cost_of_one_rto_minor
    return Report(
        meta=meta,
        money=money,
        evidence=evidence,
        headline=headline,
        cost=None if each is None else RtoCost(headline.rto, each),
        first=min(days, default=None),
        last=max(days, default=None),
        weeks=_periods(rows, days, monday, meta),
        months=_periods(rows, days, first_of_month, meta),
        states=groups.by_state(matured),
        pincodes=groups.worst_pincodes(matured),
        categories=groups.by_category(matured),
        values=groups.by_value(matured, money),
        causes=_causes(rows),
        today=_today(open_risks),
    )


def monday(one: date) -> date:
    """The Monday of a day's week."""
    return one - timedelta(days=one.weekday())


def first_of_month(one: date) -> date:
    return one.replace(day=1)


def _is_mature(placed_at: int, meta: Meta) -> bool:
    return placed_at + meta.matures_in_days * DAY <= meta.told_until


def _headline(rows: Sequence[OrderRow], matured: Sequence[OrderRow]) -> Headline:
    status = Counter(r.status for r in rows)
    shares = _shares(matured)
    due = [r for r in matured if r.status != "cancelled"]
    return Headline(
        shipped_or_open=len(rows) - status["cancelled"],
        delivered=status["delivered"],
        rto=status["rto"],
        open=status["open"],
        cancelled=status["cancelled"],
        other=status["lost"] + status["mixed"],
        matured=len(due),
        outcome_known=sum(r.status != "open" for r in due),
        every=shares[0],
        cod=shares[1],
        prepaid=shares[2],
        has_payment=any(r.payment for r in rows),
    )


def _shares(rows: Iterable[OrderRow]) -> tuple[Share, Share, Share]:
    """All orders, COD, prepaid."""
    counted = Counter((r.payment, r.outcome) for r in rows if r.outcome == r.outcome)

    def share(*payments: str | None) -> Share:
        rto, delivered = (sum(counted[p, outcome] for p in payments) for outcome in (1.0, 0.0))
        return Share(rto + delivered, rto)

    return share("cod", "prepaid", None), share("cod"), share("prepaid")


def _periods(
    rows: Sequence[OrderRow], days: Sequence[date], start_of: Callable[[date], date], meta: Meta
) -> tuple[Period, ...]:
    """Every period from the first order to the last, empty ones too."""
    by_start: dict[date, list[OrderRow]] = {}
    for row, one in zip(rows, days, strict=True):
        if row.status != "cancelled":
            by_start.setdefault(start_of(one), []).append(row)
    if not by_start:
        return ()
    last_mature = local_day(meta.told_until - int(meta.matures_in_days * DAY), ZoneInfo(meta.timezone))
    periods, start = [], min(by_start)
    while start <= max(by_start):
        end = start_of(start + timedelta(days=32)) if start_of is first_of_month else start + timedelta(days=7)
        periods.append(_period(start, by_start.get(start, []), mature=end <= last_mature))
        start = end
    return tuple(periods)


def _period(start: date, rows: list[OrderRow], *, mature: bool) -> Period:
    every, cod, prepaid = _shares(rows)
    n_cod = sum(r.payment == "cod" for r in rows)
    n_open = sum(r.status == "open" for r in rows)
    return Period(start, len(rows), n_cod, n_open, every, cod, prepaid, mature)


def _causes(rows: Iterable[OrderRow]) -> tuple[Cause, ...]:
    """Causes of all RTOs, most frequent first, "no reason told" last; nothing if no RTO has a reason."""
    told = Counter(r.cause for r in rows if r.status == "rto")
    total, silent = sum(told.values()), told.pop(None, 0)
    named = [Cause(CAUSES.get(c or "", c or ""), n, n / total) for c, n in told.most_common()]
    return (*named, *([Cause(NO_CAUSE, silent, silent / total)] if silent else [])) if named else ()


def _today(risks: Sequence[OpenRisk]) -> Today:
    savings = [r.saving_minor for r in risks if r.saving_minor is not None]
    to_act = [r for r in risks if r.action != _SHIP]
    to_act.sort(key=lambda r: (r.saving_minor is None, -(r.saving_minor or 0.0), -r.p_rto, r.order_id))
    order = [a.name.lower() for a in Action]
    actions = sorted({r.action for r in risks}, key=lambda a: (order.index(a) if a in order else len(order), a))
    return Today(
        scored=len(risks),
        expected_rto=sum(r.p_rto for r in risks),
        high=sum(r.tier == "high" for r in risks),
        to_act=len(to_act),
        rows=tuple(to_act[:ROWS_TODAY]),
        sums=tuple(_advice_sum(a, [r for r in risks if r.action == a]) for a in actions),
        saving_minor=sum(savings) if savings else None,
    )


def _advice_sum(action: str, risks: list[OpenRisk]) -> AdviceSum:
    savings = [r.saving_minor for r in risks if r.saving_minor is not None]
    return AdviceSum(action, len(risks), sum(r.p_rto for r in risks), sum(savings) if savings else None)
