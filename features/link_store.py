"""Serving's driver of the links: their sets in the table of the state, a row for each link and key."""

import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from data.history import Array, Columns
from data.keeping.database import Connection, get_meta, set_meta
from data.keeping.kept_state import Pair
from features.asked_keys import AskedKeys
from features.contribution import Contribution, Measure
from features.held import Held, Under
from features.links import EMPTY, MOST, ROOM, Named, join, pair_of, weigh_in, weight_of
from features.reading import Kept, blobs_of
from features.sources import Distinct, Link, Sum

LINKS = "links"
"""Name of the note that says which links are kept."""
LinkMove: TypeAlias = tuple[int, int, bool]
"""A value of a set, the change of the weight behind it, and whether the value joins the set."""
_FEW = 16  # sets: up to so many it is quicker to read each of them than all at once


def kept_links(connection: Connection) -> tuple[Link, ...]:
    """The links the state was built for; none before the first build."""
    return links_of(get_meta(connection, LINKS) or "[]")


@lru_cache(maxsize=4)
def links_of(text: str) -> tuple[Link, ...]:
    """The links that were declared."""
    return tuple(Link(key, Distinct(measure)) for key, measure in json.loads(text))


def declare(connection: Connection, links: Iterable[Link]) -> None:
    """Say which links are kept from now on. Call within a transaction, with the state emptied."""
    set_meta(connection, LINKS, json.dumps([[one.key, one.measure] for one in links]))


@dataclass(frozen=True, slots=True)
class Place:
    """What one order says to links now. columns: those whose keys hold it.  weights: buyer's and everyone's."""

    named: Named
    columns: dict[str, Any]
    placed_at: int
    said: Contribution

    def names_as(self, other: "Place", link: Link) -> bool:
        """Does it stand behind the link's value that the other stands behind, and was it named as that was?"""
        now, was = self.named, other.named
        told = link.measure != Distinct.CART or now.has_outcome == was.has_outcome
        places = (now.columns, now.placed_at, self.columns, self.placed_at)
        return told and places == (was.columns, was.placed_at, other.columns, other.placed_at)

    def pair(self, link: Link) -> tuple[str, int] | None:
        """The key and value its weight stands behind."""
        return pair_of(link, self.columns, self.placed_at)

    def weight(self, link: Link) -> int:
        """The weight it puts behind its value."""
        return int(self.said.buyer[weight_of(link)])


def link_moves(
    links: Iterable[Link], before: Place | None, after: Place, moves: dict[Pair, list[LinkMove]]
) -> None:  # fmt: skip
    """What brings the sets from what an order said before to what it says now, by the row of each set."""
    was, now = (_stands_behind(place) for place in (before, after))
    for link in links:
        if before is not None and was[weight_of(link)] == now[weight_of(link)] and after.names_as(before, link):
            continue
        fresh = after.named.pairs(link) - (set() if before is None else before.named.pairs(link))
        moved: dict[tuple[str, int], int] = dict.fromkeys(sorted(fresh), 0)
        for place, sign in ((before, -1), (after, +1)):
            if place is not None and (pair := place.pair(link)) is not None:
                moved[pair] = moved.get(pair, 0) + sign * place.weight(link)
        for (key, value), change in moved.items():
            if change or (key, value) in fresh:
                moves.setdefault((link.kind, key), []).append((value, change, (key, value) in fresh))


def _stands_behind(place: Place | None) -> dict[Measure, float]:
    """What an order puts behind its values."""
    return {m: 0.0 if place is None else place.said.buyer[m] for m in (Measure.PLACED, Measure.KNOWN)}


def moved_set(kept: bytes | None, moves: list[LinkMove]) -> bytes:
    """A set with these changes, in their order."""
    slots, weights = unpack(b"" if kept is None else kept)
    for value, change, joins in moves:
        if joins:
            join(slots, weights, value)
        weigh_in(slots, weights, value, change)
    return pack(slots, weights)


def read_links(
    connection: Connection,
    links: Sequence[Link],
    keys: AskedKeys,
    held: Held | None = None,
    under: Under = MappingProxyType({}),
) -> dict[Sum | Link, Array]:
    """Each link for a table of orders as kept: (n,), NaN where the key is missing. As `links.standing` of each.

    held: what some of these very orders say themselves.  under: which of them stand under the keys that are read.
    """
    found = [keys.of(link.key) for link in links]
    blobs = blobs_of(connection, [link.kind for link in links], [distinct for _, distinct in found])
    first = np.cumsum([0, *(len(distinct) + 1 for _, distinct in found)])
    every_slots, every_weights = _sets(blobs, first)
    out: dict[Sum | Link, Array] = {}
    for i, link in enumerate(links):
        codes, distinct = found[i]
        rows = first[i] + np.where(codes < 0, len(distinct), codes)
        slots, weights = every_slots[rows], every_weights[rows]
        if held is not None:
            _take_out(slots, weights, link, held, under[link.key])
        out[link] = np.where(codes < 0, np.nan, _standing(slots, weights, link, keys.orders))
    return out


