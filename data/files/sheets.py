"""Files into sheets: the rows of an export as written, column by column, nothing guessed."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import compiled
from data.errors import DataError, Fault

CELLS_TO_DO = "mend the row (a delimiter or line break inside a value needs quotation marks), or pass --skip-bad-rows"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one file as written.

    file: its name.  table: a pyarrow table of n rows, columns by the names in the file's header; text cells are
    trimmed and blank ones null; CSV cells are all text, other formats bring numbers, times and flags as they are.
    rows: (n,) the number a person finds each row by.  faults: rows that could not be read as rows at all.
    telling: 0; of orders that several rows of another file tell of (`data/files/joins.py`), which of those stands beside them.
    """

    file: str
    table: Any
    rows: "np.ndarray[Any, Any]"
    faults: list[Fault] = field(default_factory=list)
    telling: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def taken(self, kept: "np.ndarray[Any, Any]") -> "Sheet":
        """The rows that a mask or list of positions keeps."""
        positions = np.flatnonzero(kept) if kept.dtype == np.bool_ else kept
        return replace(self, table=self.table.take(pa.array(positions)), rows=self.rows[positions])


def trimmed(column: Any) -> Any:
    """A text column without white space at the ends, blanks null; other columns as they are."""
    if not pa.types.is_string(column.type):
        return column
    if not _may_end_in_space(column):  # most columns do not: looking is ten times faster than trimming
        blank = pc.equal(pc.binary_length(column), 0)
        return pc.if_else(blank, None, column) if pc.any(blank).as_py() else column
    bare = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(pc.binary_length(bare), 0), None, bare)


def _may_end_in_space(column: Any) -> bool:
    """Whether a cell begins or ends with a byte that is, or may be a part of, white space."""
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        _, places, letters = chunk.buffers()
        if letters is None or not letters.size or not len(chunk):
            continue
        bounds = np.frombuffer(places, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        if compiled.may_end_in_space(bounds, np.frombuffer(letters, np.uint8)):
            return True
    return False


def refuse_twins(path: Path, names: list[str], row: int = 1) -> None:
    """Refuse a header that gives two columns one name (DQ021): which of them is meant?"""
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        places = ", ".join(str(i + 1) for i, name in enumerate(names) if name == twins[0])
        shown = f"a name of {len(twins[0])} characters in columns {places}"  # without a head row it is a buyer's data
        raise DataError("DQ021", f"{path} row {row}", got=shown, expected="a name of its own for each column",
                        to_do="rename the columns in the file, or set [file] header_row in the mapping")  # fmt: skip


def header_names(path: Path, cells: list[Any], row: int) -> list[str]:
    """Names of the columns: trimmed text; a blank one is called by its place, as `column 3`."""
    texts = [" ".join(str(c).split()) if c is not None else "" for c in cells]
    names = [text or f"column {i}" for i, text in enumerate(texts, 1)]
    refuse_twins(path, names, row)
    return names


def without_blank_rows(sheet: Sheet) -> Sheet:
    """Rows with nothing in any cell are blank lines written with delimiters: no rows."""
    empty = np.ones(len(sheet), dtype=bool)
    for column in sheet.table.columns:
        empty &= pc.is_null(column).to_numpy()
        if not empty.any():
            return sheet
    return sheet.taken(~empty)


def cells_fault(file: str, row: int, got: int, expected: int) -> Fault:
    """A row with more or fewer cells than the header has names."""
    return Fault("DQ020", file, row, "the row as a whole", f"{got} cells", f"{expected} cells, as in the header",
                 CELLS_TO_DO)  # fmt: skip
