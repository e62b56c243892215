"""From readings and the order to the row the model sees, in one place for training and serving."""

from typing import Any, TypeAlias

import numpy as np

from data.contract import Payment
from data.history import Columns
from features.catalog import CATALOG
from features.contribution import Measure
from features.layout import Readings
from features.order import ORDER_FEATURES
from features.rates import Shrinkage, cart_share, posterior_mean
from features.sources import Feature, FromOrder, Level, Link, PerCart, Rate, Share, Sum

Array: TypeAlias = np.ndarray[Any, Any]

DIGITS = 5
TINY = 1e-6  # of the measure's unit: what is left of a fact taken back, or of one decayed for 20 half-lives
_MONEY_UNIT = 100_000.0  # 1,000 major units
_CHUNK = 65_536  # rows rounded at once: bounds memory on long histories


def matrix(orders: Columns, readings: Readings, shrinkage: Shrinkage, catalog: tuple[Feature, ...] = CATALOG) -> Array:
    """(n, len(catalog)) float64, rounded, NaN where a feature is missing; columns in the order of the catalog."""
    out = np.empty((len(orders["order_id"]), len(catalog)))
    for j, feature in enumerate(catalog):
        out[:, j] = _column(feature, orders, readings, shrinkage)
    units = np.array([_unit(feature) for feature in catalog])
    for start in range(0, len(out), _CHUNK):
        out[start : start + _CHUNK] = rounded(out[start : start + _CHUNK], units)
    return out


def _column(feature: Feature, orders: Columns, readings: Readings, shrinkage: Shrinkage) -> Array:
    match feature.source:
        case Sum() | Link() as source:
            return np.asarray(readings[source])
        case PerCart(one):
            return np.asarray(readings[one] * cart_share(one.key, readings))
        case Share(key, of, among):
            count = readings[Sum(key, among)]
            share = np.divide(readings[Sum(key, of)], count, out=np.full(len(count), np.nan), where=count > 0)
            return np.asarray(share)
        case Rate() as source:
            return posterior_mean(feature.name, source, readings, shrinkage)
        case FromOrder(name):
            return np.asarray(ORDER_FEATURES[name](orders), dtype=np.float64)
        case Level(column, value):
            return np.array([np.nan if told is None else float(told == value) for told in orders[column]])


def _unit(feature: Feature) -> float:
    is_money = isinstance(feature.source, Sum) and feature.source.measure == Measure.AMOUNT
    return _MONEY_UNIT if is_money else 1.0


def rounded(values: Array, unit: float | Array = 1.0) -> Array:
    """Below 1e-6 of the unit: 0. The rest: 5 significant digits. So drivers that agree to 1e-11 give one number.

    >>> rounded(np.array([1234567.0, 0.123456, 2e-7, -2e-7, np.nan]))
    array([1.2346e+06, 1.2346e-01, 0.0000e+00, 0.0000e+00,        nan])
    """
    values = np.where(np.abs(values) < TINY * unit, 0.0, values)
    magnitude = np.where((values == 0) | np.isnan(values), 1.0, np.abs(values))
    places = DIGITS - 1 - np.floor(np.log10(magnitude))
    scale = 10.0 ** np.abs(places)
    return np.asarray(np.where(places >= 0, np.round(values * scale) / scale, np.round(values / scale) * scale))


def with_payment(orders: Columns, method: Payment) -> Columns:
    """The same orders as if paid by `method`: for the risk under cash and the risk if prepaid."""
    replaced = np.full(len(orders["order_id"]), str(method), dtype=object)
    return {**orders, "payment_method": replaced}
