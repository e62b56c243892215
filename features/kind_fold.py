"""The fold of one kind of key over a timeline, a part of the orders at a time."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from data.history import Array
from features import compiled, scan
from features.contribution import Measure
from features.fold import FOREVER
from features.keys import KINDS
from features.layout import Layout
from features.opening import Begun, begun_kind
from features.snapshot import Held, Prefix, columns_of, first_met, put_back
from features.timeline import Timeline

_run = compiled.compile_kernel(scan.run, soon=compiled.soon)
_LINE = 8
"""Numbers of 64 bits in a line of the processor's cache."""


@dataclass(frozen=True, slots=True)
class KindState:
    """State of all keys of one kind after a replay: row i of values and grid belongs to keys[i]."""

    layout: Layout
    keys: list[str]
    values: Array
    grid: Array

    @property
    def kind(self) -> str:
        """As its rows of state are called."""
        return self.layout.kind

    def packed(self) -> tuple[Array, Array, None]:
        """Which keys anything has touched, and of each its row as `store.pack` has it."""
        touched = np.flatnonzero(self.values.any(axis=1))
        rows = self.grid[touched], np.ascontiguousarray(self.values[touched]).view(np.int64)
        return touched, np.concatenate(rows, axis=1), None

    def and_also(self, others: Begun) -> "KindState":
        """With keys that none of these orders has."""
        values, grid = (np.concatenate(pair) for pair in zip((self.values, self.grid), others.columns, strict=True))
        return KindState(self.layout, self.keys + others.keys, values, grid)


class KindFold:
    """The sums of one kind of key, folded as far as asked. Its state lies by half-life, as the kernel goes over it."""

    def __init__(self, timeline: Timeline, layout: Layout) -> None:
        self.layout, self._timeline = layout, timeline
        key, n_keys = timeline.codes.of(KINDS[layout.kind])
        self._key = key
        self._column = np.argsort(layout.slot, kind="stable")
        measure = np.array(layout.measure)[self._column]
        self._begin = np.searchsorted(np.sort(layout.slot), np.arange(len(layout.half_lives) + 1)).astype(np.uint64)
        self._adds = self._added(measure)
        self._state = _rows(n_keys, len(layout.sums) + len(layout.half_lives))
        self._values = self._state[:, : len(layout.sums)]
        self._grid = self._state.view(np.int64)[:, len(layout.sums) :]
        self._folded = 0
        codes, here, self._others = begun_kind(timeline.history.opening, layout).split(self._texts())
        self._values[codes], self._grid[codes] = here.columns[0][:, self._column], here.columns[1]

    def _texts(self) -> list[str]:
        """Keys of this history by code, where something is to be found under them."""
        return [] if self._timeline.history.opening is None else self._timeline.codes.texts(KINDS[self.layout.kind])

    def read(self, first: int, last: int) -> Array:
        """(n_sums, last - first) what orders `first` to `last - 1` read; nothing is folded that none of them sees."""
        out = np.empty((len(self.layout.sums), last - first))
        self._go(first, last, self._timeline.facts_before(self._timeline.moment_of(last)), out)
        return out

    def saved(self, prefix: Prefix) -> dict[str, Array]:
        """The state after the orders of the prefix are read, keys as they first stand in its key rows."""
        return columns_of(self._parts(), first_met(self._key, prefix))

    def resume(self, held: Held) -> None:
        """Go on from a saved state."""
        put_back(self._parts(), first_met(self._key, held.prefix), held.state)
        self._folded = self._timeline.facts_before(held.prefix.moment)

    def _parts(self) -> dict[str, Array]:
        return {"value": self._values, "grid": self._grid}

    def state(self) -> KindState:
        """After all facts."""
        n, layout = len(self._timeline), self.layout
        self._go(n, n, len(self._timeline.facts.visible_at), np.empty((len(layout.sums), 0)))
        values: np.ndarray[Any, Any] = np.empty_like(self._values)
        values[:, self._column] = self._values
        state = KindState(layout, self._timeline.codes.texts(KINDS[layout.kind]), values, self._grid)
        return state if not self._others.keys else state.and_also(self._others)

    def _added(self, measure: Array) -> tuple[Array, ...]:
        """What each change adds, as `scan.run` has it: told, place, weight, is_money. measure: (n_sums,) by half-life."""
        facts = self._timeline.facts
        changes = facts.buyer if KINDS[self.layout.kind].buyer else facts.everyone
        weights = changes[:, measure].astype(np.float64)
        told = np.concatenate([[0], np.cumsum(np.count_nonzero(weights, axis=1))])
        place = np.nonzero(weights)[1]
        return told.astype(np.uint64), place.astype(np.uint64), weights[weights != 0], measure == Measure.AMOUNT

    def _go(self, first: int, last: int, until: int, out: Array) -> None:
        time, facts, state = self._timeline, self._timeline.facts, self._state.reshape(-1)
        lives = [-1 if h == FOREVER else time.half_lives.index(h) for h in self.layout.half_lives]
        _run(
            first, last, self._folded, until, self._key, time.amount, time.index.reshape(-1), time.up.reshape(-1), time.seen,
            facts.key_row, facts.order, facts.change, *self._adds, self._state, state, state.view(np.int64),
            self._begin, np.array(lives), np.sort(self.layout.slot).astype(np.uint64), self._column.astype(np.uint64), out,
        )  # fmt: skip
        self._folded = until


def _rows(n_keys: int, width: int) -> Array:
    """(n_keys, width) zeros, at the start of a line of the processor's cache: a row then lies in as few as may be."""
    room = np.zeros(n_keys * width + _LINE)
    first = -(room.ctypes.data // room.itemsize) % _LINE
    return room[first : first + n_keys * width].reshape(n_keys, width)
