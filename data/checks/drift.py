"""DQ160, DQ320 and DQ321: does this import look like the history that was there before it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from data.checks.check import Check, Severity, Suite
from data.checks.mix import ENOUGH_ORDERS, PSI, PSI_MAX, psi
from data.contract import HOUR
from data.files import matching

Array = np.ndarray[Any, Any]

DRIFT_COLUMNS = ("payment_method", "state", "category")
LAG_QUANTILES = {"median": 0.5, "90 %": 0.9}
MATURE_SHARE = 0.99
LAG_TIMES_MAX = 2.0
RTO_GAP_MAX = 0.05

SOFT, BETWEEN = Severity.SOFT, "ExpectColumnValuesToBeBetween"

DRIFT_CHECKS = (
    Check(
        "DQ160", "this import's payment, state, category and amounts are mixed as in the history", SOFT,
        "against everything imported before, " + PSI + ". Amounts are compared by the deciles of the history. Not "
        "applicable on the first import",
        "if it is another shop, give it a pool of its own; if words or units differ, correct the mapping",
        Suite.DRIFT, BETWEEN, {"column": "psi", "max_value": PSI_MAX},
    ),
)  # fmt: skip

OUTCOME_DRIFT_CHECKS = (
    Check(
        "DQ320", "this import's RTO share is as in the history", SOFT,
        f"matured orders differ by more than {RTO_GAP_MAX:.0%} of orders, beyond three standard errors: statuses mapped in "
        "another way, or a market that has changed. Not applicable on the first import",
        "compare the statuses of old and new files; if the market changed, train again and compare",
        Suite.OUTCOME_DRIFT, BETWEEN, {"column": "rto_gap_beyond_chance", "max_value": RTO_GAP_MAX}, whole=True,
    ),
    Check(
        "DQ321", "outcomes are told as late as in the history", SOFT,
        f"the median or the 90 % quantile of the time from order to outcome differs by more than {LAG_TIMES_MAX:.0f} times: "
        "a declared delay that does not fit, or another courier. From which age orders may train depends on it",
        "compare the declared delays of the two mappings, and the columns that tell when an outcome was known",
        Suite.LAGS, BETWEEN, {"column": "times_before", "min_value": 1 / LAG_TIMES_MAX, "max_value": LAG_TIMES_MAX},
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison. orders: columns (n,).  labels: (n,) 1, 0, NaN.  lag: (n,) microseconds from order to
    outcome, NaN without one.  exported_at: to when it is complete."""

    orders: Mapping[str, Any]
    labels: Array
    lag: Array
    exported_at: int


def mixes(now: Side, before: Side) -> pd.DataFrame:
    """A row for each column both sides have: `name`, `psi` (NaN with too few orders)."""
    found = {}
    enough = min(len(now.labels), len(before.labels)) >= ENOUGH_ORDERS
    for name in (*DRIFT_COLUMNS, "amount_minor"):
        if enough and name in now.orders and name in before.orders:
            counts = (_by_decile if name == "amount_minor" else _by_level)(now.orders[name], before.orders[name])
            found[name] = psi(*counts) if counts is not None else np.nan
    return pd.DataFrame({"name": list(found), "psi": pd.Series(found.values(), dtype=np.float64)})


def outcomes(now: Side, before: Side) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(one row: `rto_gap_beyond_chance`; a row for each quantile of the lag: `name`, `times_before`)."""
    told = [_matured(side, before) for side in (now, before)]
    (ours, our_lag), (theirs, their_lag) = told
    few = min(len(ours), len(theirs)) < ENOUGH_ORDERS
    gap = np.nan if few else _gap(ours, theirs)
    at = list(LAG_QUANTILES.values())
    times = [np.nan] * len(at) if few else _quantiles(our_lag, at) / _quantiles(their_lag, at)
    lags = pd.DataFrame({"name": list(LAG_QUANTILES), "times_before": np.asarray(times, dtype=np.float64)})
    return pd.DataFrame({"rto_gap_beyond_chance": [gap]}), lags


def _by_level(now: Any, before: Any) -> tuple[Array, Array] | None:
    texts = [pa.array(column, pa.string(), from_pandas=True) for column in (now, before)]
    codes, names = matching.coded(pa.chunked_array(texts))
    if not names:
        return None
    ours, theirs = codes[: len(now)], codes[len(now) :]
    return tuple(np.bincount(side[side >= 0], minlength=len(names)) for side in (ours, theirs))  # type: ignore[return-value]


def _by_decile(now: Any, before: Any) -> tuple[Array, Array] | None:
    ours, theirs = (np.asarray(column, dtype=np.float64) for column in (now, before))
    ours, theirs = ours[~np.isnan(ours)], theirs[~np.isnan(theirs)]
    if min(len(ours), len(theirs)) < ENOUGH_ORDERS:
        return None
    edges = np.unique(np.quantile(theirs, np.linspace(0.1, 0.9, 9)))
    binned = [np.bincount(np.searchsorted(edges, a, side="right"), minlength=len(edges) + 1) for a in (ours, theirs)]
    return binned[0], binned[1]


def _matured(side: Side, measure: Side) -> tuple[Array, Array]:
    """Labels and lags of the orders whose outcome had time to be told, by the lag of `measure`."""
    known = measure.lag[~np.isnan(measure.lag)]
    matures_in = float(np.quantile(known, MATURE_SHARE)) if len(known) else 0.0
    old = np.asarray(side.orders["placed_at"]) <= side.exported_at - matures_in
    told = old & ~np.isnan(side.labels) & ~np.isnan(side.lag)
    return side.labels[told], side.lag[told]


def _gap(ours: Array, theirs: Array) -> float:
    p, q = ours.mean(), theirs.mean()
    chance = 3 * np.sqrt(p * (1 - p) / len(ours) + q * (1 - q) / len(theirs))
    return float(abs(p - q) - chance)


def _quantiles(lag: Array, at: list[float]) -> Array:
    return np.asarray(np.quantile(lag, at) + HOUR)  # an hour, so that news told at once can be compared
