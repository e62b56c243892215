"""Many orders judged at once, column by column: risk, evidence, reasons, expected money. One order is a batch of one.

`scorer.py` words it for callers, `score_file.py` for files: both have their numbers from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.contract import Payment
from data.history import Columns
from data.keeping.database import Connection
from features.assemble import as_if_paid, matrix
from features.catalog import Link, Sum
from features.contribution import Measure
from features.fold import FOREVER
from features.held import Held
from features.keys import OWN_BUYER
from features.layout import Readings, largest
from features.store import Store
from serving.decisions import policy
from serving.decisions.compiled import PER_RISK
from serving.scores.reasons import Reasons, Why, in_thousandths, most_known, reasons
from serving.scores.strangers import as_strangers
from training.bundle import Bundle, Seen

Array: TypeAlias = np.ndarray[Any, Any]

LEVELS = ("thin", "some", "good")
_THIN, _SOME = 5.0, 50.0  # outcomes behind an estimate, by buyer and by place


@dataclass(frozen=True, slots=True)
class Questions:
    """Orders to judge. columns: as kept, n of them.  at: (n,) the moment of each, microseconds.

    own: what those of these very orders contribute that were placed before.  own_counts: (n,) has the pool one merchant, so
    that all it counts is that merchant's own?
    explain: how many reasons at most.  apart: are buyers unknown to their merchant scored as strangers (`strangers.py`)?
    declared: what the state was built for, as of `Store`.
    """

    columns: Columns
    at: Array
    own: Held
    own_counts: Sequence[bool]
    explain: int
    apart: bool = False
    declared: tuple[str, str] | None = None

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
    p_rto: Array
    p_if_prepaid: Array | None
    evidence: "Evidence"
    reasons: Reasons


@dataclass(frozen=True, slots=True)
class Evidence:
    """How many outcomes stand behind each number. level: (n,) place in LEVELS.  buyer, place: (n,) of the buyer, and
    of the place (recent ones count most).  delivered, came_back: (n,) parcels the buyer took, and those of the buyer
    that came back, by whichever handle knows most of them."""

    level: Array
    buyer: Array
    place: Array
    delivered: Array
    came_back: Array

    def of(self, row: int) -> dict[str, Any]:
        """As a caller is told it."""
        level, buyer, place = LEVELS[self.level[row]], int(self.buyer[row]), int(self.place[row])
        return {"level": level, "buyer_outcomes": buyer, "place_outcomes": place}


def judge(connection: Connection | None, bundle: Bundle, asked: Questions) -> Judged:
    """Risk, evidence and reasons of every order. connection: None for a bundle that needs no history, and is told none.

    Raises DataError STATE001 if the state lacks a sum of the model.
    """
    readings: Readings = {} if connection is None else _readings(connection, bundle, asked)
    prepaid = np.equal(asked.columns["payment_method"], Payment.PREPAID.value)
    risks = _risks(bundle, *_matrices(bundle, asked.columns, readings), prepaid)
    told = reasons(Why(risks.seen, readings, asked.own_counts), asked.explain)
    evidence = evidence_of(readings, asked.own_counts)
    return Judged(risks.seen.x, prepaid, risks.p_rto, risks.p_if_prepaid, evidence, told)


def _readings(connection: Connection, bundle: Bundle, asked: Questions) -> Readings:
    store = Store(connection, asked.declared)
    store.require(bundle.sums)
    readings = store.readings_of(asked.columns, asked.at, asked.own)
    return as_strangers(readings, asked.own_counts) if asked.apart else readings


def risks_of(bundle: Bundle, orders: Columns, readings: Readings) -> tuple[Array, Array | None]:
    """(p_rto, p_rto if prepaid) of orders as told, from what was read of others: to 0.001."""
    risks = _risks(
        bundle, *_matrices(bundle, orders, readings), np.equal(orders["payment_method"], Payment.PREPAID.value)
    )
    return risks.p_rto, risks.p_if_prepaid


def _matrices(bundle: Bundle, orders: Columns, readings: Readings) -> tuple[Array, Array]:
    """What the model sees of the orders as cash orders, and as if paid."""
    told = matrix(orders, readings, bundle.shrinkage, bundle.features)
    cod, paid = (
        as_if_paid(told, orders, method, bundle.shrinkage, bundle.features) for method in (Payment.COD, Payment.PREPAID)
    )
    return cod, paid


@dataclass(frozen=True, slots=True, eq=False)
class _Risks:
    """seen: the orders as told, in the model's eyes.  p_rto, p_if_prepaid: (n,) as of `Judged`."""

    seen: Seen
    p_rto: Array
    p_if_prepaid: Array | None


