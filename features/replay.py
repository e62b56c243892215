"""Training's driver of the fold: a whole history through the kernel, in the order in which facts became visible.

What is read at an order's `placed_at` is its training row. Nothing later can leak: it has not been folded yet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.history import Array, History
from features import compiled, scan
from features.facts import Facts, facts_of
from features.key_codes import KeyCodes
from features.keys import KINDS
from features.layout import Layout, Readings, layouts
from features.link_replay import replay_links
from features.sources import Link, Sum

_run = compiled.compile_kernel(scan.run, add=compiled.add, read=compiled.read)

Progress = Callable[[str, int, int], None]
"""`progress(what, done, total)`"""


@dataclass(frozen=True, slots=True)
class KindState:
    """State of all keys of one kind after a replay: row i of values and grid belongs to keys[i]."""

    layout: Layout
    keys: list[str]
    values: Array
    grid: Array


def replay(history: History, sums: tuple[Sum | Link, ...], progress: Progress | None = None) -> Readings:
    """For each sum and link its value at each order's `placed_at`, orders as in the history; NaN where the key is missing."""
    facts, codes = facts_of(history), KeyCodes(history)
    readings: dict[Sum | Link, Array] = {}
    kinds = layouts(sums)
    for done, layout in enumerate(kinds.values()):
        if progress:
            progress(f"replay by {layout.kind}", done, len(kinds))
        out, _, _ = _scan(history, facts, layout, codes)
        readings |= {one: out[:, j] for j, one in enumerate(layout.sums)}
    readings |= replay_links(history, tuple(one for one in sums if isinstance(one, Link)), facts, codes)
    if progress:
        progress("replay", len(kinds), len(kinds))
    return readings


def final_state(history: History, sums: tuple[Sum | Link, ...]) -> list[KindState]:
    """The sums after every fact of the history: what the online store starts from."""
    facts, codes, states = facts_of(history), KeyCodes(history), []
    for layout in layouts(sums).values():
        _, values, grid = _scan(history, facts, layout, codes, read=False)
        states.append(KindState(layout, codes.texts(KINDS[layout.kind]), values, grid))
    return states


def _scan(
    history: History, facts: Facts, layout: Layout, codes: KeyCodes, *, read: bool = True
) -> tuple[Array, Array, Array]:
    kind = KINDS[layout.kind]
    key, n_keys = codes.of(kind)
    n = len(history) if read else 0
    out: np.ndarray[Any, Any] = np.empty((n, len(layout.sums)))
    values, grid = np.zeros((n_keys, len(layout.sums))), np.zeros((n_keys, len(layout.half_lives)), dtype=np.int64)
    at = history.orders["placed_at"][:n]  # orders are sorted by placed_at
    _run(
        key[:n],
        at,
        key[facts.key_row],
        facts.visible_at,
        facts.placed_at,
        np.arange(len(facts.key_row)),
        facts.buyer if kind.buyer else facts.everyone,
        values,
        grid,
        np.array(layout.measure),
        np.array(layout.slot),
        np.array(layout.half_lives),
        out,
    )
    return out, values, grid
