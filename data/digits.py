"""Times read digit by digit, in the subset of Python that numba compiles (`data/compiled.py`).

A layout is a list of what stands where: a number (YEAR ... ZONE), or the byte of a sign.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

YEAR, SHORT_YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, ZONE = range(8)
WIDTHS = (4, 2, 2, 2, 2, 2, 2, 5)
"""Bytes of each number; a zone is a sign and four digits."""
NO_MOMENT = -(1 << 62)
_NUMBERS, _ZERO, _PLUS, _MINUS = 8, 48, 43, 45
_FIRST_YEAR, _LAST_YEAR, _FARTHEST = 1900, 2199, 14 * 60
_LAST_OF_2000S = 68  # of years in two digits: 69 is 1969
_MICROS_PER_MINUTE = 60_000_000


def number_at(letters: Array, place: int, width: int) -> int:
    """The number that `width` bytes spell, -1 if one of them is no digit."""
    number = 0
    for k in range(place, place + width):
        digit = int(letters[k]) - _ZERO
        if digit < 0 or digit > 9:
            return -1
        number = number * 10 + digit
    return number


def minutes_from_utc(letters: Array, place: int) -> int:
    """What +0530 spells, in minutes; more than a day if it is no such thing."""
    sign, clock = letters[place], number_at(letters, place + 1, 4)
    if clock < 0 or clock % 100 >= 60 or (sign != _PLUS and sign != _MINUS):
        return 2 * _FARTHEST
    minutes = clock // 100 * 60 + clock % 100
    return minutes if sign == _PLUS else -minutes


def tell(letters: Array, start: int, what: Array, at: Array, told: Array) -> bool:
    """Fill `told` (8,) with the numbers of a text of the right width; False if a byte is not as it should be."""
    for k in range(len(what)):
        place = start + at[k]
        if what[k] >= _NUMBERS:
            if letters[place] != what[k]:
                return False
        elif what[k] == ZONE:
            told[ZONE] = minutes_from_utc(letters, place)
        else:
            told[what[k]] = number_at(letters, place, WIDTHS[what[k]])
            if told[what[k]] < 0:
                return False
    return True


def days_to(year: int, month: int) -> int:
    """Days from 1970 to the first of a month (Howard Hinnant, days_from_civil)."""
    year, month = (year - 1, month + 9) if month <= 2 else (year, month - 3)
    era_year = year % 400
    return year // 400 * 146_097 + era_year * 365 + era_year // 4 - era_year // 100 + (153 * month + 2) // 5 - 719_468


def moment_of(told: Array, short: bool) -> int:
    """Microseconds since 1970, or NO_MOMENT where the calendar or the clock has no such time. short: a year of two
    digits."""
    year, month = told[YEAR], told[MONTH]
    if short:
        year = told[SHORT_YEAR] + (1900 if told[SHORT_YEAR] > _LAST_OF_2000S else 2000)
    if year < _FIRST_YEAR or year > _LAST_YEAR or month < 1 or month > 12:
        return NO_MOMENT
    first = days_to(year, month)
    following = days_to(year + month // 12, month % 12 + 1)
    if told[DAY] < 1 or told[DAY] > following - first or told[HOUR] > 23 or told[MINUTE] > 59 or told[SECOND] > 59:
        return NO_MOMENT
    if abs(told[ZONE]) > _FARTHEST:
        return NO_MOMENT
    minutes = ((first + told[DAY] - 1) * 24 + told[HOUR]) * 60 + told[MINUTE] - told[ZONE]
    return int(minutes * _MICROS_PER_MINUTE + told[SECOND] * 1_000_000)


def read_times(
    bounds: Array, letters: Array, width: int, what: Array, at: Array, micros: Array, fits: Array
) -> None:  # fmt: skip
    """Fill `micros` (n,) with the moments of texts and `fits` with which of them are one. bounds: (n + 1,) where each
    text begins and the last one ends.  width: bytes of the layout, in which what[k] stands at at[k]."""
    told = np.zeros(_NUMBERS, dtype=np.int64)
    short = False
    for code in what:
        short |= code == SHORT_YEAR
    for i in range(len(fits)):
        micros[i] = NO_MOMENT
        if bounds[i + 1] - bounds[i] == width and tell(letters, bounds[i], what, at, told):
            micros[i] = moment_of(told, short)
        fits[i] = micros[i] != NO_MOMENT
        if not fits[i]:
            micros[i] = 0
