"""The orders of a moment, one or a few, read from the kept state in one question: `reading.read_all` and
`link_store.read_links` of orders that were never placed here, the same numbers with less to do for each order
(tests/service/test_score_many.py, tests/parity/test_store_equals_reference.py).
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson

from data.database import Connection, is_sqlite
from data.history import Columns
from features.asked_keys import texts_by_kind
from features.links import MOST, ROOM
from features.reading import Array, Plan, decayed
from features.sources import Distinct, Link

FEW = 64
"""Orders: above it columns are quicker."""
_ASKED = """SELECT json_group_array(asked.key), json_group_array(hex(folded)) FROM json_each(?) AS asked
CROSS JOIN state ON kind = asked.value ->> 0 AND state.key = asked.value ->> 1"""
"""One row: for each of many SQLite gives up the interpreter, and a busy event loop keeps it for a while."""
_ON_SERVER = """SELECT asked.place - 1, folded FROM unnest(?::text[], ?::text[]) WITH ORDINALITY AS asked (kind, key, place)
INNER JOIN state USING (kind, key)"""


def read_few(connection: Connection, plan: Plan, links: Sequence[Link], orders: Columns, at: Array) -> Array:
    """(n, s + l) every sum decayed to the order's moment, then every link; NaN where the key is missing."""
    texts = texts_by_kind(orders, (*plan.kinds, *(link.key for link in links)))
    of_sums, of_links = [texts[kind] for kind in plan.kinds], [texts[link.key] for link in links]
    kept = _kept(connection, [*zip(plan.kinds, of_sums, strict=True),
                              *((link.kind, own) for link, own in zip(links, of_links, strict=True))])  # fmt: skip
    found = np.empty((len(at), len(plan.sums) + len(links)))
    found[:, : len(plan.sums)] = _sums(kept[: len(plan.kinds)], of_sums, plan, at)
    for i, link in enumerate(links, start=len(plan.sums)):
        own = None if link.measure == Distinct.CART else orders[link.measure].tolist()
        found[:, i] = _counts(kept[len(plan.kinds) + i - len(plan.sums)], of_links[i - len(plan.sums)], own)
    return found


def _kept(connection: Connection, asked: list[tuple[str, list[str | None]]]) -> list[list[bytes | None]]:
    """For each kind of row and each order what is kept under its key, None for nothing."""
    place: dict[tuple[str, str], int] = {}
    where = [
        [None if key is None else place.setdefault((kind, key), len(place)) for key in keys] for kind, keys in asked
    ]
    blobs: list[bytes | None] = [None] * len(place)
    for i, blob in _rows(connection, list(place)):
        blobs[i] = blob
    return [[None if i is None else blobs[i] for i in own] for own in where]


def _rows(connection: Any, pairs: list[tuple[str, str]]) -> Any:
    if is_sqlite(connection):
        [(places, texts)] = connection.execute(_ASKED, (orjson.dumps(pairs).decode(),))
        return zip(orjson.loads(places), map(bytes.fromhex, orjson.loads(texts)), strict=True)
    return connection.execute(_ON_SERVER, tuple(map(list, zip(*pairs, strict=True)))) if pairs else ()


def _sums(kept: list[list[bytes | None]], texts: list[list[str | None]], plan: Plan, at: Array) -> Array:
    """(n, s) the sums of each order, from its rows laid end to end."""
    whole = b"".join(
        blob or nothing for row in zip(*kept, strict=True) for blob, nothing in zip(row, plan.nothing, strict=True)
    )
    numbers = np.frombuffer(whole, dtype="<i8").reshape(len(at), -1)
    grid, values = numbers[:, plan.grid_places], numbers.view("<f8")[:, plan.value_places]
    out = decayed(values, grid, plan, at)
    missing = np.array([[key is None for key in row] for row in zip(*texts, strict=True)], dtype=bool)
    return np.where(missing[:, plan.kind_of], np.nan, out) if missing.any() else out


def _counts(kept: list[bytes | None], keys: list[str | None], own: list[int] | None) -> list[float]:
    """`links.standing` of each order. own: its own value, which does not count; None where hours are counted."""
    if own is None:
        return [np.nan if key is None else _carts(blob) for key, blob in zip(keys, kept, strict=True)]
    rows = zip(keys, kept, own, strict=True)
    return [np.nan if key is None else _others(blob, value) for key, blob, value in rows]


def _carts(blob: bytes | None) -> int:
    if not blob:
        return 0
    held, numbers = len(blob) // 16, _numbers(blob)
    return MOST if held == ROOM else min(sum(weight > 0 for weight in numbers[held:]), MOST)


def _others(blob: bytes | None, own: int) -> int:
    if not blob:
        return 0
    held, numbers = len(blob) // 16, _numbers(blob)
    values, weights = numbers[:held], numbers[held:]
    return min(sum(w > 0 and v != own for v, w in zip(values, weights, strict=True)), MOST)


def _numbers(blob: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(blob) // 8}q", blob)
