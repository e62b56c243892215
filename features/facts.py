"""All facts of a history: what changed in the contribution of each order, and from when that may be seen."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from data.history import Array, History
from data.part import settled_at
from data.side_by_side import side_by_side
from features import compiled, scan_facts
from features.contribution import N_MEASURES, in_cash

_change_of = compiled.compile_kernel(scan_facts.change_of)
_is_plain = compiled.compile_kernel(scan_facts.is_plain)
_make_facts = compiled.compile_kernel(
    scan_facts.make_facts, weigh=compiled.weigh, change_of=_change_of, is_plain=_is_plain
)

_COLUMNS = ("type", "happened_at", "known_at", "rank", "reason", "action", "voids", "version")
_SAMPLE = 1_000
"""Facts, about, whose median parts the halves that are sorted side by side."""
_PART = 200_000
"""Orders whose facts are made at once: room is made for more facts than there are."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Changes of contributions, sorted by visible_at (or by order, `facts_of`). key_row, order, change: (k,) 32 bits.
    change: the row of `everyone` and `buyer` (c, N_MEASURES), whole numbers; AMOUNT in orders."""

    key_row: Array
    order: Array
    visible_at: Array
    change: Array
    everyone: Array
    buyer: Array

    def between(self, first: int, last: int) -> "Facts":
        """Facts first to last - 1."""
        part = slice(first, last)
        rows = self.key_row[part], self.order[part], self.visible_at[part], self.change[part]
        return Facts(*rows, self.everyone, self.buyer)


def facts_of(history: History, since: int = 0, *, settled: bool = False) -> Facts:
    """Every fact of the history that becomes visible at `since` or later.

    settled: order by order instead of by time, that of which nothing was told for longest first. Where only the end
    counts, old orders may then be folded away and the rest added to them with the same result to the last bit.
    """
    is_cod = np.asarray(in_cash(history.orders["payment_method"]), dtype=bool)
    narrow = np.min_scalar_type(-int(np.diff(history.start).max(initial=1)) - 1)
    firsts = range(0, max(len(history), 1), _PART)
    parts = side_by_side([partial(_made, history, is_cod, (first, since), narrow) for first in firsts])
    *columns, tables = [list(some) for some in zip(*parts, strict=True)]
    del parts
    before = np.cumsum([0, *map(len, tables)])
    changes, row = np.unique(np.concatenate(tables), axis=0, return_inverse=True)
    rows = row.astype(np.int32)
    columns[3] = [rows[first + change] for first, change in zip(before[:-1], columns[3], strict=True)]
    when = settled_at(history)[np.concatenate(columns[1])] if settled else np.concatenate(columns[2])
    by_time = _by_time(when)
    key_row, order, visible_at, change = side_by_side([partial(_sorted, some, by_time) for some in columns])
    return Facts(key_row, order, visible_at, change, changes[:, :N_MEASURES], changes[:, N_MEASURES:])


def _by_time(when: Array) -> Array:
    """(k,) a stable order by `when`, each half of the facts sorted by a core of its own."""
    if not len(when):
        return np.empty(0, np.int64)
    early = when < np.median(when[:: max(len(when) // _SAMPLE, 1)])
    halves = [np.flatnonzero(half) for half in (early, ~early)]
    return np.concatenate(side_by_side([partial(_half_by_time, when, half) for half in halves]))


def _half_by_time(when: Array, half: Array) -> Array:
    sorted_: Array = half[np.argsort(when[half], kind="stable")]
    return sorted_


def _sorted(some: list[Array], by_time: Array) -> Array:
    """The pieces of a column in one, sorted; the pieces are let go, as there may be gigabytes of them."""
    whole: Array = np.concatenate(some)
    some.clear()
    return whole[by_time]


def _made(history: History, is_cod: Array, wanted: tuple[int, int], narrow: Any) -> list[Array]:
    """Columns of the facts of up to _PART orders, by order. wanted: the first order, and since when."""
    first, since = wanted
    last = min(first + _PART, len(history))
    start = history.start[first : last + 1]
    news = slice(start[0], start[-1]) if len(start) else slice(0, 0)
    room = 2 * (news.stop - news.start) + 1
    rows: list[Array] = [np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int64)]
    rows += [np.empty(room, np.int32)]
    changes, slots = np.empty((room, 2 * N_MEASURES), narrow), np.zeros(2 << int(room).bit_length(), np.int32)
    told = (history.news[name][news] for name in _COLUMNS)
    k, held = _make_facts(first, len(history), since, start, is_cod[first:last], *told, *rows, changes, slots)
    return [*(column[:k].copy() for column in rows), changes[:held].copy()]
