"""Serving's driver of the fold: the same state, kept in the database, one row for each key.

A write adds the change of one order's contribution to its keys; a read decays the keys of one order to the moment
asked, its own contribution taken out first (the fold is linear), so that a second score does not see itself.
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from data.database import Connection, get_meta, set_meta
from data.errors import DataError
from data.history import Columns, Told
from data.journal import as_table
from data.kept_state import have_at_hand, keep_state, load_rows, state_of
from features.asked_keys import AskedKeys
from features.contribution import N_MEASURES, Contribution, Measure, contribution, in_cash
from features.fold import add
from features.held import Held, Under, held_by
from features.keys import KINDS, key_of
from features.layout import Layout, Names, Readings, Table, layouts
from features.link_store import Place, change_links, declare, kept_links, links_of, links_text, read_links
from features.links import Named, named
from features.one_order import FOREVER, resolve
from features.reading import Array, Plan, Taken, read_all
from features.reading_few import FEW, read_few
from features.sources import Link, Sum

_META = "sums"
_NOTHING = Contribution((0.0,) * N_MEASURES, (0.0,) * N_MEASURES, 0)


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
    return Standing(said, {**columns, **place}, moment, named(columns, moment, resolved.news, places, before=FOREVER))


def placed_at(columns: dict[str, Any], told: list[Told]) -> int:
    """When the order was placed, for the fold: never after we were told of it, whatever the caller's clock says."""
    return min([int(columns["placed_at"]), *(t.known_at for t in told if t.type == "placed")])


class Store:
    """The state of one pool's keys. `connection` may be a writer's or a reader's."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._text = get_meta(connection, _META) or "[]"
        self.layouts: Mapping[str, Layout] = _layouts_of(self._text)
        links = links_text(connection)
        self.links: tuple[Link, ...] = links_of(links)
        self._names = _names_of(self._text, links)

    def require(self, sums: tuple[Sum | Link, ...]) -> None:
        """Raises DataError STATE001 if a sum or link is not kept: the state was built for another catalog."""
        if missing := self._names.made(sums, lambda kept: [one for one in sums if one not in kept.place]):
            kept = self._names.names
            got = f"no {missing[0].measure.name.lower()} by {missing[0].key}" if kept else "no state"
            raise DataError(
                "STATE001", "online state", got=got, expected="every sum of the model", to_do="rto state rebuild"
            )

    def change(self, before: Standing | None, after: Standing) -> None:
        """Add the change of one order's contribution: its old weights leave their keys, its new ones enter theirs.
        So do its values in the links."""
        have_at_hand(self.connection, self._rows_of(before, after))
        change_links(self.connection, self.links, None if before is None else before.place(), after.place())
        for kind, layout in self.layouts.items():
            old = None if before is None else key_of(KINDS[kind], before.columns)
            new = key_of(KINDS[kind], after.columns)
            was = _NOTHING.buyer if before is None else before.weights(kind)
            now = after.weights(kind)
            if before is None or (old, before.placed_at) == (new, after.placed_at):
                self._add(layout, new, tuple(b - a for a, b in zip(was, now, strict=True)), after.placed_at)
            else:
                self._add(layout, old, tuple(-a for a in was), before.placed_at)
                self._add(layout, new, now, after.placed_at)

    def _rows_of(self, *standings: Standing | None) -> Iterator[tuple[str, str]]:
        """Kind and key of every sum that orders may move."""
        for one in filter(None, standings):
            for kind in self.layouts:
                if (key := key_of(KINDS[kind], one.columns)) is not None:
                    yield kind, key

    def _add(self, layout: Layout, key: str | None, weights: tuple[float, ...], moment: int) -> None:
        if key is None or not any(weights):
            return
        values, grid = self._state(layout, key)
        add(values, grid, weights, moment, layout.measure, layout.slot, layout.half_lives)
        keep_state(self.connection, layout.kind, key, pack(values, grid))

    def _state(self, layout: Layout, key: str) -> tuple[list[float], list[int]]:
        blob = state_of(self.connection, layout.kind, key)
        return layout.empty() if blob is None else unpack(blob, layout)

    def readings(self, order: dict[str, Any], at: int, own: Standing | None = None) -> Readings:
        """Every kept sum and link for one order at the moment `at`, as columns of length one; NaN where the key is missing.

        own: what this very order contributes, if it was placed before.
        """
        held = None if own is None else held_by({0: own})
        return self.readings_of(as_table([order]), np.array([at], dtype=np.int64), held)

    def readings_of(self, orders: Columns, at: Array, own: Held | None = None) -> Readings:
        """The same for a table of orders, each at its own moment. own: what some of these very orders contribute."""
        plan = _plan_of(self._text)
        if (own is None or not len(own)) and len(at) <= FEW and plan.sums:
            return Table(self._names, read_few(self.connection, plan, self.links, orders, at))
        keys = AskedKeys(orders)
        if own is None or not len(own):
            read, links = read_all(self.connection, plan, keys, at), read_links(self.connection, self.links, keys)
        else:
            under = own.under(orders)
            read = read_all(self.connection, plan, keys, at, _taken(plan, own, under))
            links = read_links(self.connection, self.links, keys, own, under)
        return Table(self._names, np.column_stack([read, *(links[one] for one in self.links)]))


def _taken(plan: Plan, own: Held, under: Under) -> Taken:
    """What the orders themselves put under the keys they are read by."""
    weights, held = np.zeros((len(own), len(plan.sums))), np.zeros((len(own), len(plan.half_lives)), dtype=bool)
    for i, kind in enumerate(plan.kinds):
        mine = under[kind][:, None]
        weights[:, plan.values[i]] = np.where(mine, own.weights(kind)[:, plan.measure[plan.values[i]]], 0.0)
        held[:, plan.grids[i]] = mine
    return Taken(own.rows, own.placed_at, weights, held)


@lru_cache(maxsize=4)
def _layouts_of(text: str) -> dict[str, Layout]:
    return layouts(_sums_of(text))


@lru_cache(maxsize=4)
def _names_of(text: str, links: str) -> Names:
    """What a table of readings holds: the sums as the plan has them, then the links."""
    return Names((*_plan_of(text).sums, *links_of(links)))


@lru_cache(maxsize=4)
def _plan_of(text: str) -> Plan:
    return Plan.of(_layouts_of(text))


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


def load_state(connection: Connection, kind: str, rows: Iterable[tuple[str, Any, Any]]) -> None:
    """Write the state of many keys of one kind: (key, values, grid). Call within a transaction."""
    packed = ((kind, key, pack(values, grid)) for key, values, grid in rows)
    load_rows(connection, packed)
