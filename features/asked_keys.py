"""The keys of a table of orders as dense codes: a column that several kinds of key share is coded once.

For stores, which look keys up by text; a whole history is coded by `key_codes.py`. Needs numpy only: the service runs it.
"""

from functools import reduce
from typing import Any, TypeAlias

import numpy as np

from data.history import Columns
from features.keys import KINDS, SEPARATOR, Kind

Array: TypeAlias = np.ndarray[Any, Any]
Coded: TypeAlias = tuple[Array, list[str]]
"""For each order the place of its key among the distinct ones, -1 for a missing one; and their texts."""

_FEW = 64  # up to so many orders it is quicker to read each of them than to look for equal ones
_MISSING = -1


class AskedKeys:
    """The keys under which orders are read, kind by kind."""

    def __init__(self, orders: Columns) -> None:
        self.orders, self.n = orders, len(orders["order_id"])
        self._kinds: dict[str, Coded] = {}
        self._columns: dict[str, tuple[Array, list[Any]]] = {}

    def of(self, kind: str) -> Coded:
        """`keys.key_of` of each order, coded."""
        if kind not in self._kinds:
            self._kinds[kind] = self._coded(KINDS[kind])
        return self._kinds[kind]

    def _coded(self, kind: Kind) -> Coded:
        if not kind.columns or self.n <= _FEW:
            return codes_of(key_texts(kind, self.orders))
        columns = [self._column(name) for name in kind.columns]
        if len(columns) == 1:
            codes, values = columns[0]
            return codes, [str(value) for value in values]
        return _together(columns)

    def _column(self, name: str) -> tuple[Array, list[Any]]:
        if name not in self._columns:
            column = self.orders[name]
            self._columns[name] = codes_of(column.tolist()) if column.dtype == object else _of_numbers(column)
        return self._columns[name]


def _of_numbers(column: Array) -> tuple[Array, list[Any]]:
    values, codes = np.unique(column, return_inverse=True)
    there = values != _MISSING
    place = np.where(there, np.cumsum(there) - 1, _MISSING)
    return place[codes], values[there].tolist()


def _together(columns: list[tuple[Array, list[Any]]]) -> Coded:
    """The distinct rows of several columns that miss no part. Codes are below the number of orders, so none overflows."""
    missing = np.logical_or.reduce([codes < 0 for codes, _ in columns])
    key: Array = reduce(
        lambda a, b: np.unique(a, return_inverse=True)[1] * len(b[1]) + b[0], columns[1:], columns[0][0]
    )
    _, first, place = np.unique(key[~missing], return_index=True, return_inverse=True)
    codes = np.full(len(missing), _MISSING)
    codes[~missing] = place
    rows = np.flatnonzero(~missing)[first]
    parts = [[str(values[code]) for code in own[rows].tolist()] for own, values in columns]
    return codes, [SEPARATOR.join(told) for told in zip(*parts, strict=True)]


def key_texts(kind: Kind, orders: Columns) -> list[str | None]:
    """`keys.key_of` for each order of a table."""
    texts = _joined([_texts(orders[name]) for name in kind.columns])
    return [""] * len(orders["order_id"]) if texts is None else texts


def _joined(columns: list[list[str | None]]) -> list[str | None] | None:
    """The key of each order from its parts; None where the key has no parts."""
    if len(columns) < 2:
        return columns[0] if columns else None
    return [None if None in parts else SEPARATOR.join(parts) for parts in zip(*columns, strict=True)]


def _texts(column: Array) -> list[str | None]:
    values: list[Any] = column.tolist()
    if column.dtype == object:
        return values
    return [None if v == _MISSING else str(v) for v in values]


def codes_of(keys: list[Any]) -> tuple[Array, list[Any]]:
    """For each key its place among the distinct ones, -1 for a missing one."""
    places: dict[Any, int] = {}
    codes = [_MISSING if key is None else places.setdefault(key, len(places)) for key in keys]
    return np.array(codes, dtype=np.int64), list(places)
