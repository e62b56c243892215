"""DQ130 and DQ131: one order told under two numbers, or for one merchant spelled in two ways."""

from typing import Any

import numpy as np
import pandas as pd

from data.checks.check import Check, Severity, Suite, Tally
from data.contract import DAY, SECOND

Array = np.ndarray[Any, Any]

BUYERS = ("phone", "customer_id", "email", "device_id")
MINUTE = 60 * SECOND
SOFT, BETWEEN = Severity.SOFT, "ExpectColumnValuesToBeBetween"
REPEATED_MAX = 0.01

DOUBLES_CHECKS = (
    Check(
        "DQ130", "no buyer places the same order twice in a minute", SOFT,
        "the same buyer, article and amount in one minute under different order numbers: a cart told as several orders, a "
        "button pressed twice, or an order told again under a new number. It counts twice in every sum of its buyer and "
        f"place. It fails above {REPEATED_MAX:.0%} of orders; not applicable where only days are told",
        "map the column that numbers the whole order; if the shop re-numbers orders, map the first number",
        Suite.DOUBLES, BETWEEN, {"column": "repeated", "max_value": REPEATED_MAX},
    ),
    Check(
        "DQ131", "no order stands under two spellings of one merchant", SOFT,
        "Shop and shop are two merchants to us: the same order number under both is one order told twice, and each of the "
        "two has half of its buyers' history",
        "spell the merchant in one way in all files, or set it in the mapping or with --merchant",
        Suite.DOUBLES, BETWEEN, {"column": "spelled_twice", "max_value": 0},
    ),
)  # fmt: skip


def repeated(orders: pd.DataFrame, article: Array) -> Tally:
    """Orders of one buyer with one article and amount in one minute, after the first of them.

    article: (n,) codes, -1 where not told. Only orders with buyer, amount and an hour are judged.
    """
    placed_at, nobody = orders["placed_at"].to_numpy(), np.full(len(orders), -1, dtype=np.int64)
    kinds, buyer = nobody.copy(), nobody.copy()
    for kind, name in enumerate(BUYERS):
        if name in orders:
            own = orders[name].to_numpy()
            told = (buyer == -1) & (own >= 0)
            kinds[told], buyer[told] = kind, own[told]
    amount = orders["amount_minor"].to_numpy() if "amount_minor" in orders else np.full(len(orders), np.nan)
    asked = (buyer != -1) & ~np.isnan(amount) & _told_to_the_minute(orders, placed_at)
    rows = np.flatnonzero(asked)
    columns = {"kind": kinds, "buyer": buyer, "amount": amount, "article": article, "minute": placed_at // MINUTE}
    again = np.zeros(len(orders), dtype=bool)
    again[rows] = pd.DataFrame({name: column[rows] for name, column in columns.items()}).duplicated().to_numpy()
    return Tally.of(asked, again)


def spelled_twice(order_ids: "pd.Series[str]", merchant: Array, names: list[str]) -> Tally:
    """Orders whose number stands under another spelling of their merchant too. merchant: (n,) codes of `names`."""
    folded = [" ".join(str(name).casefold().split()) for name in names]
    alike = np.array([folded.count(one) > 1 for one in folded] + [False])
    same = np.array([folded.index(one) for one in folded] + [-1])
    asked = merchant >= 0
    rows = np.flatnonzero(alike[merchant])
    twice = np.zeros(len(merchant), dtype=bool)
    if len(rows):
        own = pd.DataFrame({"merchant": same[merchant[rows]], "order": order_ids.iloc[rows].str.casefold().to_numpy()})
        twice[rows] = own.duplicated(keep=False).to_numpy()
    return Tally.of(asked, twice)


def _told_to_the_minute(orders: pd.DataFrame, placed_at: Array) -> Array:
    """A merchant's day without an hour says nothing about minutes."""
    if "local_minute" in orders:
        return np.asarray(~np.isnan(orders["local_minute"].to_numpy(np.float64)))
    dated = len(placed_at) > 1 and bool((placed_at % DAY == placed_at[0] % DAY).all())
    return np.full(len(placed_at), not dated)
