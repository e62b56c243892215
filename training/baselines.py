"""What the model must beat, fitted on the same rows and judged on the same future."""

from typing import Any, TypeAlias

import numpy as np

from features.catalog import Feature
from training.linear import Linear, fit_linear
from training.trees import Sample, probability

Array: TypeAlias = np.ndarray[Any, Any]

CONSTANT, PAYMENT, LOGISTIC = "constant", "payment method", "logistic regression"
_PLACES = {"pincode_rto_rate": "pincode rate", "district_rto_rate": "district rate", "state_rto_rate": "state rate"}


def baselines(past: Sample, x: Array, features: tuple[Feature, ...], penalty: float) -> dict[str, Array]:
    """Probabilities (n,) of each baseline for the rows `x`, in the order to show them.

    constant: the past's share.  payment method: its share by method, one pseudo-order of each kind.  place rate: the
    shrunken rate of the narrowest place there is, rescaled by a logistic regression on it alone.  logistic
    regression: on every feature, with the penalty validation chose, without sign constraints.
    """
    share = float(past.y.mean())
    found = {CONSTANT: np.full(len(x), share)}
    names = [f.name for f in features]
    if "is_cod" in names:
        found[PAYMENT] = _by_group(past, x, names.index("is_cod"))
    if place := [n for n in _PLACES if n in names]:
        found[_PLACES[place[0]]] = probability(_alone(past, features, names.index(place[0]))(x))
    found[LOGISTIC] = probability(fit_linear(past.x, past.y, features, penalty, signed=False).margin(x))
    return found


def _by_group(past: Sample, x: Array, column: int) -> Array:
    out = np.full(len(x), float(past.y.mean()))
    for value in (0.0, 1.0):
        y = past.y[past.x[:, column] == value]
        out[x[:, column] == value] = (y.sum() + 1.0) / (len(y) + 2.0)
    return out


def _alone(past: Sample, features: tuple[Feature, ...], column: int) -> Any:
    own = slice(column, column + 1)
    line: Linear = fit_linear(past.x[:, own], past.y, features[own], penalty=1.0)
    return lambda x: line.margin(x[:, own])
