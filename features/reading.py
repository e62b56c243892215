"""Many orders read from the kept state at once: the kernel of `fold.py` over rows of numpy arrays.

A sum is moved and read exactly as `fold.add` and `fold.read` do it for one key (tests/parity/test_reading.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, TypeAlias

import numpy as np
import orjson

from data.keeping.asked import array, asked
from data.keeping.database import Connection, is_sqlite
from features.asked_keys import AskedKeys
from features.fold import FOREVER, GONE
from features.layout import Layout
from features.sources import Sum

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Every layout of a state side by side, as arrays.

    sums: (s,) all of them.  measure, slot: (s,) which measure, and which of the half-lives.
    half_lives, fades: (h,) microseconds, 1 where a sum lasts forever.  grids, values: each kind's own columns.
    kind_of: (s,) place among `kinds`.  grid_places, value_places: of rows as kept, of all kinds laid end to end.
    nothing: a row of each kind that nothing has touched, as bytes.
    """

    kinds: tuple[str, ...]
    sums: tuple[Sum, ...]
    measure: Array
    slot: Array
    half_lives: Array
    fades: Array
    grids: tuple[slice, ...]
    values: tuple[slice, ...]
    kind_of: Array
    grid_places: Array
    value_places: Array
    nothing: tuple[bytes, ...]

    @staticmethod
    def of(layouts: Mapping[str, Layout]) -> "Plan":
        every = list(layouts.values())
        grids, values = _slices([len(one.half_lives) for one in every]), _slices([len(one.sums) for one in every])
        slot = [grid.start + s for one, grid in zip(every, grids, strict=True) for s in one.slot]
        half_lives = np.array([h for one in every for h in one.half_lives], dtype=np.int64)
        fades = half_lives != FOREVER
        return Plan(
            tuple(layouts),
            tuple(one for layout in every for one in layout.sums),
            np.array([m for one in every for m in one.measure], dtype=np.int64),
            np.array(slot, dtype=np.int64),
            np.where(fades, half_lives, 1),
            fades,
            grids,
            values,
            *_end_to_end(grids, values),
        )


def _end_to_end(grids: Sequence[slice], values: Sequence[slice]) -> tuple[Array, Array, Array, tuple[bytes, ...]]:
    """kind_of, grid_places, value_places and nothing of a plan: a row is kept as its grid, then its values."""
    kind_of, grid_places, value_places = list[int](), list[int](), list[int]()
    nothing, begins = list[bytes](), 0
    for kind, (grid, value) in enumerate(zip(grids, values, strict=True)):
        wide, many = grid.stop - grid.start, value.stop - value.start
        grid_places += range(begins, begins + wide)
        value_places += range(begins + wide, begins + wide + many)
        kind_of += [kind] * many
        nothing.append(bytes(8 * (wide + many)))
        begins += wide + many
    kinds, grid_at, values_at = (np.array(one, dtype=np.int64) for one in (kind_of, grid_places, value_places))
    return kinds, grid_at, values_at, tuple(nothing)


def _slices(widths: list[int]) -> tuple[slice, ...]:
    ends = list(accumulate(widths, initial=0))
    return tuple(slice(a, b) for a, b in pairwise(ends))


@dataclass(frozen=True, slots=True)
class Taken:
    """What orders of the batch contribute themselves: it is taken out before reading.

    rows: (m,) of the batch.  placed_at: (m,) microseconds.  weights: (m, s) of each sum.  held: (m, h) do they stand
    under the key that is read?
    """

    rows: Array
    placed_at: Array
    weights: Array
    held: Array


def read_all(connection: Connection, plan: Plan, keys: AskedKeys, at: Array, taken: Taken | None = None) -> Array:
    """(n, s) every sum for each order, decayed to its moment; NaN where the key is missing. at: (n,) microseconds."""
    n = len(at)
    values, grid = np.zeros((n, len(plan.sums))), np.zeros((n, len(plan.half_lives)), dtype=np.int64)
    found = [keys.of(kind) for kind in plan.kinds]
    kept = blobs_of(connection, plan.kinds, [distinct for _, distinct in found])
    for i, (codes, distinct) in enumerate(found):
        if kept[i].places:
            numbers = _numbers(kept[i], len(distinct) + 1, plan.grids[i], plan.values[i])[codes]
            width = plan.grids[i].stop - plan.grids[i].start
            grid[:, plan.grids[i]] = numbers[:, :width]
            values[:, plan.values[i]] = np.ascontiguousarray(numbers[:, width:]).view("<f8")
    if taken is not None:
        _take_out(values, grid, taken, plan)
    out = decayed(values, grid, plan, at)
    for i, (codes, _) in enumerate(found):
        if (codes < 0).any():
            out[codes < 0, plan.values[i]] = np.nan
    return out


