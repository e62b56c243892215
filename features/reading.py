"""Many orders read from the kept state at once: the kernel of `fold.py` over rows of numpy arrays.

A sum is moved and read exactly as `fold.add` and `fold.read` do it for one key (tests/parity/test_reading.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import orjson

from data.database import Connection
from data.history import Columns
from features.fold import GONE
from features.keys import SEPARATOR, Kind
from features.layout import Layout

Array: TypeAlias = np.ndarray[Any, Any]

_ONE_BY_ONE = 4  # keys up to which a statement for each is faster than one for all


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A layout as arrays: measure, slot (n_sums,); half_lives (n_half_lives,), 1 where a sum lasts forever."""

    layout: Layout
    measure: Array
    slot: Array
    half_lives: Array
    fades: Array

    @staticmethod
    def of(layout: Layout) -> "Plan":
        half_lives = np.array(layout.half_lives, dtype=np.int64)
        fades = half_lives != 0
        slot, measure = (np.array(column, dtype=np.int64) for column in (layout.slot, layout.measure))
        return Plan(layout, measure, slot, np.where(fades, half_lives, 1), fades)


@dataclass(frozen=True, slots=True)
class Taken:
    """What orders of the batch contribute themselves, for one kind of key: it is taken out before reading.

    rows: (m,) of the batch.  weights: (m, N_MEASURES).  placed_at: (m,) microseconds.
    """

    rows: Array
    weights: Array
    placed_at: Array


def key_texts(kind: Kind, orders: Columns) -> list[str | None]:
    """`keys.key_of` for each order of a table."""
    columns = [_texts(orders[name]) for name in kind.columns]
    if not columns:
        return [""] * len(orders["order_id"])
    if len(columns) == 1:
        return columns[0]
    return [None if None in parts else SEPARATOR.join(parts) for parts in zip(*columns, strict=True)]  # type: ignore[arg-type]


def _texts(column: Array) -> list[str | None]:
    values: list[Any] = column.tolist()
    if column.dtype == object:
        return values
    return [None if v == -1 else str(v) for v in values]


def sums_of(connection: Connection, plan: Plan, keys: list[str | None], at: Array, taken: Taken | None) -> Array:
    """(n, n_sums) every sum of one kind for each key, decayed to its moment; NaN where the key is missing.

    keys: (n,).  at: (n,) microseconds.
    """
    codes, distinct = _codes(keys)
    values, grid = _kept(connection, plan, distinct)
    values, grid = values[codes], grid[codes]
    if taken is not None:
        _take_out(values, grid, taken, plan)
    decay = 2.0 ** ((grid * plan.half_lives - at[:, None]) / plan.half_lives)
    out: Array = values * np.where(plan.fades, decay, 1.0)[:, plan.slot]
    out[codes < 0] = np.nan
    return out


def _codes(keys: list[str | None]) -> tuple[Array, list[str]]:
    """For each key its place among the distinct ones, -1 for a missing one."""
    places: dict[str, int] = {}
    codes = [-1 if key is None else places.setdefault(key, len(places)) for key in keys]
    return np.array(codes, dtype=np.int64), list(places)


def _kept(connection: Connection, plan: Plan, keys: list[str]) -> tuple[Array, Array]:
    """State of distinct keys, and one untouched row more that missing keys (-1) read."""
    n_grid, n_sums = len(plan.half_lives), len(plan.slot)
    grid = np.zeros((len(keys) + 1, n_grid), dtype=np.int64)
    values = np.zeros((len(keys) + 1, n_sums))
    found = _blobs(connection, plan.layout.kind, keys)
    if found:
        numbers = np.frombuffer(b"".join(found.values()), dtype="<i8").reshape(len(found), n_grid + n_sums)
        rows = list(found)
        grid[rows] = numbers[:, :n_grid]
        values[rows] = np.ascontiguousarray(numbers[:, n_grid:]).view("<f8")
    return values, grid


def _blobs(connection: Connection, kind: str, keys: list[str]) -> Mapping[int, bytes]:
    if len(keys) <= _ONE_BY_ONE:
        sql = "SELECT folded FROM state WHERE kind = ? AND key = ?"
        rows = ((i, connection.execute(sql, (kind, key)).fetchone()) for i, key in enumerate(keys))
        return {i: row[0] for i, row in rows if row is not None}
    sql = "SELECT asked.key, folded FROM json_each(?) AS asked JOIN state ON kind = ? AND state.key = asked.value"
    return dict(connection.execute(sql, (orjson.dumps(keys).decode(), kind)))


def _take_out(values: Array, grid: Array, taken: Taken, plan: Plan) -> None:
    """`fold.add` of the negated weights to the rows of the orders themselves, in place."""
    rows = taken.rows
    index = np.where(plan.fades, taken.placed_at[:, None] // plan.half_lives, 0)
    step = np.minimum(np.maximum(grid[rows] - index, GONE), 0)
    grid[rows] = np.maximum(grid[rows], index)
    ahead = (taken.placed_at[:, None] - grid[rows] * plan.half_lives) / plan.half_lives
    scale = np.where(plan.fades, 2.0 ** np.where(plan.fades, ahead, 0.0), 1.0)[:, plan.slot]
    values[rows] = np.ldexp(values[rows], step[:, plan.slot]) - taken.weights[:, plan.measure] * scale
