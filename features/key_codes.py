"""Keys of a whole history as dense codes, a column at a time. For replay; the service names one key by `keys.key_of`."""

from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from data.history import Array, History
from features.keys import SEPARATOR, Kind


class KeyCodes:
    """Codes of the keys of one history; a column shared by several kinds of key is coded once.

    A key row is an order as placed (rows 0 to n - 1), or one with a corrected address (rows n to n + m - 1).
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.n_rows = len(history) + len(history.corrected["row"])
        self._coded: dict[str, tuple[Array, int]] = {}
        self._texts: dict[tuple[str, ...], list[str]] = {}

    def of(self, kind: Kind) -> tuple[Array, int]:
        """(n_rows,) the key of each row as a code from 0, -1 missing; and how many keys there are."""
        if not kind.columns:
            return np.zeros(self.n_rows, dtype=np.int64), 1
        columns = [self._column(name) for name in kind.columns]
        if len(columns) == 1:
            return columns[0]
        together = reduce(lambda all_, one: all_ * one[1] + one[0], columns[1:], columns[0][0])
        missing = np.logical_or.reduce([codes < 0 for codes, _ in columns])
        return _coded(together, missing)

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
        if name not in self._coded:
            column = key_rows(self.history, name)
            missing = np.zeros(len(column), dtype=bool) if column.dtype == object else column < 0
            self._coded[name] = _coded(column, missing)
        return self._coded[name]


def _coded(column: "np.ndarray[Any, Any]", missing: Array) -> tuple[Array, int]:
    codes, distinct = pd.factorize(column)  # None is -1
    if not missing.any():
        return codes.astype(np.int64), len(distinct)
    out = np.full(len(column), -1, dtype=np.int64)
    out[~missing], distinct = pd.factorize(column[~missing])
    return out, len(distinct)


def key_rows(history: History, name: str) -> Array:
    """One column of all key rows: as placed, then with each corrected address."""
    corrected = history.corrected
    later = corrected[name] if name in corrected else history.orders[name][corrected["row"]]
    return np.concatenate([history.orders[name], later])
