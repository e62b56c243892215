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
from features.order import ORDER_FEATURES, levels
from features.rates import Shrinkage, cart_readings, share_of_carts, step
from features.sources import Distinct, Feature, FromOrder, Level, Link, Most, PerCart, Rate, Sum

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
    """All rates of a catalog. columns: of the matrix.  prior: (r,).  first: (r,) what is read of the narrowest key."""

    columns: Array
    prior: Array
    first: Array
    steps: tuple[Step, ...]

    def of(self, read: Array, carts: Array) -> Array:
        """(n, r) shrunken shares: `rates.posterior_mean` of each. read, carts: as of `Recipe`."""
        mean = np.repeat(self.prior[None, :], len(read), axis=0)
        for one in self.steps:
            share = carts[:, one.carts]
            of, among = read[:, one.of] * share, read[:, one.among] * share
            mean[:, one.rates] = step(of, among, mean[:, one.rates], one.strength)
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
class Recipe:
    """Columns of a matrix by source. paid: those that look at how the order is paid.

    reads: what is read of others, a column each.  cart_places: (2, b) carts and outcomes known of each buyer's key: of what
    stands under it an outcome counts by their share (`rates.cart_share`); the first share is 1, of all other keys.
    sums, per_cart: (2, s) and (3, p) columns of the matrix, of what is read, and of the shares.
    """

    reads: tuple[Sum | Link, ...]
    cart_places: Array
    sums: Array
    per_cart: Array
    most: Mosts | None
    rates: Rates | None
    own: tuple[tuple[int, str], ...]
    levels: tuple[tuple[str, Array, Array], ...]
    paid: tuple[int, ...]

    def fill(self, out: Array, orders: Columns, readings: Readings) -> None:
        """Write every column, not yet rounded, into `out` (n, k)."""
        if self.reads:
            self._fill_read(out, side_by_side(readings, self.reads))
        for j, name in self.own:
            out[:, j] = ORDER_FEATURES[name](orders)
        for column, where, values in self.levels:
            told: Array = levels(orders, column)[:, None]
            missing, same = np.asarray(told == None, dtype=bool), np.asarray(told == values, dtype=bool)  # noqa: E711
            out[:, where] = np.where(missing, np.nan, same.astype(np.float64))

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
    by_column = tuple(
        (column, np.array([j for j, _ in told]), np.array([value for _, value in told], dtype=object))
        for column, told in levels.items()
    )
    paid = tuple(j for j, feature in enumerate(catalog) if reads_payment(feature))
    largest, shares = (_mosts(most, reads) if most else None), (_rates(rates, shrinkage, reads) if rates else None)
    carts, columns = _wide(reads.carts.values(), 2), (_wide(sums, 2), _wide(per_cart, 3))
    return Recipe(tuple(reads.place), carts, *columns, largest, shares, tuple(own), by_column, paid)


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
    steps: list[list[tuple[int, int, int, float, int]]] = [[] for _ in range(max(len(r.chain) for _, _, r in told))]
    for i, (_, name, rate) in enumerate(told):
        for level, key in enumerate(reversed(rate.chain)):
            among, of = reads.of(Sum(key, rate.among, rate.half_life)), reads.of(Sum(key, rate.of, rate.half_life))
            steps[level].append((i, among, of, shrinkage.of(name, key), reads.cart(key)))
    first = [reads.of(Sum(rate.chain[0], rate.among, rate.half_life)) for _, _, rate in told]
    prior = [shrinkage.prior_of(name) for _, name, _ in told]
    arrays = tuple(Step(*(np.array(c) for c in zip(*level, strict=True))) for level in steps)
    return Rates(_ints(j for j, _, _ in told), np.array(prior), _ints(first), arrays)


def _ints(values: Iterable[int]) -> Array:
    return np.array(list(values), dtype=np.int64)
