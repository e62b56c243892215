"""Serving's driver of the fold: the same state, kept in the database, one row for each key.

A write adds the change of one order's contribution to its keys; a read decays the keys of one order to the moment
asked, its own contribution taken out first (the fold is linear), so that a second score does not see itself.
"""

import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from data.errors import DataError
from data.history import Columns, Told
from data.keeping.database import Connection, get_meta, set_meta
from data.keeping.journal import as_table
from data.keeping.kept_state import Pair, keep_state, state_of
from features.asked_keys import AskedKeys
from features.contribution import N_MEASURES, Contribution, Measure, contribution, in_cash
from features.fold import add
from features.held import Held, held_by, taken_out
from features.keys import KINDS, key_of
from features.layout import Layout, Names, Readings, Table, layouts
from features.link_store import (
    LINKS,
    LinkMove,
    Place,
    declare,
    kept_links,
    link_moves,
    links_of,
    moved_set,
    read_links,
)
from features.links import Named, named
from features.one_order import FOREVER, resolve
from features.reading import Array, Plan, read_all
from features.reading_few import FEW, Asking, read_few
from features.sources import Link, Sum

_META = "sums"
_NOTHING = Contribution((0.0,) * N_MEASURES, (0.0,) * N_MEASURES, 0)

Move: TypeAlias = tuple[tuple[float, ...], int]
"""Weights that are added to a key, and the moment they age from."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one order contributes now, the columns (its corrected place included) whose keys hold it, and under what
    it was ever named."""

    said: Contribution
    columns: dict[str, Any]
    placed_at: int
    named: Named

    def weights(self, kind: str) -> tuple[float, ...]:
        return self.said.buyer if KINDS[kind].buyer else self.said.everyone

    def place(self) -> Place:
        """What it says to links."""
        return Place(self.named, self.columns, self.placed_at, self.said)

    def key(self, kind: str) -> str | None:
        """The key of this kind that holds it."""
        return key_of(KINDS[kind], self.columns)


def standing(columns: dict[str, Any], told: list[Told]) -> Standing:
    """The contribution of an order as kept, from all of its news."""
    resolved = resolve(told)
    is_cod = in_cash(columns["payment_method"])
    said = contribution(is_cod=is_cod, amount_minor=columns["amount_minor"], news=resolved.news, before=FOREVER)
    version = said.address_version
    place = resolved.corrected[version - 1] if version else {}
    moment, places = placed_at(columns, told), dict(enumerate(resolved.corrected, start=1))
    names = named(columns, moment, resolved.news, places, before=FOREVER)
    return Standing(said, {**columns, **place} if place else columns, moment, names)


def placed_at(columns: dict[str, Any], told: list[Told]) -> int:
    """When the order was placed, for the fold: never after we were told of it, whatever the caller's clock says."""
    return min([int(columns["placed_at"]), *(t.known_at for t in told if t.type == "placed")])


class Store:
    """The state of one pool's keys. `connection` may be a writer's or a reader's."""

    def __init__(self, connection: Connection, declared: "tuple[str, str] | None" = None) -> None:
        """declared: as of `declared_at`, where it was read at the same moment."""
        self.connection = connection
        kept = _kept_by(*(declared or declared_at(connection)[1:]))
        self.layouts: Mapping[str, Layout] = kept.layouts
        self.links: tuple[Link, ...] = kept.asking.links
        self._names, self._asking, self._measures = kept.names, kept.asking, kept.measures

    def require(self, sums: tuple[Sum | Link, ...]) -> None:
        """Raises DataError STATE001 if a sum or link is not kept: the state was built for another catalog."""
        if missing := self._names.made(sums, lambda kept: [one for one in sums if one not in kept.place]):
            kept = self._names.names
            got = f"no {missing[0].measure.name.lower()} by {missing[0].key}" if kept else "no state"
            raise DataError(
                "STATE001", "online state", got=got, expected="every sum of the model", to_do="rto state rebuild"
            )

    def change(self, before: Standing | None, after: Standing) -> None:
        """`change_all` of one order."""
        self.change_all([(before, after)])

    def change_all(self, changes: Iterable[tuple[Standing | None, Standing]]) -> None:
        """Add the change of each order's contribution: its old weights leave their keys, its new ones enter theirs. So
        do its values in the links. Every row is read once and written once, however many orders move it."""
        moves: dict[Pair, list[Move]] = {}
        links: dict[Pair, list[LinkMove]] = {}
        for before, after in changes:
            if before == after:  # half of all news: a parcel that is on its way moves nothing
                continue
            self._moves(before, after, moves)
            link_moves(self.links, None if before is None else before.place(), after.place(), links)
        kept = state_of(self.connection, [*moves, *links])
        keep_state(
            self.connection,
            {pair: self._moved(pair, kept.get(pair), own) for pair, own in moves.items()}
            | {pair: moved_set(kept.get(pair), own) for pair, own in links.items()},
        )

    def _moves(self, before: Standing | None, after: Standing, moves: dict[Pair, list[Move]]) -> None:
        """What one order's change adds to which keys."""
        was = _NOTHING if before is None else before.said
        change = _less(after.said, was)
        moment = after.placed_at if before is None else before.placed_at
        stays = moment == after.placed_at and (before is None or before.columns == after.columns)
        changed = {True: _measures_of(change.buyer), False: _measures_of(change.everyone)}
        for kind, is_buyers, measures in self._measures:
            if stays or (before is not None and moment == after.placed_at and before.key(kind) == after.key(kind)):
                if not changed[is_buyers].isdisjoint(measures):
                    _move(kind, is_buyers, after, change, moves)
            else:
                _move(kind, is_buyers, before or after, _less(_NOTHING, was), moves)
                _move(kind, is_buyers, after, after.said, moves)

    def _moved(self, pair: Pair, kept: bytes | None, moves: list[Move]) -> bytes:
        """A row of state with these added."""
        layout = self.layouts[pair[0]]
        values, grid = layout.empty() if kept is None else unpack(kept, layout)
        for weights, moment in moves:
            add(values, grid, weights, moment, layout.measure, layout.slot, layout.half_lives)
        return pack(values, grid)

    def readings(self, order: dict[str, Any], at: int, own: Standing | None = None) -> Readings:
        """Every kept sum and link for one order at the moment `at`, as columns of length one; NaN where the key is missing.

        own: what this very order contributes, if it was placed before.
        """
        moment = np.array([at], dtype=np.int64)
        if own is None and self._asking.plan.sums:
            return self._of_few([[order[name]] for name in self._asking.columns], moment)
        return self.readings_of(as_table([order]), moment, None if own is None else held_by({0: own}))

    def readings_of(self, orders: Columns, at: Array, own: Held | None = None) -> Readings:
        """The same for a table of orders, each at its own moment. own: what some of these very orders contribute."""
        plan = self._asking.plan
        if (own is None or not len(own)) and len(at) <= FEW and plan.sums:
            return self._of_few([orders[name].tolist() for name in self._asking.columns], at)
        keys = AskedKeys(orders)
        if own is None or not len(own):
            read, links = read_all(self.connection, plan, keys, at), read_links(self.connection, self.links, keys)
        else:
            under = own.under(orders)
            read = read_all(self.connection, plan, keys, at, taken_out(plan, own, under))
            links = read_links(self.connection, self.links, keys, own, under)
        return Table(self._names, np.column_stack([read, *(links[one] for one in self.links)]))

    def _of_few(self, told: list[list[Any]], at: Array) -> Readings:
        return Table(self._names, read_few(self.connection, self._asking, told, at))


