"""How a file nobody has seen is written: its encoding and delimiter, the sheet of a workbook, the row of its header."""

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data.errors import DataError
from data.files.csv_sheet import DELIMITERS, bytes_of
from data.files.encodings import likely_encodings
from data.files.reading import kind_of, read_sheet
from data.files.shaping import File, FileLike
from data.files.sheets import Sheet

_HEAD_LINES = 40
_FEW_CELLS = 2


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as it seems to be written. remarks: what was chosen, for a person to check."""

    path: Path
    file: File
    sheet: Sheet
    remarks: tuple[str, ...] = ()


def opened(path: Path) -> Opened:
    """A file read as it seems to be written, the array of an order's lines unfolded.

    Raises DataError DQ001, DQ020 or DQ021 if it cannot be read at all.
    """
    kind = kind_of(path) if path.is_file() else ""
    file, remarks = _csv_file(path) if kind == "csv" else _workbook(path) if kind == "excel" else (File(), ())
    sheet = read_sheet(path, file)
    nested = [n for n in sheet.table.column_names if _is_array_of_objects(sheet.table[n])]
    if kind != "csv" and nested:
        file = file.model_copy(update={"path": nested[0]})
        sheet = read_sheet(path, file)
    return Opened(path, file, sheet, remarks)


_KEYS = {"csv": ("delimiter", "encoding", "header_row"), "excel": ("sheet", "header_row")}


def ways(found: list[Opened]) -> tuple[File, list[FileLike]]:
    """[file] with what all files have in common, each key told by the kinds of file it matters for; and [[files]] with
    what one of them, or those of its kind, have of their own."""
    told: dict[str, list[Any]] = {}
    for one in found:
        for key in _KEYS.get(kind_of(one.path), ("path",)):
            told.setdefault(key, []).append(getattr(one.file, key))
    shared = {key: values[0] for key, values in told.items() if all(value == values[0] for value in values)}
    file = File(**{key: value for key, value in shared.items() if value is not None})
    own = {one.path: _own(one, set(told) - set(shared)) for one in found}
    likes = {_pattern(path, own): keys for path, keys in own.items() if keys}
    return file, [FileLike(name=name, **keys) for name, keys in likes.items()]


def _own(one: Opened, differing: set[str]) -> dict[str, Any]:
    """Keys in which the files differ, as this one has them, where that is not what a mapping says by itself."""
    return {key: value for key, value in one.file.model_dump(exclude_defaults=True).items() if key in differing}


def _pattern(path: Path, own: dict[Path, dict[str, Any]]) -> str:
    """A pattern of names for a file: its kind, if all files of that kind are written alike."""
    alike = all(keys == own[path] for other, keys in own.items() if other.suffix == path.suffix)
    return f"*{path.suffix}" if alike and path.suffix else path.name


def _csv_file(path: Path) -> tuple[File, tuple[str, ...]]:
    raw = bytes_of(path)
    encoding = next(iter(likely_encodings(raw)), None)
    if encoding is None:
        raise DataError("DQ001", str(path), got="bytes of no encoding that we know", expected="a file of text",
                        to_do="open it where it was made and save it as CSV UTF-8")  # fmt: skip
    text = raw[: 1 << 20].to_pybytes().decode(encoding, errors="ignore")
    lines = text.splitlines()[:_HEAD_LINES]
    delimiter = max(DELIMITERS, key=lambda d: _usual([len(_filled(_cells(line, d))) for line in lines if line.strip()]))
    header = _header_row([_cells(line, delimiter) for line in lines])
    remarks = (f"{path.name}: the header is on line {header}, below a title",) if header > 1 else ()
    return File(delimiter=None if delimiter == "," else delimiter, encoding=encoding, header_row=header), remarks


def _cells(line: str, delimiter: str) -> list[Any]:
    return next(csv.reader(io.StringIO(line), delimiter=delimiter), [])


def _filled(cells: Iterable[Any]) -> list[Any]:
    return [cell for cell in cells if cell is not None and str(cell).strip()]


def _usual(widths: list[int]) -> int:
    return sorted(widths)[len(widths) // 2] if widths else 0


def _header_row(rows: list[list[Any]]) -> int:
    """The first row, from 1, that is as wide as rows usually are and tells names: words, each once."""
    widths = [len(_filled(row)) for row in rows]
    usual = _usual([width for width in widths if width])
    wide = [i for i, width in enumerate(widths) if width >= max(1, usual)]
    named = [i for i in wide if _tells_names(_filled(rows[i]))]
    return (named or wide or [0])[0] + 1


def _tells_names(cells: list[Any]) -> bool:
    words = [str(cell).strip() for cell in cells if isinstance(cell, str) and any(c.isalpha() for c in cell)]
    return len(words) >= 0.7 * len(cells) and len(set(words)) == len(words)


def _workbook(path: Path) -> tuple[File, tuple[str, ...]]:
    """The sheet of a workbook with the most rows of a table, and the row of its header."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with warnings.catch_warnings(), path.open("rb") as stream:
        warnings.simplefilter("ignore")  # styles and extensions that openpyxl does not keep: values are all we read
        try:
            book = load_workbook(stream, read_only=True, data_only=True)
        except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError):
            return File(), ()  # reading it says what is wrong
        tables = {sheet.title: _table(sheet) for sheet in book.worksheets}
        book.close()
    filled = [title for title, (n_rows, _) in tables.items() if n_rows]
    if not filled:
        return File(), ()
    title = max(filled, key=lambda name: tables[name][0])
    n_rows, header = tables[title]
    remarks = [f"{path.name}: the header is in row {header}, below a title"] if header > 1 else []
    if len(filled) == 1:
        return File(header_row=header), tuple(remarks)
    others = ", ".join(f"{name!r} {tables[name][0]:,}" for name in filled if name != title)
    remarks.append(f"{path.name}: sheet {title!r} has the most rows of a table, {n_rows:,}; left out: {others}")
    return File(header_row=header, sheet=title), tuple(remarks)


def _table(sheet: Any) -> tuple[int, int]:
    """How many rows of a sheet are at least half as wide as its header, and where that is: 1 unless a title is above."""
    rows = sheet.iter_rows(values_only=True)
    head: list[list[Any]] = []
    for row in rows:
        head.append(list(row))
        if len(head) == _HEAD_LINES:
            break
    if not any(_filled(row) for row in head):
        return 0, 1
    header = _header_row(head)
    least = max(1, min(_FEW_CELLS, len(_filled(head[header - 1]))), len(_filled(head[header - 1])) // 2)
    n_rows = sum(len(_filled(row)) >= least for row in [*head[header:], *map(list, rows)])
    blank_above = not any(_filled(row) for row in head[: header - 1])
    return n_rows or 1, 1 if blank_above else header


def _is_array_of_objects(column: Any) -> bool:
    if not pa.types.is_string(column.type):
        return False
    return any(str(cell).startswith("[{") for cell in pc.drop_null(column).slice(0, 50).to_pylist())
