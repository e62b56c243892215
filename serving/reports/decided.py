"""What was decided on one merchant's orders: from the ledger, the last decision of each order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson

from data.keeping.database import Connection
from serving.reports.columns import Orders
from serving.reports.figures import Advice, OpenRisk, ReasonRow, TierRow, TierWeek
from serving.reports.shares import Share
from serving.reports.wording import local_day

MOST_DECISIONS = 50_000
"""Newest decisions that are read; older ones of the period are left out, and the report says how many."""
FEWEST_DECISIONS, LEAST_COVERED = 100, 0.5
"""Decisions stand for the orders of a period from so many on, and if there are at least half as many as orders were
placed since the first of them: else a handful of tests would hide what the model says of all the others."""
TIERS = ("low", "medium", "high")
_DECISIONS = """SELECT scored_at, order_id, COALESCE(order_id, checkout_id, decision_id),
json_extract(body, '$.answer.risk.tier', '$.answer.risk.p_rto', '$.answer.recommendation.action', '$.answer.reasons')
FROM decisions WHERE merchant_id = ? AND scored_at >= ? AND scored_at < ? ORDER BY scored_at DESC, decision_id LIMIT ?"""
_COUNT = "SELECT COUNT(*) FROM decisions WHERE merchant_id = ? AND scored_at >= ? AND scored_at < ?"


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision. at: when, or for an open order when it was placed.  codes: (bucket, code) of what raised the risk."""

    at: int
    order_id: str | None
    tier: str
    p_rto: float
    action: str
    codes: Sequence[tuple[str, str]]


def read_decisions(connection: Connection, merchant_id: str, since: int, before: int) -> tuple[list[Decided], int]:
    """The last scored decision of each order or checkout in a span, and how many older decisions were not read."""
    span = (merchant_id, since, before)
    found: dict[str, Decided] = {}
    read = 0
    for scored_at, order_id, subject, text in connection.execute(_DECISIONS, (*span, MOST_DECISIONS)):
        read += 1
        tier, p_rto, action, reasons = orjson.loads(text)
        if tier is not None and subject not in found:
            found[subject] = Decided(scored_at, order_id, tier, p_rto, action, raising(reasons))
    (total,) = next(connection.execute(_COUNT, span))
    return list(found.values()), total - read


def raising(reasons: Sequence[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Bucket and code of the reasons that raise the risk."""
    return tuple((r["bucket"], r["code"]) for r in reasons if r["direction"] == "raises")


@dataclass(frozen=True, slots=True)
class Kept:
    """The decisions of a period. placed_since: its orders since the first of them.  left_out: as of `read_decisions`."""

    decided: Sequence[Decided]
    left_out: int
    placed_since: int

    @property
    def enough(self) -> bool:
        """Do they stand for the orders of the period?"""
        return len(self.decided) >= max(FEWEST_DECISIONS, LEAST_COVERED * self.placed_since)


def kept(decided: Sequence[Decided], left_out: int, orders: Orders) -> Kept:
    """orders: of the period."""
    first = min((d.at for d in decided), default=0)
    return Kept(decided, left_out, int((orders.placed_at >= first).sum()) if decided else 0)


def advice(found: Kept, risks: Sequence[OpenRisk], judged: Orders, zone: str) -> Advice:
    """Sums over decisions; where they are too few to stand for the orders of the period, over open orders as scored now.

    judged: matured orders with a known outcome.
    """
    shown = found.decided if found.enough else ()
    looked_at = shown or [Decided(r.placed_at, r.order_id, r.tier, r.p_rto, r.action, r.codes) for r in risks]
    actions = Counter(d.action for d in looked_at)
    return Advice(
        source="decisions" if shown else "open" if risks else "",
        orders=len(looked_at),
        left_out=found.left_out,
        decisions=len(found.decided),
        placed_since=found.placed_since,
        weeks=_weeks(looked_at, ZoneInfo(zone)),
        tiers=_tiers(shown, judged),
        reasons=_reasons(looked_at),
        actions=tuple(sorted(actions.items(), key=lambda p: (-p[1], p[0]))),
    )


def _weeks(looked_at: Sequence[Decided], zone: ZoneInfo) -> tuple[TierWeek, ...]:
    counts: Counter[tuple[date, str]] = Counter()
    for one in (one for one in looked_at if one.tier in TIERS):
        day = local_day(one.at, zone)
        counts[day - timedelta(days=day.weekday()), one.tier] += 1
    starts = sorted({start for start, _ in counts})
    return tuple(TierWeek(start, *(counts[start, tier] for tier in TIERS)) for start in starts)


def _tiers(decided: Sequence[Decided], judged: Orders) -> tuple[TierRow, ...]:
    """What became of the orders of each tier, where their outcome is known."""
    if not decided:
        return ()
    outcome_of = dict(zip(judged.order_id.tolist(), judged.outcome.tolist(), strict=True))
    rows = []
    for tier in TIERS:
        ours = [d for d in decided if d.tier == tier]
        ended = [(d.p_rto, outcome_of[d.order_id]) for d in ours if d.order_id in outcome_of]
        share = Share(len(ended), int(sum(outcome for _, outcome in ended)))
        said = float(np.mean([p for p, _ in ended])) if ended else None
        rows += [TierRow(tier, len(ours), share, said)] if ours else []
    return tuple(rows)


def _reasons(looked_at: Sequence[Decided]) -> tuple[ReasonRow, ...]:
    """Buckets by how often they raise a risk, the reasons of each together."""
    codes = Counter(code for one in looked_at for code in set(one.codes))
    buckets: Counter[str] = Counter()
    for (bucket, _), n in codes.items():
        buckets[bucket] += n
    order = sorted(codes.items(), key=lambda p: (-buckets[p[0][0]], p[0][0], -p[1], p[0][1]))
    return tuple(ReasonRow(bucket, code, n) for (bucket, code), n in order)
