"""CSV into sheets: all cells text, every row with the line number an editor shows."""

import codecs
import csv
import gzip
import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from data.errors import DataError
from data.files.codes import in_one_piece
from data.files.csv_lines import Lined, unclosed_quote
from data.files.encodings import likely_encodings
from data.files.shaping import File
from data.files.sheets import Sheet, cells_fault, header_names, trimmed, without_blank_rows
from data.side_by_side import side_by_side

DELIMITERS = ",;\t|"
_UTF8 = ("utf-8-sig", "utf-8", "utf8")
_BLOCK = 4 << 20
_HEAD = 1 << 20
_CHUNK = 1 << 24
_LAST_OF_ASCII = 127
_LARGEST_PIECE = 2**31 - 1
"""Bytes of text in one piece; a column with more stays in several until somebody asks for it."""


def read_csv(path: Path, file: File) -> Sheet:
    """One CSV, also gzipped.

    Raises DataError DQ001 for another encoding or delimiter, DQ021 for twin columns, and what pyarrow and gzip raise.
    """
    raw = bytes_of(path)
    buffer = _as_utf8(path, raw, file.encoding)
    delimiter = delimiter_of(path, file)
    cells, header_lines = header_of(path, buffer, file, delimiter)
    names = header_names(path, cells, header_lines)
    _refuse_one_column(path, cells, delimiter)
    lined = Lined(buffer)
    if lined.unbalanced and (line := unclosed_quote(buffer, delimiter)):
        raise DataError("DQ001", f"{path} row {line}", got="a quotation mark that is never closed",
                        expected="a closing quotation mark", to_do="mend that row")  # fmt: skip
    reading = _Reading(names, delimiter, header_lines, lined)
    try:
        table = reading.table(buffer)
    except pa.ArrowInvalid as error:  # its words may quote a buyer's row
        raise DataError("DQ001", str(path), got="text that is no CSV", expected=f"cells parted by {delimiter!r}",
                        to_do="set [file] delimiter in the mapping, or export the file again") from error  # fmt: skip
    numbers = lined.of_records(header_lines, len(table) + len(reading.odd), delimiter)
    places = np.array([number - header_lines - 1 for number, _ in reading.odd], dtype=np.int64)
    faults = [
        cells_fault(path.name, int(numbers[place]), cells, len(names))
        for place, (_, cells) in zip(places, reading.odd, strict=True)
        if cells
    ]
    pieces = {name: table[name] for name in names}
    del table  # each column makes room as soon as it is copied
    columns = dict(zip(names, side_by_side([partial(_trimmed_piece, pieces, name) for name in names]), strict=True))
    return without_blank_rows(Sheet(path.name, pa.table(columns), np.delete(numbers, places), faults))


def _trimmed_piece(pieces: dict[str, Any], name: str) -> Any:
    """A column taken out of `pieces` and trimmed; in one piece for those that ask for it again and again, as far as
    Arrow can count."""
    column = pieces.pop(name)
    return in_one_piece(trimmed(column)) if column.nbytes < _LARGEST_PIECE else trimmed(column)


class _Reading:
    """One file's way of being read. odd: (number, cells) of rows that do not fit; 0 cells for white space alone."""

    def __init__(self, names: list[str], delimiter: str, skip: int, lined: Lined) -> None:
        self.odd: list[tuple[int, int]] = []
        self.names, self.skip, self.lined = names, skip, lined
        self.parse = arrow_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=lined.breaks_in_quotes, invalid_row_handler=self._note
        )
        self.convert = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""],
            quoted_strings_can_be_null=True, check_utf8=False,
        )  # fmt: skip

    def _note(self, row: Any) -> str:
        self.odd.append((row.number or 0, row.actual_columns if row.text.strip() else 0))
        return "skip"

    def table(self, buffer: Any) -> Any:
        """The rows that fit; threads do not know the numbers of the others, so where there are any it is read again."""
        if self.lined.n_lines <= self.skip:  # pyarrow calls a file without rows too short
            return pa.table({name: pa.array([], pa.string()) for name in self.names})
        table = self._read(buffer, threads=True)
        if self.odd:
            self.odd.clear()
            table = self._read(buffer, threads=False)
        return table

    def _read(self, buffer: Any, threads: bool) -> Any:
        options = arrow_csv.ReadOptions(
            use_threads=threads, block_size=_BLOCK, column_names=self.names, skip_rows=self.skip
        )
        return arrow_csv.read_csv(pa.BufferReader(buffer), options, self.parse, self.convert)


