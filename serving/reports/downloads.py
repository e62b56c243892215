"""Tables as files for spreadsheets, in which no text from an order can become a formula."""

import csv
import io
import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from serving.reports.tables import Cell, Table
from serving.reports.wording import plain

BOM = "\ufeff"
"""Excel takes a CSV without it for the code page of the machine, and breaks every name that is not English."""
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
_LONGEST_CELL = 32_767  # what a sheet can hold


def csv_bytes(table: Table) -> bytes:
    """A table as CSV (RFC 4180, UTF-8 with a byte order mark). A text that a spreadsheet would compute gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_csv_cell(cell) for cell in row] for row in table.rows)
    return (BOM + out.getvalue()).encode("utf-8", "replace")


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return guarded(cell)
    return cell.isoformat() if isinstance(cell, date) else repr(cell)


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded("shoe-9"), guarded("-9")
    ("'=1+1", 'shoe-9', "'-9")
    """
    clean = plain(text)
    computes = text.startswith(_STARTS_A_FORMULA) or clean.lstrip().startswith(_STARTS_A_FORMULA)
    return f"'{clean}" if computes else clean


def xlsx_bytes(tables: Iterable[Table], title: str) -> bytes:
    """A workbook with a sheet for each table, its rule above it. Every text is a text cell, never a formula."""
    from openpyxl import Workbook  # a tenth of a second that only a download pays

    book = Workbook(write_only=True)
    book.properties.title = plain(title)
    for table in tables:
        sheet = book.create_sheet(_SHEET_NAME.sub("_", table.name)[:31])
        sheet.column_dimensions["A"].width = 36
        sheet.append([_text(sheet, table.title, bold=True)])
        sheet.append([_text(sheet, table.rule)])
        sheet.append([])
        sheet.append([_text(sheet, name, bold=True) for name in table.columns])
        for row in table.rows:
            sheet.append([_text(sheet, cell) if isinstance(cell, str) else cell for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _text(sheet: Any, value: str, *, bold: bool = False) -> Any:
    """A cell that stays text, whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(sheet, plain(value)[:_LONGEST_CELL])
    cell.data_type = "s"
    cell.quotePrefix = True
    if bold:
        cell.font = Font(bold=True)
    return cell
