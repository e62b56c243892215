"""How the sums of a catalog lie in a key's state, and the readings of one moment: a column for each sum."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from features.sources import Link, Sum

Readings: TypeAlias = Mapping[Sum | Link, np.ndarray[Any, Any]]
"""For each sum and link its value for each order, NaN where the order lacks the key."""


@dataclass(frozen=True)
class Layout:
    """The state of one kind of key: sums[j] is measure[j] with half-life half_lives[slot[j]]."""

    kind: str
    sums: tuple[Sum, ...]
    measure: tuple[int, ...]
    slot: tuple[int, ...]
    half_lives: tuple[int, ...]

    @cached_property
    def measures(self) -> frozenset[int]:
        """Which measures it sums."""
        return frozenset(self.measure)

    def empty(self) -> tuple[list[float], list[int]]:
        """State of a key that nothing has touched: values and grid."""
        return [0.0] * len(self.sums), [0] * len(self.half_lives)


def layouts(sums: Iterable[Sum | Link]) -> dict[str, Layout]:
    """One layout for each kind of key, sums in the order given; links have none."""
    by_kind: dict[str, list[Sum]] = {}
    for one in sums:
        if isinstance(one, Sum):
            by_kind.setdefault(one.key, []).append(one)
    return {kind: _layout(kind, tuple(own)) for kind, own in by_kind.items()}


def _layout(kind: str, sums: tuple[Sum, ...]) -> Layout:
    half_lives = tuple(sorted({s.half_life for s in sums}))
    slot = tuple(half_lives.index(s.half_life) for s in sums)
    return Layout(kind, sums, tuple(int(s.measure) for s in sums), slot, half_lives)
