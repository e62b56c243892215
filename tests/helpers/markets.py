"""A small made-up market as a history: enough signal for a model to find, and outcomes told days later."""

from typing import Any

import numpy as np

from data.building import build_history
from data.contract import DAY, HOUR
from data.history import History, Told
from data.news import news_table
from tests.helpers.histories import T0, order_columns
from training.plan import Plan, TreePlan

PLACES = (
    ("800001", "PATNA", "BIHAR", 0.9),
    ("110001", "CENTRAL DELHI", "DELHI", 0.3),
    ("226001", "LUCKNOW", "UTTAR PRADESH", 0.6),
    ("560001", "BENGALURU", "KARNATAKA", -0.7),
    ("400001", "MUMBAI", "MAHARASHTRA", -0.4),
    ("600001", "CHENNAI", "TAMIL NADU", -0.6),
)
"""PIN code, district, state, and what the place adds to the log-odds of an RTO."""
CATEGORIES = ("kurta", "shoes", "watch")
_DAYS, _EXPORT_DAYS = 150, 3

QUICK_PLAN = Plan(linear_penalties=(30.0,), trees=TreePlan(depths=(2,), max_trees=60, learning_rate=0.1))
"""Trains on a small market in under a second."""


def small_market(n: int = 1_500, seed: int = 1, merchants: tuple[str, ...] = ("acme",)) -> History:
    """`n` orders over 150 days, exported 3 days after the last. Cash, place, buyer, address and price move the risk.

    Deliveries are told after 2 to 6 days, RTOs after 5 to 13; some orders are cancelled or lost; the youngest are open.
    """
    rng = np.random.default_rng(seed)
    placed_at = T0 + np.sort(rng.integers(0, _DAYS * DAY, n))
    through = int(placed_at[-1]) + _EXPORT_DAYS * DAY
    buyers = rng.normal(0.0, 1.2, max(n // 3, 1))
    rows, told = [], []
    for i in range(n):
        row, log_odds = _order(f"o{i}", int(placed_at[i]), buyers, rng)
        row["merchant_id"] = merchants[i % len(merchants)]
        rows.append(row)
        told += [t for t in _news(row, log_odds, rng) if t.known_at <= through]
    return build_history(order_columns(rows), news_table(told), through)


def _order(
    order_id: str, placed_at: int, buyers: np.ndarray[Any, Any], rng: np.random.Generator
) -> tuple[dict[str, Any], float]:
    """An order's kept columns and the log-odds of its coming back."""
    buyer = int(rng.integers(len(buyers)))
    pincode, district, state, of_place = PLACES[rng.integers(len(PLACES))]
    is_cod = bool(rng.random() < 0.7)
    amount = float(np.round(rng.lognormal(11.2, 0.6), -2))
    words = float(rng.integers(2, 12))
    row = {
        "order_id": order_id, "placed_at": placed_at, "channel": "web", "currency": "INR", "country": "IN",
        "payment_method": "cod" if is_cod else "prepaid", "amount_minor": amount,
        "category": CATEGORIES[rng.integers(len(CATEGORIES))], "phone": buyer, "address": buyer, "customer_id": buyer,
        "pincode": pincode, "district": district, "state": state, "n_lines": 1.0, "n_units": float(rng.integers(1, 4)),
        "local_minute": float(placed_at // (60 * 1_000_000) % 1440), "place_mismatch": 0.0,
        "address_words": words, "address_length": words * 6, "phone_valid": float(rng.random() < 0.97),
    }  # fmt: skip
    log_odds = -3.4 + 2.2 * is_cod + of_place + buyers[buyer] - 0.12 * (words - 6) + 0.4 * np.log(amount / 80_000)
    return row, float(log_odds)


def _news(row: dict[str, Any], log_odds: float, rng: np.random.Generator) -> list[Told]:
    placed = int(row["placed_at"])
    fate = rng.random()
    if fate < 0.03:
        course = [("cancelled", 6 * HOUR)]
    elif fate < 0.04:
        course = [("dispatched", DAY), ("lost", 20 * DAY)]
    elif rng.random() < 1 / (1 + np.exp(-log_odds)):
        started = int(rng.uniform(5, 13) * DAY)
        course = [("dispatched", DAY), ("rto_started", started), ("rto_received", started + 4 * DAY)]
    else:
        course = [("dispatched", DAY), ("delivered", int(rng.uniform(2, 6) * DAY))]
    reasons = {"rto_started": "refused"}
    return [
        Told(row["merchant_id"], row["order_id"], "shop", f"{row['order_id']}-{kind}", kind, at, at, reasons.get(kind))
        for kind, at in [("placed", placed), *((kind, placed + after) for kind, after in course)]
    ]
