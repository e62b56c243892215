"""From readings and the order to the row the model sees, in one place for training and serving."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.contract import Payment
from data.history import Columns
from features.catalog import CATALOG
from features.contribution import Measure
from features.layout import Readings
from features.order import ORDER_FEATURES, levels
from features.rates import Shrinkage, most_of, per_cart, posterior_mean
from features.recipe import Recipe, recipe
from features.sources import Feature, FromOrder, Level, Link, Most, PerCart, Rate, Sum

Array: TypeAlias = np.ndarray[Any, Any]

DIGITS = 5
TINY = 1e-6  # of the measure's unit: what is left of a fact taken back, or of one decayed for 20 half-lives
_MONEY_UNIT = 100_000.0  # 1,000 major units
_TENS = np.array([float(f"1e{n}") for n in range(309)])
_CHUNK = 4_096  # rows made at once: what is made on the way stays near the processor


def matrix(orders: Columns, readings: Readings, shrinkage: Shrinkage, catalog: tuple[Feature, ...] = CATALOG) -> Array:
    """(n, len(catalog)) float64, rounded, NaN where a feature is missing; columns in the order of the catalog."""
    n, how = len(orders["order_id"]), _prepared(catalog, shrinkage)
    out = np.empty((n, len(catalog)))
    for rows in (slice(start, start + _CHUNK) for start in range(0, n, _CHUNK)):
        whole = n <= _CHUNK
        some = readings if whole else {one: values[rows] for one, values in readings.items()}
        how.recipe.fill(out[rows], orders if whole else {k: column[rows] for k, column in orders.items()}, some)
        out[rows] = rounded(out[rows], how.units)
    return out


def as_if_paid(
    x: Array,
    orders: Columns,
    method: Payment,
    shrinkage: Shrinkage,
    catalog: tuple[Feature, ...] = CATALOG,
) -> Array:
    """`matrix` of the same orders as if paid by `method`, from the matrix as told: history does not change with it."""
    how, out = _prepared(catalog, shrinkage), x.copy()
    if how.paid is not None:
        out[:, how.recipe.paid] = how.paid_by(method)
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A catalog with its recipe. units: (k,) of each column's measure.  paid: the features that look at the payment."""

    catalog: tuple[Feature, ...]
    shrinkage: Shrinkage
    recipe: Recipe
    units: Array
    paid: tuple[Feature, ...] | None
    by_method: dict[Payment, Array]

    def paid_by(self, method: Payment) -> Array:
        """(p,) what `paid` say of any order paid by `method`: they look at nothing else. Worked out once."""
        if method not in self.by_method:
            assert self.paid is not None, "asked for by a catalog with such features"
            one: Columns = {"order_id": np.array([""], dtype=object)}
            self.by_method[method] = matrix(with_payment(one, method), {}, self.shrinkage, self.paid)[0]
        return self.by_method[method]


_MOST_PREPARED = 16
_PREPARED: dict[tuple[int, int], _Prepared] = {}


def _prepared(catalog: tuple[Feature, ...], shrinkage: Shrinkage) -> _Prepared:
    """Made once for each pair of objects: hashing a whole catalog at every order would cost more than the order."""
    found = _PREPARED.get((id(catalog), id(shrinkage)))
    if found is None or found.catalog is not catalog or found.shrinkage is not shrinkage:
        if len(_PREPARED) >= _MOST_PREPARED:
            _PREPARED.clear()
        how = recipe(catalog, shrinkage)
        units = np.array([unit_of(feature) for feature in catalog])
        paid = tuple(catalog[j] for j in how.paid) or None
        found = _PREPARED[id(catalog), id(shrinkage)] = _Prepared(catalog, shrinkage, how, units, paid, {})
    return found


def column(feature: Feature, orders: Columns, readings: Readings, shrinkage: Shrinkage) -> Array:
    """(n,) one feature, not yet rounded: what each column of the matrix means."""
    match feature.source:
        case Sum() | Link() as source:
            return np.asarray(readings[source])
        case PerCart(one):
            return per_cart(one, readings)
        case Most() as source:
            return most_of(source, readings)
        case Rate() as source:
            return posterior_mean(feature.name, source, readings, shrinkage)
        case FromOrder(name):
            return np.asarray(ORDER_FEATURES[name](orders), dtype=np.float64)
        case Level(name, value):
            return np.array([np.nan if told is None else float(told == value) for told in levels(orders, name)])


def unit_of(feature: Feature) -> float:
    """What counts as one of a feature's measure: an order, or 1,000 major units of money."""
    is_money = isinstance(feature.source, Sum) and feature.source.measure == Measure.AMOUNT
    return _MONEY_UNIT if is_money else 1.0


def rounded(values: Array, unit: float | Array = 1.0) -> Array:
    """Below 1e-6 of the unit: 0. The rest: 5 significant digits. So drivers that agree to 1e-11 give one number.

    >>> rounded(np.array([1234567.0, 0.123456, 2e-7, -2e-7, np.nan]))
    array([1.2346e+06, 1.2346e-01, 0.0000e+00, 0.0000e+00,        nan])
    """
    values = np.where(np.abs(values) < TINY * unit, 0.0, values)
    magnitude = np.where((values == 0) | np.isnan(values), 1.0, np.abs(values))
    places = DIGITS - 1 - np.floor(np.log10(magnitude)).astype(np.int64)
    scale, small = _TENS.take(np.abs(places)), places >= 0
    fine: Array = np.rint(values * scale) / scale
    return fine if small.all() else np.where(small, fine, np.rint(values / scale) * scale)


def with_payment(orders: Columns, method: Payment) -> Columns:
    """The same orders as if paid by `method`: for the risk under cash and the risk if prepaid."""
    replaced = np.full(len(orders["order_id"]), str(method), dtype=object)
    return {**orders, "payment_method": replaced}
