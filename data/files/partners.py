"""Which rows of the other file a row's number means: how numbers are compared, and which of several rows counts."""

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import DataError, Fault
from data.files.codes import Array, codes_of
from data.files.conditions import text_column
from data.files.lines import as_written, to_do_of
from data.files.moments import moments
from data.files.shaping import Join, Number
from data.files.sheets import Sheet
from data.imports.doubts import Suspicion

FEW_PARTNERS = 0.5
MANY_AGAIN = 0.5
_EXAMPLES = 3
_LEAST_ROWS = 10
_NONE = -1


def numbers_of(table: Any, names: list[str], join: Join) -> Any:
    """(n,) the number of each row as it is compared, null where a part of it is empty.

    Blanks, capital letters and the `.0` of a number read as a float never matter; `numbers` of the join says more.
    """
    parts = [_alike(text_column(table[name]), join.numbers.get(name)) for name in names]
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "\x1f")


def _alike(cells: Any, rule: Number | None) -> Any:
    if rule is not None:
        cells = _taken_off(cells, rule)
    cells = pc.utf8_lower(pc.replace_substring_regex(cells, r"[\s\x{00a0}]+", ""))
    cells = pc.replace_substring_regex(cells, r"^(\d+)\.0+$", r"\1")
    return pc.if_else(pc.equal(pc.binary_length(cells), 0), None, cells)


def _taken_off(cells: Any, rule: Number) -> Any:
    if rule.part is not None:
        part = rule.part
        cells = pa.array([None if c is None else part.of(c) for c in cells.to_pylist()], pa.string())
    if rule.prefix:
        begins = pc.starts_with(cells, rule.prefix, ignore_case=True)
        cells = pc.if_else(begins, pc.utf8_slice_codeunits(cells, len(rule.prefix)), cells)
    if rule.strip:
        cells = pc.utf8_trim(cells, rule.strip)
    if rule.pattern is not None:
        pattern = re.compile(rule.pattern, re.IGNORECASE)
        found = [None if c is None else pattern.search(c) for c in cells.to_pylist()]
        cells = pa.array([None if m is None else m[pattern.groups] for m in found], pa.string())
    return cells


def places(others: list[Sheet], other: Any, join: Join) -> tuple[Any, Array, list[Fault]]:
    """The numbers of the other files; (t, k) the rows that tell each of them, most often t = 1, -1 where fewer do; and
    what of `by` could not be read. Raises DataError DQ022 if a number stands twice and `take` is not given."""
    on = list(join.on.values())
    numbers = pc.dictionary_encode(numbers_of(other, on, join))
    codes = codes_of(numbers)
    rows = np.flatnonzero(codes >= 0)
    faults: list[Fault] = []
    nth = _nth(codes[rows])
    if join.take is None and len(rows) and nth.max():
        second = int(rows[np.flatnonzero(nth)[0]])
        raise _twice(others, second, on, int((nth > 0).sum()))
    if join.take in ("last", "first") and len(rows):
        rows, faults = _by_time(others, other, join, codes, rows)
        codes_first = np.full(len(numbers.dictionary), _NONE)
        codes_first[codes[rows]] = rows  # the last one written stays
        return numbers.dictionary, codes_first[None, :], faults
    table = np.full((int(nth.max(initial=0)) + 1, len(numbers.dictionary)), _NONE)
    table[nth, codes[rows]] = rows
    return numbers.dictionary, table, faults


def _nth(codes: Array) -> Array:
    """(n,) how many earlier rows have the same code."""
    ascending = np.argsort(codes, kind="stable")
    ordered = codes[ascending]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    nth = np.empty(len(codes), dtype=np.int64)
    nth[ascending] = np.arange(len(codes)) - np.repeat(starts, np.diff(np.append(starts, len(codes))))
    return nth


def _by_time(others: list[Sheet], other: Any, join: Join, codes: Array, rows: Array) -> tuple[Array, list[Fault]]:
    """`rows` so that the one that counts comes last for its number. Rows without a time count least; at one time the
    later row is the later news."""
    assert join.by is not None
    cells = _plain(other[join.by])
    found = moments(cells, join.formats, "UTC")
    several = np.bincount(codes[rows])[codes[rows]] > 1
    unread = rows[several & found.bad[rows] & np.asarray(pc.is_valid(cells))[rows]]
    faults = [_untimed(others, int(i), join, cells[int(i)].as_py()) for i in unread]
    at = found.micros[rows].astype(np.float64)
    if join.take == "first":
        at, rows = -at[::-1], rows[::-1]
    at = np.where(found.bad[rows], -np.inf, at)
    return rows[np.argsort(at, kind="stable")], faults


