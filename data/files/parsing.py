"""One cell into a value, by kind of column. A parser gives the value, or raises Unfit with what it expected.

This is what a cell means; `data/files/columns.py` reads whole columns fast and asks these parsers where it is not sure.
"""

import math
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from data.contract import Payment
from data.currency import minor_digits as minor_digits
from data.files.mapping import Source

Parse: TypeAlias = Callable[[Any], Any]

_CURRENCY_SIGNS = re.compile(r"^(?:rs\.?|inr|idr|rp\.?|usd|eur|gbp|[₹$€£])\s*|\s+", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?")  # Indian too; "149,50" is no thousand


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
        minor = value * 10**digits if unit == "major" else value
        if minor > 2**53 or (unit == "minor" and minor != round(minor)):
            raise Unfit("DQ003", "whole minor units of money; if the file has 1499.00, map with unit = 'major'")
        return float(round(minor))

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
            text = source.part.of(text)
        if source.values or source.otherwise is not None:
            word = source.translated(text)
            if word is None:
                known = ", ".join(source.values)
                raise Unfit(
                    "DQ006", f"one of {known}; a new word needs a line in the mapping's `values`, or `otherwise`"
                )
            text = word
        return then(text)

    return parse


PAYMENTS = tuple(str(p) for p in Payment)
