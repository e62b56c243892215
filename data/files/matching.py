"""Rows of Arrow tables that have the same key, and rows in the order of their text: exact, at compiled speed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import compiled
from data.files.codes import in_one_piece
from data.side_by_side import side_by_side

Array = np.ndarray[Any, Any]

_PARTS, _FEW = 2, 50_000
"""Fewer rows are not worth a thread."""


@dataclass(frozen=True, slots=True)
class Keys:
    """A key for each of n rows: scope (n,), a code of the columns whose values repeat; and a text, as Arrow keeps it
    (offsets (n + 1,), letters)."""

    scope: Array
    offsets: Array
    letters: Array


def keys_of(tables: Sequence[Any], scope: tuple[str, ...], text: str) -> Keys:
    """Keys of the rows of several tables, one table below the other. A missing text is an empty one."""
    whole = pa.concat_tables([table.select([*scope, text]) for table in tables], promote_options="permissive")
    code = np.zeros(len(whole), dtype=np.int64)
    for name in scope:
        own, values = coded(whole[name])
        code = code * (len(values) + 1) + own + 1
    return Keys(code, *letters_of(whole[text]))


def coded(column: Any) -> tuple[Array, list[Any]]:
    """Whole-number codes (n,) of an Arrow column, -1 where missing, and the values they stand for, sorted."""
    encoded = in_one_piece(column).dictionary_encode()
    order = pc.array_sort_indices(encoded.dictionary)
    rank = np.empty(len(order) + 1, dtype=np.int64)
    rank[order], rank[-1] = np.arange(len(order)), -1
    codes = encoded.indices.fill_null(len(order)).to_numpy(zero_copy_only=False)
    return rank[codes], encoded.dictionary.take(order).to_pylist()


def letters_of(column: Any) -> tuple[Array, Array]:
    """Offsets (n + 1,) and UTF-8 bytes of an Arrow column of text."""
    whole = in_one_piece(column.cast(pa.large_string()))
    _, offsets, letters = whole.buffers()
    if len(whole) == 0:
        return np.frombuffer(bytes(8), dtype=np.int64), np.frombuffer(b"", dtype=np.uint8)
    bounds = np.frombuffer(offsets, dtype=np.int64)[whole.offset : whole.offset + len(whole) + 1]
    return bounds, np.frombuffer(letters or b"", dtype=np.uint8)


def first_of_each(keys: Keys) -> Array:
    """(n,) the first row with the same key: its own row where the key is new."""
    first = np.empty(len(keys.scope), dtype=np.int64)
    _in_parts(keys, first, None)
    return first


def matches(keys: Keys, held: int) -> Array:
    """For each row after the first `held`: the first of those with the same key, -1 where there is none."""
    found = np.empty(len(keys.scope) - held, dtype=np.int64)
    _in_parts(keys, np.empty(held, dtype=np.int64), found)
    return found


def _in_parts(keys: Keys, first: Array, found: Array | None) -> None:
    """Index the first rows, and find the others among them: on two cores, by parts that share no key."""
    n = len(keys.scope)
    parts = _PARTS if n > _FEW else 1
    numbers = np.empty(n, dtype=np.int64)
    edges = np.linspace(0, n, parts + 1).astype(np.int64).tolist()
    plain = (keys.scope, keys.offsets, keys.letters)
    side_by_side([partial(compiled.number_keys, a, *plain, numbers[a:b]) for a, b in pairwise(edges)])

    held = np.bincount(numbers[: len(first)] & (parts - 1), minlength=parts).tolist()

    def one(part: int) -> None:
        slots = np.full(1 << max(2 * held[part], 1).bit_length(), -1, dtype=np.int64)
        compiled.index_keys(part, parts, numbers, *plain, slots, first)
        if found is not None:
            compiled.find_keys(part, parts, len(first), numbers, *plain, slots, found)

    side_by_side([partial(one, part) for part in range(parts)])


def grouped(group: Array, n: int) -> tuple[Array, Array]:
    """(start (n + 1,), rows): the rows of group g are rows[start[g]:start[g + 1]]; those of group -1 are left out."""
    start = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(group[group >= 0], minlength=n), out=start[1:])
    rows = np.empty(start[-1], dtype=np.int64)
    compiled.group_rows(group, start, rows)
    return start, rows


def sort_within(start: Array, rows: Array, at: Array, keys: Keys) -> Array:
    """`rows` with each part rows[start[p]:start[p + 1]] sorted by (at, scope, text)."""
    out = rows.copy()
    compiled.sort_parts(start, out, at, keys.scope, keys.offsets, keys.letters)
    return out
