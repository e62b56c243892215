"""Where scored orders go: a CSV that a spreadsheet may open, a Parquet file, or rows for JSON. A file appears whole."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from data.errors import UsageError

_FORMULA = r"^[=+\-@\t\r]"


class Sink(Protocol):
    """Takes tables of the same columns, one after the other."""

    def add(self, table: pa.Table) -> None: ...


class Rows:
    """Keeps the orders as dicts, for JSON."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, table: pa.Table) -> None:
        self.rows += table.to_pylist()


class Csv:
    """CSV with lists joined by `; `, and no text that a spreadsheet would take for a formula."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out, self.header = out, True

    def add(self, table: pa.Table) -> None:
        options = pc_csv.WriteOptions(include_header=self.header, quoting_style="needed")
        pc_csv.write_csv(pa.table({name: _cells(table[name]) for name in table.column_names}), self.out, options)
        self.header = False


class Parquet:
    """A Parquet file; reasons and warnings stay lists."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out = out
        self.writer: Any = None

    def add(self, table: pa.Table) -> None:
        self.writer = self.writer or pq.ParquetWriter(self.out, table.schema)
        self.writer.write_table(table)


def _cells(column: Any) -> Any:
    """A column as CSV cells."""
    if pa.types.is_list(column.type):
        column = pc.binary_join(column, "; ")
    if not pa.types.is_string(column.type):
        return column
    risky = pc.fill_null(pc.match_substring_regex(column, _FORMULA), False)
    return pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column)


@contextmanager
def sink_of(out: Path | None) -> Iterator[Sink]:
    """The sink of an output file by its ending; without a file, CSV on stdout. Half a file is never left behind.

    Raises UsageError SCORE003 for an ending that is neither .csv nor .parquet.
    """
    if out is None:
        yield Csv(sys.stdout.buffer)
        sys.stdout.flush()
        return
    if out.suffix not in (".csv", ".parquet"):
        raise UsageError(
            "SCORE003",
            "--out",
            got=out.name,
            expected="a file ending in .csv or .parquet",
            to_do="end the name in one of them",
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            sink = Csv(file) if out.suffix == ".csv" else Parquet(file)
            yield sink
            if isinstance(sink, Parquet) and sink.writer is not None:
                sink.writer.close()
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
