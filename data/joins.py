"""Two kinds of files side by side: the rows of one take the columns of the other by a common number."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from data.conditions import column_of, text_column
from data.errors import DataError, UsageError
from data.shaping import Join
from data.sheets import Sheet

_SEPARATOR = "\x1f"


def joined(sheets: list[Sheet], join: Join, notes: dict[str, int]) -> list[Sheet]:
    """Sheets of orders with the columns of the other files beside their own.

    Which file is which shows in the columns of `on` and `other_has`. Rows without a partner keep blank cells; rows of
    the other files that no order row took are left out; both are counted. Raises UsageError CLI007 if a file is
    missing, DataError DQ022 if a number stands twice in the other files.
    """
    marks = {*join.on.values(), *join.other_has}
    others = [s for s in sheets if marks <= set(s.table.column_names)]
    rest = [s for s in sheets if not marks <= set(s.table.column_names)]
    main = [s for s in rest if set(join.on) <= set(s.table.column_names)]
    strangers = [s for s in rest if not set(join.on) <= set(s.table.column_names)]
    if not main or (join.required and not others):
        missing = list(join.on) if not main else [*join.on.values(), *join.other_has]
        raise UsageError("CLI007", ", ".join(s.file for s in sheets), got=f"no file with {', '.join(map(repr, missing))}",
                         expected="both kinds of files that [join] puts together",
                         to_do="give both files, or correct `on` in [join]")  # fmt: skip
    other = _stacked(others, join)
    place = _places(others, other, list(join.on.values()))
    taken = np.zeros(other.num_rows, dtype=bool)
    made = []
    for sheet in main:
        keys = _keys(sheet.table, list(join.on))
        found = np.array([place.get(k, -1) if k is not None else -1 for k in keys], dtype=np.int64)
        taken[found[found >= 0]] = True
        notes["rows_without_a_partner"] = notes.get("rows_without_a_partner", 0) + int((found < 0).sum())
        notes["rows_joined"] = notes.get("rows_joined", 0) + int((found >= 0).sum())
        made.append(replace(sheet, table=_beside(sheet, other, found, join)))
    notes["rows_of_the_other_file_left_out"] = int((~taken).sum())
    faults = [fault for s in others for fault in s.faults]
    made[0] = replace(made[0], faults=[*made[0].faults, *faults])
    return made + strangers


def _stacked(others: list[Sheet], join: Join) -> Any:
    """The other files as one table: all their columns, or those of `columns` and the numbers."""
    wanted = [*join.on.values(), *join.columns]
    if not others:
        return pa.table({name: pa.array([], pa.string()) for name in wanted})
    for sheet in others:
        for name in join.columns:
            column_of(sheet, name, "[join] columns")
    tables = [s.table.select(wanted) if join.columns else s.table for s in others]
    if len(tables) > 1:
        tables = [pa.table({n: text_column(t[n]) for n in t.column_names}) for t in tables]
    return pa.concat_tables(tables, promote_options="default")


def _places(others: list[Sheet], other: Any, on: list[str]) -> dict[str, int]:
    place: dict[str, int] = {}
    for i, key in enumerate(_keys(other, on) if others else []):
        if key is not None and place.setdefault(key, i) != i:
            sheet, row = _whose(others, i)
            raise DataError("DQ022", f"{sheet.file} row {row}, {', '.join(on)}", got="a number told twice",
                            expected="one row for each number in the file that is joined to the orders",
                            to_do="leave one of the rows out, or leave one of the files out")  # fmt: skip
    return place


def _whose(others: list[Sheet], i: int) -> tuple[Sheet, int]:
    for sheet in others:
        if i < len(sheet):
            return sheet, int(sheet.rows[i])
        i -= len(sheet)
    raise IndexError(i)


def _keys(table: Any, names: list[str]) -> list[str | None]:
    parts = [text_column(table[name]).to_pylist() for name in names]
    return [None if None in key else _SEPARATOR.join(key).casefold() for key in zip(*parts, strict=True)]


def _beside(sheet: Sheet, other: Any, found: "np.ndarray[Any, Any]", join: Join) -> Any:
    table, positions = sheet.table, pa.array(found, mask=found < 0)
    for name in other.column_names:
        if join.on.get(name) == name:
            continue
        called = join.prefix + name
        if called in table.column_names:
            raise DataError("DQ021", f"{sheet.file}, column {called!r}", got="a column of that name in both files",
                            expected="different names", to_do="set [join] prefix, put before the other file's names")  # fmt: skip
        table = table.append_column(called, other[name].combine_chunks().take(positions))
    return table
