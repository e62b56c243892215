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


@dataclass(slots=True, eq=False)  # never changed; not frozen, for that costs a live order a twentieth of its time
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

    @property
    def coded(self) -> NDArray[np.int64]:
        """(n,) `codes`, also of a few rows."""
        return np.where(self.held(), np.arange(len(self.values)), _NONE) if self.codes is None else self.codes

    def texts(self) -> NDArray[Any]:
        """(n,) the column written out as objects, None where the row holds no value."""
        found = np.empty(len(self.values), dtype=object)
        found[:] = self.values
        return self.spread(found, None)

    def numbers(self, width: int) -> NDArray[np.float64]:
        """(width, n) float64: the column's values, tuples of `width` numbers, NaN where a row holds none."""
        none = (np.nan,) * width
        if self.codes is None:
            few = np.array([none if value is None else value for value in self.values], dtype=np.float64)
            return np.ascontiguousarray(few.reshape(-1, width).T)
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


def held_by_any(columns: list[Distinct]) -> NDArray[np.bool_]:
    """(n,) whether the row holds a value in one of these columns, all coded alike."""
    if columns[0].codes is None:
        rows = zip(*(column.values for column in columns), strict=True)
        return np.array([any(value is not None for value in row) for row in rows], dtype=bool)
    return np.asarray(np.any([column.held() for column in columns], axis=0))


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
            key, ways = numbered(key)[0], len(key)
        key, ways = key * each + (codes + 1), ways * each
    rows, first = numbered(key)
    parts = [_picked(column.values, codes[first]) for column, codes in zip(columns, coded, strict=True)]
    return Distinct(list(zip(*parts, strict=True)), rows)


def _picked(values: list[Any], codes: NDArray[np.int64]) -> list[Any]:
    held = [*values, None]
    return [held[code] for code in codes.tolist()]


def distinct_numbers(values: NDArray[np.int64]) -> Distinct:
    """The distinct integers of a column; every row holds one."""
    if len(values) <= FEW:
        return Distinct(values.tolist(), None)
    codes, first = numbered(values)
    return Distinct(values[first].tolist(), codes)


def numbered(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n,) integers as numbers in order of first appearance, and (k,) the row where each first appears."""
    import pyarrow as pa  # the service has few rows at a time and never loads it

    codes = pa.array(values).dictionary_encode().indices.to_numpy().astype(np.int64)
    return codes, first_rows(codes)


def first_rows(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(k,) the first row of each of the numbers 0 to k - 1; n for one that no row has."""
    first = np.full(codes.max(initial=-1) + 1, len(codes), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # the last one written stays
    return first


def _encoded(values: Any) -> Distinct:
    """Many rows, by Arrow's encoder. A dictionary as told may hold blanks, equal and unused values, in any order."""
    import pyarrow as pa

    if not hasattr(values, "dictionary_encode"):
        values = pa.array(values, pa.string(), from_pandas=True)
    whole = values.combine_chunks() if hasattr(values, "combine_chunks") else values
    encoded = whole.dictionary_encode()
    plain: list[str | None] = encoded.dictionary.to_numpy(zero_copy_only=False).tolist()
    if not pa.types.is_dictionary(whole.type) and "" not in plain:  # ours: as it should be
        return Distinct(plain, encoded.indices.fill_null(_NONE).to_numpy(zero_copy_only=False).astype(np.int64))
    number_of: dict[str | None, int] = {None: _NONE, "": _NONE}
    to_code = [number_of.setdefault(value, len(number_of) - 2) for value in plain]
    indices = encoded.indices.fill_null(len(plain)).to_numpy(zero_copy_only=False)
    return _in_order(list(number_of)[2:], np.array([*to_code, _NONE], dtype=np.int64)[indices])


def _in_order(values: list[Any], codes: NDArray[np.int64]) -> Distinct:
    """The same column with its values in order of first appearance, those that no row holds left out."""
    rows = np.flatnonzero(codes != _NONE)
    first = first_rows(codes[rows])
    order = np.argsort(first, kind="stable")
    order = order[first[order] < len(rows)]
    renumbered = np.full(len(values) + 1, _NONE, dtype=np.int64)
    renumbered[order] = np.arange(len(order))
    return Distinct([values[i] for i in order.tolist()], renumbered[codes])
