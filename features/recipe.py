"""A catalog sorted by where its columns come from, so that a matrix is made in a few steps however wide it is.

Same numbers as column by column (`assemble.column`, tests/unit/features/test_recipe.py): the same operations on the same
values, on many columns at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.history import Columns
from features.keys import KINDS
from features.layout import Readings
from features.order import ORDER_FEATURES, levels
from features.rates import Shrinkage, cart_share, most_of, per_cart, step
from features.sources import Feature, FromOrder, Level, Link, Most, PerCart, Rate, Sum

Array: TypeAlias = np.ndarray[Any, Any]

_READS_PAYMENT = frozenset({"is_cod"})


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One level of every chain that is long enough, the widest first. rates: (r,) which rates.

    among, of: (r,) columns of the sums read.  strength: (r,) pseudo-orders.  carts: (r,) column of the share by which
    outcomes count, the first of which is 1.
    """

    rates: Array
    among: Array
    of: Array
    strength: Array
    carts: Array


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """All rates of a catalog. columns: of the matrix.  sums: what they read.  buyers: keys whose carts count once.
    first: (r,) the narrowest key's column.
    """

    columns: Array
    sums: tuple[Sum, ...]
    buyers: tuple[str, ...]
    prior: Array
    first: Array
    steps: tuple[Step, ...]

    def of(self, readings: Readings) -> Array:
        """(n, r) shrunken shares: `rates.posterior_mean` of each."""
        read = np.column_stack([readings[one] for one in self.sums])
        carts = np.column_stack([np.ones(len(read)), *(cart_share(key, readings) for key in self.buyers)])
        mean = np.repeat(self.prior[None, :], len(read), axis=0)
        for one in self.steps:
            of, among = (read[:, which] * carts[:, one.carts] for which in (one.of, one.among))
            mean[:, one.rates] = step(of, among, mean[:, one.rates], one.strength)
        return np.where(np.isnan(read[:, self.first]), np.nan, mean)


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """Columns of a matrix by source. paid: those that look at how the order is paid."""

    sums: tuple[tuple[int, Sum | Link], ...]
    per_cart: tuple[tuple[int, Sum], ...]
    most: tuple[tuple[int, Most], ...]
    rates: Rates | None
    own: tuple[tuple[int, str], ...]
    levels: tuple[tuple[str, Array, Array], ...]
    paid: tuple[int, ...]

    def fill(self, out: Array, orders: Columns, readings: Readings) -> None:
        """Write every column, not yet rounded, into `out` (n, k)."""
        for j, one in self.sums:
            out[:, j] = readings[one]
        for j, counted in self.per_cart:
            out[:, j] = per_cart(counted, readings)
        for j, most in self.most:
            out[:, j] = most_of(most, readings)
        if self.rates is not None:
            out[:, self.rates.columns] = self.rates.of(readings)
        for j, name in self.own:
            out[:, j] = ORDER_FEATURES[name](orders)
        for column, where, values in self.levels:
            told: Array = levels(orders, column)[:, None]
            missing, same = np.asarray(told == None, dtype=bool), np.asarray(told == values, dtype=bool)  # noqa: E711
            out[:, where] = np.where(missing, np.nan, same.astype(np.float64))


def recipe(catalog: tuple[Feature, ...], shrinkage: Shrinkage) -> Recipe:
    """Sort a catalog's columns by source."""
    sums, per_cart_sums, most, own, rates = [], [], [], [], []
    levels = dict[str, list[tuple[int, str]]]()
    for j, feature in enumerate(catalog):
        match feature.source:
            case Sum() | Link() as source:
                sums.append((j, source))
            case PerCart(one):
                per_cart_sums.append((j, one))
            case Most() as source:
                most.append((j, source))
            case Rate() as source:
                rates.append((j, feature.name, source))
            case FromOrder(name):
                own.append((j, name))
            case Level(column, value):
                levels.setdefault(column, []).append((j, value))
    by_column = tuple(
        (column, np.array([j for j, _ in told]), np.array([value for _, value in told], dtype=object))
        for column, told in levels.items()
    )
    paid = tuple(j for j, feature in enumerate(catalog) if reads_payment(feature))
    of_outcomes = _rates(rates, shrinkage) if rates else None
    return Recipe(tuple(sums), tuple(per_cart_sums), tuple(most), of_outcomes, tuple(own), by_column, paid)


def reads_payment(feature: Feature) -> bool:
    """Does the feature look at how the order is paid? A test holds this to every feature of the catalog."""
    match feature.source:
        case FromOrder(name):
            return name in _READS_PAYMENT
        case Level(column, _):
            return column == "payment_method"
        case _:
            return False


def _rates(told: list[tuple[int, str, Rate]], shrinkage: Shrinkage) -> Rates:
    place: dict[Sum, int] = {}

    def column(one: Sum) -> int:
        return place.setdefault(one, len(place))

    buyers = [key for key in dict.fromkeys(k for _, _, r in told for k in r.chain) if KINDS[key].buyer]
    cart = {key: 1 + i for i, key in enumerate(buyers)}
    steps: list[list[tuple[int, int, int, float, int]]] = [[] for _ in range(max(len(r.chain) for _, _, r in told))]
    for i, (_, name, rate) in enumerate(told):
        for level, key in enumerate(reversed(rate.chain)):
            among, of = column(Sum(key, rate.among, rate.half_life)), column(Sum(key, rate.of, rate.half_life))
            steps[level].append((i, among, of, shrinkage.of(name, key), cart.get(key, 0)))
    first = [column(Sum(rate.chain[0], rate.among, rate.half_life)) for _, _, rate in told]
    prior = [shrinkage.prior_of(name) for _, name, _ in told]
    arrays = tuple(Step(*(np.array(c) for c in zip(*level, strict=True))) for level in steps)
    columns = _ints(j for j, _, _ in told)
    return Rates(columns, tuple(place), tuple(buyers), np.array(prior), _ints(first), arrays)


def _ints(values: Iterable[int]) -> Array:
    return np.array(list(values), dtype=np.int64)