def _risks(bundle: Bundle, cod: Array, paid: Array, prepaid: Array) -> _Risks:
    """Risks as they are told: rounded to 0.001, so that sums check by hand."""
    if not bundle.prepaid_known:
        seen = bundle.seen(np.where(prepaid[:, None], paid, cod))
        return _Risks(seen, _told(bundle, seen), None)
    n, cash = len(paid), np.flatnonzero(~prepaid)
    both, as_told = bundle.seen(np.concatenate([paid, cod[cash]])), np.arange(n)  # one prediction for both
    as_told[cash] = n + np.arange(len(cash))
    p = _told(bundle, both)
    return _Risks(both.at(as_told), p[as_told], p[:n])


def _told(bundle: Bundle, seen: Seen) -> Array:
    return to_thousandths(bundle.calibrated(seen.margin()))


def thousandths(bundle: Bundle, x: Array) -> Array:
    """The calibrated probability of each row, rounded to 0.001. PlanError MONEY005 for what is no probability."""
    return to_thousandths(bundle.probability(x))


def to_thousandths(p: Array) -> Array:
    """Probabilities rounded to 0.001. PlanError MONEY005 for what is none."""
    fit = (p >= 0) & (p <= 1)
    for unfit in [] if fit.all() else p[~fit].tolist():
        policy.in_thousandths(unfit)
    return in_thousandths(p) / PER_RISK


def evidence_of(readings: Readings, own_only: Sequence[bool]) -> Evidence:
    """What stands behind the risks of n orders, counted for their merchants: of several in one pool each is told of its own
    orders alone, so that nobody learns from us what became of a buyer elsewhere.

    own_only: (n,) is all that the pool counts the order's own merchant's?
    """
    if len(ways := set(own_only)) == 1:
        buyer, place, delivered, came_back = _known_of(readings, len(own_only), own=bool(ways.pop()))
    else:
        only, own, shop = (
            np.asarray(own_only, dtype=bool),
            *(_known_of(readings, len(own_only), own=own) for own in (True, False)),
        )
        buyer, place, delivered, came_back = (np.where(only, *pair) for pair in zip(own, shop, strict=True))
    level = ((buyer > 0) | (place >= _SOME)).astype(np.int64) + (buyer >= _THIN)
    counts = np.array([buyer, np.rint(place), np.rint(delivered), np.rint(came_back)]).astype(np.int64)
    return Evidence(level, *counts)


def _known_of(readings: Readings, n: int, *, own: bool) -> list[Array]:
    """(n,) outcomes known of each buyer, and of each place; parcels the buyer took, and those that came back. own: by
    whatever the pool counts, or by what one shop alone knows?"""
    known, none = most_known(readings), np.zeros(n)
    buyers, places = (("phone", "customer", "address"), "pincode") if own else (OWN_BUYER, "merchant_pincode")
    buyer = np.fmax.reduce([none, *(known[key] for key in buyers if key in known)])
    by = largest(readings, _by_own_handle if own else _by_shop)
    taken, back = (by.get(measure.name, none) for measure in (Measure.DELIVERED, Measure.RTO))
    return [buyer, np.fmax(known.get(places, none), 0.0), np.fmax(taken, 0.0), np.fmax(back, 0.0)]


_OWN = ("phone", "customer", "email")
"""Handles that are one buyer's own, where an address is a household's."""


def _by_own_handle(one: Sum | Link) -> str | None:
    """What is counted, of the longest memory kept, by the handles of one buyer."""
    return one.measure.name if one.key in _OWN and one.half_life == FOREVER else None


def _by_shop(one: Sum | Link) -> str | None:
    """The same by what one shop alone knows a buyer by."""
    return one.measure.name if one.key in OWN_BUYER and one.half_life == FOREVER else None
