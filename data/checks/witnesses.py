"""Rows that stand for all: the few of a frame on which a rule must be run so that its verdict on every row is known.

Great Expectations judges every row it is given; nothing is judged here. A rule about one value holds alike for equal
values, so one row of each is enough. An interval that holds for the least and the greatest of some values holds for
all of them. Only rows that share their key with another can break a rule that keys are unique.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from data.checks.check import Check, Given
from data.files import matching
from data.files.codes import codes_of, in_one_piece
from data.files.distinct import numbered

Array = npt.NDArray[Any]
Limits = Mapping[Given, int]
IGNORED = -1


@dataclass(frozen=True, slots=True)
class Witnesses:
    """rows: (m,) positions of the rows to be judged.  of: (n,) which of them each row of the frame is judged with,
    IGNORED where the rule is not about the row."""

    rows: Array
    of: Array

    @property
    def n_checked(self) -> int:
        """How many rows the rule is about."""
        return int((self.of != IGNORED).sum())

    def spread(self, failed_rows: Array) -> Array:
        """(k,) positions of all rows that fail, ascending; failed_rows: positions of rows found to fail."""
        failed = np.append(np.isin(self.rows, failed_rows), False)
        return np.flatnonzero(failed[self.of]) if failed.any() else np.zeros(0, dtype=np.int64)


def witnesses_of(check: Check, frame: pd.DataFrame, limits: Limits) -> Witnesses | None:
    """The witnesses of a rule about single rows; None for a rule that needs every row: about a share, or the whole."""
    find = _FINDERS.get(check.expectation)
    if find is None or check.whole or "mostly" in check.terms:
        return None
    return find(check, frame, limits)


def _by_value(check: Check, frame: pd.DataFrame, limits: Limits) -> Witnesses:
    """One row of each value; with a condition, of each value within it."""
    codes = _codes(frame[check.columns[0]])
    if check.where is not None:
        column, wanted = check.where
        codes = np.where((frame[column] == wanted).to_numpy(bool, na_value=False), codes, IGNORED)
    return _of_codes(codes)


def _by_absence(check: Check, frame: pd.DataFrame, limits: Limits) -> Witnesses:
    """One row with a value and one without."""
    return _of_codes(_missing(frame[check.columns[0]]).astype(np.int64))


def _by_limits(check: Check, frame: pd.DataFrame, limits: Limits) -> Witnesses:
    """Every row outside the limits, and the least and the greatest of the rest."""
    column = frame[check.columns[0]]
    if column.dtype.kind not in "iuf":
        return _everybody(frame)
    values = column.to_numpy()
    low, high = (check.terms.get(name) for name in ("min_value", "max_value"))
    outside = np.zeros(len(values), dtype=bool)
    if low is not None:
        outside |= values < _number(low, limits)
    if high is not None:
        outside |= values > _number(high, limits)
    return _suspects(outside, _missing(column), values)


def _by_distance(check: Check, frame: pd.DataFrame, limits: Limits) -> Witnesses:
    """Every row whose A is less than B, and the row of the rest where they are closest."""
    one, other = (frame[name] for name in check.columns)
    if not {one.dtype.kind, other.dtype.kind} <= set("iuf"):
        return _everybody(frame)
    apart = one.to_numpy() - other.to_numpy()
    return _suspects(apart < 0, _missing(one) | _missing(other), apart)


def _by_key(check: Check, frame: pd.DataFrame, limits: Limits) -> Witnesses:
    """Every row whose key is another row's too, and one row whose key is its own."""
    *scope, text = check.columns
    ignored = np.logical_or.reduce([_missing(frame[name]) for name in check.columns])
    table = pa.table({name: text_of(frame[name]) for name in check.columns})
    first = matching.first_of_each(matching.keys_of([table], tuple(scope), text))
    told = np.bincount(first[~ignored], minlength=len(first))
    return _suspects((told > 1)[first], ignored, None)


def _everybody(frame: pd.DataFrame) -> Witnesses:
    """What is no number where one is expected is judged as it stands."""
    rows = np.arange(len(frame))
    return Witnesses(rows, rows)


def _suspects(suspect: Array, ignored: Array, values: Array | None) -> Witnesses:
    """Rows judged each by itself, and two that stand for the rest: of the least and of the greatest value."""
    of = np.full(len(suspect), IGNORED, dtype=np.int64)
    rows = np.flatnonzero(suspect & ~ignored)
    of[rows] = np.arange(len(rows))
    rest = np.flatnonzero(~suspect & ~ignored)
    if not len(rest):
        return Witnesses(rows, of)
    ends = rest[:1] if values is None else rest[[values[rest].argmin(), values[rest].argmax()]]
    of[rest] = len(rows)
    return Witnesses(np.append(rows, ends), of)


def _of_codes(codes: Array) -> Witnesses:
    """One row for each code; IGNORED has none."""
    about = np.flatnonzero(codes != IGNORED)
    of = np.full(len(codes), IGNORED, dtype=np.int64)
    of[about], first = numbered(codes[about])
    return Witnesses(about[first], of)


def _codes(column: "pd.Series[Any]") -> Array:
    if column.dtype.kind in "iuf":
        codes, _ = pd.factorize(column)
        return np.asarray(codes, dtype=np.int64)
    return codes_of(text_of(column))


def text_of(column: "pd.Series[Any]") -> Any:
    """A column of text as one Arrow array, null where missing."""
    return in_one_piece(pa.array(column, pa.string(), from_pandas=True))


def _missing(column: "pd.Series[Any]") -> Array:
    return column.isna().to_numpy()


def _number(limit: object, limits: Limits) -> float | int:
    value = limits[limit] if isinstance(limit, Given) else limit
    assert isinstance(value, int | float)
    return value


_FINDERS: dict[str, Callable[[Check, pd.DataFrame, Limits], Witnesses]] = {
    "ExpectColumnValuesToNotBeNull": _by_absence,
    "ExpectColumnValuesToBeInSet": _by_value,
    "ExpectColumnValuesToMatchRegex": _by_value,
    "ExpectColumnValuesToBeBetween": _by_limits,
    "ExpectColumnPairValuesAToBeGreaterThanB": _by_distance,
    "ExpectCompoundColumnsToBeUnique": _by_key,
}
