"""Columns of cells into columns of values: whole columns where their cells are plain, the parsers of
`data/files/parsing.py` once for each distinct cell where they are not. Equal to parsing every cell by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.files.codes import Array, Cells, distinct, pairs, texts_of
from data.files.parsing import Parse, Unfit, plain_text

_PLAIN_NUMBER = r"^[+-]?\d+(\.\d+)?$"
_EXACT = 2.0**53
_SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class Values:
    """A column as read. values: (n,) a text column, or float64 with NaN where missing.

    rows: (m,) the rows whose cell does not fit, ascending; unfits and cells: why, and what stands there.
    """

    values: Any
    rows: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    unfits: Sequence[Unfit] = ()
    cells: Sequence[Any] = ()


def numbers(cells: Cells, fits: Callable[[Array], Array], parsers: list[Parse], kinds: Array | None) -> Values:
    """A column of numbers. fits: takes the plain numbers (n,) as written and gives their values, NaN for each that is
    not clearly good; those and all cells that are not plain numbers are parsed one by one."""
    values = fits(_plain_numbers(cells))
    rest = np.flatnonzero(np.isnan(values) & np.asarray(pc.is_valid(cells)))
    if not len(rest):
        return Values(values)
    codes, parsed, raw = _parsed(cells.take(pa.array(rest)), parsers, None if kinds is None else kinds[rest])
    found = np.array([np.nan if isinstance(v, Unfit) else v for v in parsed], dtype=np.float64)
    values[rest] = found[codes]
    return Values(values, *_refused(rest, codes, parsed, raw))


def money_fits(unit: str, factors: Array | float) -> Callable[[Array], Array]:
    """Plain amounts in minor units. factors: how many minor units the major one of each row's currency has."""

    def fits(written: Array) -> Array:
        minor = np.rint(written * factors) if unit == "major" else written
        good = (written >= 0) & (minor <= _EXACT) & (minor == np.rint(minor))
        return np.where(good, minor + 0.0, np.nan)  # -0.0 is 0.0

    return fits


def count_fits(written: Array) -> Array:
    return np.where((written >= 0) & (written == np.rint(written)) & np.isfinite(written), written, np.nan)


def texts(cells: Cells, parsers: list[Parse], kinds: Array | None) -> Values:
    """A column of words or codes, dictionary-encoded: each distinct pair of cell and parser is parsed once."""
    codes, parsed, raw = _parsed(cells, parsers, kinds)
    words = texts_of(codes, [None if isinstance(v, Unfit) else v for v in parsed])
    return Values(words, *_refused(np.arange(len(cells)), codes, parsed, raw))


def plain_texts(cells: Cells) -> Values:
    """A column of free text; a whole number read as a float loses its '.0'."""
    kind = cells.type
    if pa.types.is_integer(kind):
        return Values(cells.cast(pa.string()))
    if not pa.types.is_string(kind):
        return texts(cells, [plain_text], None)
    ending = pc.fill_null(pc.ends_with(cells, ".0"), False)
    if not pc.any(ending).as_py():
        return Values(cells)
    bare = texts(cells.filter(ending), [plain_text], None).values.cast(pa.string())
    return Values(pc.replace_with_mask(cells, ending, bare))


def _plain_numbers(cells: Cells) -> Array:
    """(n,) float64 of the cells that are plain numbers, infinite ones too, NaN for all others."""
    kind = cells.type
    if pa.types.is_string(kind):
        numeric = _cast_texts(cells)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        numeric = cells.cast(pa.float64(), safe=False)
    else:
        return np.full(len(cells), np.nan)
    return np.asarray(pc.fill_null(numeric, np.nan))


def _cast_texts(cells: Cells) -> Cells:
    """Texts as numbers, null where they are none. Arrow's cast takes all cells or none, and failing is slow: a sample
    says whether to try."""
    sample = cells.take(pa.array(np.linspace(0, len(cells) - 1, min(_SAMPLE, len(cells))).astype(np.int64)))
    if pc.all(pc.match_substring_regex(sample, _PLAIN_NUMBER)).as_py() is not False:
        try:
            return cells.cast(pa.float64())
        except pa.ArrowInvalid:  # one of them is not as the sample is
            pass
    plain = pc.match_substring_regex(cells, _PLAIN_NUMBER)
    return pc.if_else(plain, cells, None).cast(pa.float64())


def _parsed(cells: Cells, parsers: list[Parse], kinds: Array | None) -> tuple[Array, list[Any], list[Any]]:
    """codes (n,), and what each code's parser makes of its cell: a value or an Unfit; -1 is an empty cell."""
    seen = distinct(cells)
    if kinds is None or len(parsers) == 1:
        return seen.coded, [_attempt(parsers[0], v) for v in seen.values], seen.values
    codes, rows = pairs(seen.coded + 1, kinds)
    raw = [seen.values[c] if c >= 0 else None for c in seen.coded[rows].tolist()]
    asked = zip(raw, kinds[rows].tolist(), strict=True)
    parsed = [None if cell is None else _attempt(parsers[kind], cell) for cell, kind in asked]
    return np.where(seen.coded < 0, -1, codes), parsed, raw


def _attempt(parse: Parse, cell: Any) -> Any:
    try:
        return parse(cell)
    except Unfit as unfit:
        return unfit


def _refused(rows: Array, codes: Array, parsed: list[Any], raw: list[Any]) -> tuple[Array, list[Unfit], list[Any]]:
    bad = np.array([*(isinstance(v, Unfit) for v in parsed), False], dtype=bool)[codes]
    told = codes[bad].tolist()
    return rows[bad], [parsed[c] for c in told], [raw[c] for c in told]
