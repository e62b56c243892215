"""Times written in one fixed width, as 31-12-2025 18:05, read by their digits: whole columns at once.

For cells of which there is no doubt; whatever else may fit the format is left to pandas (`data/files/moments.py`).
"""

import re

import numpy as np

from data import compiled, digits
from data.files.codes import Array, Cells

_PARTS = re.compile(r"%[YymdHMSz]|[-/.:, T]")
_NUMBERS = ("%Y", "%y", "%m", "%d", "%H", "%M", "%S", "%z")
"""In the order of `data/digits.py`."""


def plain_times(cells: Cells, layout: str) -> tuple[Array, Array]:
    """(n,) moments, microseconds, and which cells are clearly such a time: every number in its full width, a day that
    exists. Without %z they are local ones, as if UTC. cells: text, none null."""
    found, fits = np.zeros(len(cells), dtype=np.int64), np.zeros(len(cells), dtype=bool)
    parts = _parts_of(layout)
    if parts is None or not len(cells):
        return found, fits
    what = [_NUMBERS.index(part) if part in _NUMBERS else ord(part) for part in parts]
    widths = [digits.WIDTHS[one] if part in _NUMBERS else 1 for one, part in zip(what, parts, strict=True)]
    at = np.cumsum(widths) - widths
    _, places, letters = cells.buffers()
    bounds = np.frombuffer(places, np.int32)[cells.offset : cells.offset + len(cells) + 1]
    text = np.frombuffer(letters or b"", np.uint8)
    compiled.read_times(bounds, text, sum(widths), np.array(what), at, found, fits)
    return found, fits


def _parts_of(layout: str) -> list[str] | None:
    """The numbers and signs of a layout; None if it has others than these, or tells no day."""
    parts = _PARTS.findall(layout)
    numbers = [part for part in parts if part in _NUMBERS]
    told = {part.replace("%y", "%Y") for part in numbers}
    plain = "".join(parts) == layout and len(told) == len(numbers)
    return parts if plain and {"%Y", "%m", "%d"} <= told else None
