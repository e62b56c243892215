"""The slices every judgement is also told by: who orders, how much is known of the buyer, where, what, from whom.

One definition for the backtest, the model card and the monitor. A slice is chosen by what is known when an order is
placed, never by its outcome. Where a history cannot tell (no column, or one value for all) a slicing has no slices
and says why.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from data.history import Columns
from features.contribution import Measure
from features.layout import Readings
from features.sources import Sum

Array: TypeAlias = np.ndarray[Any, Any]

BUYER_KEYS = ("phone", "customer", "address")
"""Under which a buyer's outcomes are counted, as the service counts them in `evidence`; the most known one speaks."""
EVIDENCE = {"no outcome known": 0, "1": 1, "2 to 4": 2, "5 and more": 5}
"""Outcomes known of the buyer: name of the slice -> the fewest in it."""
TIERS = ("busiest PIN codes", "middling PIN codes", "sparse PIN codes")
PAYMENTS = MappingProxyType({"cod": "cash on delivery", "prepaid": "prepaid", "undecided": "undecided"})
NOBODY = "not applicable: the orders name no buyer"


@dataclass(frozen=True, slots=True)
class Slicing:
    """One way to part orders. names: the slices, most orders first where they have no order of their own.

    code: (n,) which slice each order is in, -1 none.  note: why there are no slices, "" where there are some.
    """

    key: str
    title: str
    names: tuple[str, ...]
    code: Array
    note: str = ""

    def masks(self) -> dict[str, Array]:
        """(n,) mask of each slice, by name."""
        return {name: self.code == number for number, name in enumerate(self.names)}


def slicings(orders: Columns, readings: Readings) -> dict[str, Slicing]:
    """Every slicing of these orders by key: buyer, evidence, tier, state, merchant, category, payment.

    orders: columns (n,).  readings: for the same orders (`Rows.readings`).
    """
    n = len(orders["order_id"])
    found = [*_by_buyer(outcomes_known(readings, n), n), _tier(orders)]
    found += [
        _levels(orders, *told) for told in (("state", "State"), ("merchant_id", "Merchant"), ("category", "Category"))
    ]
    return {one.key: one for one in (*found, _levels(orders, "payment_method", "Payment", PAYMENTS.get))}


def outcomes_known(readings: Readings, n: int) -> Array | None:
    """(n,) outcomes known of each order's buyer when it was placed, its own never; None where no buyer is named."""
    told = [values for one, values in readings.items()
            if isinstance(one, Sum) and one.measure == Measure.KNOWN and one.key in BUYER_KEYS]  # fmt: skip
    if not told or all(np.isnan(values).all() for values in told):
        return None
    known = np.zeros(n)
    for values in told:  # the longest memory counts most, and nothing is counted twice
        known = np.fmax(known, values)
    return known


def tiers(pincode: Array) -> Array:
    """(n,) 0, 1, 2: thirds of the orders, by how many orders their PIN code has; -1 without one.

    India's city tiers are in no register we may ship, and what they stand for, beaten tracks, shows in the volume. PIN
    codes with equally many orders stay together, so thin histories may have fewer tiers.
    """
    code, pins = pd.factorize(pincode)
    if not len(pins):
        return code
    volume = np.bincount(code[code >= 0], minlength=len(pins))
    sizes = np.unique(volume)[::-1]
    held = np.array([volume[volume == size].sum() for size in sizes])
    middle = (np.cumsum(held) - held / 2) / held.sum()
    of_size = dict(zip(sizes.tolist(), np.minimum(middle * len(TIERS), len(TIERS) - 1).astype(int), strict=True))
    of_pin = np.array([of_size[size] for size in volume.tolist()])
    return np.where(code >= 0, of_pin[code], -1)


def _by_buyer(known: Array | None, n: int) -> tuple[Slicing, Slicing]:
    """First orders are those of buyers of whom no outcome is known: the model meets a stranger."""
    buyer, evidence = ("buyer", "Buyer"), ("evidence", "Outcomes known of the buyer")
    if known is None:
        nobody = np.full(n, -1)
        return Slicing(*buyer, (), nobody, NOBODY), Slicing(*evidence, (), nobody, NOBODY)
    level = np.searchsorted(list(EVIDENCE.values()), known, side="right") - 1
    first = Slicing(*buyer, ("first orders", "known buyers"), (known > 0).astype(np.int64))
    return first, Slicing(*evidence, tuple(EVIDENCE), level)


def _tier(orders: Columns) -> Slicing:
    title, code = "Volume of the PIN code", tiers(orders["pincode"])
    there = np.unique(code[code >= 0])
    if len(there) < 2:
        why = "no PIN code" if not len(there) else "equally many orders for every PIN code"
        return Slicing("tier", title, (), code, f"not applicable: the orders carry {why}")
    return Slicing("tier", title, tuple(TIERS[tier] for tier in there), _renumbered(code, there))


def _levels(orders: Columns, column: str, title: str, rename: Callable[[str], str | None] | None = None) -> Slicing:
    key = column.removesuffix("_id").removesuffix("_method")
    code, values = pd.factorize(orders[column])
    if len(values) == 0:
        return Slicing(key, title, (), code, f"not applicable: the orders carry no {title.lower()}")
    if len(values) == 1 and (code == 0).all():
        return Slicing(key, title, (), code, f"not applicable: one {title.lower()} for all orders")
    order = np.argsort(-np.bincount(code[code >= 0], minlength=len(values)), kind="stable")
    names = (str(values[place]) for place in order)
    return Slicing(key, title, tuple((rename and rename(name)) or name for name in names), _renumbered(code, order))


def _renumbered(code: Array, order: Array) -> Array:
    place = np.full(int(max(order.max(), code.max())) + 1, -1)
    place[order] = np.arange(len(order))
    return np.where(code >= 0, place[code], -1)
