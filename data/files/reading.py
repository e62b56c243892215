"""Any file into a sheet, by what its name says it is."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import DataError
from data.files.csv_sheet import read_csv
from data.files.excel_sheet import read_excel
from data.files.records import read_json, read_json_lines, sheet_of_records
from data.files.shaping import File
from data.files.sheets import Sheet, refuse_twins, trimmed

KINDS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".json": "json", ".xlsx": "excel", ".xlsm": "excel",
}  # fmt: skip
_PACKED = ("csv", "jsonl", "json")
_UNREADABLE = (pa.ArrowException, OSError, EOFError, zlib.error, zipfile.BadZipFile)


def kind_of(path: Path) -> str:
    """csv, parquet, jsonl, json or excel, by the file's name; a name that says nothing is a CSV."""
    name = path.name.lower()
    packed = name.endswith(".gz")
    kind = KINDS.get(Path(name.removesuffix(".gz")).suffix, "csv")
    if packed and kind not in _PACKED:
        raise DataError("DQ001", str(path), got="a packed file of a kind that is packed already",
                        expected=".gz around CSV or JSON only", to_do="unpack it first")  # fmt: skip
    return kind


def read_sheet(path: Path, file: File) -> Sheet:
    """All rows of one file. The path is a place on this machine: nothing is fetched.

    Raises DataError DQ001 if the file cannot be read as its name says, is empty or has a header only, and DQ021 if
    two columns have one name. Rows that cannot be read as rows are faults (DQ020) of the sheet.
    """
    if path.is_dir() or not path.exists():
        got = "a folder" if path.is_dir() else "no such file"
        raise DataError("DQ001", str(path), got=got, expected="a CSV, Parquet, JSON or Excel file",
                        to_do="check the path")  # fmt: skip
    kind = kind_of(path)
    try:
        sheet = _READERS[kind](path, file)
    except _UNREADABLE as error:
        raise DataError("DQ001", str(path), got=_first_line(error), expected=f"a readable {kind} file",
                        to_do="export or copy it again; its name says what it is read as") from error  # fmt: skip
    if not len(sheet) and not sheet.faults:
        raise DataError("DQ001", str(path), got="no rows", expected="a header and at least one row",
                        to_do="check that the export is whole")  # fmt: skip
    return sheet


def _read_parquet(path: Path, file: File) -> Sheet:
    with pa.memory_map(str(path)) as source:
        table = pq.read_table(source)
    refuse_twins(path, table.column_names)
    if any(pa.types.is_nested(f.type) for f in table.schema):
        return sheet_of_records(path.name, table.to_pylist(), list(range(1, len(table) + 1)), [], file)
    columns = {name: trimmed(_plain(table[name])) for name in table.column_names}
    return Sheet(path.name, pa.table(columns), np.arange(1, len(table) + 1))


def _plain(column: Any) -> Any:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.cast(kind.value_type)
    if pa.types.is_binary(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    return column.cast(pa.timestamp("us")) if pa.types.is_date(kind) else column


_READERS = {
    "csv": read_csv, "json": read_json, "jsonl": read_json_lines, "excel": read_excel, "parquet": _read_parquet
}  # fmt: skip


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
