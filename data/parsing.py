"""Cells into values, by kind of column. A parser gives a value, None for nothing, or raises Unfit with what it expected."""

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from data import contract
from data.contract import Payment
from data.mapping import Source

Parse: TypeAlias = Callable[[Any], Any]

_NO_MINOR = frozenset("BIF CLP DJF GNF JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())
_THREE_MINOR = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
_CURRENCY_SIGNS = re.compile(r"^(?:rs\.?|inr|idr|rp\.?|usd|eur|gbp|[₹$€£])\s*|\s+", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{2,3})+(?:\.\d+)?")
_ZONED = r"(?:Z|[+-]\d\d:?\d\d)$"


class Unfit(Exception):  # noqa: N818 - not an error of ours: one cell that does not say what its column promises
    """A cell that cannot be read. `code` and `expected` go into the fault."""

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(code, expected)
        self.code, self.expected = code, expected


def minor_digits(currency: str | None) -> int:
    """How many decimals the currency's minor unit has (ISO 4217).

    >>> minor_digits("INR"), minor_digits("JPY"), minor_digits("KWD")
    (2, 0, 3)
    """
    return 0 if currency in _NO_MINOR else 3 if currency in _THREE_MINOR else 2


def number(cell: Any) -> float:
    """A finite number; thousands separators and a currency sign before it are allowed."""
    if isinstance(cell, str):
        text = _CURRENCY_SIGNS.sub("", cell.strip())
        text = text.replace(",", "") if _GROUPED.fullmatch(text) else text
        try:
            value = float(text)
        except ValueError:
            raise Unfit("DQ012", "a number, as 1499 or 1,499.00") from None
    else:
        value = float(cell)
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
    elif pd.api.types.is_integer_dtype(cells.dtype):
        return cells.to_numpy(np.int64), np.zeros(len(cells), dtype=bool)
    else:
        moments = _parsed(cells.astype("string").str.strip(), source.formats, zone)
    bad = moments.isna().to_numpy()
    micros = moments.dt.as_unit("us").astype("int64").to_numpy(copy=True)
    micros[bad] = 0
    return micros, bad


def _parsed(cells: "pd.Series[Any]", formats: list[str], zone: str) -> "pd.Series[Any]":
    out = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us, UTC]")
    zoned = cells.str.contains(_ZONED, regex=True).fillna(False)
    for layout in formats:
        for part, is_zoned in ((zoned, True), (~zoned, False)):
            todo = out.isna() & part & cells.notna()
            if todo.any():
                read = pd.to_datetime(cells[todo], format=layout, errors="coerce", utc=is_zoned)
                read = read if is_zoned else _localised(read, zone)
                out.loc[todo] = read.dt.as_unit("us")
    return out


def _localised(cells: "pd.Series[Any]", zone: str) -> "pd.Series[Any]":
    ambiguous = np.zeros(len(cells), dtype=bool)
    return cells.dt.tz_localize(zone, ambiguous=ambiguous, nonexistent="shift_forward").dt.tz_convert("UTC")


def end_of_local_day(moment: int, zone: str) -> int:
    """The last microsecond of the local day that starts at `moment`."""
    start = datetime.fromtimestamp(moment / contract.SECOND, ZoneInfo(zone))
    tomorrow = datetime.fromtimestamp(moment / contract.SECOND + 30 * 3600, ZoneInfo(zone))
    midnight = tomorrow.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment + int((midnight - start).total_seconds() * contract.SECOND) - 1
