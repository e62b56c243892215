"""Loops over whole columns of text and news, in the subset of Python that numba compiles (`data/compiled.py`).

Text comes as Arrow keeps it: `offsets` (n + 1,) and the UTF-8 bytes `letters` between them; its byte order is the
order of Python's strings. A key is a small number (`scope`) and a text.
"""

from typing import Any

import numpy as np

from data.label import judge

Array = np.ndarray[Any, Any]

_FEED, _RETURN, _QUOTE, _SPACE, _LAST_OF_ASCII = 10, 13, 34, 32, 127
_PRIME, _BASIS, _NUMBER = 16_777_619, 0x811C9DC5, (1 << 31) - 1
_ABOVE, _ROW, _FOLD = 32, (1 << 32) - 1, 7


def count_breaks(text: Array, counts: Array) -> None:
    """Fill `counts` (5,) with the bytes of a CSV that are line feeds, carriage returns and quotation marks, and with
    how many of the first two stand inside quotation marks."""
    feeds, returns, quotes, feeds_inside, returns_inside = 0, 0, 0, 0, 0
    for byte in text:
        quotes += int(byte == _QUOTE)
        feed, back = int(byte == _FEED), int(byte == _RETURN)
        inside = quotes & 1
        feeds += feed
        returns += back
        feeds_inside += feed & inside
        returns_inside += back & inside
    counts[0], counts[1], counts[2], counts[3], counts[4] = feeds, returns, quotes, feeds_inside, returns_inside


def may_end_in_space(bounds: Array, letters: Array) -> bool:
    """Whether a text begins or ends with a byte that is, or may be a part of, white space: of ASCII the space and what
    comes before it, and all that is not ASCII. bounds: (n + 1,) where each text begins and the last one ends."""
    for i in range(len(bounds) - 1):
        if bounds[i] < bounds[i + 1]:  # an empty text has neither end
            first, last = letters[bounds[i]], letters[bounds[i + 1] - 1]
            if min(first, last) <= _SPACE or max(first, last) > _LAST_OF_ASCII:
                return True
    return False


def number_keys(start: int, scope: Array, offsets: Array, letters: Array, numbers: Array) -> None:
    """Fill `numbers` with a number of 31 bits for the key of each row from `start` on: equal for equal keys."""
    for i in range(len(numbers)):
        row = start + i
        number = (_BASIS ^ int(scope[row]) & _NUMBER) * _PRIME & _NUMBER  # FNV-1a, and no product of over 63 bits
        for k in range(offsets[row], offsets[row + 1]):
            number = (number ^ int(letters[k])) * _PRIME & _NUMBER
        numbers[i] = number


def slot_of(row: int, numbers: Array, scope: Array, offsets: Array, letters: Array, slots: Array) -> int:
    """The slot of a hash table of rows that has the key of `row`, or the empty one (-1) where it belongs.

    A slot holds a row and above it, as a first look, the row's number.
    """
    start, length = offsets[row], offsets[row + 1] - offsets[row]
    number = numbers[row]
    at = (number ^ (number >> _FOLD)) & (len(slots) - 1)
    while slots[at] >= 0:
        if slots[at] >> _ABOVE == number:
            other = slots[at] & _ROW
            first = offsets[other]
            if scope[other] == scope[row] and offsets[other + 1] - first == length:
                k = 0
                while k < length and letters[first + k] == letters[start + k]:
                    k += 1
                if k == length:
                    return int(at)
        at = (at + 1) & (len(slots) - 1)
    return int(at)


def index_keys(
    part: int, parts: int, numbers: Array, scope: Array, offsets: Array, letters: Array, slots: Array, first: Array
) -> None:  # fmt: skip
    """For rows 0, 1, ... whose number is of this part (of a power of two of them) fill `first` with the first row of
    the same key. slots: of this part alone, all -1, a power of two and room for it."""
    for row in range(len(first)):
        if numbers[row] & (parts - 1) == part:
            at = slot_of(row, numbers, scope, offsets, letters, slots)
            if slots[at] < 0:
                slots[at] = numbers[row] << _ABOVE | row
            first[row] = slots[at] & _ROW


def find_keys(
    part: int, parts: int, held: int, numbers: Array, scope: Array, offsets: Array, letters: Array, slots: Array,
    found: Array,
) -> None:  # fmt: skip
    """For rows held, held + 1, ... of this part fill `found` with the indexed row of the same key, -1 without one."""
    for i in range(len(found)):
        row = held + i
        if numbers[row] & (parts - 1) == part:
            at = slot_of(row, numbers, scope, offsets, letters, slots)
            found[i] = slots[at] & _ROW if slots[at] >= 0 else -1


def group_rows(group: Array, start: Array, rows: Array) -> None:
    """Fill `rows` with the rows of each group (-1: of none) in their order; group g is rows[start[g]:start[g + 1]]."""
    free = start[:-1].copy()
    for row in range(len(group)):
        if group[row] >= 0:
            rows[free[group[row]]] = row
            free[group[row]] += 1


def comes_later(one: int, other: int, at: Array, scope: Array, offsets: Array, letters: Array) -> bool:
    """Is row `one` after `other` by (at, scope, text)?"""
    if at[one] != at[other]:
        return bool(at[one] > at[other])
    if scope[one] != scope[other]:
        return bool(scope[one] > scope[other])
    i, j = offsets[one], offsets[other]
    while i < offsets[one + 1] and j < offsets[other + 1]:
        if letters[i] != letters[j]:
            return bool(letters[i] > letters[j])
        i += 1
        j += 1
    return bool(i < offsets[one + 1])


def sort_parts(start: Array, rows: Array, at: Array, scope: Array, offsets: Array, letters: Array) -> None:
    """Sort each part rows[start[p]:start[p + 1]] by (at, scope, text), by merging: equal rows keep their order."""
    spare = np.empty_like(rows)
    for part in range(len(start) - 1):
        low, high = start[part], start[part + 1]
        width = 1
        while width < high - low:
            for left in range(low, high, 2 * width):
                i, middle = left, min(left + width, high)
                j, end = middle, min(left + 2 * width, high)
                for k in range(left, end):
                    right = j < end and (i >= middle or comes_later(rows[i], rows[j], at, scope, offsets, letters))
                    if right:
                        spare[k] = rows[j]
                        j += 1
                    else:
                        spare[k] = rows[i]
                        i += 1
            for k in range(low, high):
                rows[k] = spare[k]
            width *= 2


def count_levels(level: Array, label: Array, known: Array, ones: Array, asked: Array, asked_ones: Array) -> None:
    """Count by level (n,), from 0 on: of rows 0, 2, ... all and those whose label is true, of rows 1, 3, ... likewise."""
    for i in range(len(level)):
        if i & 1:
            asked[level[i]] += 1
            asked_ones[level[i]] += label[i]
        else:
            known[level[i]] += 1
            ones[level[i]] += label[i]


def judge_all(
    start: Array, before: int, type_: Array, happened_at: Array, known_at: Array, rank: Array, reason: Array,
    voids: Array, verdict: Array,
) -> None:  # fmt: skip
    """Fill `verdict` (n,) with each order's verdict from news with known_at < before (`data/label.py`)."""
    for i in range(len(start) - 1):
        a, b = start[i], start[i + 1]
        verdict[i], _ = judge(before, type_[a:b], happened_at[a:b], known_at[a:b], rank[a:b], reason[a:b], voids[a:b])
