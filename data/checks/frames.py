"""The frames the checks read, made of what an import made: only the columns asked about, missing as NaN."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.checks.asked import Asked
from data.checks.catalog import checks_of
from data.checks.check import Suite
from data.checks.drift import Side
from data.checks.groups import course_frame, drift_frames, group_frames
from data.checks.mix import BEFORE, RECENT
from data.checks.sequences import NEVER, Course
from data.contract import TOKEN_COLUMNS
from data.errors import Exit, RtoError

ENOUGH_LABELS, ENOUGH_RTO = 50, 10

ORDER_TIMES, NEWS_TIMES = ("placed_at",), ("happened_at", "known_at")
ORDER_TEXT, NEWS_TEXT = ("order_id", "merchant_id"), ("event_id", "order_id", "merchant_id", "type", "reason", "source")

Floats = npt.NDArray[np.float64]


class ChecksBroken(RtoError):  # noqa: N818 - named for what the reader must know
    """The checks could not be run as meant: our bug, never a finding about the data."""

    exit_status = Exit.BUG

    def __init__(self, where: str, *, got: str, expected: str = "") -> None:
        super().__init__("DQ000", where, got=got, expected=expected, to_do="report this: it is not your data's fault")


def frames(
    orders: pd.DataFrame, news: pd.DataFrame, labels: Floats, course: Course | None = None,
    drift: tuple[Side, Side] | None = None, exported_at: int = NEVER,
) -> dict[Suite, Asked]:  # fmt: skip
    """One frame for each suite there is something to ask of; row i of the first three is order, news, order i.

    course: the news of the same orders, for rules about courses.  drift: this import and what was there before it.
    exported_at: orders that claim to be later have no day. Raises ChecksBroken when the arguments are not what an import makes.
    """
    _demand(orders, "orders", ORDER_TEXT, ORDER_TIMES)
    _demand(news, "news", (*NEWS_TEXT, "placed_at"), NEWS_TIMES)
    if len(labels) != len(orders) or not np.isin(labels[~np.isnan(labels)], (0.0, 1.0)).all():
        raise ChecksBroken("labels", got=f"{len(labels)} values", expected=f"{len(orders)} of 0, 1 and NaN")
    trend = [recent_over_before(orders["placed_at"].to_numpy(), labels)]
    return {
        Suite.ORDERS: Asked(_orders(orders), orders["order_id"]),
        Suite.NEWS: Asked(_kept(news, Suite.NEWS), news["order_id"]),
        Suite.LABELS: Asked(pd.DataFrame({"label": labels}), orders["order_id"]),
        Suite.TREND: Asked(pd.DataFrame({"recent_over_before": trend})),
        **group_frames(orders, labels, exported_at),
        **(course_frame(course, orders["order_id"]) if course is not None else {}),
        **(drift_frames(*drift) if drift is not None else {}),
    }


def recent_over_before(placed_at: npt.NDArray[np.int64], labels: Floats) -> float:
    """How high the RTO share of the last 28 days may be at most, over that of the 84 days before them.

    placed_at: (n,) microseconds.  labels: (n,) 1 RTO, 0 not, NaN none.  The end is the last order's moment. Three
    standard errors of chance are granted to the recent share. NaN where either span has too few outcomes to say.
    """
    if not len(labels):
        return float("nan")
    age = placed_at.max() - placed_at
    told = ~np.isnan(labels)
    recent, before = labels[told & (age < RECENT)], labels[told & (age >= RECENT) & (age < RECENT + BEFORE)]
    if min(len(recent), len(before)) < ENOUGH_LABELS or before.sum() < ENOUGH_RTO:
        return float("nan")
    share = float(before.mean())
    chance = float(np.sqrt(share * (1 - share) / len(recent)))
    return (float(recent.mean()) + 3 * chance) / share


def _orders(orders: pd.DataFrame) -> pd.DataFrame:
    kept = _kept(orders, Suite.ORDERS)
    for token in kept.columns.intersection(list(TOKEN_COLUMNS)):
        kept[token] = kept[token].where(kept[token] >= 0).astype("float64")
    if "pin_known" in kept:
        kept["pin_known"] = kept["pin_known"].astype("boolean").to_numpy("float64", na_value=np.nan)
    if "amount_minor" in orders:
        kept["amount_times_usual"] = _times_usual(orders)
    return kept


def _times_usual(orders: pd.DataFrame) -> Floats:
    """Each amount over the median of the positive amounts of its merchant and currency; NaN without one."""
    amount = orders["amount_minor"].reset_index(drop=True)
    keys = [orders[name].reset_index(drop=True) for name in ("merchant_id", "currency") if name in orders]
    usual = amount.where(amount > 0).groupby(keys, dropna=False, sort=False).transform("median")
    return (amount / usual).to_numpy("float64")


def _kept(frame: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """The asked-about columns under a plain row number, by which a failed row is found again."""
    asked = {name for check in checks_of(suite) for name in (*check.columns, *(check.where or ())[:1])}
    kept = frame[[name for name in frame.columns if name in asked]].reset_index(drop=True)
    for scope in ("merchant_id", "source"):  # nobody named is one party too, in what must be unique
        if scope in kept:
            kept[scope] = kept[scope].where(kept[scope].notna(), "")
    return kept


def _demand(frame: pd.DataFrame, name: str, present: tuple[str, ...], times: tuple[str, ...]) -> None:
    absent = [column for column in (*present, *times) if column not in frame]
    if absent:
        raise ChecksBroken(name, got=f"no column {', '.join(absent)}", expected="the columns of data/contract.py")
    types: Mapping[str, str] = {column: str(frame[column].dtype) for column in times}
    wrong = [f"{column} {found}" for column, found in types.items() if found != "int64"]
    if wrong and len(frame):
        raise ChecksBroken(name, got=", ".join(wrong), expected="int64 microseconds")
