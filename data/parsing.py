"""Cells into values, by kind of column. A parser gives a value, or raises Unfit with what it expected."""

import math
import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from data import contract
from data.contract import Payment
from data.currency import minor_digits as minor_digits
from data.mapping import Source

Parse: TypeAlias = Callable[[Any], Any]

_CURRENCY_SIGNS = re.compile(r"^(?:rs\.?|inr|idr|rp\.?|usd|eur|gbp|[₹$€£])\s*|\s+", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?")  # Indian too; "149,50" is no thousand
_ISO = "ISO8601"
_ZONED = r"[T ]\d\d.*(?:Z|[+-]\d\d(?::?\d\d)?)$"  # an offset follows an hour: the end of 04-12-2022 is none


class Unfit(Exception):  # noqa: N818 - not an error of ours: one cell that does not say what its column promises
    """A cell that cannot be read. `code` and `expected` go into the fault."""

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(code, expected)
        self.code, self.expected = code, expected


def number(cell: Any) -> float:
    """A finite number; thousands separators and a currency sign before it are allowed."""
    if isinstance(cell, str):
        text = _CURRENCY_SIGNS.sub("", cell.strip())
        cell = text.replace(",", "") if _GROUPED.fullmatch(text) else text.replace("_", "?")
    try:
        value = float(cell)
    except (ValueError, TypeError):
        raise Unfit("DQ012", "a number, as 1499 or 1,499.00") from None
    if not math.isfinite(value):
        raise Unfit("DQ012", "a finite number")
    return value


def money(unit: str, digits: int) -> Parse:
    """Money in minor units, 0 or more. unit "major": the file says 1499.00 for 149900."""

    def parse(cell: Any) -> float:
        try:
            value = number(cell)
        except Unfit as unfit:
            raise Unfit("DQ003", "an amount of money, as 1499.00") from unfit
        if value < 0:
            raise Unfit("DQ011", "an amount of money, 0 or more")
        minor = round(value * 10**digits) if unit == "major" else value
        if minor != round(minor) or minor > 2**53:
            raise Unfit("DQ003", "whole minor units of money; if the file has 1499.00, map with unit = 'major'")
        return float(minor)

    return parse


def count(cell: Any) -> float:
    value = number(cell)
    if value < 0 or value != round(value):
        raise Unfit("DQ012", "a whole number, 0 or more")
    return value


def pincode(country: str | None) -> Parse:
    """A postal code as text; "400081.0" is 400081. In India six digits, the first not 0."""

    def parse(cell: Any) -> str:
        text = plain_text(cell)
        compact = text.replace(" ", "")
        if country == "IN" and not (
            len(compact) == 6 and compact.isascii() and compact.isdigit() and compact[0] != "0"
        ):
            raise Unfit("DQ010", "a PIN code: six digits, the first not 0")
        return compact if country == "IN" else text

    return parse


def plain_text(cell: Any) -> str:
    """Text of a cell; a whole number read as a float loses its '.0'."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell).strip()
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def code(letters: int, what: str) -> Parse:
    """An upper-case code of so many letters, as INR or IN."""

    def parse(cell: Any) -> str:
        text = str(cell).strip().upper()
        if not (len(text) == letters and text.isascii() and text.isalpha()):
            raise Unfit("DQ006", f"{what}; translate other words with `values` in the mapping")
        return text

    return parse


def one_of(words: tuple[str, ...]) -> Parse:
    def parse(cell: Any) -> str:
        text = str(cell).strip().lower()
        if text not in words:
            raise Unfit("DQ006", f"one of {', '.join(words)}")
        return text

    return parse


def translated(source: Source, then: Parse) -> Parse:
    """Cut and translate a text cell as the mapping says, then parse what is left."""

    def parse(cell: Any) -> Any:
        text = plain_text(cell)
        if source.part:
            parts = text.split(source.part.separator)
            text = parts[min(source.part.index, len(parts) - 1)].strip()
        if source.values or source.otherwise is not None:
            word = source.translated(text)
            if word is None:
                raise Unfit("DQ006", f"one of {', '.join(source.values)}")
            text = word
        return then(text)

    return parse


PAYMENTS = tuple(str(p) for p in Payment)


def times(cells: "pd.Series[Any]", source: Source, zone: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Moments as int64 microseconds and a mask of the cells that fit no format. Missing cells do not fit.

    Naive times are the merchant's local ones; an hour that a clock change repeats is read as its second half.
    """
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        moments = cells.dt.tz_convert("UTC")
    elif pd.api.types.is_datetime64_any_dtype(cells.dtype):
        moments = _localised(cells, zone)
    elif pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        return _microseconds(cells)
    else:
        moments = _parsed(cells.astype("string").str.strip(), source.formats, zone)
    bad = moments.isna().to_numpy()
    micros = moments.dt.as_unit("us").astype("int64").to_numpy(copy=True)
    micros[bad] = 0
    return micros, bad


def _microseconds(cells: "pd.Series[Any]") -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Numbers are microseconds since 1970 UTC; a column with gaps arrives as floats, exact up to the year 2255."""
    if not cells.isna().any():
        whole = cells.to_numpy()
        if np.issubdtype(whole.dtype, np.integer):
            return whole.astype(np.int64), np.zeros(len(whole), dtype=bool)
    values = cells.to_numpy(np.float64, na_value=np.nan)
    bad = ~(np.abs(values) < 2**53) | (values != np.floor(values))
    return np.where(bad, 0.0, values).astype(np.int64), bad


def _parsed(cells: "pd.Series[Any]", formats: list[str], zone: str) -> "pd.Series[Any]":
    out = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us, UTC]")
    iso_zoned = cells.str.contains(_ZONED, regex=True).fillna(False).astype(bool)
    for layout in formats:
        zoned = iso_zoned if layout == _ISO else pd.Series("%z" in layout, index=cells.index)
        for part, is_zoned in ((zoned, True), (~zoned, False)):
            todo = out.isna() & part & cells.notna()
            if todo.any():
                read = pd.to_datetime(cells[todo], format=layout, errors="coerce", utc=is_zoned)
                read = read if is_zoned else _localised(read, zone)
                out.loc[todo] = read.dt.as_unit("us")
    return out


def _localised(cells: "pd.Series[Any]", zone: str) -> "pd.Series[Any]":
    ambiguous = np.zeros(len(cells), dtype=bool)
    local = cells.dt.tz_localize(zone, ambiguous=ambiguous, nonexistent="shift_forward")
    moments: pd.Series[Any] = local.dt.tz_convert("UTC")
    return moments


def end_of_local_day(moment: int, zone: str) -> int:
    """The last microsecond of the local day that holds `moment`; days of 23 and 25 hours included."""
    today = datetime.fromtimestamp(moment // contract.SECOND, ZoneInfo(zone)).date()
    midnight = datetime.combine(today + timedelta(days=1), time(), ZoneInfo(zone))
    return int(midnight.timestamp()) * contract.SECOND - 1