def _take_out(slots: Array, weights: Array, link: Link, held: Held, here: Array) -> None:
    """Take the weight of orders from behind their own values, in place; under a missing key there is nothing anyway."""
    values, weight = held.values(link), held.buyer[:, weight_of(link)].astype(np.int64)
    own = np.flatnonzero(here & (values >= 0) & (weight != 0))
    if len(own):
        rows = held.rows[own]
        weights[rows] -= np.where(slots[rows] == values[own, None], weight[own, None], 0)


def _sets(kept: Sequence[Kept], first: Array) -> tuple[Array, Array]:
    """(n, ROOM) values and weights as kept of the distinct keys of all links, a missing key's after each link's own.

    first: where each link begins, and the end.
    """
    slots, weights = np.full((first[-1], ROOM), EMPTY), np.zeros((first[-1], ROOM), dtype=np.int64)
    blobs = [blob for one in kept for blob in one.blobs]
    rows = [start + place for start, one in zip(first.tolist(), kept, strict=False) for place in one.places]
    if len(blobs) <= _FEW:
        for row, blob in zip(rows, blobs, strict=True):
            numbers = np.frombuffer(blob, dtype="<i8")
            held = len(numbers) // 2
            slots[row, :held], weights[row, :held] = numbers[:held], numbers[held:]
    else:
        _spread(np.array(rows), blobs, slots, weights)
    return slots, weights


def _spread(rows: Array, blobs: list[bytes], slots: Array, weights: Array) -> None:
    """Many sets at once: each blob into its row of `slots` and `weights`."""
    numbers = np.frombuffer(b"".join(blobs), dtype="<i8")
    sizes = np.fromiter(map(len, blobs), dtype=np.int64, count=len(blobs)) // 16  # of each set: so many values
    owner = np.repeat(np.arange(len(blobs)), 2 * sizes)
    place = np.arange(len(numbers)) - np.repeat(2 * (np.cumsum(sizes) - sizes), 2 * sizes)
    is_value = place < sizes[owner]
    slots[rows[owner[is_value]], place[is_value]] = numbers[is_value]
    behind = owner[~is_value]
    weights[rows[behind], place[~is_value] - sizes[behind]] = numbers[~is_value]


def _standing(slots: Array, weights: Array, link: Link, orders: Columns) -> Array:
    """`links.standing` of each row."""
    if link.measure == Distinct.CART:
        counted = (weights > 0).sum(axis=1)
        counted = np.where(slots[:, -1] != EMPTY, MOST, counted)
    else:
        counted = ((weights > 0) & (slots != orders[link.measure][:, None])).sum(axis=1)
    least: Array = np.minimum(counted, MOST)
    return least


def differing_keys(connection: Connection, link: Link, keys: Iterable[str], slots: Any, weights: Any) -> Iterator[str]:
    """Keys whose kept set is not the one given here, and keys kept that are none of these."""
    sql = "SELECT key, folded FROM state WHERE kind = ?"
    held: dict[str, bytes] = dict(connection.execute(sql, (link.kind,)))
    for key, own, behind in zip(keys, slots.tolist(), weights.tolist(), strict=True):
        if held.pop(key, b"") != pack(own, behind):
            yield key
    yield from held


def pack(slots: Iterable[int], weights: Iterable[int]) -> bytes:
    """A set as bytes: its values, ascending, then their weights; little-endian, 8 bytes each."""
    kept = [(value, weight) for value, weight in zip(slots, weights, strict=True) if value != EMPTY]
    return struct.pack(f"<{2 * len(kept)}q", *(v for v, _ in kept), *(w for _, w in kept))


def unpack(blob: bytes) -> tuple[list[int], list[int]]:
    """The inverse of `pack`: values, weights."""
    n = len(blob) // 16
    numbers = struct.unpack(f"<{2 * n}q", blob)
    return [*numbers[:n], *[EMPTY] * (ROOM - n)], [*numbers[n:], *[0] * (ROOM - n)]
