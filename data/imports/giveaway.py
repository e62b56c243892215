"""What gives an outcome away: a column that tells it, and a column that is blank for one outcome alone.

One definition for the dry run (`data/imports/suspicion.py`) and for the numbered checks (`data/checks/stage.py`), which differ
only in how sure they want to be.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from data import compiled
from data.contract import TOKEN_COLUMNS
from data.files import matching

Array = np.ndarray[Any, Any]

NEARLY_ALL = 0.95
NOT_LOOKED_AT = frozenset({"order_id", "merchant_id", "placed_at", "text_measures_version"})
_MOST_LEVELS, _RANGES = 50, 20
_SAMPLE = 1_000
_WIDEST = 4
"""Times as many numbers as rows that a table of levels may have."""
_ALL = slice(None)


class OneSided(NamedTuple):
    """word: `empty or 0`, or `filled`, on the share `own` of that kind's orders and at most `others` of every other's."""

    kind: str
    word: str
    own: float
    others: float


def missing(column: Any, name: str) -> Array:
    """(n,) where nothing is known of a kept column: numbers, or text as objects or as Arrow holds it."""
    if name in TOKEN_COLUMNS:
        return np.asarray(column == -1)
    if is_text(column):
        return np.asarray(_arrow(column).is_null())
    return np.isnan(column) if column.dtype.kind == "f" else np.zeros(len(column), dtype=bool)


def is_text(column: Any) -> bool:
    return not isinstance(column, np.ndarray) or column.dtype == object


def _arrow(column: Any) -> Any:
    return pa.array(column, pa.string(), from_pandas=True) if isinstance(column, np.ndarray) else column


def blank(column: Any, name: str, lacking: Array | None = None) -> Array:
    """(n,) where a kept column is missing, or a number is 0. lacking: where it is missing, if that is known."""
    lacking = missing(column, name) if lacking is None else lacking
    return lacking if is_text(column) or name in TOKEN_COLUMNS or column.dtype.kind != "f" else lacking | (column == 0)


def auc_alone(levels: Array, label: Array) -> float:
    """How well the levels (n,) alone rank label 1 above label 0 (n,): one half of the orders, ranked by the shrunk
    share of 1 that the other half shows for their level. 0.5 is chance, 1 is always right."""
    counts = np.zeros((4, int(levels.max(initial=-1)) + 2), dtype=np.int64)
    compiled.count_levels(levels + 1, label == 1, *counts)  # missing is a level too
    known, ones, asked, asked_ones = counts
    share = ones.sum() / known.sum() if len(label) else 0.5
    if (most := int(known.max(initial=0)) + 1) ** 2 <= len(known):  # levels of which equally much is known: one score
        alike = known * most + ones
        asked, asked_ones = (np.bincount(alike, counted, most * most) for counted in (asked, asked_ones))
        known, ones = np.divmod(np.arange(most * most), most)
    score = np.where(known > 0, (ones + share) / (known + 1), share)
    return _auc(score, asked_ones, asked - asked_ones)


def levels(column: Any, name: str, rows: Array | slice = _ALL) -> Array:
    """Whole numbers for `rows` of a column: equal values share one, many numbers share twenty ranges, missing is -1."""
    if is_text(column):
        found: Array = matching.coded(_arrow(column))[0]
        return found[rows]
    column = column[rows]
    lacking = missing(column, name)
    if name in TOKEN_COLUMNS:
        found = _of_tokens(column)
    elif column.dtype.kind == "f" and _are_many(told := column[~lacking]):
        edges = np.quantile(told, np.linspace(0, 1, _RANGES + 1)[1:-1])
        found = np.searchsorted(edges, np.where(lacking, 0.0, column), side="right")
    else:
        found = pd.factorize(column)[0]
    return np.where(lacking, -1, found)


def _of_tokens(tokens: Array) -> Array:
    """Pseudonyms are numbered one after the other: those of one import need no table of them."""
    low, high = (int(end) for end in (tokens.min(initial=0), tokens.max(initial=0)))
    return tokens - low if high - low < _WIDEST * len(tokens) else np.asarray(pd.factorize(tokens)[0])


def _are_many(values: Array) -> bool:
    """Are there more than `_MOST_LEVELS` distinct ones? Most often the first of them say so."""
    return any(len(pd.unique(some)) > _MOST_LEVELS for some in (values[:_SAMPLE], values))


def one_sided(blanks: Array, kinds: Mapping[str, Array]) -> OneSided | None:
    """The first kind of orders for which nearly all are blank and nearly none of any other, or the other way round.

    kinds: name -> (n,) which orders are of it, each of them some.
    """
    shares = {kind: np.count_nonzero(blanks & of) / np.count_nonzero(of) for kind, of in kinds.items()}
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