def _plain(column: Any) -> Any:
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return column.cast(pa.string()) if pa.types.is_large_string(column.type) else column


def _untimed(others: list[Sheet], i: int, join: Join, cell: Any) -> Fault:
    sheet, row = whose(others, i)
    return Fault("DQ004", sheet.file, row, str(join.by), repr(cell)[:80], as_written(join.formats), to_do_of("DQ004"))


def _twice(others: list[Sheet], i: int, on: list[str], more: int) -> DataError:
    sheet, row = whose(others, i)
    return DataError(
        "DQ022", f"{sheet.file} row {row}, {', '.join(on)}",
        got="a number told twice" + (f", and {more - 1:,} more such rows" if more > 1 else ""),
        expected="one row for each number in the file that is joined to the orders",
        to_do='say in [join] which row counts: `take = "last"` (or "first") with `by`, the column that tells when, or '
        '`take = "all"`: each row is news of the order; or leave the other rows out with [[drop]]',
    )  # fmt: skip


def whose(others: list[Sheet], i: int) -> tuple[Sheet, int]:
    """The sheet and row that row `i` of all the other files comes from."""
    for sheet in others:
        if i < len(sheet):
            return sheet, int(sheet.rows[i])
        i -= len(sheet)
    raise IndexError(i)


def few_partners(own: Any, other: Any, n_joined: int, join: Join) -> Suspicion | None:
    """Said where fewer than half of the rows with a number found a partner. own, other: numbers as compared."""
    asked = len(own) - own.null_count
    if asked < _LEAST_ROWS or n_joined >= FEW_PARTNERS * asked or not len(other):
        return None
    left, right = (
        f"{', '.join(names)}: {_shown(cells)}" for names, cells in ((join.on, own), (join.on.values(), other))
    )
    tried = _what_would_help(own, other, n_joined)
    return Suspicion(
        "few_partners", f"{n_joined:,} of {asked:,} rows found their number in the other file ({left}; {right})",
        "orders without a partner have no outcome: nothing can be learned from them",
        f"{tried}does `on` of [join] name the order's number in both files? If it does, and one side writes it differently, say "
        "how in `numbers` (`part`, `prefix`, `strip`, `pattern`)",
    )  # fmt: skip


def repeated(numbers: Any, n_rows: int, join: Join) -> Suspicion | None:
    """Asked where most rows of the other file tell a number again, and one of them counts. numbers: each once."""
    again = n_rows - len(numbers)
    if join.take not in ("last", "first") or n_rows < _LEAST_ROWS or again <= MANY_AGAIN * n_rows:
        return None
    names = ", ".join(join.on.values())
    return Suspicion(
        "numbers_repeat",
        f"{again:,} of {n_rows:,} rows of the other file tell a number of {names} again (as {_shown(numbers)}): only the "
        f"{join.take} row of each number counts",
        "several scans of one parcel look like that; so does a column that is no order's number: most outcomes are lost then",
        "if each order has about one row in that file, `on` of [join] names the wrong column: correct it",
        is_question=True,
    )  # fmt: skip


def _shown(numbers: Any) -> str:
    return ", ".join(repr(n[:40]) for n in pc.unique(numbers.drop_null())[:_EXAMPLES].to_pylist())


_TRIES = (
    ("letters and digits alone", r"[^\pL\pN]", ""),
    ("their digits alone", r"\D", ""),
    ("their digits without zeros in front", r"^\D*0*(\d)|\D", r"\1"),
)


def _what_would_help(own: Any, other: Any, n_joined: int) -> str:
    asked = len(own) - own.null_count
    for what, pattern, instead in _TRIES:
        left, right = (pc.replace_substring_regex(n, pattern, instead) for n in (own.drop_null(), other))
        known = pc.and_(pc.is_in(left, right), pc.greater(pc.binary_length(left), 0))
        found = pc.sum(known).as_py() or 0
        if found >= FEW_PARTNERS * asked and found > n_joined:
            return f"by {what} {found:,} would find it; "
    return ""


def partner_of(numbers: Any, dictionary: Any) -> Array:
    """(n,) the place of each row's number in `dictionary`, -1 where it is not there or the row has none."""
    found = pc.index_in(numbers, dictionary, skip_nulls=True)
    return np.asarray(pc.fill_null(found, _NONE)).astype(np.int64)
