"""Files into tables: CSV (also gzipped) and Parquet. Nothing is guessed: every CSV cell arrives as text."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.errors import DataError
from data.mapping import File
from data.sheets import Sheet

FIRST_ROW = {"csv": 2, "parquet": 1}
"""What a person calls the first row of data: line 2 of a CSV, row 1 of a Parquet table."""


_UNREADABLE = (
    pa.ArrowException, pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error, OSError, EOFError, zlib.error,
)  # fmt: skip


def read_table(path: Path, file: File) -> pd.DataFrame:
    """The rows of one file; `attrs` holds its name and the number of its first row.

    Raises DataError DQ001 if the file cannot be read, is empty, or has a header only.
    """
    kind = "parquet" if path.name.endswith(".parquet") else "csv"
    if not path.is_file():
        raise DataError(
            "DQ001", str(path), got="no such file", expected="a CSV (also .gz) or Parquet file", to_do="check the path"
        )
    try:
        table = pq.read_table(path).to_pandas() if kind == "parquet" else _read_csv(path, file)
    except _UNREADABLE as error:
        raise DataError("DQ001", str(path), got=_first_line(error), expected=f"a readable {kind} file") from error
    except UnicodeDecodeError as error:
        to_do = "set [file] encoding in the mapping, for example encoding = 'cp1252'"
        raise DataError("DQ001", str(path), got=f"bytes that are not {file.encoding}", to_do=to_do) from error
    if table.empty:
        raise DataError("DQ001", str(path), got="no rows", expected="a header and at least one row")
    table.attrs.update(file=path.name, first_row=FIRST_ROW[kind])
    return table


def _read_csv(path: Path, file: File) -> pd.DataFrame:
    with _opened(path) as stream, io.TextIOWrapper(stream, encoding=file.encoding, newline="") as text:
        table = pd.read_csv(text, sep=file.delimiter, dtype=str, keep_default_na=False, na_values=[""], engine="c")
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes what is too much on the left for row names
        raise pd.errors.ParserError("rows with more cells than the first line has names")
    return table


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes; a file object, because pandas given a name would also follow URLs."""
    with path.open("rb") as raw:
        if path.name.endswith(".gz"):
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield raw


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def read_sheet(path: Path, file: File) -> Sheet:
    """The same rows as a Sheet."""
    if path.name.endswith(".parquet") and path.is_file():
        try:
            table = pq.read_table(path)
        except _UNREADABLE as error:
            raise DataError("DQ001", str(path), got=_first_line(error), expected="a readable parquet file") from error
        first = FIRST_ROW["parquet"]
    else:
        frame = read_table(path, file)
        table, first = pa.Table.from_pandas(frame, preserve_index=False), frame.attrs["first_row"]
    columns = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        if pa.types.is_large_string(column.type) or pa.types.is_string(column.type):
            column = pc.utf8_trim_whitespace(column.cast(pa.string()))
            column = pc.if_else(pc.equal(column, ""), None, column)
        columns[name] = column
    return Sheet(path.name, pa.table(columns), np.arange(table.num_rows) + first)
