"""Which line of a CSV a row starts on, where blank lines and line breaks inside quotation marks make that a question."""

import csv
import io
from functools import partial
from typing import Any

import numpy as np

from data import compiled
from data.side_by_side import side_by_side

_CHUNK = 1 << 26
_PART = 1 << 24
_LF, _CR, _QUOTE = 10, 13, 34


class Lined:
    """The line breaks of a text, found once. buffer: its bytes as UTF-8.

    n_lines: lines an editor shows.  breaks_in_quotes: a quoted cell holds a line break.  unbalanced: an odd number of
    quotation marks.
    """

    def __init__(self, buffer: Any) -> None:
        self.buffer = buffer
        self._bytes = np.frombuffer(buffer, np.uint8)
        feeds, returns, quotes, feeds_inside, returns_inside = _counted(self._bytes)
        by_feed = feeds > 0 or returns == 0
        self._break = _LF if by_feed else _CR
        ends_open = len(self._bytes) > 0 and self._bytes[-1] != self._break
        self.n_lines = (feeds if by_feed else returns) + int(ends_open)
        self.unbalanced = quotes % 2 == 1
        self.breaks_in_quotes = (feeds_inside if by_feed else returns_inside) > 0

    def of_records(self, header_lines: int, n_records: int, delimiter: str) -> "np.ndarray[Any, Any]":
        """(n_records,) the line on which each row after the header starts; rows are what is not blank."""
        if header_lines + n_records == self.n_lines:
            return np.arange(header_lines + 1, self.n_lines + 1)
        lines = self._by_quotes(header_lines)
        if len(lines) != n_records:  # quotation marks in the middle of cells: read them as a reader does
            lines = _by_reading(self.buffer, header_lines, delimiter)
        return lines

    def _by_quotes(self, header_lines: int) -> "np.ndarray[Any, Any]":
        breaks = self._places(self._break)
        ends = breaks[~self._inside(breaks)]
        if not len(ends) or ends[-1] != len(self._bytes) - 1:
            ends = np.append(ends, len(self._bytes))
        starts = np.concatenate([[0], ends[:-1] + 1])
        lengths = ends - starts
        blank = (lengths == 0) | ((lengths == 1) & (self._bytes[np.minimum(starts, len(self._bytes) - 1)] == _CR))
        lines = np.searchsorted(breaks, starts) + 1
        return np.asarray(lines[~blank & (lines > header_lines)])

    def _inside(self, breaks: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        return np.asarray(np.searchsorted(self._places(_QUOTE), breaks) % 2 == 1)

    def _places(self, byte: int) -> "np.ndarray[Any, Any]":
        chunks = range(0, len(self._bytes), _CHUNK)
        return np.concatenate([np.flatnonzero(self._bytes[i : i + _CHUNK] == byte) + i for i in chunks])


def _counted(text: "np.ndarray[Any, Any]") -> tuple[int, int, int, int, int]:
    """Line feeds, carriage returns and quotation marks of a text; and how many of the first two stand inside quotes."""
    parts = [text[i : i + _PART] for i in range(0, len(text), _PART)]
    counts = np.zeros((len(parts), 5), dtype=np.int64)
    side_by_side([partial(compiled.count_breaks, *one) for one in zip(parts, counts, strict=True)])
    open_before = np.cumsum(counts[:, 2]) - counts[:, 2] & 1  # counted as if no quote were open where a part begins
    for breaks, inside in ((0, 3), (1, 4)):
        counts[:, inside] = np.where(open_before, counts[:, breaks] - counts[:, inside], counts[:, inside])
    feeds, returns, quotes, feeds_inside, returns_inside = counts.sum(axis=0).tolist()
    return feeds, returns, quotes, feeds_inside, returns_inside


def _by_reading(buffer: Any, header_lines: int, delimiter: str) -> "np.ndarray[Any, Any]":
    reader = csv.reader(_text(buffer), delimiter=delimiter)
    lines, line = [], 1
    for cells in reader:
        if cells and line > header_lines:
            lines.append(line)
        line = reader.line_num + 1
    return np.array(lines, dtype=np.int64)


def unclosed_quote(buffer: Any, delimiter: str) -> int | None:
    """The line on which a quoted cell begins that never ends, or None."""
    reader = csv.reader(_text(buffer), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            next(reader)
        except StopIteration:
            return None
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                return line
        line = reader.line_num + 1


def _text(buffer: Any) -> io.TextIOWrapper:
    csv.field_size_limit(1 << 30)
    return io.TextIOWrapper(io.BytesIO(memoryview(buffer)), encoding="utf-8", errors="replace", newline="")
