"""Serving's driver of the links: their sets in the table of the state, a row for each link and key."""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from data.database import Connection, get_meta, scalar, set_meta
from features.keys import KINDS, key_of
from features.layout import Readings
from features.links import EMPTY, ROOM, Named, join, others, own_values
from features.sources import Distinct, Link, Sum

_META = "links"


def kept_links(connection: Connection) -> tuple[Link, ...]:
    """The links the state was built for; none before the first build."""
    return tuple(Link(key, Distinct(measure)) for key, measure in json.loads(get_meta(connection, _META) or "[]"))


def declare(connection: Connection, links: Iterable[Link]) -> None:
    """Say which links are kept from now on. Call within a transaction, with the state emptied."""
    set_meta(connection, _META, json.dumps([[one.key, one.measure] for one in links]))


def see(connection: Connection, links: Iterable[Link], before: Named | None, after: Named) -> None:
    """Put what an order brings, and had not brought before, into the sets of its keys."""
    for link in links:
        fresh = after.pairs(link) - (set() if before is None else before.pairs(link))
        for key, value in sorted(fresh):
            slots = _slots(connection, link, key)
            was = list(slots)
            join(slots, value)
            if slots != was:
                _write(connection, link, key, slots)


def read_links(
    connection: Connection, links: Iterable[Link], orders: Sequence[dict[str, Any]], at: Sequence[int],
    own: Mapping[int, Named],
) -> Readings:  # fmt: skip
    """Each link for a batch of orders as kept, each at its own moment: (n,), NaN where the key is missing.

    own: by place in the batch, under what that very order was named, if it was placed before.
    """
    out: dict[Sum | Link, np.ndarray[Any, Any]] = {}
    for link in links:
        keys = [key_of(KINDS[link.key], order) for order in orders]
        sets = {key: _slots(connection, link, key) for key in dict.fromkeys(keys) if key is not None}
        out[link] = np.full(len(orders), np.nan)
        for i, key in enumerate(keys):
            if key is not None:
                told = own.get(i)
                placed_at = min(int(orders[i]["placed_at"]), at[i]) if told is None else told.placed_at
                out[link][i] = others(sets[key], own_values(link, orders[i], placed_at, told))
    return out


def load_sets(connection: Connection, link: Link, keys: Iterable[str], slots: Any) -> int:
    """Write the sets of many keys of one link, but the empty ones; returns how many. Call within a transaction."""
    rows = [(_kind(link), key, pack(own)) for key, own in zip(keys, slots.tolist(), strict=True) if own[0] != EMPTY]
    connection.executemany("INSERT INTO state VALUES (?, ?, ?)", rows)
    return len(rows)


def differing_keys(connection: Connection, link: Link, keys: Iterable[str], slots: Any) -> Iterator[str]:
    """Keys whose kept set is not the one given here, and keys kept that are none of these."""
    sql = "SELECT key, folded FROM state WHERE kind = ?"
    held: dict[str, bytes] = dict(connection.execute(sql, (_kind(link),)))
    for key, own in zip(keys, slots.tolist(), strict=True):
        if held.pop(key, b"") != pack(own):
            yield key
    yield from held


def _kind(link: Link) -> str:
    """The link's name in the table of the state."""
    return f"{link.measure} of {link.key}"


def _slots(connection: Connection, link: Link, key: str) -> list[int]:
    blob = scalar(connection, "SELECT folded FROM state WHERE kind = ? AND key = ?", (_kind(link), key))
    return [EMPTY] * ROOM if blob is None else unpack(blob)


def _write(connection: Connection, link: Link, key: str, slots: list[int]) -> None:
    sql = "INSERT INTO state VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET folded = excluded.folded"
    connection.execute(sql, (_kind(link), key, pack(slots)))


def pack(slots: Iterable[int]) -> bytes:
    """A set as bytes: its values, ascending, little-endian, 8 bytes each."""
    values = [value for value in slots if value != EMPTY]
    return struct.pack(f"<{len(values)}q", *values)


def unpack(blob: bytes) -> list[int]:
    """The inverse of `pack`."""
    values = struct.unpack(f"<{len(blob) // 8}q", blob)
    return [*values, *[EMPTY] * (ROOM - len(values))]
