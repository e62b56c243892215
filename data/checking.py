"""The numbered checks on a history: of an import before it is kept, and of everything a pool holds."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from data import compiled, contract, segments
from data.building import Meant, build_history, orders_meant
from data.checks.drift import Side
from data.checks.sequences import Course, course_of, lags
from data.expectations import CheckReport, run_checks
from data.files import matching
from data.history import Columns, History
from data.keeping import kept
from data.label import NOT_RTO, RTO
from data.news import NewsTable
from data.places import load_register
from data.pool import Pool


def check_history(history: History, news: pd.DataFrame | None = None, before: History | None = None) -> CheckReport:
    """Run the numbered checks on a history. news: with what was told of orders that nobody placed; else without.

    before: the history this one is added to, for what has drifted since.
    """
    orders = _orders_frame(history.orders)
    news = _news_frame(history) if news is None else news
    labels, course = _labels(history), course_of(history)
    drift = (
        None if before is None else (_side(history, labels, course), _side(before, _labels(before), course_of(before)))
    )
    return run_checks(orders, news, labels, history.known_through, course, drift)


def check_pool(pool: Pool) -> CheckReport:
    """Run the numbered checks on everything a pool holds, news that still waits for its order included."""
    return check_told(*segments.load_told(pool))


def check_told(orders: kept.OrdersTable, told: NewsTable, through: int) -> CheckReport:
    """The same of orders and news as a pool would hold them; through: until when their news is known."""
    meant = orders_meant(orders, told)
    return check_history(build_history(orders, told, through, meant), told_frame(told, meant))


def _side(history: History, labels: "np.ndarray[Any, Any]", course: Course) -> Side:
    return Side(history.orders, labels, lags(course), history.known_through)


def _orders_frame(orders: Columns) -> pd.DataFrame:
    """(n,) orders as kept, with `pin_known`. Text as pandas keeps it, made once; numbers are not copied."""
    texts = pa.table({name: kept.arrow_of(column) for name, column in orders.items() if column.dtype == object})
    framed = texts.to_pandas()
    columns = {name: framed.get(name, column) for name, column in orders.items()}
    return pd.DataFrame({**columns, "pin_known": _pin_known(texts)}, copy=False)


def _pin_known(orders: kept.OrdersTable) -> "np.ndarray[Any, Any]":
    """(n,) is the PIN code in the register? 1 or 0; NaN where there is none, or it is another country's."""
    pins, names = matching.coded(orders["pincode"])
    known = np.append(load_register().rows(np.array(names, dtype=object)) >= 0, False)[pins]
    country, names = matching.coded(orders["country"])
    indian = np.array([name == "IN" for name in names] + [True])[country]
    return np.where(indian & (pins >= 0), known.astype(np.float64), np.nan)


def _labels(history: History) -> "np.ndarray[Any, Any]":
    """(n,) 1 RTO, 0 delivered, NaN neither, by everything the history knows."""
    verdict = np.empty(len(history), dtype=np.int64)
    columns = (history.news[name] for name in ("type", "happened_at", "known_at", "rank", "reason", "voids"))
    compiled.judge_all(history.start, history.known_through + 1, *columns, verdict)
    return np.where((verdict == NOT_RTO) | (verdict == RTO), verdict.astype(np.float64), np.nan)


def _news_frame(history: History) -> pd.DataFrame:
    owner = np.repeat(np.arange(len(history)), np.diff(history.start))
    types = np.array([kind.name.lower() for kind in contract.NewsType], dtype=object)
    reasons = np.array([None, *(reason.name.lower() for reason in contract.Reason if reason)], dtype=object)
    frame: pd.DataFrame = history.named.to_pandas()
    return frame.assign(
        order_id=history.orders["order_id"][owner],
        merchant_id=history.orders["merchant_id"][owner],
        type=types[history.news["type"]],
        happened_at=history.news["happened_at"],
        known_at=history.news["known_at"],
        reason=pd.Series(reasons[history.news["reason"]], dtype=object),
        placed_at=history.orders["placed_at"][owner].astype(np.float64),
    )


def told_frame(told: NewsTable, meant: Meant) -> pd.DataFrame:
    """News as told, with its order's placed_at; NaN where nobody placed that order."""
    frame: pd.DataFrame = told.drop_columns(["details", "live"]).to_pandas()
    return frame.assign(placed_at=meant.order_placed_at)
