"""The expected money of every offered action, for many orders at once and exactly: who has which policy, what wins."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from data.contract import Action
from data.history import Columns
from serving.decisions.compiled import Sums
from serving.decisions.economics import LARGEST_MINOR
from serving.decisions.policy import Policy
from serving.decisions.shop import SHIPPED, Policies, ShopPolicy
from serving.scores.batch import Judged
from serving.scores.reasons import in_thousandths

Array: TypeAlias = np.ndarray[Any, Any]

_ROOM = 2**61
"""Twice a numerator and the denominator still fit into 64 bits."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Orders that one set of sums weighs. rows: (m,) of the batch.  k, j: (m,) their risk, and their risk if prepaid
    where that is lower, in thousandths.

    actions: gentle to harsh.  numbers: (m, a) expected value of each over `denominator`; minor: rounded.  offered: (m, a).
    ranked: (m, a) places among `actions`, worth most first; of equals the gentler; what is not offered last.
    """

    rows: Array
    shop: ShopPolicy
    policy: Policy
    prepaid: bool
    known: bool
    actions: tuple[Action, ...]
    k: Array
    j: Array
    values: Array
    numbers: Array
    denominator: int
    offered: Array
    minor: Array
    ranked: Array
    made: list[tuple[Array, Array]] = field(default_factory=list)

    def interval(self, i: int) -> list[tuple[int, int]]:
        """(low, high) of each action's expected value for one order, minor units."""
        if not self.made:  # those who ask for one ask for all
            self.made.append(self._intervals())
        low, high = self.made[0]
        return [(int(a), int(b)) for a, b in zip(low[i].tolist(), high[i].tolist(), strict=True)]

    def _intervals(self) -> tuple[Array, Array]:
        """(m, a) low and high ends."""
        if self.prepaid:
            return self.minor, self.minor
        down, up = self.policy.swings(self.known).around(self.k, self.j, self.values, self.actions)
        middle = self.numbers.astype(np.float64) / self.denominator
        return np.rint(middle - down), np.rint(middle + up)


def weigh(orders: Columns, judged: Judged, stages: Sequence[str], policies: Policies = SHIPPED) -> list[Weighed]:
    """The money of every order that has a policy and a value; the others are in no group."""
    values, known = goods_values(orders), judged.p_if_prepaid is not None
    usable = (values >= 1) & (values <= LARGEST_MINOR)
    names = (orders[name].tolist() for name in ("merchant_id", "currency", "category"))
    groups: dict[tuple[int, int, bool, str], tuple[ShopPolicy, Policy, list[int]]] = {}
    told = zip(*names, judged.prepaid.tolist(), stages, usable.tolist(), strict=True)
    for row, (merchant, currency, category, paid, stage, of_use) in enumerate(told):
        shop = policies.of(merchant, currency)
        money = shop.money_for(currency, category)
        if of_use and money is not None:
            groups.setdefault((id(shop), id(money), paid, stage), (shop, money, []))[2].append(row)
    return [
        weighed((shop, money), paid, stage, Asked.of(judged, np.array(rows), values), known)
        for (_, _, paid, stage), (shop, money, rows) in groups.items()
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """(m,) orders to weigh: their rows, risks in thousandths, values in minor units."""

    rows: Array
    k: Array
    j: Array
    values: Array

    @classmethod
    def of(cls, judged: Judged, rows: Array, values: Array) -> "Asked":
        k = in_thousandths(judged.p_rto[rows])
        j = k if judged.p_if_prepaid is None else np.minimum(k, in_thousandths(judged.p_if_prepaid[rows]))
        return cls(rows, k, j, values[rows])


def weighed(whose: tuple[ShopPolicy, Policy], prepaid: bool, stage: str, asked: Asked, known: bool) -> Weighed:
    """Orders of one policy, at one stage, all paid before or none. known: is there a risk if prepaid?"""
    shop, policy = whose
    sums = policy.compiled.prepaid if prepaid else policy.sums(known, stage)
    numbers = numerators(sums, asked.k, asked.j, asked.values)
    offered = offers(policy, sums.actions, asked.values)
    ranked = np.argsort(-masked(numbers, offered), axis=1, kind="stable")
    minor = (2 * numbers + sums.denominator) // (2 * sums.denominator)  # Sums.to_minor
    return Weighed(asked.rows, shop, policy, prepaid, known, sums.actions, asked.k, asked.j, asked.values, numbers,
                   sums.denominator, offered, minor, ranked)  # fmt: skip


def offers(policy: Policy, actions: tuple[Action, ...], values: Array) -> Array:
    """(m, a) `Policy.offers` of many orders."""
    offered: Array = np.ones((len(values), len(actions)), dtype=bool)
    for one in policy.left_out:
        if one.action in actions:
            offered[(values >= one.first) & (values <= one.last), actions.index(one.action)] = False
    return offered


def masked(numbers: Array, offered: Array) -> Array:
    """Numerators with what is not offered below all others."""
    if offered.all():
        return numbers
    return np.where(offered, numbers, -(2**62) if numbers.dtype == np.int64 else -(10**60))


def numerators(sums: Sums, k: ArrayLike, j: ArrayLike, values: ArrayLike) -> Array:
    """(m, a) `Sums.at` of many orders: 64-bit integers where none can be too large, else Python's own.

    k, j, values: (m,) whole numbers.
    """
    flat, sloped = sums.largest
    told = np.asarray(values)
    small = max(flat + sloped * int(told.max(initial=0)), sums.denominator) < _ROOM
    kind = np.int64 if small else object
    v, p, q = (np.asarray(column).astype(kind)[:, None] for column in (told, k, j))
    piece = sums.borders.searchsorted(told, side="right") - 1
    a0, a1, b0, b1, c0, c1 = sums.table(kind)[:, piece]
    return np.asarray(a0 + a1 * v + p * (b0 + b1 * v) + q * (c0 + c1 * v))


def goods_values(orders: Columns) -> Array:
    """(n,) value of the goods of each order in whole minor units, without the delivery fee; 0 where unknown."""
    amount, fee = orders["amount_minor"], orders["shipping_fee_minor"]
    value = np.where(np.isnan(amount), 0.0, amount - np.where(np.isnan(fee), 0.0, fee))
    return np.minimum(value, 2.0 * LARGEST_MINOR).astype(np.int64)  # what lies beyond has no money anyway
