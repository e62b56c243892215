"""Which rows of a sheet fit a mapping's conditions: each distinct cell is tried once."""

from difflib import get_close_matches
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import DataError
from data.files.shaping import When, any_fits
from data.files.sheets import Sheet
from data.persons.text import folded


def fitting(sheet: Sheet, when: When) -> "np.ndarray[Any, Any]":
    """(n,) which rows fit every condition. Raises DataError DQ002 if a column is not in the file."""
    fits = np.ones(len(sheet), dtype=bool)
    for name, patterns in when.items():
        fits &= _column_fits(column_of(sheet, name, "a condition"), patterns)
    return fits


def column_of(sheet: Sheet, name: str, use: str) -> Any:
    """A column of a sheet by name. Raises DataError DQ002, saying what it is for, if the file has none."""
    if name not in sheet.table.column_names:
        raise absent(sheet, name, use)
    return sheet.table[name]


def absent(sheet: Sheet, name: str, use: str) -> DataError:
    """The refusal of a file without a column, with the nearest names, never the whole header: without one, it is a
    buyer's row."""
    near = get_close_matches(name, sheet.table.column_names, cutoff=0.5)
    like = f"the nearest {' and '.join(map(repr, near))}" if near else "none like it"
    return DataError("DQ002", f"{sheet.file}, column {name!r} for {use}",
                     got=f"{sheet.table.num_columns} columns, {like}",
                     expected=f"a column {name!r} in the file's first line",
                     to_do="correct the column's name in the mapping, or the delimiter in [file]")  # fmt: skip


def _column_fits(column: Any, patterns: str | list[str]) -> "np.ndarray[Any, Any]":
    coded = pc.dictionary_encode(column, null_encoding="encode").combine_chunks()
    fits = np.array([any_fits(cell_text(v), patterns) for v in coded.dictionary.to_pylist()], bool)
    return fits[coded.indices.to_numpy(zero_copy_only=False)] if len(fits) else np.zeros(len(column), dtype=bool)


def cell_text(cell: Any) -> str:
    """A cell as conditions see it: folded text, "" for a blank one, whole numbers without '.0'."""
    if cell is None or cell != cell:
        return ""
    return folded(str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell))


def text_column(column: Any) -> Any:
    """A column as text by which rows of two files can be matched; null stays null."""
    if pa.types.is_string(column.type):
        return column.combine_chunks()
    cells = column.to_pylist()
    return pa.array([cell_text(cell) or None for cell in cells], pa.string())
