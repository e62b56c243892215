"""Rows of a file into converted lines: one column at a time, every cell that does not fit a numbered fault."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import contract
from data.contract import Column
from data.errors import Fault, masked
from data.files import columns, parsing
from data.files.codes import Array, Cells, codes_of, distinct, in_one_piece
from data.files.conditions import absent, cell_text, text_column
from data.files.distinct import Distinct
from data.files.mapping import Mapping, Source, When
from data.files.moments import ISO, Moments, moments
from data.files.parsing import Parse, Unfit
from data.files.shaping import any_fits
from data.files.sheets import Sheet

SKIP = "or pass --skip-bad-rows: it is left out and counted in the data card"
FIRST_TO_DO = {
    "DQ004": "add its format to `formats` in the mapping, fix the row,",
    "DQ007": "add a [[rules]] entry for it (one without `news` means: still open), fix the row,",
    "DQ008": "if it is another order, give it a number of its own, map a column that is unique,",
    "DQ011": "a refund is no order: leave such rows out with a [[drop]] entry, fix the row,",
    "DQ013": "see which column tells when it was known, and --exported-at; fix the row,",
}
"""What to do first about a refused cell, by its code; of any other: fix the row."""


@dataclass(slots=True)
class Lines:
    """Converted columns of one sheet, row by row, and the rows that were refused.

    columns: text as pyarrow columns, numbers and optional times as float64 with NaN, required times as int64.
    bad: (n,) rows with a fault.  notes: what is worth telling of rows that were not refused, counted.
    """

    sheet: Sheet
    columns: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    bad: Array = field(init=False)
    notes: Counter[str] = field(default_factory=Counter)
    _seen: dict[str, Distinct] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bad = np.zeros(len(self.sheet), dtype=bool)
        self.faults += self.sheet.faults

    def __len__(self) -> int:
        return len(self.sheet)

    def has(self, name: str) -> bool:
        return name in self.sheet.table.column_names

    def cells(self, name: str) -> Cells:
        """One column of the file as it stands: (n,), null where a cell is empty."""
        found = in_one_piece(self.sheet.table[name])
        if pa.types.is_dictionary(found.type):
            found = found.dictionary_decode()
        if pa.types.is_large_string(found.type):
            return found.cast(pa.string())
        return pc.if_else(pc.is_nan(found), None, found) if pa.types.is_floating(found.type) else found

    def cells_of(self, source: Source) -> Cells:
        """The cells a column of the contract comes from: empty where the export overwrites them."""
        if source.column is None:
            text = (source.constant or "").strip()
            found = pa.repeat(pa.scalar(text or None, pa.string()), len(self))
        else:
            found = self.cells(source.column)
        if source.also:
            found = self._together([source.column or "", *source.also])
        return (
            pc.if_else(pa.array(matches(self, source.overwritten_when)), None, found)
            if source.overwritten_when
            else found
        )

    def _together(self, names: list[str]) -> Cells:
        """Columns of the file as one text, parted by ":"; null where the first is empty, others may be."""
        if lacking := next((name for name in names if not self.has(name)), None):
            raise absent(self.sheet, lacking, "`also`")
        first, *rest = (text_column(self.sheet.table[name]) for name in names)
        return pc.binary_join_element_wise(first, *(pc.fill_null(one, "") for one in rest), ":")

    def seen(self, name: str) -> Distinct:
        """The distinct cells of a column of the file."""
        if name not in self._seen:
            self._seen[name] = distinct(self.cells(name))
        return self._seen[name]

    def refuse(self, rows: Array, column: Column, unfits: Unfit | Sequence[Unfit], cells: Sequence[Any]) -> None:
        """Note a fault for each of `rows` (m,): why, and what stands there, for all of them or one by one."""
        reasons = [unfits] * len(rows) if isinstance(unfits, Unfit) else unfits
        memo: dict[Any, str] = {}
        numbers = self.sheet.rows[rows].tolist()
        for number, unfit, cell in zip(numbers, reasons, cells, strict=True):
            text = None if cell is None else str(cell)
            if text not in memo:
                memo[text] = _shown(text, column)
            self.faults.append(
                Fault(
                    unfit.code, self.sheet.file, number, column.name, memo[text], unfit.expected, to_do_of(unfit.code)
                )
            )
        self.bad[rows] = True

    def refuse_where(self, marked: Array, column: Column, unfit: Unfit, cells: Cells) -> None:
        """Note a fault for each row marked in (n,); cells: the whole column."""
        rows = np.flatnonzero(marked)
        if len(rows):
            self.refuse(rows, column, unfit, cells.take(pa.array(rows)).to_pylist())

    def note_formats(self, found: Moments) -> None:
        """Count the times that say more than their format: they took a later one, or would have fitted two."""
        self.notes["times_in_a_later_format"] += found.later
        self.notes["times_that_fit_two_formats"] += found.twice


def to_do_of(code: str) -> str:
    """What to do about a refused cell."""
    return f"{FIRST_TO_DO.get(code, 'fix the row,')} {SKIP}"


def _shown(text: str | None, column: Column) -> str:
    if text is None or not text.strip():
        return "nothing"
    return masked(text) if column.personal else repr(text)[:80]


def convert(sheet: Sheet, sources: dict[str, Source], known: tuple[Column, ...], mapping: Mapping) -> Lines:
    """All mapped columns of a sheet, converted. Raises DataError DQ002 if a mapped file column is not there."""
    lines = Lines(sheet)
    for column in known:
        source = sources.get(column.name)
        if source is None or source.overwritten:
            continue
        if source.column is not None and not lines.has(source.column):
            if mapping.absent_columns == "refuse" or column.required:
                raise absent(sheet, source.column, column.name)
            continue
        if column.kind == "time":
            _convert_times(lines, column, source, mapping)
        else:
            _convert_column(lines, column, source, mapping)
    return lines


def _convert_column(lines: Lines, column: Column, source: Source, mapping: Mapping) -> None:
    cells = lines.cells_of(source)
    read = _read(lines, cells, column, source, mapping)
    rows, unfits, raw = read.rows, list(read.unfits), list(read.cells)
    if column.required and cells.null_count:
        empty = np.flatnonzero(np.asarray(pc.is_null(cells)))
        rows = np.concatenate([rows, empty])
        unfits += [Unfit("DQ005", "a value: every row needs one")] * len(empty)
        raw += [None] * len(empty)
        ascending = np.argsort(rows, kind="stable").tolist()
        rows, unfits, raw = rows[ascending], [unfits[i] for i in ascending], [raw[i] for i in ascending]
    if len(rows):
        lines.refuse(rows, column, unfits, raw)
    lines.columns[column.name] = read.values


def _read(lines: Lines, cells: Cells, column: Column, source: Source, mapping: Mapping) -> columns.Values:
    """The column by its kind. Money depends on its row's currency, PIN codes on its row's country."""
    if column.kind == "money":
        digits, kinds = _by_row(lines, "currency", mapping.currency, parsing.minor_digits)
        factors = np.array([10.0**d for d in digits])
        by_row = factors[0] if kinds is None else factors[kinds]
        parsers = [parsing.money(source.unit, d) for d in digits]
        return columns.numbers(cells, columns.money_fits(source.unit, by_row), parsers, kinds)
    if column.kind == "count":
        return columns.numbers(cells, columns.count_fits, [parsing.count], None)
    if column.name in ("pincode", "origin_pincode"):
        countries, kinds = _by_row(lines, "country", mapping.country, lambda country: country)
        return columns.texts(cells, [parsing.translated(source, parsing.pincode(c)) for c in countries], kinds)
    parse = _word_parser(column)
    if parse is None and not source.part and not source.values and source.otherwise is None:
        return columns.plain_texts(cells)
    return columns.texts(cells, [parsing.translated(source, parse or parsing.plain_text)], None)


def _by_row(lines: Lines, name: str, default: str | None, of: Any) -> tuple[list[Any], Array | None]:
    """What each row's word in the column `name` stands for: the distinct meanings, and (n,) which one is the row's."""
    told = lines.columns.get(name)
    if told is None:
        return [of(default)], None
    meanings = [of(word) for word in [*told.dictionary.to_pylist(), default]]
    known = list(dict.fromkeys(meanings))
    return known, np.array([known.index(m) for m in meanings], dtype=np.int64)[codes_of(told)]


def _word_parser(column: Column) -> Parse | None:
    """The parser of a column that holds one of a few words or codes; None for free text."""
    match column.name:
        case "currency":
            return parsing.code(3, "an ISO 4217 code of three letters, as INR")
        case "country":
            return parsing.code(2, "an ISO 3166 code of two letters, as IN")
        case "payment_method":
            return parsing.one_of(parsing.PAYMENTS)
        case "type":
            return parsing.one_of(tuple(t.name.lower() for t in contract.NewsType))
        case "reason":
            return parsing.one_of(tuple(r.name.lower() for r in contract.Reason))
    return None


def _convert_times(lines: Lines, column: Column, source: Source, mapping: Mapping) -> None:
    cells = lines.cells_of(source)
    found = moments(cells, source.formats, mapping.timezone)
    refused = found.bad if column.required else found.bad & np.asarray(pc.is_valid(cells))
    lines.refuse_where(refused, column, Unfit("DQ004", as_written(source.formats)), cells)
    early = ~found.bad & (found.micros < contract.EARLIEST)
    lines.refuse_where(early, column, Unfit("DQ009", "a time after 1999"), cells)
    lines.note_formats(found)
    lines.columns[column.name] = found.micros if column.required else np.where(found.bad, np.nan, found.micros)


def as_written(formats: list[str]) -> str:
    """What a time should look like."""
    return "a time as " + " or ".join("2025-03-01T18:30:00+05:30" if f == ISO else f for f in formats)


def matches(lines: Lines, when: When) -> Array:
    """(n,) which rows fit every condition; each distinct cell of a column is tried once.

    Raises DataError DQ002 if a column the mapping asks for is not in the file.
    """
    for name in when:
        if not lines.has(name):
            raise absent(lines.sheet, name, "a rule")
    fit = np.ones(len(lines), dtype=bool)
    for name, patterns in when.items():
        seen = lines.seen(name)
        fit &= np.array([any_fits(cell_text(v), patterns) for v in [*seen.values, None]], dtype=bool)[seen.coded]
    return fit
