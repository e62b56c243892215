"""Rows of a file into converted lines: one column at a time, every cell that does not fit a numbered fault."""

from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from data import contract, parsing
from data.contract import Column
from data.errors import DataError, Fault, masked
from data.mapping import Mapping, Source, When, fits
from data.parsing import Unfit

TO_DO = "fix the row, or pass --skip-bad-rows: it is left out and counted in the data card"


@dataclass(slots=True)
class Lines:
    """Converted columns of one file, row by row, and the rows that were refused."""

    table: pd.DataFrame
    columns: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def refuse(self, bad: "np.ndarray[Any, Any]", column: Column, code: str, expected: str, cells: Any) -> None:
        """Note a fault for each row marked in `bad`."""
        for i in np.flatnonzero(bad):
            self.refuse_row(int(i), column, Unfit(code, expected), cells.iloc[i])

    def refuse_row(self, i: int, column: Column, unfit: Unfit, cell: Any) -> None:
        got = "nothing" if _empty(cell) else masked(str(cell)) if column.personal else repr(str(cell))[:80]
        file, row = self.table.attrs["file"], self.table.attrs["first_row"] + i
        self.faults.append(Fault(unfit.code, file, row, column.name, got, unfit.expected, TO_DO))

    @property
    def bad_rows(self) -> set[int]:
        return {f.row - self.table.attrs["first_row"] for f in self.faults}


def convert(table: pd.DataFrame, sources: dict[str, Source], known: tuple[Column, ...], mapping: Mapping) -> Lines:
    """All mapped columns of a table, converted. Raises DataError DQ002 if a mapped file column is not there."""
    lines = Lines(table)
    for column in known:
        source = sources.get(column.name)
        if source is None or source.overwritten:
            continue
        if source.column is not None and source.column not in table.columns:
            if mapping.absent_columns == "refuse" or column.required:
                raise absent(table, source.column, column)
            continue
        _convert_column(lines, column, source, mapping)
    return lines


def absent(table: pd.DataFrame, name: str, column: Column) -> DataError:
    near = get_close_matches(name, [str(c) for c in table.columns], cutoff=0.5)  # never the whole header: without
    got = f"{table.shape[1]} columns" + (f", the nearest {' and '.join(map(repr, near))}" if near else ", none like it")
    to_do = "correct the column's name in the mapping, or the delimiter in [file]"  # one, it is a buyer's row
    where = f"{table.attrs['file']}, column {name!r} for {column.name}"
    return DataError("DQ002", where, got=got, expected=f"a column {name!r} in the file's first line", to_do=to_do)


def _convert_column(lines: Lines, column: Column, source: Source, mapping: Mapping) -> None:
    n = len(lines.table)
    cells = lines.table[source.column] if source.column else pd.Series([source.constant] * n, dtype=object)
    if column.kind == "time":
        _convert_times(lines, column, source, mapping, cells)
        return
    raw = cells.astype(object).where(cells.notna(), None).tolist()
    if source.overwritten_when:
        gone = matches(lines.table, source.overwritten_when)
        raw = [None if gone[i] else cell for i, cell in enumerate(raw)]
    kinds = list(zip(_money_digits(lines, mapping, n), _countries(lines, mapping, n), strict=True))
    parsers = {kind: _parser(column, source, *kind) for kind in set(kinds)}
    lines.columns[column.name] = _memoised(lines, column, raw, [parsers[kind] for kind in kinds])


def _memoised(lines: Lines, column: Column, raw: list[Any], parsers: list[Callable[[Any], Any]]) -> list[Any]:
    memo: dict[tuple[Any, Any], Any] = {}
    values: list[Any] = [None] * len(raw)
    for i, cell in enumerate(raw):
        if _empty(cell):
            if column.required:
                lines.refuse_row(i, column, Unfit("DQ005", "a value: every row needs one"), cell)
            continue
        key = (cell, parsers[i]) if isinstance(cell, str | float | int) else (str(cell), parsers[i])
        if key not in memo:
            try:
                memo[key] = parsers[i](cell)
            except Unfit as unfit:
                memo[key] = unfit
        if isinstance(memo[key], Unfit):
            lines.refuse_row(i, column, memo[key], cell)
        else:
            values[i] = memo[key]
    return values


