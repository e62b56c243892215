"""A made-up merchant for tests of the report: rows from a seed, nothing read from anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from data.contract import DAY, SECOND, Action, Reason
from data.fates import STATUSES
from serving.reports.columns import DIMENSIONS, PAYMENTS, Orders, coded
from serving.reports.figures import Evidence, Meta, Money, OpenRisk

NOW = 1_770_000_000 * SECOND  # 2 Feb 2026
META = Meta("asha-sarees", "Asia/Kolkata", NOW, 21.0)
RUPEES = Money("INR", 18_000, "forward ₹70, back ₹70, handling ₹40")
STATES = ("UTTAR PRADESH", "BIHAR", "KARNATAKA", "MAHARASHTRA", "WEST BENGAL", "TAMIL NADU", "DELHI", "JAMMU & KASHMIR")
CAUSES = ("refused", "unreachable", "bad_address", "fake_or_no_intent", "no_attempt", None)
REASONS = ("17 of 48 COD orders to this PIN code came back", "first order of this phone number",
           "the address has no house number", "two other orders of this buyer are still open")  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One order, as a test writes it down. outcome: 1 RTO, 0 delivered, NaN without."""

    order_id: str
    placed_at: int
    payment: str | None
    amount_minor: float | None
    pincode: str | None
    district: str | None
    state: str | None
    category: str | None
    outcome: float
    status: str
    cause: str | None = None
    sku: str | None = None
    courier: str | None = None
    channel: str | None = None
    campaign: str | None = None
    buyer: int = -1
    local_minute: float | None = None
    action: str | None = None
    first_failed: int = -1
    switched: bool = False
    delivered_days: float | None = None
    told_days: float | None = None
    foreign: bool = False


def orders_of(rows: Sequence[Row]) -> Orders:
    """The same as columns, by (placed_at, order_id)."""
    found = sorted(rows, key=lambda r: (r.placed_at, r.order_id))
    reason = [0 if r.cause is None else int(Reason[r.cause.upper()]) for r in found]
    return Orders(
        order_id=np.array([*(r.order_id for r in found), None], dtype=object)[:-1],
        placed_at=np.array([r.placed_at for r in found], dtype=np.int64),
        outcome=np.array([r.outcome for r in found], dtype=np.float64),
        status=np.array([STATUSES.index(r.status) for r in found], dtype=np.int64),
        payment=np.array([PAYMENTS.index(r.payment) if r.payment in PAYMENTS else -1 for r in found], dtype=np.int64),
        amount_minor=np.array([r.amount_minor for r in found], dtype=np.float64),
        cause=np.array(reason, dtype=np.int64),
        buyer=np.array([r.buyer for r in found], dtype=np.int64),
        local_minute=np.array([r.local_minute for r in found], dtype=np.float64),
        action=np.array([-1 if r.action is None else int(Action[r.action.upper()]) for r in found], dtype=np.int64),
        first_failed=np.array([r.first_failed for r in found], dtype=np.int64),
        switched=np.array([r.switched for r in found], dtype=bool),
        left=np.zeros(len(found), dtype=bool),
        delivered_after=DAY * np.array([r.delivered_days for r in found], dtype=np.float64),
        told_after=DAY * np.array([r.told_days for r in found], dtype=np.float64),
        foreign=np.array([r.foreign for r in found], dtype=bool),
        text=MappingProxyType({name: coded([getattr(r, name) for r in found]) for name in DIMENSIONS}),
    )


def rows(n: int = 6_000, *, seed: int = 1, days: int = 240) -> list[Row]:
    """`n` orders of the last `days` days; those of the last weeks partly open, RTOs told later than deliveries."""
    rng = np.random.default_rng(seed)
    return [_row(i, rng, days) for i in range(n)]


def _row(i: int, rng: np.random.Generator, days: int) -> Row:
    age = float(rng.uniform(0, days))
    state = int(rng.choice(len(STATES), p=[0.28, 0.16, 0.15, 0.14, 0.1, 0.08, 0.06, 0.03]))
    cod, band = bool(rng.random() < 0.66), int(rng.integers(4))
    p_rto = (0.2 + 0.03 * (7 - state) - 0.08 * (state == 2) + 0.03 * band) if cod else 0.03
    rto, told_after = bool(rng.random() < p_rto), float(rng.gamma(6, 1.0))
    told_after += 6 * rto
    status = "cancelled" if rng.random() < 0.03 else "open" if age < told_after else "rto" if rto else "delivered"
    status = "lost" if rng.random() < 0.004 else status
    pin = f"{11 + 9 * state}00{int(rng.integers(1, 30)):02d}"
    return Row(
        order_id=f"AS-{100_000 + i}",
        placed_at=NOW - int(age * DAY),
        payment="cod" if cod else "prepaid",
        amount_minor=float(round(float(rng.lognormal(6.9, 0.6))) * 100 - 100) if rng.random() < 0.99 else None,
        pincode=pin,
        district=f"{STATES[state]} {pin[-1]}",
        state=STATES[state],
        category=("sarees", "kurtis", "footwear", "jewellery")[band],
        outcome={"rto": 1.0, "delivered": 0.0}.get(status, float("nan")),
        status=status,
        cause=CAUSES[int(rng.choice(6, p=[0.4, 0.2, 0.14, 0.1, 0.06, 0.1]))] if status == "rto" else None,
    )


def risks(rows: list[Row], *, seed: int = 2) -> list[OpenRisk]:
    """A score for each open order."""
    rng = np.random.default_rng(seed)
    return [_risk(r, rng) for r in rows if r.status == "open"]


def _risk(row: Row, rng: np.random.Generator) -> OpenRisk:
    p = round(float(rng.beta(2, 5)) if row.payment == "cod" else 0.03, 3)
    action = "prepaid_nudge" if p > 0.5 else "confirm_call" if p > 0.25 else "allow_cod"
    tier = "high" if p > 0.45 else "medium" if p > 0.2 else "low"
    saving = 0.0 if action == "allow_cod" else round(p * 9_000.0 - 1_500)
    reasons = [REASONS[int(k)] for k in rng.choice(len(REASONS), size=2, replace=False)]
    codes = [("location", "rto_prone_pincode")] if p > 0.25 else []
    return OpenRisk(row.order_id, row.placed_at, row.amount_minor, p, tier, action, saving, reasons, codes)


def evidence(*, seed: int = 3) -> Evidence:
    rng = np.random.default_rng(seed)
    bins = {}
    for kind, top in (("all", 0.55), ("cod", 0.6)):
        said = np.linspace(0.02, top, 12)
        seen = np.clip(said + rng.normal(0, 0.015, 12), 0, 1)
        n = rng.integers(80, 400, 12)
        half = 1.96 * np.sqrt(seen * (1 - seen) / n) + 0.005
        bins[kind] = [
            (float(p), float(s), float(max(0.0, s - h)), float(s + h), int(k))
            for p, s, h, k in zip(said, seen, half, n, strict=True)
        ]
    return Evidence(bins, 2_840, 0.742, 0.721, 0.763, 0.4312, 0.4967, 0.196, "20 Jan 2026", "14")
