"""From orders to the figures of the page: counting only, nothing read and nothing written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np

from data.contract import DAY, Action, Reason
from data.fates import STATUSES
from serving.reports import columns
from serving.reports.columns import Array, Orders
from serving.reports.decided import Decided, advice, kept
from serving.reports.figures import (
    AdviceSum,
    Attempts,
    Cause,
    Delay,
    Evidence,
    Headline,
    Meta,
    Money,
    OpenRisk,
    Report,
    RtoCost,
    Taken,
    Today,
)
from serving.reports.groups import Judged, all_groups
from serving.reports.periods import months, weeks
from serving.reports.shares import Share
from serving.reports.wording import CAUSES, NO_CAUSE, local_day

ROWS_TODAY = 25
_SHIP = Action.ALLOW_COD.name.lower()


def build_report(
    orders: Orders,
    risks: Sequence[OpenRisk],
    evidence: Evidence | None,
    money: Money,
    meta: Meta,
    *,
    decided: Sequence[Decided] = (),
    left_out: int = 0,
    waiting: int | None = None,
    reason_words: Mapping[str, str] = MappingProxyType({}),
) -> Report:
    """All figures of one merchant's page.

    orders: of the period.  risks: open orders as scored now, in any order; waiting: how many there are to score.
    decided, left_out: from `read_decisions`.  reason_words: what a reason says, by its code.
    """
    zone = ZoneInfo(meta.timezone)
    days = orders.days(zone)
    old_enough = orders.placed_at + meta.matures_in_days * DAY <= meta.told_until
    ended = np.flatnonzero(old_enough & orders.known)
    judged = Judged(orders.take(ended), orders.outcome[ended], days[ended])
    headline = _headline(orders, old_enough, judged)
    each = money.cost_of_one_rto_minor
    last_mature = local_day(meta.told_until - int(meta.matures_in_days * DAY), zone)
    return Report(
        meta=meta,
        money=money,
        evidence=evidence,
        headline=headline,
        cost=None if each is None else RtoCost(headline.rto, each),
        first=days.min().astype(date) if len(days) else None,
        last=days.max().astype(date) if len(days) else None,
        foreign=int(orders.foreign.sum()),
        weeks=weeks(orders, days, last_mature),
        months=months(orders, days, last_mature),
        groups=all_groups(judged, money),
        causes=_causes(orders),
        attempts=_attempts(orders.take(old_enough)),
        delays=_delays(orders.take(old_enough)),
        taken=_taken(orders),
        switched=_switched(orders),
        advice=advice(kept(decided, left_out, orders), risks, judged.orders, meta.timezone),
        today=_today(risks, len(risks) if waiting is None else waiting),
        reason_words=reason_words,
    )


def _headline(orders: Orders, old_enough: Array, judged: Judged) -> Headline:
    status = np.bincount(orders.status, minlength=len(STATUSES)).tolist()
    due = old_enough & (orders.status != columns.CANCELLED)
    cod, prepaid = (share_of(judged.orders, judged.orders.payment == p) for p in (columns.COD, columns.PREPAID))
    return Headline(
        shipped_or_open=len(orders) - status[columns.CANCELLED],
        delivered=status[columns.DELIVERED],
        rto=status[columns.RTO],
        open=status[columns.OPEN],
        cancelled=status[columns.CANCELLED],
        other=status[columns.LOST] + status[columns.MIXED],
        matured=int(due.sum()),
        outcome_known=int((due & (orders.status != columns.OPEN)).sum()),
        every=judged.every,
        cod=cod,
        prepaid=prepaid,
        has_payment=bool((orders.payment >= 0).any()),
    )


def share_of(orders: Orders, mask: Array) -> Share:
    """The orders under a mask (n,) that have an outcome, and how many of them came back."""
    return Share(int((mask & orders.known).sum()), int((mask & (orders.outcome == 1)).sum()))


def _causes(orders: Orders) -> tuple[Cause, ...]:
    """Causes of all RTOs, most frequent first, "no reason told" last; nothing if no RTO has a reason."""
    told = Counter(orders.cause[orders.status == columns.RTO].tolist())
    total, silent = sum(told.values()), told.pop(int(Reason.NONE), 0)
    ranked = sorted(told.items(), key=lambda p: (-p[1], p[0]))
    named = [Cause(CAUSES[Reason(cause).name.lower()], n, n / total) for cause, n in ranked]
    return (*named, *([Cause(NO_CAUSE, silent, silent / total)] if silent else [])) if named else ()


def _attempts(matured: Orders) -> Attempts:
    """First attempts; nothing where the history never tells of a failed one."""
    failed = matured.first_failed == 1
    if not failed.any():
        return Attempts()
    ended = [int((failed & (matured.status == status)).sum()) for status in (columns.DELIVERED, columns.RTO)]
    return Attempts(int((matured.first_failed >= 0).sum()), int(failed.sum()), *ended)


def _delays(matured: Orders) -> tuple[Delay, ...]:
    named: Mapping[str, Array] = {
        "From the order to the delivery": matured.delivered_after,
        "From the order until a delivery was told": matured.told_after[matured.outcome == 0],
        "From the order until an RTO was told": matured.told_after[matured.outcome == 1],
    }
    found = ((name, after[~np.isnan(after)] / DAY) for name, after in named.items())
    return tuple(
        Delay(name, len(after), *np.quantile(after, (0.5, 0.9, 0.99)).tolist()) for name, after in found if len(after)
    )


def _taken(orders: Orders) -> tuple[Taken, ...]:
    return tuple(
        Taken(action.name.lower(), int(mask.sum()), share_of(orders, mask))
        for action in Action
        if (mask := orders.action == int(action)).any()
    )


def _switched(orders: Orders) -> Taken | None:
    """Orders whose buyer changed to paying online; None if nothing of the kind was told."""
    if not orders.switched.any():
        return None
    return Taken("switched_to_prepaid", int(orders.switched.sum()), share_of(orders, orders.switched))


def _today(risks: Sequence[OpenRisk], waiting: int) -> Today:
    savings = [r.saving_minor for r in risks if r.saving_minor is not None]
    to_act = [r for r in risks if r.action != _SHIP]
    to_act.sort(key=lambda r: (r.saving_minor is None, -(r.saving_minor or 0.0), -r.p_rto, r.order_id))
    listed = to_act if savings else sorted(risks, key=lambda r: (-r.p_rto, r.order_id))  # nothing could be weighed
    order = [a.name.lower() for a in Action]
    actions = sorted({r.action for r in risks}, key=lambda a: (order.index(a) if a in order else len(order), a))
    return Today(
        waiting=waiting,
        scored=len(risks),
        expected_rto=sum(r.p_rto for r in risks),
        high=sum(r.tier == "high" for r in risks),
        to_act=len(to_act),
        rows=tuple(listed[:ROWS_TODAY]),
        sums=tuple(_advice_sum(a, [r for r in risks if r.action == a]) for a in actions),
        saving_minor=sum(savings) if savings else None,
    )


def _advice_sum(action: str, risks: list[OpenRisk]) -> AdviceSum:
    savings = [r.saving_minor for r in risks if r.saving_minor is not None]
    return AdviceSum(action, len(risks), sum(r.p_rto for r in risks), sum(savings) if savings else None)
