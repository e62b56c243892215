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
from features.layout import Readings, side_by_side
from features.order import AS_KEPT, ORDER_FEATURES, levels
from features.rates import Shrinkage, cart_readings, share_of_carts, step
from features.sources import Distinct, Feature, FromOrder, Level, Link, Most, PerCart, Rate, Sum

Array: TypeAlias = np.ndarray[Any, Any]

_READS_PAYMENT = frozenset({"is_cod"})


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """All rates of a catalog, the longest chains first: level by level, the widest key first, those whose chain is long
    enough stand in front. columns: of the matrix.  prior: (r,).  first: (r,) what is read of the narrowest key.

    levels: how many rates have that many keys.  Of all levels end to end: among, counted: columns of the sums read.  strength:
    pseudo-orders.  carts: column of the share by which outcomes count, the first of which is 1.
    """

    columns: Array
    prior: Array
    first: Array
    levels: tuple[int, ...]
    among: Array
    counted: Array
    strength: Array
    carts: Array

    def of(self, read: Array, carts: Array) -> Array:
        """(n, r) shrunken shares: `rates.posterior_mean` of each. read, carts: as of `Recipe`."""
        share, mean, start = carts[:, self.carts], np.repeat(self.prior[None, :], len(read), axis=0), 0
        of, among = read[:, self.counted] * share, read[:, self.among] * share
        for many in self.levels:
            own = slice(start, start + many)
            mean[:, :many] = step(of[:, own], among[:, own], mean[:, :many], self.strength[own])
            start += many
        return np.where(np.isnan(read[:, self.first]), np.nan, mean)


@dataclass(frozen=True, slots=True, eq=False)
class Mosts:
    """All largest counts of a catalog; h handles each, the last said again where there are fewer. columns: of the matrix.

    counts, carts: (m, h) what is read, and by which share it counts.  phones, hub_from: (m, h) with how many phones the
    handle was seen, and from how many on it says nothing.
    """

    columns: Array
    counts: Array
    carts: Array
    phones: Array
    hub_from: Array

    def of(self, read: Array, carts: Array) -> Array:
        """(n, m) `rates.most_of` of each."""
        counts = read[:, self.counts] * carts[:, self.carts]
        return np.asarray(np.fmax.reduce(np.where(read[:, self.phones] >= self.hub_from, np.nan, counts), axis=2))


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """All levels of one column of the order. name: of it.  columns: (v,) of the matrix.  place: of each value told; of no
    value, and of any other, the last two.  rows: (v + 2, v) what the matrix holds.
    """

    name: str
    columns: Array
    place: dict[str | None, int]
    rows: Array

    @staticmethod
    def at(name: str, told: list[tuple[int, str]]) -> "Levels":
        values = [value for _, value in told]
        rows = np.array([[float(one == value) for value in values] for one in values] + [[np.nan] * len(values)])
        place: dict[str | None, int] = {one: i for i, one in reversed(list(enumerate(values)))} | {None: len(values)}
        return Levels(name, _ints(j for j, _ in told), place, np.vstack([rows, np.zeros(len(values))]))

    def of(self, orders: Columns) -> Array:
        """(n, v) 1 where the order says it, NaN where it says nothing."""
        place, other = self.place, len(self.rows) - 1
        return np.asarray(self.rows[[place.get(one, other) for one in levels(orders, self.name).tolist()]])


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """Columns of a matrix by source. paid: those that look at how the order is paid.

    reads: what is read of others, a column each.  cart_places: (2, b) carts and outcomes known of each buyer's key: of what
    stands under it an outcome counts by their share (`rates.cart_share`); the first share is 1, of all other keys.
    sums, per_cart: (2, s) and (3, p) columns of the matrix, of what is read, and of the shares.  kept: columns of the order
    that are features as they are, and their places.
    """

    reads: tuple[Sum | Link, ...]
    cart_places: Array
    sums: Array
    per_cart: Array
    most: Mosts | None
    rates: Rates | None
    own: tuple[tuple[int, str], ...]
    kept: tuple[tuple[str, ...], Array]
    levels: tuple["Levels", ...]
    paid: tuple[int, ...]

    def fill(self, out: Array, orders: Columns, readings: Readings) -> None:
        """Write every column, not yet rounded, into `out` (n, k)."""
        if self.reads:
            self._fill_read(out, side_by_side(readings, self.reads))
        for j, name in self.own:
            out[:, j] = ORDER_FEATURES[name](orders)
        names, places = self.kept
        if names:
            out[:, places] = np.array([orders[name] for name in names], dtype=np.float64).T
        for one in self.levels:
            out[:, one.columns] = one.of(orders)

    def _fill_read(self, out: Array, read: Array) -> None:
        out[:, self.sums[0]] = read[:, self.sums[1]]
        carts = np.ones((len(read), 1 + self.cart_places.shape[1]))
        carts[:, 1:] = share_of_carts(read[:, self.cart_places[0]], read[:, self.cart_places[1]])
        out[:, self.per_cart[0]] = read[:, self.per_cart[1]] * carts[:, self.per_cart[2]]
        for one in (self.most, self.rates):
            if one is not None:
                out[:, one.columns] = one.of(read, carts)


