"""A policy's advice on past orders, and what any advice on them is worth: columns, some hundred thousand rows at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.contract import Action
from serving.decisions.caps import pairs
from serving.decisions.compiled import PER_RISK
from serving.decisions.economics import LARGEST_MINOR
from serving.decisions.intervals import Swings
from serving.decisions.policy import Policy
from serving.decisions.shop import ShopPolicy
from serving.decisions.stages import CHECKOUT
from serving.policies.choosing import Choice, choose
from serving.policies.past import Past, PastTraits
from serving.scores.weighing import Asked, Weighed, weighed

Array: TypeAlias = np.ndarray[Any, Any]

AT_ONCE = 100_000


@dataclass(frozen=True, eq=False)
class Tried:
    """Past orders and the advice of one policy. rows: (n,) of the past.  action, by, name: (n,) as in `Choice`."""

    past: Past
    rows: Array
    action: Array
    by: Array
    name: Array


def try_out(shop: ShopPolicy, past: Past, rows: Array) -> Tried:
    """What a policy would have advised at checkout."""
    parts = [chosen(shop, past, rows[start : start + AT_ONCE])[0] for start in range(0, len(rows), AT_ONCE)]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) if parts else np.zeros(0, np.int64)
               for name in ("action", "by", "name")}  # fmt: skip
    return Tried(past, rows, **{name: column.astype(np.int16) for name, column in columns.items()})


def chosen(shop: ShopPolicy, past: Past, rows: Array) -> tuple[Choice, list[Weighed]]:
    """The advice for some rows, and the money it comes from."""
    traits = PastTraits(past, rows)
    groups = weigh_past(shop, traits)
    none, checkout = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=np.int64)
    return choose(shop, traits, groups, checkout, none), groups


def weigh_past(shop: ShopPolicy, traits: PastTraits) -> list[Weighed]:
    """The money of past orders; rows counted from 0."""
    asked, known = asked_of(traits)
    return [
        weighed((shop, money), False, CHECKOUT, Asked(here, asked.k[here], asked.j[here], asked.values[here]), known)
        for money, here in moneys(shop, traits, asked.values)
    ]


def asked_of(traits: PastTraits) -> tuple[Asked, bool]:
    """Risks and values; and are risks if prepaid known?"""
    k, q = (np.asarray(traits.past.column(name)[traits.rows], dtype=np.int64) for name in ("k", "q"))
    known = bool(len(q)) and bool((q >= 0).all())
    return Asked(np.arange(len(k)), k, np.minimum(k, q) if known else k, traits.values()), known


def moneys(shop: ShopPolicy, traits: PastTraits, values: Array) -> Iterator[tuple[Policy, Array]]:
    """The money of each kind of order, and its rows; orders without a value or costs are in none."""
    usable = (values >= 1) & (values <= LARGEST_MINOR)
    kinds = pairs(traits.text("currency"), traits.text("category"))
    found: dict[int, tuple[Policy, list[int]]] = {}
    for place, (currency, category) in enumerate(kinds.values):
        if (money := shop.money_for(currency, category)) is not None:
            found.setdefault(id(money), (money, []))[1].append(place)
    for money, places in found.values():
        here = np.flatnonzero(usable & np.isin(kinds.coded, places))
        if len(here):
            yield money, here


@dataclass(frozen=True, eq=False)
class Valued:
    """What advice is worth on past orders, all by the same costs and effects. One entry for each way of advising.

    real: (w, n) minor units with the outcomes that were told, where they were told, else with the risk; 0 where there is no
    money.  expected: (w, n) with the risk alone.  scatter: (w, n) by how much an order could have come out otherwise: of its
    outcome, where that was told, one standard deviation, signed.  swings: (w, s, 2) what the effects' intervals do to the
    sum of `real`.
    """

    real: Array
    expected: Array
    scatter: Array
    swings: Array


def value(shop: ShopPolicy, past: Past, rows: Array, ways: Sequence[Array]) -> Valued:
    """Worth of each way of advising (each (n,) actions). An order that was told of has no risk any more: 0 or 1."""
    n = len(rows)
    real, expected, scatter = (np.zeros((len(ways), n)) for _ in range(3))
    swings: list[Array] = []
    for start in range(0, n, AT_ONCE):
        here = slice(start, start + AT_ONCE)
        traits = PastTraits(past, rows[here])
        asked, known = asked_of(traits)
        (k, j), sure = told(past, rows[here], asked)
        p = asked.k / PER_RISK
        deviation = np.where(sure, np.sqrt(p * (1 - p)), 0.0)
        for money, some in moneys(shop, traits, asked.values):
            at, v, none = some + start, asked.values[some], np.zeros(len(some))
            certain = none + PER_RISK, np.divide(asked.j[some], p[some], out=none.copy(), where=p[some] > 0)
            for way, actions in enumerate(ways):
                action = actions[here][some]
                expected[way, at] = _worth(money, known, action, (asked.k[some], asked.j[some], v))
                real[way, at] = _worth(money, known, action, (k[some], j[some], v))
                apart = _worth(money, known, action, (*certain, v)) - _worth(money, known, action, (none, none, v))
                scatter[way, at] = deviation[some] * apart
            swings.append(_swings(money.swings(known), [w[here][some] for w in ways], (k[some], j[some], v)))
    return Valued(real, expected, scatter, _added(swings, len(ways)))


def told(past: Past, rows: Array, asked: Asked) -> tuple[tuple[Array, Array], Array]:
    """(k, j) with the outcome in the place of the risk, where it is sure and the shop had not meddled; and (n,) where it is.

    Of the risk if prepaid the same part stays: over many orders of one risk both come out as they were.
    """
    outcome, acted = (np.asarray(past.column(name)[rows]) for name in ("outcome", "acted"))
    sure = (outcome >= 0) & ~acted
    share = np.divide(asked.j, asked.k, out=np.zeros(len(rows)), where=asked.k > 0)
    k = np.where(sure, outcome * float(PER_RISK), asked.k)
    return (k, np.where(sure, k * share, asked.j)), sure


def _worth(money: Policy, known: bool, action: Array, order: tuple[Array, Array, Array]) -> Array:
    """(m,) minor units of each order under its action."""
    sums = money.compiled.known if known else money.compiled.declared
    k, j, v = order
    place = np.full(len(Action), -1)
    place[[int(a) for a in sums.actions]] = np.arange(len(sums.actions))
    piece = np.searchsorted(np.array(sums.starts), v, side="right") - 1
    a0, a1, b0, b1, c0, c1 = sums.table(float)[:, piece, place[action]]
    return np.asarray((a0 + a1 * v + k * (b0 + b1 * v) + j * (c0 + c1 * v)) / sums.denominator)


def _swings(swings: Swings, ways: Sequence[Array], order: tuple[Array, Array, Array]) -> Array:
    """(w, s, 2) what moving each uncertain part does to the sum of all orders, by way of advising."""
    k, j, v = (np.asarray(one, dtype=np.float64) for one in order)
    piece = np.searchsorted(swings.starts, v, side="right") - 1
    terms = np.stack([np.ones_like(v), v, k, k * v, j, j * v], axis=1)
    out = np.zeros((len(ways), len(swings.owner), 2))
    for way, action in enumerate(ways):
        for one in np.unique(action).tolist():
            mine = np.flatnonzero(swings.owner == one)
            for p in range(len(swings.starts)) if len(mine) else ():
                total = terms[(action == one) & (piece == p)].sum(axis=0)
                out[way, mine] += np.ascontiguousarray(np.moveaxis(swings.table[:, p, mine], 0, -1)) @ total
    return out


def _added(parts: list[Array], ways: int) -> Array:
    """Sums of equal kinds of money; of another kind the swings stand beside them."""
    by_size: dict[int, Array] = {}
    for part in parts:
        by_size[part.shape[1]] = by_size.get(part.shape[1], np.zeros_like(part)) + part
    return np.concatenate([*by_size.values(), np.zeros((ways, 0, 2))], axis=1)
