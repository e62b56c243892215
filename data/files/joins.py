"""Two kinds of files side by side: the rows of one take the columns of the other by a common number."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from data.errors import DataError, UsageError
from data.files.conditions import column_of, text_column
from data.files.partners import few_partners, numbers_of, partner_of, places, repeated
from data.files.shaping import Join
from data.files.sheets import Sheet
from data.imports.doubts import Suspicion


def joined(
    sheets: list[Sheet],
    join: Join,
    notes: dict[str, int],
    doubts: list[Suspicion] | None = None,
    alone: frozenset[str] | None = None,
) -> list[Sheet]:
    """Sheets of orders with the columns of the other files beside their own.

    Which file is which shows in the columns of `on` and `other_has`. Rows without a partner keep blank cells; rows of
    the other files that no order row took are left out; both are counted, and too few partners are a doubt. With
    `take = "all"`, what a number's further rows tell stands in sheets of their own (`Sheet.telling`).

    alone: for orders so new that they may come without the other file, the columns they need of it, blank then. Raises
    UsageError CLI007 if a file is missing, DataError DQ022 if a number stands twice in the other files and `take` is not
    given.
    """
    main, others, strangers = _sorted_out(sheets, join, alone is not None)
    if not others and alone is not None:
        return [_with_blanks(sheet, alone) for sheet in main] + strangers
    other = _stacked(others, join)
    numbers, place, faults = places(others, other, join)
    own = [numbers_of(sheet.table, list(join.on), join) for sheet in main]
    found = [partner_of(one, numbers) for one in own]
    taken = np.zeros(other.num_rows, dtype=bool)
    made: list[Sheet] = []
    more: list[Sheet] = []
    for sheet, which in zip(main, found, strict=True):
        for telling, rows in enumerate(place):
            partner = np.append(rows, -1)[which]
            taken[partner[partner >= 0]] = True
            asked = sheet if telling == 0 else sheet.taken(partner >= 0)
            beside = _beside(asked, other, partner if telling == 0 else partner[partner >= 0], join)
            (more if telling else made).append(replace(asked, table=beside, telling=telling))
    _count(notes, found, taken)
    few = few_partners(pa.concat_arrays(own), numbers, notes["rows_joined"], join)
    if doubts is not None:
        doubts += [doubt for doubt in (few, repeated(numbers, other.num_rows, join)) if doubt is not None]
    faults = [*(fault for s in others for fault in s.faults), *faults]
    made[0] = replace(made[0], faults=[*made[0].faults, *faults])
    return made + [replace(s, faults=[]) for s in more if len(s)] + strangers


def _with_blanks(sheet: Sheet, names: frozenset[str]) -> Sheet:
    table = sheet.table
    for name in sorted(names - set(table.column_names)):
        table = table.append_column(name, pa.nulls(len(table), pa.string()))
    return replace(sheet, table=table)


def _count(notes: dict[str, int], found: "list[np.ndarray[Any, Any]]", taken: "np.ndarray[Any, Any]") -> None:
    which = np.concatenate(found)
    notes["rows_without_a_partner"] = int((which < 0).sum())
    notes["rows_joined"] = int((which >= 0).sum())
    notes["rows_of_the_other_file_left_out"] = int((~taken).sum())


def _sorted_out(sheets: list[Sheet], join: Join, alone: bool) -> tuple[list[Sheet], list[Sheet], list[Sheet]]:
    """The orders' files, the other files, and those that are neither."""
    marks = {*join.on.values(), *join.other_has}
    others = [s for s in sheets if marks <= set(s.table.column_names)]
    rest = [s for s in sheets if not marks <= set(s.table.column_names)]
    main = [s for s in rest if set(join.on) <= set(s.table.column_names)]
    strangers = [s for s in rest if not set(join.on) <= set(s.table.column_names)]
    if alone and not main and not others:  # new orders, of which the courier has no number yet
        return rest, [], []
    if not main or (join.required and not alone and not others):
        missing = list(join.on) if not main else [*join.on.values(), *join.other_has]
        to_do = (
            "give both files; where there is none yet, set `required = false` and name the other file's `columns` in "
            "[join]; or correct `on`; a header below a title needs header_row in [[files]]"
        )
        got = f"no file with {', '.join(map(repr, missing))}"
        where, expected = ", ".join(s.file for s in sheets), "both kinds of files that [join] puts together"
        raise UsageError("CLI007", where, got=got, expected=expected, to_do=to_do)
    return main, others, strangers


def _stacked(others: list[Sheet], join: Join) -> Any:
    """The other files as one table: all their columns, or those of `columns` and the numbers."""
    wanted = list(dict.fromkeys([*join.on.values(), *join.columns, *([join.by] if join.by else [])]))
    if not others:
        return pa.table({name: pa.array([], pa.string()) for name in wanted})
    for sheet in others:
        for name in join.columns:
            column_of(sheet, name, "[join] columns")
        if join.by:
            column_of(sheet, join.by, "[join] by")
    tables = [s.table.select(wanted) if join.columns else s.table for s in others]
    if len(tables) > 1:
        tables = [pa.table({n: text_column(t[n]) for n in t.column_names}) for t in tables]
    return pa.concat_tables(tables, promote_options="default")


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
