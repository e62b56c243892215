"""What orders that are asked about contribute themselves, as columns: it is taken out before they are read.

The same as `store.standing` of each order (tests/parity/test_held.py), without a Python object for each piece of news.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from operator import attrgetter
from typing import Any, TypeAlias

import numpy as np

from data.contract import NewsType
from data.history import Columns
from features.contribution import N_MEASURES, weigh
from features.keys import KINDS
from features.links import CART
from features.reading import Plan, Taken
from features.sources import Distinct, Link

Array: TypeAlias = np.ndarray[Any, Any]

_TOKENS = ("phone", "email", "address", "device_id", "ip", "customer_id", "name")
_TEXTS = tuple(dict.fromkeys(c for kind in KINDS.values() for c in kind.columns if c not in _TOKENS))
NAMES = (*_TOKENS, *_TEXTS)
"""Columns of an order that say under which keys it stands, and which values it brings to links."""

Under: TypeAlias = Mapping[str, Array]
"""For each kind of key (m,): does the order stand under the key that it is read by?"""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Contributions of m orders of a batch. rows: (m,) of the batch.  columns: NAMES, each (m,): those whose keys hold
    them, corrected places included.  placed_at: (m,) microseconds.  everyone, buyer: (m, N_MEASURES) weights.
    """

    rows: Array
    columns: Columns
    placed_at: Array
    everyone: Array
    buyer: Array

    def __len__(self) -> int:
        return len(self.rows)

    def weights(self, kind: str) -> Array:
        """(m, N_MEASURES) what each puts under its key of this kind."""
        return self.buyer if KINDS[kind].buyer else self.everyone

    def values(self, link: Link) -> Array:
        """(m,) `links.value_of` of each."""
        return self.placed_at // CART if link.measure == Distinct.CART else self.columns[link.measure]

    def put(self, i: int, one: Any) -> None:
        """Let order i be this `store.Standing`, in place."""
        for name in NAMES:
            value = one.columns.get(name)
            self.columns[name][i] = -1 if value is None and name in _TOKENS else value
        self.placed_at[i], self.everyone[i], self.buyer[i] = one.placed_at, one.said.everyone, one.said.buyer

    def under(self, orders: Columns) -> "Under":
        """Which stand under the keys they are read by, unless these are missing: a corrected address may hold it elsewhere."""
        same = {name: np.equal(self.columns[name], orders[name][self.rows]).astype(bool) for name in NAMES}
        every = np.ones(len(self), dtype=bool)
        return {
            name: np.logical_and.reduce([same[column] for column in kind.columns]) if kind.columns else every
            for name, kind in KINDS.items()
        }


@cache
def no_order() -> Held:
    """Nothing is taken out."""
    return held_by({})


def held_by(standings: Mapping[int, Any]) -> Held:
    """The `store.Standing` of some orders, by row of the batch, as columns."""
    every = list(standings.values())
    columns = columns_of([[one.columns.get(name) for one in every] for name in NAMES])
    rows, placed_at = (np.array(some, dtype=np.int64) for some in (list(standings), [one.placed_at for one in every]))
    everyone, buyer = (
        np.array([said(one.said) for one in every], dtype=np.float64).reshape(-1, N_MEASURES) for said in _SIDES
    )
    return Held(rows, columns, placed_at, everyone, buyer)


_SIDES = (attrgetter("everyone"), attrgetter("buyer"))


def columns_of(told: Sequence[Sequence[Any]]) -> Columns:
    """NAMES as arrays from values as kept, one sequence for each; a token not told is -1."""
    return {name: _column(name, values) for name, values in zip(NAMES, told, strict=True)}


def _column(name: str, values: Sequence[Any]) -> Array:
    if name in _TOKENS:
        return np.array([-1 if value is None else value for value in values], dtype=np.int64)
    return np.fromiter(values, dtype=object, count=len(values))


def joined(parts: Sequence[Held]) -> Held:
    """The orders of several, none twice."""
    if len(parts) == 1:
        return parts[0]
    columns = {name: np.concatenate([one.columns[name] for one in parts]) for name in NAMES}
    rows, placed_at, everyone, buyer = (
        np.concatenate([getattr(one, name) for one in parts]) for name in ("rows", "placed_at", "everyone", "buyer")
    )
    return Held(rows, columns, placed_at, everyone, buyer)


