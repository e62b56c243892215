"""DQ150 to DQ152: are the newest four weeks made of the same orders as the twelve before them?"""

from typing import Any

import numpy as np

from data.checks.check import Check, Severity, Suite
from data.contract import DAY

Array = np.ndarray[Any, Any]

RECENT, BEFORE = 28 * DAY, 84 * DAY
ENOUGH_ORDERS = 100
MIX_COLUMNS = ("payment_method", "state", "category", "channel")
PSI_MAX = 0.25
RARE = 0.01
TIMES_MAX = 3.0
MISSING_JUMP_MAX = 0.2

SOFT, BETWEEN = Severity.SOFT, "ExpectColumnValuesToBeBetween"
PSI = (
    f"the population stability index is above {PSI_MAX} beyond chance, where a score card is usually built anew "
    "(Siddiqi, Credit Risk Scorecards, 2006)"
)

MIX_CHECKS = (
    Check(
        "DQ150", "payment, state, category and channel are mixed as before", SOFT,
        "in the newest 28 days against the 84 before, " + PSI + ": another market, or words mapped in another way",
        "see which share moved; if a word is spelled anew, map it; if the market moved, train on the newer weeks",
        Suite.COLUMNS, BETWEEN, {"column": "psi", "max_value": PSI_MAX},
    ),
    Check(
        "DQ151", "the usual amount is as before", SOFT,
        f"a merchant's median amount moved by more than {TIMES_MAX:.0f} times between the 84 days before and the newest 28: "
        "major and minor units, or another currency, in one column",
        "check the unit and currency of the amount in the newest files",
        Suite.MERCHANTS, BETWEEN, {"column": "median_over_before", "min_value": 1 / TIMES_MAX, "max_value": TIMES_MAX},
    ),
    Check(
        "DQ152", "no column is suddenly missing or suddenly there", SOFT,
        f"the share of orders without it moved by more than {MISSING_JUMP_MAX:.0%} of orders in the newest 28 days: a "
        "column renamed in the export. A model trained on it meets orders it has never seen the like of",
        "compare the header rows of old and new files, and map the new name too",
        Suite.COLUMNS, BETWEEN, {"column": "missing_jump", "max_value": MISSING_JUMP_MAX},
    ),
)  # fmt: skip


def spans(placed_at: Array) -> tuple[Array, Array] | None:
    """(recent, before): which orders are of the newest 28 days, and of the 84 before; None if either are too few."""
    age = placed_at.max(initial=0) - placed_at
    recent, before = age < RECENT, (age >= RECENT) & (age < RECENT + BEFORE)
    return (recent, before) if min(recent.sum(), before.sum()) >= ENOUGH_ORDERS else None


def shares(levels: Array, spans: tuple[Array, Array]) -> tuple[Array, Array]:
    """Orders of each level in either span; missing is none of them."""
    n = int(levels.max(initial=-1)) + 1
    recent, before = (np.bincount(levels[span & (levels >= 0)], minlength=n) for span in spans)
    return recent, before


def psi(recent: Array, before: Array) -> float:
    """Population stability index of two counts by level, less what chance alone makes of samples this small.

    Levels rarer than 1 % in both are one. NaN where either has too few orders to say.

    >>> round(psi(np.array([500, 500]), np.array([900, 100])), 2)
    0.88
    """
    if min(recent.sum(), before.sum()) < ENOUGH_ORDERS:
        return float("nan")
    p, q = recent / recent.sum(), before / before.sum()
    rare = (p < RARE) & (q < RARE)
    (m, n), (p, q) = (recent.sum(), before.sum()), (np.append(s[~rare], s[rare].sum()) for s in (p, q))
    told = (p > 0) | (q > 0)
    p, q = np.maximum(p[told], 0.5 / m), np.maximum(q[told], 0.5 / n)
    by_chance = (len(p) - 1) * (1 / m + 1 / n)
    return max(float(((p - q) * np.log(p / q)).sum() - by_chance), 0.0)


def median_over_before(amount: Array, spans: tuple[Array, Array]) -> float:
    """How many times the median positive amount of the span before the recent one is; NaN if either has too few."""
    recent, before = (amount[span & (amount > 0)] for span in spans)
    if min(len(recent), len(before)) < ENOUGH_ORDERS:
        return float("nan")
    return float(np.median(recent) / np.median(before))
