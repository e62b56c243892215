"""Frames with a row for each day, week, column or merchant, and one row of shares for rules about courses and doubles."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from data.checks import doubles, sequences
from data.checks.asked import Asked
from data.checks.check import Suite, Tally
from data.checks.drift import Side, mixes, outcomes
from data.checks.mix import MIX_COLUMNS, median_over_before, psi, shares, spans
from data.checks.sequences import Course
from data.checks.stage import Outcomes, giveaways, stage_of
from data.checks.volume import days_and_weeks
from data.checks.witnesses import text_of
from data.contract import EARLIEST, ORDER_COLUMNS
from data.files import matching
from data.imports.giveaway import NOT_LOOKED_AT, levels, missing
from data.side_by_side import side_by_side

Array = np.ndarray[Any, Any]

_MADE_HERE = frozenset({"pin_known"})


def group_frames(orders: pd.DataFrame, labels: Array, exported_at: int) -> dict[Suite, Asked]:
    """The frames about orders in groups. orders: (n,) kept columns.  labels: (n,)."""
    if not len(orders):
        return {}
    merchant, names = coded(orders["merchant_id"])
    placed_at = orders["placed_at"].to_numpy()
    dated = (placed_at >= EARLIEST) & (placed_at <= exported_at)  # a wrong date would stretch the span
    days, weeks = days_and_weeks(placed_at[dated], merchant[dated], [*names, "no merchant"])
    article = coded(orders["sku"])[0] if "sku" in orders else np.full(len(orders), -1)
    found = {
        "repeated": doubles.repeated(orders, article),
        "spelled_twice": doubles.spelled_twice(orders["order_id"], merchant, names),
    }
    return {
        Suite.DAYS: named(days),
        Suite.WEEKS: named(weeks),
        Suite.MERCHANTS: named(_merchants(orders, merchant, names)),
        Suite.COLUMNS: named(_columns(orders, labels)),
        Suite.DOUBLES: counted(found, orders["order_id"]),
    }


def course_frame(course: Course, order_ids: "pd.Series[str]") -> dict[Suite, Asked]:
    """The frame about courses of news."""
    return {Suite.SEQUENCES: counted(sequences.tallies(course), order_ids)}


def drift_frames(now: Side, before: Side) -> dict[Suite, Asked]:
    """The frames about what an import brings against what was there."""
    gap, lags = outcomes(now, before)
    return {Suite.DRIFT: named(mixes(now, before)), Suite.OUTCOME_DRIFT: Asked(gap), Suite.LAGS: named(lags)}


def counted(tallies: dict[str, Tally], order_ids: "pd.Series[str]") -> Asked:
    """One row with the failed share of each rule."""
    return Asked(pd.DataFrame({name: [tally.share] for name, tally in tallies.items()}), order_ids, tallies)


def named(frame: pd.DataFrame) -> Asked:
    """A frame whose rows have a name of their own."""
    return Asked(frame.drop(columns="name"), frame["name"])


def coded(column: "pd.Series[Any]") -> tuple[Array, list[str]]:
    """(n,) codes of a text column, -1 where missing, and the texts."""
    return matching.coded(pa.array(column, pa.string(), from_pandas=True))


def _merchants(orders: pd.DataFrame, merchant: Array, names: list[str]) -> pd.DataFrame:
    halves = spans(orders["placed_at"].to_numpy())
    if halves is None or "amount_minor" not in orders:
        return pd.DataFrame({"name": [], "median_over_before": []})
    amount, codes = orders["amount_minor"].to_numpy(np.float64), np.unique(merchant)
    of = [median_over_before(np.where(merchant == code, amount, np.nan), halves) for code in codes]
    return pd.DataFrame({"name": [[*names, "no merchant"][code] for code in codes], "median_over_before": of})


def _columns(orders: pd.DataFrame, labels: Array) -> pd.DataFrame:
    """A row for each column that holds anything: what it tells of the outcome, and how it moved lately."""
    halves, outcomes = spans(orders["placed_at"].to_numpy()), Outcomes.of(labels)
    told = [c.name for c in ORDER_COLUMNS if c.name in orders]
    names = dict.fromkeys([*told, *(str(c) for c in orders.columns)])
    tasks = [
        partial(_column, orders[name], name, outcomes, halves)
        for name in names
        if name not in NOT_LOOKED_AT | _MADE_HERE
    ]
    wanted = ("name", "stage", "auc_alone", "one_sided", "psi", "missing_jump")
    return pd.DataFrame([row for row in side_by_side(tasks) if row is not None], columns=list(wanted))


def _column(
    column: "pd.Series[Any]", name: str, outcomes: Outcomes, halves: tuple[Array, Array] | None
) -> dict[str, Any] | None:
    told = column.to_numpy() if column.dtype.kind in "iuf" else text_of(column)
    lacking = missing(told, name)
    if lacking.all():
        return None
    found = {"name": name, "stage": stage_of(name), **giveaways(told, name, lacking, outcomes)}
    return found | _moved(told, lacking, name, halves)


def _moved(column: Any, lacking: Array, name: str, halves: tuple[Array, Array] | None) -> dict[str, float]:
    if halves is None:
        return {"psi": np.nan, "missing_jump": np.nan}
    recent, before = (np.count_nonzero(lacking & span) / np.count_nonzero(span) for span in halves)
    moved = psi(*shares(levels(column, name), halves)) if name in MIX_COLUMNS else np.nan
    return {"psi": moved, "missing_jump": abs(recent - before)}
