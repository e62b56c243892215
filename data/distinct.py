"""A column as its distinct values: what is costly is done once for each of them, then spread over the rows."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 2_000
"""Up to so many rows it is quicker to read each row than to look for equal ones."""
_NONE = -1
_MOST_WAYS = 2**62


@dataclass(frozen=True, slots=True)
class Distinct:
    """values: what is held, k distinct ones in order of first appearance.  codes: (n,) which one each row holds, -1
    where it holds none; or None, for a few rows: then each row has a value of its own, None where it holds none."""

    values: list[Any]
    codes: NDArray[np.int64] | None

    def map(self, reading: Callable[[Any], Any]) -> "Distinct":
        """The same column with each value read once; None stays None. Two values may now be equal."""
        return Distinct([None if value is None else reading(value) for value in self.values], self.codes)

    def spread(self, of_values: NDArray[Any], missing: Any) -> NDArray[Any]:
        """(n,) or (m, n): one entry of each value's (k,) or (m, k) at each row, `missing` where the row holds none."""
        if self.codes is None:
            return of_values
        rest = np.full((*of_values.shape[:-1], 1), missing, dtype=of_values.dtype)
        return np.asarray(np.concatenate([of_values, rest], axis=-1)[..., self.codes])

    def texts(self) -> NDArray[Any]:
        """(n,) the column written out as objects, None where the row holds no value."""
        return self.spread(np.fromiter(self.values, dtype=object, count=len(self.values)), None)

    def numbers(self, width: int) -> NDArray[np.float64]:
        """(width, n) float64: the column's values, tuples of `width` numbers, NaN where a row holds none."""
        none = (np.nan,) * width
        rows = (none if value is None else value for value in self.values)
        flat = np.fromiter(chain.from_iterable(rows), dtype=np.float64, count=width * len(self.values))
        return self.spread(np.ascontiguousarray(flat.reshape(-1, width).T), np.nan)

    def held(self) -> NDArray[np.bool_]:
        """(n,) whether the row holds a value."""
        if self.codes is None:
            return np.array([value is not None for value in self.values], dtype=bool)
        return np.asarray(self.codes != _NONE)


def distinct(values: Any) -> Distinct:
    """The distinct texts of a column: a list, an array of objects, or a pyarrow array of text, chunked or encoded.

    None, "" and NaN are no value.
    """
    if len(values) > FEW:
        return _encoded(values)
    plain = values.to_pylist() if hasattr(values, "to_pylist") else values
    return Distinct([None if value == "" or value != value else value for value in plain], None)


def nothing(n: int) -> Distinct:
    """A column of n rows that holds no value."""
    return Distinct([None] * n, None) if n <= FEW else Distinct([], np.full(n, _NONE, dtype=np.int64))


def together(*columns: Distinct) -> Distinct:
    """The distinct rows of several columns, as tuples with None where a column holds none. Every row holds one."""
    coded = [column.codes for column in columns if column.codes is not None]
    if not coded:
        return Distinct(list(zip(*(column.values for column in columns), strict=True)), None)
    key, ways = np.zeros(len(coded[0]), dtype=np.int64), 1
    for column, codes in zip(columns, coded, strict=True):
        each = len(column.values) + 1
        if ways * each > _MOST_WAYS:
            key, ways = _numbered(key)[0], len(key)
        key, ways = key * each + (codes + 1), ways * each
    rows, first = _numbered(key)
    parts = [_picked(column.values, codes[first]) for column, codes in zip(columns, coded, strict=True)]
    return Distinct(list(zip(*parts, strict=True)), rows)


def _picked(values: list[Any], codes: NDArray[np.int64]) -> list[Any]:
    held = [*values, None]
    return [held[code] for code in codes.tolist()]


def distinct_numbers(values: NDArray[np.int64]) -> Distinct:
    """The distinct integers of a column; every row holds one."""
    if len(values) <= FEW:
        return Distinct(values.tolist(), None)
    codes, first = _numbered(values)
    return Distinct(values[first].tolist(), codes)


def _numbered(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n,) integers as numbers in order of first appearance, and (k,) the row where each first appears."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[inverse], first[order]


def _encoded(values: Any) -> Distinct:
    """Many rows, by Arrow's encoder. A dictionary as told may hold blanks, unused values, and any order."""
    import pyarrow as pa  # the service has few rows at a time and never loads it

    if not hasattr(values, "dictionary_encode"):
        values = pa.array(values, pa.string(), from_pandas=True)
    whole = values.combine_chunks() if hasattr(values, "combine_chunks") else values
    encoded = whole.dictionary_encode()
    indices = encoded.indices.fill_null(_NONE).to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    plain: list[str | None] = encoded.dictionary.to_pylist()
    blank = np.array([not value for value in plain] + [True], dtype=bool)
    rows = np.flatnonzero(~blank[indices])
    codes = np.full(len(indices), _NONE, dtype=np.int64)
    codes[rows], first = _numbered(indices[rows])
    return Distinct([plain[i] for i in indices[rows[first]].tolist()], codes)