def _convert_times(lines: Lines, column: Column, source: Source, mapping: Mapping, cells: Any) -> None:
    if source.overwritten_when:
        cells = cells.mask(matches(lines.table, source.overwritten_when))
    micros, bad = parsing.times(cells, source, mapping.timezone)
    lines.refuse(bad if column.required else bad & ~blank(cells), column, "DQ004", as_written(source.formats), cells)
    lines.refuse(~bad & (micros < contract.EARLIEST), column, "DQ009", "a time after 1999", cells)
    lines.columns[column.name] = (
        micros if column.required else [None if b else int(m) for m, b in zip(micros, bad, strict=True)]
    )


def blank(cells: "pd.Series[Any]") -> "np.ndarray[Any, Any]":
    """(n,) which cells hold nothing, or white space alone."""
    return cells.isna().to_numpy() | (cells.astype("string").str.strip() == "").fillna(True).to_numpy(bool)


def as_written(formats: list[str]) -> str:
    """What a time should look like."""
    return "a time as " + " or ".join("2025-03-01T18:30:00+05:30" if f == "ISO8601" else f for f in formats)


def _money_digits(lines: Lines, mapping: Mapping, n: int) -> list[int]:
    currency = lines.columns.get("currency")
    constant = parsing.minor_digits(mapping.currency)
    return [constant] * n if currency is None else [parsing.minor_digits(c or mapping.currency) for c in currency]


def _countries(lines: Lines, mapping: Mapping, n: int) -> list[str | None]:
    told = lines.columns.get("country")
    return [mapping.country] * n if told is None else [country or mapping.country for country in told]


def _parser(column: Column, source: Source, digits: int, country: str | None) -> Callable[[Any], Any]:
    match column.kind, column.name:
        case "money", _:
            return parsing.money(source.unit, digits)
        case "count", _:
            return parsing.count
        case _, "pincode" | "origin_pincode":
            return parsing.translated(source, parsing.pincode(country))
        case _, "currency":
            return parsing.translated(source, parsing.code(3, "an ISO 4217 code of three letters, as INR"))
        case _, "country":
            return parsing.translated(source, parsing.code(2, "an ISO 3166 code of two letters, as IN"))
        case _, "payment_method":
            return parsing.translated(source, parsing.one_of(parsing.PAYMENTS))
        case _, "type":
            return parsing.translated(source, parsing.one_of(tuple(t.name.lower() for t in contract.NewsType)))
        case _, "reason":
            return parsing.translated(source, parsing.one_of(tuple(r.name.lower() for r in contract.Reason)))
        case _:
            return parsing.translated(source, parsing.plain_text)


def matches(table: pd.DataFrame, when: When) -> "np.ndarray[Any, Any]":
    """(n,) which rows fit every condition; each distinct combination is tried once.

    Raises DataError DQ002 if a column the mapping asks for is not in the file.
    """
    for name in when:
        if name not in table.columns:
            raise absent(table, name, Column("a rule", "text", contract.Stage.PLACED, ""))
    if not when:
        return np.ones(len(table), dtype=bool)
    distinct = table[list(when)].astype(object).drop_duplicates()
    keyed = {
        _no_nan(row): fits(when, dict(zip(when, _no_nan(row), strict=True))) for row in distinct.itertuples(index=False)
    }
    rows = table[list(when)].astype(object).itertuples(index=False)
    return np.array([keyed[_no_nan(row)] for row in rows], dtype=bool)


def _no_nan(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(None if _empty(v) else v for v in row)  # NaN is not equal to itself: no key of a dict


def _empty(cell: Any) -> bool:
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell)
