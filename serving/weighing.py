"""The expected money of every offered action, for many orders at once and exactly: who has which policy, what wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from data.contract import Action
from data.history import Columns
from serving.batch import Judged
from serving.decisions.compiled import Six, Sums
from serving.decisions.economics import LARGEST_MINOR
from serving.decisions.policy import Policy, default_policy
from serving.reasons import in_thousandths

Array: TypeAlias = np.ndarray[Any, Any]

_ROOM = 2**61
"""Twice a numerator and the denominator still fit into 64 bits."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Orders that one set of sums weighs. rows: (m,) of the batch.  k: (m,) their risk in thousandths.

    actions: gentle to harsh.  minor: (m, a) expected value of each, rounded.  ranked: (m, a) places among `actions`,
    worth most first; of equals the gentler.
    """

    rows: Array
    policy: Policy
    prepaid: bool
    known: bool
    actions: tuple[Action, ...]
    k: Array
    values: Array
    minor: Array
    ranked: Array


def weigh(orders: Columns, judged: Judged, stages: Sequence[str]) -> list[Weighed]:
    """The money of every order that has a policy and a value; the others are in no group."""
    values, known = goods_values(orders), judged.p_if_prepaid is not None
    usable = (values >= 1) & (values <= LARGEST_MINOR)
    groups: dict[tuple[str, bool, str], list[int]] = {}
    told = zip(orders["currency"].tolist(), judged.prepaid.tolist(), stages, usable.tolist(), strict=True)
    for row, (currency, paid, stage, of_use) in enumerate(told):
        if of_use and policy_for(currency) is not None:
            groups.setdefault((currency, paid, stage), []).append(row)
    return [_weighed(group, np.array(rows), values, judged, known) for group, rows in groups.items()]


def _weighed(group: tuple[str, bool, str], rows: Array, values: Array, judged: Judged, known: bool) -> Weighed:
    currency, prepaid, stage = group
    policy = policy_for(currency)
    assert policy is not None, "orders without a policy are in no group"
    sums = policy.compiled.prepaid if prepaid else policy.sums(known, stage)
    k = in_thousandths(judged.p_rto[rows])
    j = k if judged.p_if_prepaid is None else np.minimum(k, in_thousandths(judged.p_if_prepaid[rows]))
    own = values[rows]
    numbers = numerators(sums, k, j, own)
    ranked = np.argsort(-numbers, axis=1, kind="stable")
    minor = (2 * numbers + sums.denominator) // (2 * sums.denominator)  # Sums.to_minor
    return Weighed(rows, policy, prepaid, known, sums.actions, k, own, minor, ranked)


def numerators(sums: Sums, k: ArrayLike, j: ArrayLike, values: ArrayLike) -> Array:
    """(m, a) `Sums.at` of many orders: 64-bit integers where none can be too large, else Python's own.

    k, j, values: (m,) whole numbers.
    """
    flat, sloped = sums.largest
    small = max(flat + sloped * int(np.max(values)), sums.denominator) < _ROOM
    kind = np.int64 if small else object
    v, p, q = (np.asarray(column).astype(kind)[:, None] for column in (values, k, j))
    piece = np.searchsorted(np.array(sums.starts), values, side="right") - 1
    a0, a1, b0, b1, c0, c1 = np.moveaxis(_table(sums.numerators, kind)[piece], -1, 0)
    return np.asarray(a0 + a1 * v + p * (b0 + b1 * v) + q * (c0 + c1 * v))


@cache
def _table(numerators: tuple[tuple[Six, ...], ...], kind: type) -> Array:
    return np.array(numerators, dtype=kind)


@cache
def policy_for(currency: str | None) -> Policy | None:
    """The policy of a currency; None where its costs are not known."""
    return default_policy(currency) if currency else None


@cache
def policy_digest(currency: str | None) -> str | None:
    policy = policy_for(currency)
    return None if policy is None else policy.digest()


def goods_values(orders: Columns) -> Array:
    """(n,) value of the goods of each order in whole minor units, without the delivery fee; 0 where unknown."""
    amount, fee = orders["amount_minor"], np.nan_to_num(orders["shipping_fee_minor"], nan=0.0)
    value = np.where(np.isnan(amount), 0.0, amount - fee)
    return np.minimum(value, 2.0 * LARGEST_MINOR).astype(np.int64)  # what lies beyond has no money anyway
