"""Keys of a whole history as dense codes, a column at a time. For replay; the service names one key by `keys.key_of`."""

from functools import reduce
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

from data.history import Array, History
from features import compiled, scan
from features.keys import SEPARATOR, Kind

_number_small = compiled.compile_kernel(scan.number_small)
_SPARSE = 8
"""Numbers up to so many times as many as there are rows are looked up in a table, not hashed."""


class KeyCodes:
    """Codes of the keys of one history; a column of text, shared by several kinds of key, is coded once.

    A key row is an order as placed (rows 0 to n - 1), or one with a corrected address (rows n to n + m - 1).
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.n_rows = len(history) + len(history.corrected["row"])
        self._coded: dict[str, tuple[Array, int]] = {}
        self._texts: dict[tuple[str, ...], list[str]] = {}
        self._lock = Lock()

    def of(self, kind: Kind) -> tuple[Array, int]:
        """(n_rows,) the key of each row as a code of 32 bits from 0, -1 missing; and how many keys there are."""
        if not kind.columns:
            return np.zeros(self.n_rows, dtype=np.int32), 1
        columns = [self._column(name) for name in kind.columns]
        if len(columns) == 1:
            return columns[0]
        together = reduce(lambda all_, one: all_ * one[1] + one[0], columns[1:], columns[0][0].astype(np.int64))
        together[np.logical_or.reduce([codes < 0 for codes, _ in columns])] = -1
        return _coded(together)

    def texts(self, kind: Kind) -> list[str]:
        """Text of each key, in the order of its code, as `keys.key_of` spells it: the same list for the same columns."""
        if kind.columns not in self._texts:
            self._texts[kind.columns] = self._spelled(kind)
        return self._texts[kind.columns]

    def _spelled(self, kind: Kind) -> list[str]:
        codes, n_keys = self.of(kind)
        if not kind.columns:
            return [""]
        there = np.flatnonzero(codes >= 0)
        row = np.empty(n_keys, dtype=np.int64)
        row[codes[there]] = there
        parts = [list(map(str, key_rows(self.history, name)[row].tolist())) for name in kind.columns]
        return parts[0] if len(parts) == 1 else [SEPARATOR.join(told) for told in zip(*parts, strict=True)]

    def _column(self, name: str) -> tuple[Array, int]:
        if self.history.orders[name].dtype != object:
            return _coded(key_rows(self.history, name))  # at hand sooner than it is worth the room
        with self._lock:  # two kinds that share it come at once
            if name not in self._coded:
                self._coded[name] = _coded(key_rows(self.history, name))
            return self._coded[name]


def _coded(column: "np.ndarray[Any, Any]") -> tuple[Array, int]:
    """Codes in the order in which values first stand in the column; below 0 and None are missing."""
    if column.dtype == object:
        codes, distinct = pd.factorize(column)  # None is -1
        return codes.astype(np.int32), len(distinct)
    coded, most = np.empty(len(column), np.int32), int(column.max(initial=-1))
    if most < _SPARSE * len(column) + _SPARSE:  # pseudonyms are numbered as they come
        return coded, int(_number_small(column, np.full(most + 1, -1, np.int32), coded))
    coded[:] = -1
    coded[column >= 0], distinct = pd.factorize(column[column >= 0])
    return coded, len(distinct)


def key_rows(history: History, name: str) -> Array:
    """One column of all key rows: as placed, then with each corrected address."""
    corrected = history.corrected
    if len(corrected["row"]) == 0:
        return history.orders[name]
    later = corrected[name] if name in corrected else history.orders[name][corrected["row"]]
    return np.concatenate([history.orders[name], later])
