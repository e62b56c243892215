"""Excel workbooks into sheets: the values as kept in the file; formulas are not worked out."""

import warnings
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import DataError, Fault
from data.files.records import table_of_cells
from data.files.shaping import File
from data.files.sheets import Sheet, cells_fault, header_names


def read_excel(path: Path, file: File) -> Sheet:
    """One sheet of a workbook; a row is known by its number in Excel.

    Raises DataError DQ001 if the file is no workbook, the sheet is not in it, or none was named and several have rows.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    expected = "an Excel workbook (.xlsx)"
    with warnings.catch_warnings(), path.open("rb") as stream:
        warnings.simplefilter(
            "ignore"
        )  # openpyxl warns of styles and extensions it does not keep: values are all we read
        try:
            book = load_workbook(stream, read_only=True, data_only=True)
        except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
            raise DataError("DQ001", str(path), got="a file that is no workbook", expected=expected,
                            to_do="open it and save it as .xlsx, or as .csv and name it so") from error  # fmt: skip
        try:
            return _sheet(path, file, _chosen(path, book, file.sheet))
        finally:
            book.close()


def _chosen(path: Path, book: Any, name: str | None) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if name is not None:
        if name in sheets:
            return sheets[name]
        got = f"no sheet {name!r}; there are {', '.join(map(repr, sheets))}"
        raise DataError("DQ001", str(path), got=got, expected="the name of a sheet", to_do="correct [file] sheet")
    filled = [s for s in sheets.values() if any(True for row in s.iter_rows(values_only=True) if _any(row))]
    if len(filled) > 1:
        got = f"{len(filled)} sheets with rows: {', '.join(repr(s.title) for s in filled)}"
        raise DataError("DQ001", str(path), got=got, expected="one sheet", to_do="name it in [file] sheet")
    return filled[0] if filled else next(iter(sheets.values()))


def _sheet(path: Path, file: File, sheet: Any) -> Sheet:
    names: list[str] = []
    kept: list[tuple[Any, ...]] = []
    rows: list[int] = []
    faults: list[Fault] = []
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if number < file.header_row or not _any(cells):
            continue
        if not names:
            names = header_names(path, _without_tail(list(cells)), number)
            continue
        width = len(_without_tail(list(cells)))
        if width > len(names):
            faults.append(cells_fault(path.name, number, width, len(names)))
            continue
        kept.append(tuple(_value(c) for c in cells[: len(names)]) + (None,) * (len(names) - len(cells)))
        rows.append(number)
    columns = {name: [row[i] for row in kept] for i, name in enumerate(names)}
    return Sheet(path.name, table_of_cells(columns), np.array(rows, dtype=np.int64), faults)


def _any(cells: tuple[Any, ...]) -> bool:
    return any(c is not None and c != "" for c in cells)


def _without_tail(cells: list[Any]) -> list[Any]:
    while cells and (cells[-1] is None or cells[-1] == ""):
        cells.pop()
    return cells


def _value(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - local, as the mapping's zone reads it
    return str(cell) if isinstance(cell, time | timedelta) else cell
