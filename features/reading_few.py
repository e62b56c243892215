"""The orders of a moment, one or a few, read from the kept state in one question: `reading.read_all` and
`link_store.read_links` of orders that were never placed here, the same numbers with less to do for each order
(tests/service/test_score_many.py, tests/parity/test_store_equals_reference.py).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from data.keeping.database import Connection, is_sqlite
from features.keys import KINDS, SEPARATOR
from features.links import MOST, ROOM
from features.reading import Array, Plan, decayed
from features.sources import Distinct, Link

FEW = 64
"""Orders: above it columns are quicker."""
_MISSING = -1
_ASKED = """SELECT json_group_array(asked.key), json_group_array(hex(folded)) FROM json_each(?) AS asked
CROSS JOIN state ON kind = asked.value ->> 0 AND state.key = asked.value ->> 1"""
"""One row: for each of many SQLite gives up the interpreter, and a busy event loop keeps it for a while."""
_ON_SERVER = """SELECT asked.place - 1, folded FROM unnest(?::text[], ?::text[]) WITH ORDINALITY AS asked (kind, key, place)
INNER JOIN state USING (kind, key)"""


@dataclass(frozen=True, slots=True)
class Asking:
    """How the rows of an order are asked for: those of the plan's kinds, then those of the links.

    columns: of an order that keys and links look at.  rows: of each kind of row its name and the places of its key's
    parts among the columns.  own: of each link the place of the order's own value, None where hours are counted.
    statement: for one order, all of its rows in one of the answer.
    """

    plan: Plan
    links: tuple[Link, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    own: tuple[int | None, ...]
    statement: str

    @staticmethod
    def of(plan: Plan, links: tuple[Link, ...]) -> "Asking":
        keys = [(kind, KINDS[kind].columns) for kind in plan.kinds]
        keys += [(link.kind, KINDS[link.key].columns) for link in links]
        values = [None if link.measure == Distinct.CART else str(link.measure) for link in links]
        named = (*(name for _, parts in keys for name in parts), *filter(None, values))
        columns = tuple(dict.fromkeys(named))
        rows = tuple((kind, tuple(map(columns.index, parts))) for kind, parts in keys)
        asked = (f"(SELECT folded FROM state WHERE kind = '{kind}' AND key = ?)" for kind, _ in rows)
        own = tuple(None if name is None else columns.index(name) for name in values)
        return Asking(plan, links, columns, rows, own, f"SELECT {', '.join(asked)}")


def read_few(connection: Connection, asking: Asking, told: Sequence[list[Any]], at: Array) -> Array:
    """(n, s + l) every sum decayed to the order's moment, then every link; NaN where the key is missing.

    told: of each of `asking.columns` what the orders say, text or whole numbers.
    """
    orders = list(zip(*told, strict=True))
    keys = [_keys(asking, order) for order in orders]
    rows = (
        _of_one(connection, asking, keys)
        if is_sqlite(connection) and len(keys) == 1
        else _kept(connection, asking, keys)
    )
    sums, n_kinds = _sums(rows, asking.plan, at), len(asking.plan.kinds)
    if any(None in own[:n_kinds] for own in keys):
        missing = np.array([[key is None for key in own[:n_kinds]] for own in keys], dtype=bool)
        sums[missing[:, asking.plan.kind_of]] = np.nan
    counts = [
        [
            np.nan if key is None else _standing(blob, None if own is None else order[own])
            for key, blob, own in zip(texts[n_kinds:], row[n_kinds:], asking.own, strict=True)
        ]
        for texts, row, order in zip(keys, rows, orders, strict=True)
    ]
    return np.concatenate([sums, np.array(counts).reshape(len(at), -1)], axis=1)


def _keys(asking: Asking, order: Sequence[Any]) -> list[str | None]:
    """`keys.key_of` of one order for each kind of row."""
    texts = [None if v is None or v == _MISSING else str(v) for v in order]
    return [
        texts[parts[0]] if len(parts) == 1 else _joined([texts[part] for part in parts]) for _, parts in asking.rows
    ]


def _joined(parts: list[str | None]) -> str | None:
    return None if None in parts else SEPARATOR.join(parts)  # type: ignore[arg-type]


def _of_one(
    connection: Connection, asking: Asking, keys: Sequence[list[str | None]]
) -> Sequence[Sequence[bytes | None]]:
    """As `_kept`, of one order in a file: nothing is looked for under a missing key."""
    found: list[tuple[bytes | None, ...]] = connection.execute(asking.statement, keys[0]).fetchall()
    return found


def _kept(connection: Connection, asking: Asking, keys: Sequence[list[str | None]]) -> Sequence[Sequence[bytes | None]]:
    """For each order what is kept under its key of each kind of row, None for nothing."""
    place: dict[tuple[str, str], int] = {}
    where = [
        [
            None if key is None else place.setdefault((kind, key), len(place))
            for (kind, _), key in zip(asking.rows, own, strict=True)
        ]
        for own in keys
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


def _sums(rows: Sequence[Sequence[bytes | None]], plan: Plan, at: Array) -> Array:
    """(n, s) the sums of each order, from its rows laid end to end; those of links stand behind, and are left out."""
    whole = b"".join([blob or nothing for row in rows for blob, nothing in zip(row, plan.nothing, strict=False)])
    numbers = np.frombuffer(whole, dtype="<i8").reshape(len(at), -1)
    return decayed(numbers.view("<f8")[:, plan.value_places], numbers[:, plan.grid_places], plan, at)


def _standing(blob: bytes | None, own: int | None) -> int:
    """`links.standing` of a set. own: the order's own value, which does not count; None where hours are counted."""
    if not blob:
        return 0
    held = len(blob) // 16
    if held == ROOM and own is None:
        return MOST
    numbers = struct.unpack(f"<{2 * held}q", blob)
    pairs = zip(numbers[:held], numbers[held:], strict=True)
    return min(len([value for value, weight in pairs if weight > 0 and value != own]), MOST)
