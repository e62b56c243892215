"""What gives an outcome away: a column that tells it, and a column that is blank for one outcome alone.

One definition for the dry run (`data/suspicion.py`) and for the numbered checks (`data/checks/stage.py`), which differ
only in how sure they want to be.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from data import matching
from data.contract import TOKEN_COLUMNS

Array = np.ndarray[Any, Any]

NEARLY_ALL = 0.95
NOT_LOOKED_AT = frozenset({"order_id", "merchant_id", "placed_at", "text_measures_version"})
_MOST_LEVELS, _RANGES = 50, 20


class OneSided(NamedTuple):
    """word: `empty or 0`, or `filled`, on the share `own` of that kind's orders and at most `others` of every other's."""

    kind: str
    word: str
    own: float
    others: float


def missing(column: Array, name: str) -> Array:
    """(n,) where nothing is known of a kept column."""
    if name in TOKEN_COLUMNS:
        return np.asarray(column == -1)
    if column.dtype == object:
        return np.asarray(pa.array(column, from_pandas=True).is_null())
    return np.isnan(column) if column.dtype.kind == "f" else np.zeros(len(column), dtype=bool)


def blank(column: Array, name: str) -> Array:
    """(n,) where a kept column is missing, or a number is 0."""
    lacking = missing(column, name)
    return lacking | (column == 0) if column.dtype.kind == "f" and name not in TOKEN_COLUMNS else lacking


def auc_alone(levels: Array, label: Array) -> float:
    """How well the levels (n,) alone rank label 1 above label 0 (n,): one half of the orders, ranked by the shrunk
    share of 1 that the other half shows for their level. 0.5 is chance, 1 is always right."""
    even = np.arange(len(label)) % 2 == 0
    places = levels + 1  # missing is a level too
    n_levels = int(places.max(initial=0)) + 1
    share = label[even].mean() if even.any() else 0.5
    known, ones = (np.bincount(places[even], weights, n_levels) for weights in (None, label[even]))
    score = np.where(known > 0, (ones + share) / (known + 1), share)
    asked = np.bincount(places[~even], minlength=n_levels)
    asked_ones = np.bincount(places[~even], label[~even], n_levels)
    return _auc(score, asked_ones, asked - asked_ones)


def levels(column: Array, name: str) -> Array:
    """(n,) whole numbers: equal values share one, many numbers share twenty ranges, missing is -1."""
    lacking = missing(column, name)
    if column.dtype == object:
        return matching.coded(pa.array(column, pa.string(), from_pandas=True))[0]
    if column.dtype.kind == "f" and len(pd.unique(column[~lacking])) > _MOST_LEVELS:
        edges = np.quantile(column[~lacking], np.linspace(0, 1, _RANGES + 1)[1:-1])
        found = np.searchsorted(edges, np.where(lacking, 0.0, column), side="right")
    else:
        found = pd.factorize(column)[0]
    return np.where(lacking, -1, found)


def one_sided(blanks: Array, kinds: Mapping[str, Array]) -> OneSided | None:
    """The first kind of orders for which nearly all are blank and nearly none of any other, or the other way round.

    kinds: name -> (n,) which orders are of it, each of them some.
    """
    shares = {kind: float(blanks[of].mean()) for kind, of in kinds.items()}
    for kind, share in shares.items():
        rest = [s for other, s in shares.items() if other != kind]
        for word, own, others in (("empty or 0", share, rest), ("filled", 1 - share, [1 - s for s in rest])):
            if others and own >= NEARLY_ALL and max(others) <= 1 - NEARLY_ALL:
                return OneSided(kind, word, own, max(others))
    return None


def _auc(score: Array, ones: Array, zeros: Array) -> float:
    """Of levels with these scores: the share of (1, 0) pairs ranked right, an equal score counting half."""
    _, place = np.unique(score, return_inverse=True)
    ones, zeros = np.bincount(place, ones), np.bincount(place, zeros)
    pairs = ones.sum() * zeros.sum()
    return float((ones * (np.cumsum(zeros) - zeros / 2)).sum() / pairs) if pairs else 0.5