def decayed(values: Array, grid: Array, plan: Plan, at: Array) -> Array:
    """(n, s) sums (n, s) on their grid (n, h), at the moments (n,)."""
    decay = 2.0 ** ((grid * plan.half_lives - at[:, None]) / plan.half_lives)
    read: Array = values * np.where(plan.fades, decay, 1.0)[:, plan.slot]
    return read


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept under some of the keys asked for: their places among them, and the bytes of each."""

    places: list[int]
    blobs: list[bytes]


def _numbers(kept: Kept, n: int, grid: slice, values: slice) -> Array:
    """(n, grid and values) state of distinct keys as kept; 0 where nothing is kept, and for the last: a missing key."""
    width = grid.stop - grid.start + values.stop - values.start
    numbers = np.zeros((n, width), dtype="<i8")
    numbers[kept.places] = np.frombuffer(b"".join(kept.blobs), dtype="<i8").reshape(-1, width)
    return numbers


def blobs_of(connection: Connection, kinds: Sequence[str], keys: list[list[str]]) -> list[Kept]:
    """For each kind, what is kept under its keys."""
    if not is_sqlite(connection):
        return _of_server(connection, kinds, keys)
    if sum(map(len, keys)) > _FEW:
        return [_of_many(connection, kind, own) for kind, own in zip(kinds, keys, strict=True)]
    wanted = [(i, place, kind, key) for i, kind in enumerate(kinds) for place, key in enumerate(keys[i])]
    sql = (
        "SELECT asked.value ->> 0, asked.value ->> 1, folded FROM json_each(?) AS asked "
        "JOIN state ON kind = asked.value ->> 2 AND state.key = asked.value ->> 3"
    )
    found = [Kept([], []) for _ in kinds]
    for i, place, blob in connection.execute(sql, (orjson.dumps(wanted).decode(),)):
        found[i].places.append(place)
        found[i].blobs.append(blob)
    return found


_FEW = 1_000  # keys: up to so many, one statement for all kinds is quicker than one for each
_MANY = "SELECT asked.rowid - 1, folded FROM {} JOIN state ON kind = ? AND key = asked.value"
_ON_SERVER = """SELECT asked.rowid - 1, folded FROM unnest(?::text[], ?::text[]) WITH ORDINALITY AS asked (kind, key, rowid)
INNER JOIN state USING (kind, key)"""


def _of_many(connection: Connection, kind: str, keys: list[str]) -> Kept:
    if not keys:
        return Kept([], [])
    sql = _MANY.format(asked(connection))
    rows: list[Any] = connection.execute(sql, (array(connection, keys), kind)).fetchall()
    return Kept([place for place, _ in rows], [blob for _, blob in rows])


def _of_server(connection: Connection, kinds: Sequence[str], keys: list[list[str]]) -> list[Kept]:
    """One question for all kinds: each is a journey."""
    wanted = [(i, place) for i, own in enumerate(keys) for place in range(len(own))]
    names = [kind for kind, own in zip(kinds, keys, strict=True) for _ in own]
    found = [Kept([], []) for _ in kinds]
    if wanted:
        for row, blob in connection.execute(_ON_SERVER, (names, [key for own in keys for key in own])):
            i, place = wanted[row]
            found[i].places.append(place)
            found[i].blobs.append(blob)
    return found


def _take_out(values: Array, grid: Array, taken: Taken, plan: Plan) -> None:
    """`fold.add` of the negated weights to the rows of the orders themselves, in place."""
    rows, held = taken.rows, taken.held & plan.fades
    index = np.where(held, taken.placed_at[:, None] // plan.half_lives, 0)
    step = np.minimum(np.maximum(grid[rows] - index, GONE), 0)
    grid[rows] = np.maximum(grid[rows], index)
    ahead = (taken.placed_at[:, None] - grid[rows] * plan.half_lives) / plan.half_lives
    scale = np.where(held, 2.0 ** np.where(held, ahead, 0.0), 1.0)[:, plan.slot]
    values[rows] = np.ldexp(values[rows], step[:, plan.slot]) - taken.weights * scale