@dataclass(frozen=True, slots=True, eq=False)
class PlainNews:
    """News of m orders, in any order; owner: (k,) which of them each is of.  plain: (k,) it has no details."""

    owner: Array
    type: Array
    happened_at: Array
    known_at: Array
    reason: Array
    plain: Array

    def sorted(self) -> "PlainNews":
        """By (owner, happened_at, type)."""
        order = np.lexsort((self.type, self.happened_at, self.owner))
        return PlainNews(*(getattr(self, name)[order] for name in self.__slots__))

    def bounds(self, m: int) -> Array:
        """(m + 1,) of sorted news: where that of each order begins, and the last one's ends."""
        return np.searchsorted(self.owner, np.arange(m + 1))

    def needs_more(self, m: int) -> Array:
        """(m,) orders of which this does not say enough, sorted: details count, or only the event ids tell what came
        later."""
        tied = np.ones(max(len(self.owner) - 1, 0), dtype=bool)
        for column in (self.owner, self.happened_at, self.type):
            tied &= column[1:] == column[:-1]
        odd = ~self.plain
        odd[1:] |= tied
        needs = np.zeros(m, dtype=bool)
        needs[self.owner[odd]] = True
        return needs


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """m orders as placed. rows: (m,) of the batch.  told: NAMES, a sequence of m values for each.  is_cod: (m,).
    amount: (m,) minor units, NaN unknown.  placed_at: (m,) microseconds, as the caller told it.
    """

    rows: Array
    told: Sequence[Sequence[Any]]
    is_cod: Array
    amount: Array
    placed_at: Array


WeighAll: TypeAlias = Callable[[PlainNews, Array, Array], tuple[Array, Array]]
"""(m, N_MEASURES) weights for everyone and for buyers, of orders with these news, cash or not, and amounts."""


def held_of(placed: Placed, news: PlainNews, weigh_all: WeighAll | None = None) -> Held:
    """What orders contribute, from their sorted news; not yet right for those of which the news `needs_more`.

    weigh_all: the compiled one (`held_compiled.py`) where the compiler is loaded anyway.
    """
    moment = placed.placed_at.copy()
    is_placing = news.type == NewsType.PLACED
    np.minimum.at(moment, news.owner[is_placing], news.known_at[is_placing])  # `store.placed_at`
    everyone, buyer = (weigh_all or weighed)(news, placed.is_cod, np.nan_to_num(placed.amount, nan=0.0))
    return Held(placed.rows, columns_of(placed.told), moment, everyone, buyer)


def weighed(news: PlainNews, is_cod: Array, amount: Array) -> tuple[Array, Array]:
    """`contribution.weigh` of each order as it stands: the service does not wait a second for the compiler."""
    ends, cash, worth = news.bounds(len(is_cod)).tolist(), is_cod.tolist(), amount.tolist()
    told = [column.tolist() for column in (news.type, news.happened_at, news.known_at, news.reason)]
    everyone, buyer = [0.0] * N_MEASURES, [0.0] * N_MEASURES
    found: tuple[list[float], list[float]] = [], []
    for i, (start, end) in enumerate(pairwise(ends)):
        types, happened_at, known_at, reasons = (column[start:end] for column in told)
        none, nothing = [-1] * len(types), [0] * len(types)
        rest = (nothing, reasons, none, none, nothing)  # rank, reason, action, voids, version
        weigh(ALWAYS, cash[i], worth[i], types, happened_at, known_at, *rest, everyone, buyer)
        found[0].extend(everyone)
        found[1].extend(buyer)
    return np.array(found[0]).reshape(-1, N_MEASURES), np.array(found[1]).reshape(-1, N_MEASURES)


ALWAYS = 2**62
"""A moment after all news."""


def taken_out(plan: Plan, own: Held, under: Under) -> Taken:
    """What the orders themselves put under the keys they are read by."""
    weights, held = np.zeros((len(own), len(plan.sums))), np.zeros((len(own), len(plan.half_lives)), dtype=bool)
    for i, kind in enumerate(plan.kinds):
        mine = under[kind][:, None]
        weights[:, plan.values[i]] = np.where(mine, own.weights(kind)[:, plan.measure[plan.values[i]]], 0.0)
        held[:, plan.grids[i]] = mine
    return Taken(own.rows, own.placed_at, weights, held)
