"""Many orders judged at once, column by column: risk, evidence, reasons, expected money. One order is a batch of one.

`scorer.py` words it for callers, `score_file.py` for files: both have their numbers from here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.contract import Payment
from data.database import Connection
from data.history import Columns
from features.assemble import as_if_paid, matrix
from features.layout import Readings
from features.store import Standing, Store
from serving.reasons import Why, most_known, reasons
from training.bundle import Bundle

Array: TypeAlias = np.ndarray[Any, Any]

_THIN, _SOME = 5.0, 50.0  # outcomes behind an estimate, by buyer and by place


@dataclass(frozen=True, slots=True)
class Questions:
    """Orders to judge. columns: as kept, n of them.  at: (n,) the moment of each, microseconds.

    own: by row, what that very order contributes, if it was placed before.  own_counts: (n,) may reasons count?
    explain: how many reasons at most.
    """

    columns: Columns
    at: Array
    own: Mapping[int, Standing]
    own_counts: Sequence[bool]
    explain: int

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of each order, row by row, before money.

    x: (n, k) what the model saw.  p_rto: rounded to 0.001, money is computed from it.  p_if_prepaid: the same had the
    buyer paid; None where the model has seen too few prepaid orders.  reasons: strongest first.
    """

    x: Array
    prepaid: Array
    p_rto: list[float]
    p_if_prepaid: list[float] | None
    evidence: list[dict[str, Any]]
    reasons: list[list[dict[str, Any]]]


def judge(connection: Connection, bundle: Bundle, asked: Questions) -> Judged:
    """Risk, evidence and reasons of every order. Raises DataError STATE001 if the state lacks a sum of the model."""
    store = Store(connection)
    store.require(bundle.sums)
    readings = store.readings_of(asked.columns, asked.at, asked.own)
    prepaid = np.equal(asked.columns["payment_method"], Payment.PREPAID.value)
    cod, paid = _matrices(bundle, asked.columns, readings)
    x = np.where(prepaid[:, None], paid, cod)
    p_rto, p_if_prepaid = _risks(bundle, cod, paid, prepaid)
    why = Why(bundle, x, readings, asked.own_counts)
    told = reasons(why, asked.explain) if asked.explain else [[] for _ in range(len(asked))]
    return Judged(x, prepaid, p_rto, p_if_prepaid, _evidence(readings, len(asked)), told)


def _matrices(bundle: Bundle, orders: Columns, readings: Readings) -> tuple[Array, Array]:
    """What the model sees of the orders as cash orders, and as if paid."""
    told = matrix(orders, readings, bundle.shrinkage, bundle.features)
    cod, paid = (
        as_if_paid(told, orders, method, bundle.shrinkage, bundle.features) for method in (Payment.COD, Payment.PREPAID)
    )
    return cod, paid


def _risks(bundle: Bundle, cod: Array, paid: Array, prepaid: Array) -> tuple[list[float], list[float] | None]:
    """(p_rto, p_rto if prepaid) as they are told: rounded to 0.001, so that sums check by hand."""
    cash = np.flatnonzero(~prepaid)
    if not bundle.prepaid_known:
        return thousandths(bundle, np.where(prepaid[:, None], paid, cod)), None
    both = thousandths(bundle, np.concatenate([paid, cod[cash]]))  # one prediction for both
    if_prepaid = both[: len(paid)]
    p_rto = if_prepaid.copy()
    for row, p in zip(cash.tolist(), both[len(paid) :], strict=True):
        p_rto[row] = p
    return p_rto, if_prepaid


def thousandths(bundle: Bundle, x: Array) -> list[float]:
    """The calibrated probability of each row, rounded to 0.001."""
    return [round(p, 3) for p in bundle.probability(x).tolist()]


def _evidence(readings: Readings, n: int) -> list[dict[str, Any]]:
    """How many outcomes stand behind each number: of the buyer, and of the place (recent ones count most)."""
    known, none = most_known(readings), np.zeros(n)
    phone, customer, address, place = (
        np.nan_to_num(known.get(key, none), nan=0.0) for key in ("phone", "customer", "address", "pincode")
    )
    buyer = np.maximum(np.maximum(phone, customer), address)
    return [
        {"level": _level(of_buyer, of_place), "buyer_outcomes": int(of_buyer), "place_outcomes": round(of_place)}
        for of_buyer, of_place in zip(buyer.tolist(), place.tolist(), strict=True)
    ]


def _level(buyer: float, place: float) -> str:
    return "good" if buyer >= _THIN else "some" if buyer > 0 or place >= _SOME else "thin"
