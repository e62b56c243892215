"""A first look at a file nobody has seen: how it is written, and what its columns hold."""

import csv
import io
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.csv_sheet import DELIMITERS, bytes_of
from data.drafting.dates import Dates, dates_of
from data.drafting.words import spoken
from data.emails import email_of
from data.encodings import likely_encodings
from data.errors import DataError, masked
from data.reading import kind_of, read_sheet
from data.shaping import File
from data.sheets import Sheet

_HEAD_LINES = 30
_PHONE = re.compile(r"\+?[\d\s().-]{8,18}")
_PERSONAL_SHARE = 0.5
_GLANCE = 2_000


def file_of(path: Path) -> File:
    """Encoding, delimiter and header row of a CSV as they show in its bytes; other files need none."""
    if not path.is_file() or kind_of(path) != "csv":
        return File()
    raw = bytes_of(path)
    encoding = next(iter(likely_encodings(raw)), None)
    if encoding is None:
        raise DataError("DQ001", str(path), got="bytes of no encoding that we know", expected="a file of text",
                        to_do="open it where it was made and save it as CSV UTF-8")  # fmt: skip
    text = raw[: 1 << 20].to_pybytes().decode(encoding, errors="ignore")
    lines = [line for line in text.splitlines()[:_HEAD_LINES] if line.strip()]
    delimiter = max(DELIMITERS, key=lambda d: _usual_width(lines, d))
    width = _usual_width(lines, delimiter)
    header = next((i for i, line in enumerate(text.splitlines(), 1) if _width(line, delimiter) >= width), 1)
    return File(delimiter=None if delimiter == "," else delimiter, encoding=encoding, header_row=header)


def _usual_width(lines: list[str], delimiter: str) -> int:
    widths = sorted(_width(line, delimiter) for line in lines)
    return widths[len(widths) // 2] if widths else 0


def _width(line: str, delimiter: str) -> int:
    return sum(1 for cell in next(csv.reader(io.StringIO(line), delimiter=delimiter), []) if cell.strip())


def sheet_of(path: Path) -> tuple[Sheet, File]:
    """A file read as it seems to be written, the array of an order's lines unfolded."""
    file = file_of(path)
    sheet = read_sheet(path, file)
    nested = [n for n in sheet.table.column_names if _is_array_of_objects(sheet.table[n])]
    if kind_of(path) != "csv" and nested:
        file = file.model_copy(update={"path": nested[0]})
        sheet = read_sheet(path, file)
    return sheet, file


def _is_array_of_objects(column: Any) -> bool:
    if not pa.types.is_string(column.type):
        return False
    return any(str(cell).startswith("[{") for cell in pc.drop_null(column).slice(0, 50).to_pylist())


@dataclass(frozen=True, eq=False)
class Look:
    """One column: its name, its cells as told, and what they look like."""

    name: str
    column: Any

    @cached_property
    def words(self) -> str:
        """The header as plain words."""
        return spoken(self.name)

    @cached_property
    def counts(self) -> "pd.Series[Any]":
        """Distinct cells, the commonest first, and how many rows hold each."""
        counted = pc.drop_null(self.column).value_counts()
        cells = counted.field("values").to_pylist()
        found = pd.Series(counted.field("counts").to_numpy(zero_copy_only=False), index=pd.Index(cells, dtype=object))
        return found.sort_values(ascending=False, kind="stable")

    @cached_property
    def texts(self) -> "pd.Series[Any]":
        """Distinct cells as text, whole numbers without '.0'."""
        plain = [str(int(v)) if isinstance(v, float) and v.is_integer() else str(v).strip() for v in self.counts.index]
        return pd.Series(plain, dtype="string")

    @cached_property
    def some(self) -> "pd.Series[Any]":
        """The commonest distinct cells: enough to tell what a column looks like."""
        return self.texts.head(_GLANCE)

    @property
    def n(self) -> int:
        return len(self.column)

    @property
    def n_blank(self) -> int:
        return int(self.column.null_count)

    @property
    def n_distinct(self) -> int:
        return len(self.counts)

    @cached_property
    def dates(self) -> Dates | None:
        if pa.types.is_timestamp(self.column.type):
            return Dates(["ISO8601"], False, 1.0)
        return dates_of(self.texts) if pa.types.is_string(self.column.type) else None

    @cached_property
    def number_share(self) -> float:
        """Share of the distinct cells that are numbers, with a point or a comma, and a currency sign or none."""
        return self.share(r"(?:[A-Za-z₹$€£.]{0,4}\s?)?[+-]?\d[\d.,\s]*(?:\s?[₹$€£A-Z]{1,3})?")

    @cached_property
    def comma_share(self) -> float:
        """Share of the distinct cells that are numbers with a decimal comma, as 1.499,00."""
        return self.share(r"\D{0,4}[+-]?\d{1,3}(?:[. ]?\d{3})*,\d{1,2}\D{0,4}")

    @cached_property
    def pin_share(self) -> float:
        return self.share(r"'?[1-9]\d{2} ?\d{3}(?:\.0)?")

    @cached_property
    def phone_share(self) -> float:
        numbers = self.some[self.some.str.fullmatch(_PHONE).fillna(False).astype(bool)]
        digits = numbers.str.replace(r"\D", "", regex=True).str.len()
        return float(((digits >= 9) & (digits <= 15)).sum() / max(1, len(self.some)))

    @cached_property
    def email_share(self) -> float:
        return sum(email_of(t) is not None for t in self.some) / max(1, len(self.some))

    def share(self, pattern: str) -> float:
        """Share of the distinct cells that a pattern fits whole."""
        return float(self.some.str.fullmatch(pattern).fillna(False).mean()) if len(self.some) else 0.0

    @property
    def personal(self) -> bool:
        """Do the cells look like somebody's? Then they are shown masked."""
        if self.phone_share > _PERSONAL_SHARE and self.dates is None and self.number_share < 1:
            return True
        wordy = self.some.str.contains(r"[^\W\d]", regex=True).mean() if len(self.some) else 0
        many = self.n_distinct > max(20, 0.2 * (self.n - self.n_blank))
        return self.email_share > 0.1 or self.phone_share > 0.8 or (wordy > 0.5 and many and self.dates is None)

    def examples(self, personal: bool | None = None) -> str:
        """Two or three cells as a comment shows them: masked if personal, or if they look so and nothing is known."""
        hidden = self.personal if personal is None else personal
        told = [masked(t) if hidden else repr(t)[:40] for t in map(str, self.texts.iloc[:3])]
        return ", ".join(dict.fromkeys(told)) or "always blank"


def looks_of(sheet: Sheet) -> list[Look]:
    """Every column of a sheet."""
    return [Look(name, sheet.table[name]) for name in sheet.table.column_names]
