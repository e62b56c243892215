"""The opening balance as the state that a fold begins with: its rows in the layout of today's sums."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.history import Array
from data.keeping.opening import Opening
from features.contribution import Measure
from features.fold import read
from features.layout import Layout, layouts
from features.link_store import unpack
from features.links import EMPTY, ROOM
from features.sources import Distinct, Link, Sum


@dataclass(frozen=True, slots=True)
class Begun:
    """Rows of an opening balance for one kind of key or link. columns: arrays (m, k), a row for each key."""

    keys: list[str]
    columns: tuple[Array, ...]

    def split(self, texts: Sequence[str]) -> tuple[Array, "Begun", "Begun"]:
        """Which of a history's keys (`texts`, by code) have a row, those rows in that order, and the rows of other keys."""
        place = {text: code for code, text in enumerate(texts)} if self.keys else {}
        codes = np.array([place.get(key, -1) for key in self.keys], dtype=np.int64)
        return codes[codes >= 0], self._where(codes >= 0), self._where(codes < 0)

    def _where(self, mask: Array) -> "Begun":
        keys = [self.keys[i] for i in np.flatnonzero(mask).tolist()]
        return Begun(keys, tuple(column[mask] for column in self.columns))


def sums_of(opening: Opening) -> tuple[Sum | Link, ...]:
    """What an opening balance knows. A sum that came into the catalog later begins with the orders that are left."""
    sums = (Sum(key, Measure(measure), half_life) for key, measure, half_life in opening.about["sums"])
    links = (Link(key, Distinct(measure)) for key, measure in opening.about["links"])
    return (*sums, *links)


def begun_kind(opening: Opening | None, layout: Layout) -> Begun:
    """columns: values (m, n_sums) and grid (m, n_half_lives), as `layout` has them."""
    held = () if opening is None else opening.rows.get(layout.kind, ())
    values, grid = (
        np.zeros((len(held), len(layout.sums))),
        np.zeros((len(held), len(layout.half_lives)), dtype=np.int64),
    )
    if opening is not None and held:
        was = layouts(one for one in sums_of(opening) if isinstance(one, Sum))[layout.kind]
        width = len(was.half_lives)
        numbers = np.frombuffer(b"".join(folded for _, folded in held), dtype="<i8").reshape(len(held), -1)
        kept = np.ascontiguousarray(numbers[:, width:]).view("<f8")
        for j, one in enumerate(layout.sums):
            if one in was.sums:
                values[:, j] = kept[:, was.sums.index(one)]
        for h, half_life in enumerate(layout.half_lives):
            if half_life in was.half_lives:
                grid[:, h] = numbers[:, was.half_lives.index(half_life)]
    return Begun([key for key, _ in held], (values, grid))


def begun_link(opening: Opening | None, link: Link) -> Begun:
    """columns: slots and weights (m, ROOM)."""
    held = () if opening is None else opening.rows.get(link.kind, ())
    slots, weights = np.full((len(held), ROOM), EMPTY), np.zeros((len(held), ROOM), dtype=np.int64)
    for i, (_, folded) in enumerate(held):
        slots[i], weights[i] = unpack(folded)
    return Begun([key for key, _ in held], (slots, weights))


def begun_value(opening: Opening | None, one: Sum, key: str, at: int) -> float:
    """A sum of one key as the opening balance has it, decayed to the moment `at`."""
    layout, out = layouts((one,))[one.key], [0.0]
    begun = begun_kind(opening, layout)
    if key in begun.keys:
        values, grid = (column[begun.keys.index(key)] for column in begun.columns)
        read(values, grid, at, layout.slot, layout.half_lives, out)
    return float(out[0])


def begun_values(opening: Opening | None, link: Link, key: str) -> set[int]:
    """The values that stand in a link's set of one key."""
    begun = begun_link(opening, link)
    if key not in begun.keys:
        return set()
    slots, weights = (column[begun.keys.index(key)].tolist() for column in begun.columns)
    return {value for value, weight in zip(slots, weights, strict=True) if value != EMPTY and weight > 0}
