"""Serving's driver of the links: their sets in the table of the state, a row for each link and key."""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.database import Connection, get_meta, scalar, set_meta
from features.contribution import Contribution
from features.keys import KINDS, key_of
from features.layout import Readings
from features.links import EMPTY, ROOM, Named, join, left_out, pair_of, standing, weigh_in, weight_of
from features.sources import Distinct, Link, Sum

_META = "links"


def kept_links(connection: Connection) -> tuple[Link, ...]:
    """The links the state was built for; none before the first build."""
    return tuple(Link(key, Distinct(measure)) for key, measure in json.loads(get_meta(connection, _META) or "[]"))


def declare(connection: Connection, links: Iterable[Link]) -> None:
    """Say which links are kept from now on. Call within a transaction, with the state emptied."""
    set_meta(connection, _META, json.dumps([[one.key, one.measure] for one in links]))


@dataclass(frozen=True, slots=True)
class Place:
    """What one order says to links now. columns: those whose keys hold it.  weights: buyer's and everyone's."""

    named: Named
    columns: dict[str, Any]
    placed_at: int
    said: Contribution

    def pair(self, link: Link) -> tuple[str, int] | None:
        """The key and value its weight stands behind."""
        return pair_of(link, self.columns, self.placed_at)

    def weight(self, link: Link) -> int:
        """The weight it puts behind its value."""
        return int(self.said.buyer[weight_of(link)])


def change_links(connection: Connection, links: Iterable[Link], before: Place | None, after: Place) -> None:
    """Bring the sets from what an order said before to what it says now."""
    for link in links:
        fresh = after.named.pairs(link) - (set() if before is None else before.named.pairs(link))
        moved: dict[tuple[str, int], int] = dict.fromkeys(sorted(fresh), 0)
        for place, sign in ((before, -1), (after, +1)):
            if place is not None and (pair := place.pair(link)) is not None:
                moved[pair] = moved.get(pair, 0) + sign * place.weight(link)
        for pair, change in moved.items():
            if change or pair in fresh:
                _change(connection, link, pair, change, joins=pair in fresh)


def _change(connection: Connection, link: Link, pair: tuple[str, int], change: int, *, joins: bool) -> None:
    key, value = pair
    slots, weights = _set(connection, link, key)
    if joins:
        join(slots, weights, value)
    weigh_in(slots, weights, value, change)
    sql = "INSERT INTO state VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET folded = excluded.folded"
    connection.execute(sql, (_kind(link), key, pack(slots, weights)))


def read_links(
    connection: Connection, links: Iterable[Link], orders: Sequence[dict[str, Any]], own: Mapping[int, Place]
) -> Readings:
    """Each link for a batch of orders as kept: (n,), NaN where the key is missing.

    own: by place in the batch, what that very order says itself, if it was placed before.
    """
    out: dict[Sum | Link, np.ndarray[Any, Any]] = {}
    for link in links:
        keys = [key_of(KINDS[link.key], order) for order in orders]
        sets = {key: _set(connection, link, key) for key in dict.fromkeys(keys) if key is not None}
        out[link] = np.full(len(orders), np.nan)
        for i, key in enumerate(keys):
            if key is not None:
                slots, weights = sets[key]
                if (mine := own.get(i)) is not None and (pair := mine.pair(link)) is not None and pair[0] == key:
                    weights = list(weights)
                    weigh_in(slots, weights, pair[1], -mine.weight(link))
                out[link][i] = standing(slots, weights, left_out(link, orders[i]))
    return out


def load_sets(connection: Connection, link: Link, keys: Iterable[str], slots: Any, weights: Any) -> int:
    """Write the sets of many keys of one link, but the empty ones; returns how many. Call within a transaction."""
    sets = zip(keys, slots.tolist(), weights.tolist(), strict=True)
    rows = [(_kind(link), key, pack(own, behind)) for key, own, behind in sets if own[0] != EMPTY]
    connection.executemany("INSERT INTO state VALUES (?, ?, ?)", rows)
    return len(rows)


def differing_keys(connection: Connection, link: Link, keys: Iterable[str], slots: Any, weights: Any) -> Iterator[str]:
    """Keys whose kept set is not the one given here, and keys kept that are none of these."""
    sql = "SELECT key, folded FROM state WHERE kind = ?"
    held: dict[str, bytes] = dict(connection.execute(sql, (_kind(link),)))
    for key, own, behind in zip(keys, slots.tolist(), weights.tolist(), strict=True):
        if held.pop(key, b"") != pack(own, behind):
            yield key
    yield from held


def _kind(link: Link) -> str:
    """The link's name in the table of the state."""
    return f"{link.measure} of {link.key}"


def _set(connection: Connection, link: Link, key: str) -> tuple[list[int], list[int]]:
    blob = scalar(connection, "SELECT folded FROM state WHERE kind = ? AND key = ?", (_kind(link), key))
    return unpack(b"" if blob is None else blob)


def pack(slots: Iterable[int], weights: Iterable[int]) -> bytes:
    """A set as bytes: its values, ascending, then their weights; little-endian, 8 bytes each."""
    kept = [(value, weight) for value, weight in zip(slots, weights, strict=True) if value != EMPTY]
    return struct.pack(f"<{2 * len(kept)}q", *(v for v, _ in kept), *(w for _, w in kept))


def unpack(blob: bytes) -> tuple[list[int], list[int]]:
    """The inverse of `pack`: values, weights."""
    n = len(blob) // 16
    numbers = struct.unpack(f"<{2 * n}q", blob)
    return [*numbers[:n], *[EMPTY] * (ROOM - n)], [*numbers[n:], *[0] * (ROOM - n)]