def _less(one: Contribution, other: Contribution) -> Contribution:
    """The weights of one less those of the other."""
    everyone = tuple(a - b for a, b in zip(one.everyone, other.everyone, strict=True))
    return Contribution(everyone, tuple(a - b for a, b in zip(one.buyer, other.buyer, strict=True)), 0)


def _measures_of(weights: tuple[float, ...]) -> set[int]:
    return {m for m, weight in enumerate(weights) if weight}


def _move(
    kind: str, is_buyers: bool, one: Standing, said: Contribution, moves: dict[Pair, list[Move]]
) -> None:  # fmt: skip
    weights = said.buyer if is_buyers else said.everyone
    if any(weights) and (key := one.key(kind)) is not None:
        moves.setdefault((kind, key), []).append((weights, one.placed_at))


@dataclass(frozen=True, slots=True, eq=False)
class _KeptBy:
    """What follows from the sums and links that a state was built for. names: what a table of readings holds: the sums as
    the plan has them, then the links."""

    layouts: dict[str, Layout]
    names: Names
    asking: Asking
    measures: list[tuple[str, bool, frozenset[int]]]


@lru_cache(maxsize=4)
def _kept_by(text: str, links: str) -> _KeptBy:
    own = layouts(_sums_of(text))
    asking = Asking.of(Plan.of(own), links_of(links))
    measures = [(kind, KINDS[kind].buyer, layout.measures) for kind, layout in own.items()]
    return _KeptBy(own, Names((*asking.plan.sums, *asking.links)), asking, measures)


def declared_at(connection: Connection) -> tuple[int, str, str]:
    """The newest news's sequence number, 0 without any, and which sums and links the state was built for, as text: in one
    question, for it is asked with every order."""
    row = connection.execute(_DECLARED, (_META, LINKS)).fetchone()
    return int(row[0]), row[1] or "[]", row[2] or "[]"


_DECLARED = """SELECT (SELECT COALESCE(MAX(seq), 0) FROM news), (SELECT value FROM meta WHERE name = ?),
(SELECT value FROM meta WHERE name = ?)"""


def _sums_of(text: str) -> tuple[Sum, ...]:
    return tuple(Sum(key, Measure(measure), half_life) for key, measure, half_life in json.loads(text))


def pack(values: Iterable[float], grid: Iterable[int]) -> bytes:
    """A key's state as bytes: grid indexes, then values; little-endian, 8 bytes each."""
    grid, values = list(grid), list(values)
    return struct.pack(f"<{len(grid)}q{len(values)}d", *grid, *values)


def unpack(blob: bytes, layout: Layout) -> tuple[list[float], list[int]]:
    """The inverse of `pack`: values, grid."""
    n = len(layout.half_lives)
    numbers = struct.unpack(f"<{n}q{len(layout.sums)}d", blob)
    return list(numbers[n:]), list(numbers[:n])


def stored_sums(connection: Connection) -> tuple[Sum | Link, ...]:
    """The sums and links the state was built for; none before the first build."""
    return (*_sums_of(get_meta(connection, _META) or "[]"), *kept_links(connection))


def reset(connection: Connection, sums: tuple[Sum | Link, ...]) -> None:
    """Forget all state and declare which sums and links are kept from now on. Call within a transaction."""
    connection.execute("DELETE FROM state")
    kept = [[one.key, int(one.measure), one.half_life] for one in sums if isinstance(one, Sum)]
    set_meta(connection, _META, json.dumps(kept))
    declare(connection, (one for one in sums if isinstance(one, Link)))
