"""Sheets of an export into sheets of order lines and of news: rows left out, filled, joined, credited, all counted."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.contract import ORDER_COLUMNS
from data.errors import DataError
from data.files.conditions import fitting
from data.files.credits import credited
from data.files.joins import joined
from data.files.mapping import Mapping
from data.files.reading import read_sheet
from data.files.sheets import Sheet
from data.imports.doubts import Suspicion

ORDER_KINDS = {column.name: column.kind for column in ORDER_COLUMNS}
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What files hold, as lines of orders and rows of news.

    n_rows: rows of all files as read, unreadable ones included.  notes: how many rows went where, by a short text.
    doubts: what looks wrong about the files beside each other.
    """

    orders: list[Sheet]
    news: list[Sheet]
    n_rows: int
    notes: dict[str, int] = field(default_factory=dict)
    doubts: list[Suspicion] = field(default_factory=list)


def prepare(
    paths: list[Path], mapping: Mapping, progress: Progress, alone: frozenset[str] | None = None
) -> Prepared:  # fmt: skip
    """Read files and shape them as the mapping says. alone: as `joined` takes it.

    Raises DataError for files, columns and joins that do not fit.
    """
    sheets = []
    for i, path in enumerate(paths):
        progress("read", i, len(paths))
        sheets.append(read_sheet(path, mapping.written(path.name)))
    return shaped(sheets, mapping, alone)


def shaped(sheets: list[Sheet], mapping: Mapping, alone: frozenset[str] | None = None) -> Prepared:
    """Sheets as read into sheets of lines and news: drop, fill down, join, credits, in this order."""
    notes: dict[str, int] = {}
    n_rows = sum(len(s) + len(s.faults) for s in sheets)
    doubts: list[Suspicion] = []
    _refuse_idle_drops(sheets, mapping)
    sheets = [_without_dropped(s, mapping, notes) for s in sheets]
    news = [s for s in sheets if is_news(s, mapping)]
    orders = [_with_points(s, mapping) for s in sheets if not is_news(s, mapping)]
    if mapping.join and orders:
        orders = joined(orders, mapping.join, notes, doubts, alone)
    if mapping.lines:
        orders = [_filled_down(s, mapping) for s in orders]
    if mapping.credits:
        orders = [credited(s, mapping, mapping.credits, notes) for s in orders]
    return Prepared(orders, news, n_rows, {name: n for name, n in notes.items() if n}, doubts)


def is_news(sheet: Sheet, mapping: Mapping) -> bool:
    """A file that has the column of `event_id` is one of news."""
    source = mapping.news.get("event_id")
    return source is not None and source.column in sheet.table.column_names


def _refuse_idle_drops(sheets: list[Sheet], mapping: Mapping) -> None:
    """A [[drop]] is tried on each file as read: one whose columns stand in different files never fits (DQ002)."""
    for drop in mapping.drop:
        asked, found = set(drop.when), [set(s.table.column_names) for s in sheets]
        if asked <= set().union(*found) and not any(asked <= names for names in found):
            names = ", ".join(map(repr, sorted(asked)))
            raise DataError("DQ002", f"[[drop]] {drop.why!r}", got=f"{names} in different files",
                            expected="columns of one file: rows are dropped before files are put side by side",
                            to_do="give each file an entry of its own, or a [[rules]] entry without news")  # fmt: skip


def _without_dropped(sheet: Sheet, mapping: Mapping, notes: dict[str, int]) -> Sheet:
    """Rows that fit a [[drop]] entry go; the first entry that fits counts them. Files without its columns are spared."""
    kept = np.ones(len(sheet), dtype=bool)
    for drop in mapping.drop:
        if set(drop.when) <= set(sheet.table.column_names):
            gone = kept & fitting(sheet, drop.when)
            name = f"dropped_{drop.why.replace(' ', '_')}"
            notes[name] = notes.get(name, 0) + int(gone.sum())
            kept &= ~gone
    return sheet if kept.all() else sheet.taken(kept)


def _with_points(sheet: Sheet, mapping: Mapping) -> Sheet:
    """Money written as 1.499,00 turned into 1499.00, where `decimal` says so."""
    if mapping.written(sheet.file).decimal == ".":
        return sheet
    table = sheet.table
    for name, source in mapping.orders.items():
        place = table.column_names.index(source.column) if source.column in table.column_names else -1
        if ORDER_KINDS[name] == "money" and place >= 0 and pa.types.is_string(table.schema.field(place).type):
            bare = pc.replace_substring_regex(table[place], r"[.\s\x{00a0}\x{202f}']|[^0-9,.-]+$", "")
            table = table.set_column(place, source.column, pc.replace_substring(bare, ",", "."))
    return replace(sheet, table=table)


def _filled_down(sheet: Sheet, mapping: Mapping) -> Sheet:
    """Blank cells of an order's later rows take the value of its first row, in the columns of [lines] fill_down."""
    assert mapping.lines is not None
    order, table = mapping.orders["order_id"].column, sheet.table
    if order not in table.column_names:
        return sheet
    names = [n for n in table.column_names if n != order and _named(n, mapping.lines.fill_down)]
    if absent := [p for p in mapping.lines.fill_down if not any(_named(n, [p]) for n in table.column_names)]:
        raise DataError("DQ002", f"{sheet.file}, column {absent[0]!r} for [lines] fill_down",
                        got=f"{table.num_columns} columns, none of that name",
                        expected="columns of the file, or patterns of their names",
                        to_do="correct [lines] fill_down in the mapping")  # fmt: skip
    first = _first_row_of_order(table[order])
    for name in names:
        column = table[name].combine_chunks()
        filled = pc.if_else(pc.is_null(column), column.take(first), column)
        table = table.set_column(table.column_names.index(name), name, filled)
    return replace(sheet, table=table)


def _named(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _first_row_of_order(ids: Any) -> Any:
    """(n,) the position of the first row with the same id; a row without an id is its own."""
    n = len(ids)
    codes = pc.dictionary_encode(ids).combine_chunks().indices
    known = codes.fill_null(-1).to_numpy(zero_copy_only=False)
    _, first, back = np.unique(known, return_index=True, return_inverse=True)
    return pa.array(np.where(known < 0, np.arange(n), first[back]))
