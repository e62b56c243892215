"""Nested records (JSON, JSON lines, nested Parquet) into sheets: dotted columns, a row for each line item."""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from data.errors import DataError, Fault
from data.files.shaping import File
from data.files.sheets import Sheet, trimmed

_TO_DO = "mend the line, or pass --skip-bad-rows"


def read_json_lines(path: Path, file: File) -> Sheet:
    """One object a line; a row is known by its line. A line that is no object is a fault (DQ020) of the sheet."""
    records, rows, faults = [], [], []
    with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            text = line.strip(b" \t\r\n").removeprefix(b"\xef\xbb\xbf")
            if not text:
                continue
            try:
                record = orjson.loads(text)
            except orjson.JSONDecodeError:
                record = None
            if isinstance(record, dict):
                records.append(record)
                rows.append(number)
            else:
                faults.append(Fault("DQ020", path.name, number, "the line as a whole", f"{len(text)} bytes",
                                    "a JSON object", _TO_DO))  # fmt: skip
    if faults and not records:
        raise DataError("DQ001", str(path), got="no line that is a JSON object", expected="one object a line",
                        to_do="if it is one array, name the file .json")  # fmt: skip
    return sheet_of_records(path.name, records, rows, faults, file)


def read_json(path: Path, file: File) -> Sheet:
    """One array of objects, or an object that holds one under a single key; a row is known by its place in it."""
    with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
        text = stream.read().removeprefix(b"\xef\xbb\xbf")
    try:
        found = orjson.loads(text) if text.strip() else []
    except orjson.JSONDecodeError as error:
        raise DataError("DQ001", f"{path} line {error.lineno}", got="no JSON", expected="one array of objects",
                        to_do="if it has one object a line, name the file .jsonl") from error  # fmt: skip
    if isinstance(found, dict):
        arrays = [v for v in found.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
        found = arrays[0] if len(arrays) == 1 else None
    if not isinstance(found, list) or not all(isinstance(r, dict) for r in found):
        raise DataError("DQ001", str(path), got="JSON of another shape", expected="one array of objects",
                        to_do="write the orders as an array, or one a line in a .jsonl file")  # fmt: skip
    return sheet_of_records(path.name, found, list(range(1, len(found) + 1)), [], file)


def sheet_of_records(file_name: str, records: list[Any], rows: list[int], faults: list[Fault], file: File) -> Sheet:
    """Objects inside become columns named `outer.inner`; the array at `[file] path` becomes a row for each element.

    Other arrays of objects are kept as JSON text, arrays of plain values as text parted by commas.
    Raises DataError DQ002 if `path` names no array of objects.
    """
    flat: list[dict[str, Any]] = []
    numbers: list[int] = []
    seen_path = file.path is None
    for record, row in zip(records, rows, strict=True):
        whole = dict(_flattened(record, "", file.path))
        items = whole.pop(file.path, None) if file.path else None
        seen_path |= isinstance(items, list)
        for item in items if isinstance(items, list) and items else [{}]:
            inside = dict(_flattened(item, f"{file.path}.", None)) if isinstance(item, dict) else {}
            flat.append({**whole, **inside})
            numbers.append(row)
    if not seen_path:
        raise DataError("DQ002", f"{file_name}, [file] path {file.path!r}", got="no array of that name",
                        expected="the array that holds an order's lines", to_do="correct the path")  # fmt: skip
    return Sheet(file_name, _table(flat), np.array(numbers, dtype=np.int64), faults)


def _flattened(record: dict[str, Any], before: str, path: str | None) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            yield from _flattened(value, f"{name}.", path)
        elif isinstance(value, list) and name != path:
            plain = not any(isinstance(v, dict | list) for v in value)
            yield name, (", ".join(str(v) for v in value) if plain else json.dumps(value, default=str)) or None
        else:
            yield name, value


def _table(flat: list[dict[str, Any]]) -> Any:
    names = list(dict.fromkeys(name for row in flat for name in row))
    return table_of_cells({name: [row.get(name) for row in flat] for name in names})


def table_of_cells(columns: dict[str, list[Any]]) -> Any:
    """Columns of Python values as a table: one kind where all cells agree (whole and broken numbers do), else text."""
    return pa.table({name: trimmed(_column(cells)) for name, cells in columns.items()})


def _column(cells: list[Any]) -> Any:
    kinds = {type(cell) for cell in cells} - {type(None)}
    if kinds and kinds <= {int, float}:
        if float in kinds or any(cell is not None and abs(cell) >= 2**63 for cell in cells):
            return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
        return pa.array(cells, pa.int64())
    if kinds == {bool}:
        return pa.array(cells, pa.bool_())
    if kinds == {datetime}:
        zoned = {cell.tzinfo is not None for cell in cells if cell is not None}
        if len(zoned) == 1:
            return pa.array(cells, pa.timestamp("us", tz="UTC" if zoned == {True} else None))
    return pa.array([None if cell is None else _text(cell) for cell in cells], pa.string())


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return str(cell)
