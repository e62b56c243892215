"""DQ140 to DQ143: how many orders came, by day and by week, against what is usual for the same merchant."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from data.checks.check import Check, Severity, Suite
from data.contract import DAY

Array = np.ndarray[Any, Any]

SAME_WEEKDAYS, WEEKS_BEFORE, FEWEST_WEEKS = 9, 8, 4
ENOUGH_ORDERS = 10
"""Where fewer orders than this are usual, chance alone makes empty days and doubled weeks."""
SPREADS_MAX = 10.0
WEEK_MIN, WEEK_MAX = 0.5, 2.0

SOFT, BETWEEN = Severity.SOFT, "ExpectColumnValuesToBeBetween"

VOLUME_CHECKS = (
    Check(
        "DQ140", "no day is without orders where orders are usual", SOFT,
        "a day that is missing in the middle is nearly always a file that was not exported or not imported. Days are "
        f"UTC; usual is the median of the same weekday in the weeks around it, so a shop may close on Sundays; days on "
        f"which fewer than {ENOUGH_ORDERS} orders are usual are not judged",
        "look for the file of that day and import it; a holiday or a strike may be ignored",
        Suite.DAYS, BETWEEN, {"column": "n_where_usual", "min_value": 1},
    ),
    Check(
        "DQ141", "no day has far more orders than usual", SOFT,
        f"more than {SPREADS_MAX:.0f} spreads above the median of the same weekday (the spread is 1.48 times the median "
        "absolute deviation, at least that of chance): orders told twice under new numbers, or a date put where none was "
        "known. A sale day looks like this too",
        "look at that day's orders: many at one instant, or with one amount, are no sale",
        Suite.DAYS, BETWEEN, {"column": "spreads_above", "max_value": SPREADS_MAX},
    ),
    Check(
        "DQ142", "no week has less than half of the usual orders", SOFT,
        f"a week that falls below half of the median of the {WEEKS_BEFORE} weeks before it, beyond chance, lacks a channel, "
        "a merchant or some days; rates by place and buyer then rest on a part of what happened",
        "compare the export with the shop's own count for that week",
        Suite.WEEKS, BETWEEN, {"column": "at_most_of_usual", "min_value": WEEK_MIN},
    ),
    Check(
        "DQ143", "no week has more than twice the usual orders", SOFT,
        f"a week at more than twice the median of the {WEEKS_BEFORE} weeks before it, beyond chance, is a sale, a new "
        "channel, or a file imported twice under other numbers",
        "find what came in that week; if it was a sale, judge a model on other weeks too",
        Suite.WEEKS, BETWEEN, {"column": "at_least_of_usual", "max_value": WEEK_MAX},
    ),
)  # fmt: skip


def per_day(placed_at: Array, merchant: Array) -> Iterator[tuple[int, int, Array]]:
    """(merchant, first day, orders per day) for each merchant: UTC days between its first and last, without these two,
    of which an export may hold a part only.

    merchant: (n,) codes.
    """
    days = placed_at // DAY
    for code in np.unique(merchant):
        own = days[merchant == code] if len(merchant) else days
        first = int(own.min())
        counted = np.bincount(own - first)[1:-1]
        if len(counted):
            yield int(code), first + 1, counted


def days_and_weeks(placed_at: Array, merchant: Array, names: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row for each merchant's day, and one for each of its weeks; `name` says which, for a person."""
    days, weeks = [], []
    several = len(np.unique(merchant)) > 1
    for code, first, counted in per_day(placed_at, merchant):
        of = f" {names[code]}" if several else ""
        days.append(_days(counted).assign(name=[f"{_date(first + i)}{of}" for i in range(len(counted))]))
        rest = len(counted) % 7  # whole weeks, counted back from the end
        per_week = counted[rest:].reshape(-1, 7).sum(axis=1)
        starts = [f"{_date(first + rest + 7 * i)}{of}" for i in range(len(per_week))]
        weeks.append(_weeks(per_week).assign(name=starts))
    empty = np.zeros(0, dtype=np.int64)
    return (
        pd.concat(days or [_days(empty).assign(name="")], ignore_index=True),
        pd.concat(weeks or [_weeks(empty).assign(name="")], ignore_index=True),
    )


def _days(counted: Array) -> pd.DataFrame:
    orders = pd.Series(counted.astype(np.float64))
    weekday = pd.Series(np.arange(len(counted)) % 7)
    usual = _of_weekday(orders, weekday)
    spread = np.maximum(1.4826 * _of_weekday((orders - usual).abs(), weekday), np.sqrt(np.maximum(usual, 1.0)))
    judged = usual >= ENOUGH_ORDERS
    return pd.DataFrame({
        "n_where_usual": orders.where(judged), "spreads_above": ((orders - usual) / spread).where(judged),
    })  # fmt: skip


def _of_weekday(values: "pd.Series[float]", weekday: "pd.Series[int]") -> "pd.Series[float]":
    """The median of the same weekday's values in the weeks around each day."""
    around = values.groupby(weekday).rolling(SAME_WEEKDAYS, center=True, min_periods=3).median()
    return around.droplevel(0).sort_index() if len(values) else values


def _weeks(counted: Array) -> pd.DataFrame:
    orders = pd.Series(counted.astype(np.float64))
    usual = orders.shift().rolling(WEEKS_BEFORE, min_periods=FEWEST_WEEKS).median()
    usual = usual.where(usual >= ENOUGH_ORDERS)
    chance = 3 * np.sqrt(usual)
    return pd.DataFrame({
        "at_most_of_usual": (orders + chance) / usual, "at_least_of_usual": (orders - chance) / usual,
    })  # fmt: skip


def _date(day: int) -> str:
    return str(np.datetime64(day, "D"))
