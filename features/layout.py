"""How the sums of a catalog lie in a key's state, and the readings of one moment: a column for each sum."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np

from features.sources import Link, Sum

T = TypeVar("T")
Array: TypeAlias = np.ndarray[Any, Any]
Readings: TypeAlias = Mapping[Sum | Link, Array]
"""For each sum and link its value for each order, NaN where the order lacks the key."""


_MOST_MADE = 64


class Names:
    """The names of a table's columns, and what was once worked out from them: looking names up at each order would cost
    more than the order."""

    def __init__(self, names: Sequence[Sum | Link]) -> None:
        self.names = tuple(names)
        self.place: dict[Sum | Link, int] = {one: place for place, one in enumerate(self.names)}
        self._made: dict[Any, tuple[Any, Any]] = {}

    def made(self, key: Any, make: Callable[["Names"], T]) -> T:
        """`make` of these names, made once for each `key`, an object that is told by what it is, not by what it says."""
        found = self._made.get(id(key))
        if found is None or found[0] is not key:
            if len(self._made) >= _MOST_MADE:
                self._made.clear()
            found = self._made[id(key)] = (key, make(self))
        return cast(T, found[1])

    def places(self, wanted: tuple[Sum | Link, ...]) -> Array:
        """Columns of some of them. Raises KeyError if one is not there."""
        return self.made(wanted, lambda own: np.array([own.place[one] for one in wanted], dtype=np.int64))


class Table(Mapping[Sum | Link, Array]):
    """Readings side by side. values: (n, k), a column for each name; never changed."""

    __slots__ = ("columns", "found", "names")

    def __init__(self, names: Names, values: Array) -> None:
        self.names, self.columns = names, values
        self.found: dict[Any, dict[str, Array]] = {}

    def __getitem__(self, one: Sum | Link) -> Array:
        return cast(Array, self.columns[:, self.names.place[one]])

    def __iter__(self) -> Iterator[Sum | Link]:
        return iter(self.names.names)

    def __len__(self) -> int:
        return len(self.names.names)


def side_by_side(readings: Readings, wanted: tuple[Sum | Link, ...]) -> Array:
    """(n, k) some readings, a column for each. wanted: not empty, and the same object at each call."""
    if isinstance(readings, Table):
        return cast(Array, readings.columns[:, readings.names.places(wanted)])
    return np.column_stack([readings[one] for one in wanted])


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


def largest(readings: Readings, name: Callable[[Sum | Link], str | None]) -> dict[str, Array]:
    """For each name (n,) the largest of the readings that `name` gives it, NaN where they all are; None: left out.

    name: the same function at each call.
    """
    if isinstance(readings, Table):
        if name not in readings.found:
            readings.found[name] = _largest_of(readings, name)
        return readings.found[name]
    found: dict[str, list[Array]] = {}
    for one, values in readings.items():
        if (called := name(one)) is not None:
            found.setdefault(called, []).append(values)
    return {called: np.asarray(np.fmax.reduce(values)) for called, values in found.items()}


def _largest_of(table: Table, name: Callable[[Sum | Link], str | None]) -> dict[str, Array]:
    columns, starts, names = table.names.made(name, lambda own: _runs(own.names, name))
    if not names:
        return {}
    return dict(zip(names, np.fmax.reduceat(table.columns[:, columns], starts, axis=1).T, strict=True))


def _runs(told: Sequence[Sum | Link], name: Callable[[Sum | Link], str | None]) -> tuple[Array, Array, list[str]]:
    """Places of what has a name, those of one name side by side; where each name's begin; the names."""
    places: dict[str, list[int]] = {}
    for place, one in enumerate(told):
        if (called := name(one)) is not None:
            places.setdefault(called, []).append(place)
    starts = [0, *accumulate(map(len, places.values()))][:-1]
    every = [place for own in places.values() for place in own]
    return np.array(every, dtype=np.int64), np.array(starts, dtype=np.int64), list(places)
