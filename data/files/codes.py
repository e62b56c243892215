"""A column of cells by its distinct values: what is slow to say about a cell is said once for each of them."""

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.files.distinct import Distinct, numbered

Cells: TypeAlias = Any
"""A pyarrow array: the cells of one column as a file holds them, null where empty. mypy does not know its type."""

Array: TypeAlias = np.ndarray[Any, Any]


def distinct(cells: Cells) -> Distinct:
    """The distinct values of a column in order of first appearance; lists and tables go by how they are written."""
    found = encoded(cells)
    return Distinct(found.dictionary.to_pylist(), codes_of(found))


def encoded(cells: Cells) -> Cells:
    """A column dictionary-encoded, each value once, by first appearance."""
    try:
        return cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    except pa.ArrowNotImplementedError:
        texts = [None if v is None else str(v) for v in cells.to_pylist()]
        return pa.array(texts, pa.string()).dictionary_encode()


def in_one_piece(column: Cells) -> Cells:
    """A column as one pyarrow array; copied only if it comes in several pieces."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def codes_of(cells: Cells) -> Array:
    """(n,) which of its distinct values, by first appearance, each cell of a column holds; -1 where it is null."""
    return np.asarray(pc.fill_null(encoded(cells).indices, -1)).astype(np.int64)


def pairs(left: Array, right: Array) -> tuple[Array, Array]:
    """Distinct pairs of whole numbers >= 0: (n,) the code of each row's pair, and (k,) a row where each pair stands."""
    return numbered(left * (int(right.max(initial=0)) + 1) + right)


def last_rows(codes: Array) -> Array:
    """(k,) the last row of each code 0..k-1; every code stands somewhere."""
    rows = np.empty(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    rows[codes] = np.arange(len(codes))
    return rows


def texts_of(codes: Array, values: list[str | None]) -> Cells:
    """A dictionary-encoded column of texts, each text once: `values[codes]`, null where the code is -1 or the value
    None. The order of first appearance in `values` is kept."""
    place: dict[str, int] = {}
    moved = [-1 if v is None else place.setdefault(v, len(place)) for v in values]
    indices = np.array([*moved, -1], dtype=np.int32)[codes]
    return pa.DictionaryArray.from_arrays(
        pa.array(indices, pa.int32(), mask=indices < 0), pa.array(list(place), pa.string())
    )
