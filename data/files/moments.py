"""Cells into moments: microseconds since 1970 UTC. Every cell is read by itself, whatever stands in the others.

Several formats are tried in the order the mapping gives them, and the first one that fits a cell wins. So a pair that
differs only in day and month is settled by that order alone, never by a guess from other cells; `Moments.fitted` says
which format each cell took, and the import counts those that took a later one or would have fitted two.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.contract import DAY, SECOND
from data.files.codes import Array, Cells, distinct
from data.files.layouts import plain_times

ISO = "ISO8601"
EPOCH_S, EPOCH_MS = "EPOCH_S", "EPOCH_MS"
_MICROS = {EPOCH_S: SECOND, EPOCH_MS: SECOND // 1000}
_PLAIN_ISO = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?"  # what Arrow reads exactly as pandas does
_PLAIN_ZONED = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$"
_ZONED = r"[T ].*[Z+-]"  # after an hour a sign can only open an offset: the end of 04-12-2022 is none
_DIGIT = r"\d"  # pandas also reads "now" and "today", by a clock
_SAMPLE = 1_000
_UTC, _NAIVE = pa.timestamp("us", "UTC"), pa.timestamp("us")
_EPOCH_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Moments:
    """micros: (n,) int64, 0 where no format fits.  fitted: (n,) place of the format that fits, -1 for none; a cell
    that is a time already fits the first.  twice: how many cells fit another format too, and mean another moment."""

    micros: Array
    fitted: Array
    twice: int = 0

    @property
    def bad(self) -> Array:
        """(n,) which cells are no moment; empty ones are none."""
        return self.fitted < 0

    @property
    def later(self) -> int:
        """How many cells took a format after the first."""
        return int((self.fitted > 0).sum())


def moments(cells: Cells, formats: list[str], zone: str) -> Moments:
    """The moments of a column. Naive times are the merchant's local ones; an hour that a clock change repeats is read
    as its second half. Numbers are microseconds since 1970 UTC, unless a format says how to read their digits."""
    kind = cells.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _typed(cells, zone)
    if formats[0] in _MICROS:
        return _epochs(cells, _MICROS[formats[0]])
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if is_number and formats == [ISO]:
        return _microseconds(cells)
    if not pa.types.is_string(kind):
        whole = pc.cast(cells, pa.int64(), safe=False) if is_number else cells  # 20250705.0 is a day written in digits
        written = [None if v is None else str(v) for v in whole.to_pylist()]
        cells = pa.array(written, pa.string())
    return _parsed(cells, formats, zone)


def _typed(cells: Cells, zone: str) -> Moments:
    zoned = pa.types.is_timestamp(cells.type) and cells.type.tz is not None
    found, fits = _whole(cells.cast(_UTC if zoned else _NAIVE, safe=False))
    return _first(found if zoned else _localised(found, fits, zone), fits)


def _microseconds(cells: Cells) -> Moments:
    """Whole numbers; floats hold them exactly up to the year 2255."""
    if pa.types.is_integer(cells.type):
        return _first(*_whole(cells.cast(pa.int64(), safe=False)))
    values = np.asarray(pc.fill_null(cells.cast(pa.float64()), np.nan))
    fits = (np.abs(values) < 2**53) & (values == np.floor(values))
    return _first(np.where(fits, values, 0.0).astype(np.int64), fits)


def _epochs(cells: Cells, unit: int) -> Moments:
    """Seconds or thousandths since 1970 UTC, as numbers or as text; no other format goes with them."""
    values = pd.to_numeric(pd.Series(cells.to_pylist(), dtype=object), errors="coerce").to_numpy(
        dtype=np.float64, na_value=np.nan
    )
    fits = np.abs(values) * unit < 2**53
    return _first(np.rint(np.where(fits, values, 0.0) * unit).astype(np.int64), fits)


def _first(found: Array, fits: Array) -> Moments:
    return Moments(np.where(fits, found, 0), np.where(fits, 0, -1).astype(np.int8))


def _whole(cells: Cells) -> tuple[Array, Array]:
    fits = np.asarray(pc.is_valid(cells))
    return np.asarray(pc.fill_null(cells.cast(pa.int64()), 0)), fits


def _parsed(cells: Cells, formats: list[str], zone: str) -> Moments:
    micros, fitted = np.zeros(len(cells), np.int64), np.full(len(cells), -1, np.int8)
    todo, twice = np.flatnonzero(np.asarray(pc.is_valid(cells))), 0
    for place, layout in enumerate(formats):
        if not len(todo):
            break
        part = cells if len(todo) == len(cells) else cells.take(pa.array(todo))
        found, fits = _read(part, layout, zone)
        done = todo[fits]
        micros[done], fitted[done] = found[fits], place
        if layout != ISO:  # a time in ISO 8601 says its year first: nothing to take for something else
            twice += _also(cells.take(pa.array(done)), micros[done], formats[place + 1 :], zone)
        todo = todo[~fits]
    return Moments(micros, fitted, twice)


def _also(cells: Cells, micros: Array, formats: list[str], zone: str) -> int:
    other = np.zeros(len(cells), dtype=bool)
    for layout in formats:
        if layout != ISO and len(cells):
            found, fits = _read(cells, layout, zone)
            other |= fits & (found != micros)
    return int(other.sum())


def _read(cells: Cells, layout: str, zone: str) -> tuple[Array, Array]:
    """(n,) moments by one format and which cells fit it; no cell is null."""
    return _iso(cells, zone) if layout == ISO else _by_layout(cells, layout, zone)


def _iso(cells: Cells, zone: str) -> tuple[Array, Array]:
    """Arrow reads the plain ways of writing ISO 8601; a column where it stumbles is parted into plain and other."""
    sample = cells.take(pa.array(np.linspace(0, len(cells) - 1, min(_SAMPLE, len(cells))).astype(np.int64)))
    for pattern, kind in ((_PLAIN_ZONED, _UTC), (_PLAIN_ISO + "$", _NAIVE)):
        if pc.all(pc.match_substring_regex(sample, pattern)).as_py():
            try:
                return _cast(cells, kind, zone)
            except pa.ArrowInvalid:  # one of them is not as the sample is
                break
    found, fits = np.zeros(len(cells), np.int64), np.zeros(len(cells), dtype=bool)
    rest = np.ones(len(cells), dtype=bool)
    for pattern, kind in ((_PLAIN_ZONED, _UTC), (_PLAIN_ISO + "$", _NAIVE)):
        plain = np.asarray(pc.match_substring_regex(cells, pattern))
        try:
            found[plain], fits[plain] = _cast(cells.filter(pa.array(plain)), kind, zone)
        except pa.ArrowInvalid:  # digits in the right places that are no day, as 2025-02-31
            continue
        rest &= ~plain
    if rest.any():
        found[rest], fits[rest] = _by_layout(cells.filter(pa.array(rest)), ISO, zone)
    return found, fits


def _cast(cells: Cells, kind: Any, zone: str) -> tuple[Array, Array]:
    found, fits = _whole(cells.cast(kind))
    return (found if kind == _UTC else _localised(found, fits, zone)), fits


def _by_layout(cells: Cells, layout: str, zone: str) -> tuple[Array, Array]:
    """Plain cells by their digits, the rest by pandas."""
    found, fits = plain_times(cells, layout)
    if "%z" not in layout:
        found = _localised(found, fits, zone)
    rest = np.flatnonzero(~fits)
    if len(rest):
        found[rest], fits[rest] = _by_pandas(cells.take(pa.array(rest)), layout, zone)
    return found, fits


def _by_pandas(cells: Cells, layout: str, zone: str) -> tuple[Array, Array]:
    """Each distinct cell by itself. Cells without an offset are read as if UTC and then moved to the zone."""
    seen = distinct(cells)
    values = pd.Series(seen.values, dtype="str")
    read = pd.to_datetime(values, format=layout, errors="coerce", utc=True)
    fits = (read.notna() & values.str.contains(_DIGIT)).to_numpy(bool)
    found = np.where(fits, read.dt.as_unit("us").astype("int64").to_numpy(), 0)
    zoned = values.str.contains(_ZONED).to_numpy(bool) if layout == ISO else np.full(len(values), "%z" in layout)
    found = np.where(zoned, found, _localised(found, fits & ~zoned, zone))
    return found[seen.coded], fits[seen.coded]


def _localised(found: Array, fits: Array, zone: str) -> Array:
    """Local wall times (n,), microseconds as if UTC, as moments. 0 where `fits` is false."""
    local = pd.Series(np.where(fits, found, 0)).astype("datetime64[us]").dt
    moved = local.tz_localize(zone, ambiguous=np.zeros(len(found), dtype=bool), nonexistent="shift_forward")
    return np.where(fits, moved.dt.tz_convert("UTC").dt.as_unit("us").astype("int64").to_numpy(), 0)


def ends_of_local_days(micros: Array, zone: str) -> Array:
    """(n,) the last microsecond of the local day that holds each moment; days of 23 and 25 hours included."""
    local = pd.Series(micros).astype("datetime64[us]").dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None)
    codes, days = pd.factorize(local.astype("int64").to_numpy() // DAY)
    return np.array([_end_of(int(day), zone) for day in days], dtype=np.int64)[codes]


def end_of_local_day(moment: int, zone: str) -> int:
    """The last microsecond of the local day that holds `moment`."""
    return int(ends_of_local_days(np.array([moment], dtype=np.int64), zone)[0])


def _end_of(day: int, zone: str) -> int:
    tomorrow = day + 1 + _EPOCH_DAY
    if not 1 <= tomorrow <= date.max.toordinal():
        return (day + 1) * DAY - 1  # 9999-12-31 stands for "never": the calendar ends, and no zone matters
    midnight = datetime.combine(date.fromordinal(tomorrow), time(), ZoneInfo(zone))
    return int(midnight.timestamp()) * SECOND - 1
