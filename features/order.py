"""Features of the order alone, written once over columns; one order is a table of length one.

Each function takes kept columns (`data/contract.py`) and returns (n,) float64, NaN where unknown.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from data.contract import DAY, TEXT_MEASURES, Payment
from data.history import Array, Columns

_MINOR = 100.0  # currencies with another exponent scale the amount, never the risk order within a merchant


def is_cod(orders: Columns) -> Array:
    return np.array([_IN_CASH.get(method, np.nan) for method in orders["payment_method"].tolist()], dtype=np.float64)


_IN_CASH = {Payment.COD.value: 1.0, Payment.PREPAID.value: 0.0}


def amount(orders: Columns) -> Array:
    return np.asarray(orders["amount_minor"] / _MINOR)


def discount_share(orders: Columns) -> Array:
    """Discount over the price before it."""
    before = orders["amount_minor"] + orders["discount_minor"]
    share = np.divide(orders["discount_minor"], before, out=np.full(len(before), np.nan), where=before > 0)
    return np.asarray(share)


def list_value(orders: Columns) -> Array:
    """What the goods cost before any discount: prices are set, and felt, on this scale."""
    discount, fee = (
        np.where(np.isnan(one), 0.0, one) for one in (orders["discount_minor"], orders["shipping_fee_minor"])
    )
    return np.asarray((orders["amount_minor"] + discount - fee) / _MINOR)


def shipping_fee(orders: Columns) -> Array:
    return np.asarray(orders["shipping_fee_minor"] / _MINOR)


def local_hour(orders: Columns) -> Array:
    return np.floor(orders["local_minute"] / 60)


def is_night(orders: Columns) -> Array:
    """Placed from 23:00 to 5:00 of the shop's day."""
    minute = orders["local_minute"]
    return np.where(np.isnan(minute), np.nan, ((minute >= 23 * 60) | (minute < 5 * 60)).astype(np.float64))


def promised_days(orders: Columns) -> Array:
    """Days from the order to the promised delivery, whole tenths."""
    return np.round((orders["promised_at"] - orders["placed_at"]) / DAY, 1)


def _kept(name: str) -> Callable[[Columns], Array]:
    def column(orders: Columns) -> Array:
        values: np.ndarray[Any, Any] = orders[name]
        return values

    column.__name__ = name
    return column


_WORD = re.compile(r"[^\W_]+")


def levels(orders: Columns, column: str) -> Array:
    """(n,) texts, None where missing: what a level's `column` says; `campaign_source` is the first word of the campaign.

    >>> levels({"campaign": np.array(["meta-s1-04", None], dtype=object)}, "campaign_source").tolist()
    ['meta', None]
    """
    if column != "campaign_source":
        return np.asarray(orders[column])
    told, first = orders["campaign"].tolist(), dict[str, str | None]()
    for text in {text for text in told if text is not None}:
        word = _WORD.search(text.lower())
        first[text] = None if word is None else word.group()
    found = np.empty(len(told), dtype=object)
    found[:] = [None if text is None else first[text] for text in told]
    return found


AS_KEPT = (
    "n_units",
    "n_lines",
    "distance_km",
    "place_mismatch",
    "city_mismatch",
    "pin_known",
    *(name for name in TEXT_MEASURES if name != "address_digits"),  # told by address_has_number
)
"""Columns that are features as they are kept."""

ORDER_FEATURES: dict[str, Callable[[Columns], Array]] = {
    f.__name__: f
    for f in (
        is_cod,
        amount,
        discount_share,
        list_value,
        shipping_fee,
        local_hour,
        is_night,
        promised_days,
        *(_kept(name) for name in AS_KEPT),
    )
}