def delimiter_of(path: Path, file: File) -> str:
    """As the mapping says; otherwise a tab in .tsv files and a comma in all others."""
    return file.delimiter or ("\t" if ".tsv" in path.suffixes else ",")


def bytes_of(path: Path) -> Any:
    """The bytes of a file, unpacked. A plain file is mapped into memory, not copied."""
    if path.name.lower().endswith(".gz"):
        with gzip.open(path) as packed:
            raw = pa.py_buffer(packed.read())
    else:
        raw = pa.memory_map(str(path)).read_buffer() if path.stat().st_size else pa.py_buffer(b"")
    if raw.size == 0:
        raise DataError("DQ001", str(path), got="an empty file", expected="a header and at least one row",
                        to_do="check that the export is whole")  # fmt: skip
    return raw


def _as_utf8(path: Path, raw: Any, encoding: str) -> Any:
    """The bytes as UTF-8 without a byte order mark."""
    try:
        if encoding.lower().replace("_", "-") not in _UTF8:
            return pa.py_buffer(raw.to_pybytes().decode(encoding).removeprefix("\ufeff").encode())
        head = raw[:_HEAD].to_pybytes()
        if b"\0" in head:  # UTF-16 is full of them, text never has one
            raise UnicodeDecodeError("utf-8", head, 0, 1, "zero bytes")
        _demand_utf8(raw)
    except UnicodeError as error:
        raise _wrong_encoding(path, raw, encoding) from error
    return raw.slice(3) if head.startswith(b"\xef\xbb\xbf") else raw


def _demand_utf8(raw: Any) -> None:
    """Raise UnicodeDecodeError if a byte is not of UTF-8; plain ASCII is only looked through."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, raw.size, _CHUNK):
        chunk = raw[start : start + _CHUNK]
        if decoder.getstate()[0] or np.frombuffer(chunk, np.uint8).max() > _LAST_OF_ASCII:
            decoder.decode(chunk.to_pybytes())
    decoder.decode(b"", final=True)


def _wrong_encoding(path: Path, raw: Any, encoding: str) -> DataError:
    fitting = [name for name in likely_encodings(raw) if name != encoding]
    told = f"it could be {', '.join(fitting[:4])}" if fitting else "no encoding that we know fits: is it text at all?"
    to_do = f"set [file] encoding in the mapping; {told}"
    return DataError("DQ001", str(path), got=f"bytes that are not {encoding}", expected="text in one encoding",
                     to_do=to_do)  # fmt: skip


def header_of(path: Path, buffer: Any, file: File, delimiter: str) -> tuple[list[str], int]:
    """The cells of the header, and how many lines of the file end with it. Blank lines before it do not count."""
    head = io.StringIO(buffer[:_HEAD].to_pybytes().decode(errors="replace"), newline="")
    for _ in range(file.header_row - 1):
        head.readline()
    reader = csv.reader(head, delimiter=delimiter)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            return cells, file.header_row - 1 + reader.line_num
    raise DataError("DQ001", str(path), got=f"no header from line {file.header_row} on", expected="a header",
                    to_do="set [file] header_row in the mapping")  # fmt: skip


def _refuse_one_column(path: Path, cells: list[str], delimiter: str) -> None:
    """A header in one cell that holds another delimiter was written with that one."""
    if len(cells) > 1:
        return
    for other in DELIMITERS:
        if other != delimiter and (n := cells[0].count(other)):
            to_do = f"set [file] delimiter = {json.dumps(other)} in the mapping"
            raise DataError("DQ001", f"{path}, first line", got=f"one column, with {n} of {json.dumps(other)} in its name",
                            expected=f"columns parted by {delimiter!r}", to_do=to_do)  # fmt: skip