class _Reads:
    """Places of what a recipe reads, in order of first mention."""

    def __init__(self) -> None:
        self.place: dict[Sum | Link, int] = {}
        self.carts: dict[str, tuple[int, int]] = {}

    def of(self, one: Sum | Link) -> int:
        return self.place.setdefault(one, len(self.place))

    def cart(self, key: str) -> int:
        """Place of the share by which outcomes under the key count: 0, which is 1, where it is no buyer's."""
        if not KINDS[key].buyer:
            return 0
        carts, known = cart_readings(key)
        self.carts.setdefault(key, (self.of(carts), self.of(known)))
        return 1 + list(self.carts).index(key)


def recipe(catalog: tuple[Feature, ...], shrinkage: Shrinkage) -> Recipe:
    """Sort a catalog's columns by source."""
    reads, sums, per_cart, most, own, rates = _Reads(), [], [], [], [], []
    levels = dict[str, list[tuple[int, str]]]()
    for j, feature in enumerate(catalog):
        match feature.source:
            case Sum() | Link() as source:
                sums.append((j, reads.of(source)))
            case PerCart(one):
                per_cart.append((j, reads.of(one), reads.cart(one.key)))
            case Most() as source:
                most.append((j, source))
            case Rate() as source:
                rates.append((j, feature.name, source))
            case FromOrder(name):
                own.append((j, name))
            case Level(column, value):
                levels.setdefault(column, []).append((j, value))
    by_column = tuple(Levels.at(column, told) for column, told in levels.items())
    kept = [(name, j) for j, name in own if name in AS_KEPT]
    as_kept = tuple(name for name, _ in kept), _ints(j for _, j in kept)
    own = [one for one in own if one[1] not in AS_KEPT]
    paid = tuple(j for j, feature in enumerate(catalog) if reads_payment(feature))
    largest, shares = (_mosts(most, reads) if most else None), (_rates(rates, shrinkage, reads) if rates else None)
    carts, columns = _wide(reads.carts.values(), 2), (_wide(sums, 2), _wide(per_cart, 3))
    return Recipe(tuple(reads.place), carts, *columns, largest, shares, tuple(own), as_kept, by_column, paid)


def _wide(rows: Iterable[tuple[int, ...]], width: int) -> Array:
    """(width, n) of n tuples."""
    return np.array(list(rows), dtype=np.int64).reshape(-1, width).T


def reads_payment(feature: Feature) -> bool:
    """Does the feature look at how the order is paid? A test holds this to every feature of the catalog."""
    match feature.source:
        case FromOrder(name):
            return name in _READS_PAYMENT
        case Level(column, _):
            return column == "payment_method"
        case _:
            return False


def _mosts(told: list[tuple[int, Most]], reads: _Reads) -> Mosts:
    width = max(len(source.handles) for _, source in told)
    rows = []
    for _, source in told:
        own = [(reads.of(one), reads.cart(one.key), *_shared(one.key, source, reads)) for one in source.sums]
        rows.append([*own, *own[-1:] * (width - len(own))])
    counts, carts, phones, hub_from = np.moveaxis(np.array(rows, dtype=np.int64), -1, 0)
    return Mosts(_ints(j for j, _ in told), counts, carts, phones, hub_from)


def _shared(key: str, source: Most, reads: _Reads) -> tuple[int, int]:
    """What tells that a handle is shared by many phones, and from how many on; a phone is one phone's."""
    return (reads.of(Link(key, Distinct.PHONE)), source.hub_from) if key != "phone" else (0, _NEVER)


_NEVER = 2**62


def _rates(told: list[tuple[int, str, Rate]], shrinkage: Shrinkage, reads: _Reads) -> Rates:
    told = sorted(told, key=lambda one: -len(one[2].chain))
    levels, steps = list[int](), list[tuple[int, int, float, int]]()
    for level in range(len(told[0][2].chain)):
        here = [(name, rate, rate.chain[-1 - level]) for _, name, rate in told if len(rate.chain) > level]
        for name, rate, key in here:
            among, of = reads.of(Sum(key, rate.among, rate.half_life)), reads.of(Sum(key, rate.of, rate.half_life))
            steps.append((among, of, shrinkage.of(name, key), reads.cart(key)))
        levels.append(len(here))
    first = [reads.of(Sum(rate.chain[0], rate.among, rate.half_life)) for _, _, rate in told]
    prior = [shrinkage.prior_of(name) for _, name, _ in told]
    arrays = (np.array(column) for column in zip(*steps, strict=True))
    return Rates(_ints(j for j, _, _ in told), np.array(prior), _ints(first), tuple(levels), *arrays)


def _ints(values: Iterable[int]) -> Array:
    return np.array(list(values), dtype=np.int64)
