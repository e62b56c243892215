"""Times written in one fixed width, as 31-12-2025 18:05, read by the digits of whole columns at once.

For cells of which there is no doubt; whatever else may fit the format is left to pandas (`data/moments.py`).
"""

import re
from typing import Any

import numpy as np

from data.codes import Array, Cells
from data.contract import DAY, SECOND

_PARTS = re.compile(r"%[YymdHMSz]|[-/.:, T]")
_WIDTHS = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2, "%z": 5}
_LAST_OF_2000S = 68
"""Of years in two digits: 69 is 1969."""
_YEARS = 1900, 2200
_FARTHEST = 14
"""Hours from UTC."""


def plain_times(cells: Cells, layout: str) -> tuple[Array, Array]:
    """(n,) moments, microseconds, and which cells are clearly such a time: every number in its full width, a day that
    exists. Without %z they are local ones, as if UTC. cells: text, none null."""
    found, fits = np.zeros(len(cells), dtype=np.int64), np.zeros(len(cells), dtype=bool)
    parts = _parts_of(layout)
    if parts is None or not len(cells):
        return found, fits
    rows, letters = _of_width(cells, sum(_WIDTHS.get(part, 1) for part in parts))
    numbers, good = _numbers(letters, parts)
    micros, real = _moments(numbers)
    found[rows], fits[rows] = np.where(good & real, micros, 0), good & real
    return found, fits


def _parts_of(layout: str) -> list[str] | None:
    """The numbers and signs of a layout; None if it has others than these, or tells no day."""
    parts = _PARTS.findall(layout)
    numbers = [part for part in parts if part in _WIDTHS]
    told = {part.replace("%y", "%Y") for part in numbers}
    plain = "".join(parts) == layout and len(told) == len(numbers)
    return parts if plain and {"%Y", "%m", "%d"} <= told else None


def _of_width(cells: Cells, width: int) -> tuple[Array, Array]:
    """(m,) rows of the cells of that many bytes, and (m, width) their bytes."""
    _, places, letters = cells.buffers()
    bounds = np.frombuffer(places, np.int32)[cells.offset : cells.offset + len(cells) + 1]
    text = np.frombuffer(letters or b"", np.uint8)
    rows = np.flatnonzero(np.diff(bounds) == width)
    if len(rows) == len(cells):
        return rows, text[bounds[0] : bounds[-1]].reshape(-1, width)
    return rows, text[bounds[rows][:, None] + np.arange(width)]


def _numbers(letters: Array, parts: list[str]) -> tuple[dict[str, Array], Array]:
    """Each number (m,) by its part, and which rows have digits and signs where they should be."""
    good, at = np.ones(len(letters), dtype=bool), 0
    numbers: dict[str, Array] = {}
    for part in parts:
        if part not in _WIDTHS:
            good &= letters[:, at] == ord(part)
            at += 1
            continue
        sign = letters[:, at] if part == "%z" else None
        own, fits = _number(letters[:, at + (sign is not None) : at + _WIDTHS[part]])
        if sign is not None:
            fits &= (sign == ord("+")) | (sign == ord("-"))
            own = np.where(sign == ord("-"), -own, own)
        numbers[part] = own
        good &= fits
        at += _WIDTHS[part]
    return numbers, good


def _number(letters: Array) -> tuple[Array, Array]:
    """(m,) what the bytes (m, width) say if all are digits, and where they are."""
    value, fits = np.zeros(len(letters), dtype=np.int64), np.ones(len(letters), dtype=bool)
    for place in range(letters.shape[1]):
        digit = letters[:, place] - np.uint8(ord("0"))  # what is no digit lies above 9
        fits &= digit <= 9
        value = value * 10 + digit
    return value, fits


def _moments(numbers: dict[str, Any]) -> tuple[Array, Array]:
    """(m,) microseconds, and which are a moment of the calendar."""
    year = numbers.get("%Y")
    if year is None:
        short = numbers["%y"]
        year = np.where(short > _LAST_OF_2000S, 1900, 2000) + short
    month, day = numbers["%m"], numbers["%d"]
    hour, minute, second, away = (numbers.get(part, np.zeros_like(day)) for part in ("%H", "%M", "%S", "%z"))
    real = (year >= _YEARS[0]) & (year < _YEARS[1]) & (month >= 1) & (month <= 12) & (day >= 1)
    real &= (hour < 24) & (minute < 60) & (second < 60) & (np.abs(away) <= _FARTHEST * 100) & (np.abs(away) % 100 < 60)
    months = np.where(real, (year - 1970) * 12 + month - 1, 0)
    first, following = (_day_of(months + more) for more in (0, 1))
    real &= day <= following - first
    minutes = hour * 60 + minute - np.sign(away) * (np.abs(away) // 100 * 60 + np.abs(away) % 100)
    return (first + day - 1) * DAY + (minutes * 60 + second) * SECOND, real


def _day_of(months: Array) -> Array:
    """The days since 1970 on which months since 1970 begin."""
    return months.astype("M8[M]").astype("M8[D]").astype(np.int64)
