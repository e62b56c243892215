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

from data.database import Connection, is_sqlite
from features.keys import KINDS, SEPARATOR
from features.links import MOST, ROOM
from features.reading import Array, Plan, decayed
from features.sources import Distinct, Link

FEW = 64
"""Orders: above it columns are quicker."""
_MISSING = -1
_ASKED = """SELECT asked.key, folded FROM json_each(?) AS asked
JOIN state ON kind = asked.value ->> 0 AND state.key = asked.value ->> 1"""
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
    texts = [[None if v is None or v == _MISSING else str(v) for v in column] for column in told]
    n_sums, n_kinds = len(asking.plan.sums), len(asking.plan.kinds)
    nowhere: list[str | None] = [""] * len(at)
    keys = [texts[parts[0]] if len(parts) == 1 else _joined(parts, texts) or nowhere for _, parts in asking.rows]
    kept = (
        _of_one(connection, asking, keys) if len(at) == 1 and is_sqlite(connection) else _kept(connection, asking, keys)
    )
    found = np.empty((len(at), n_sums + len(asking.links)))
    found[:, :n_sums] = _sums(kept[:n_kinds], keys[:n_kinds], asking.plan, at)
    for i, own in enumerate(asking.own):
        values = None if own is None else told[own]
        found[:, n_sums + i] = _counts(kept[n_kinds + i], keys[n_kinds + i], values)
    return found


def _joined(parts: tuple[int, ...], texts: list[list[str | None]]) -> list[str | None]:
    """The key of each order from several parts of it; of none, no keys."""
    rows = zip(*(texts[part] for part in parts), strict=True)
    return [None if None in told else SEPARATOR.join(told) for told in rows]


def _of_one(connection: Connection, asking: Asking, keys: Sequence[list[str | None]]) -> list[list[bytes | None]]:
    """As `_kept`, of one order in a file: nothing is looked for under a missing key."""
    [row] = connection.execute(asking.statement, [key for [key] in keys])
    return [[blob] for blob in row]


def _kept(connection: Connection, asking: Asking, keys: Sequence[list[str | None]]) -> list[list[bytes | None]]:
    """For each kind of row and each order what is kept under its key, None for nothing."""
    place: dict[tuple[str, str], int] = {}
    where = [
        [None if key is None else place.setdefault((kind, key), len(place)) for key in own]
        for (kind, _), own in zip(asking.rows, keys, strict=True)
    ]
    blobs: list[bytes | None] = [None] * len(place)
    for i, blob in _rows(connection, list(place)):
        blobs[i] = blob
    return [[None if i is None else blobs[i] for i in own] for own in where]


def _rows(connection: Any, pairs: list[tuple[str, str]]) -> Any:
    if is_sqlite(connection):
        return connection.execute(_ASKED, (orjson.dumps(pairs).decode(),))
    return connection.execute(_ON_SERVER, tuple(map(list, zip(*pairs, strict=True)))) if pairs else ()


def _sums(kept: list[list[bytes | None]], texts: list[list[str | None]], plan: Plan, at: Array) -> Array:
    """(n, s) the sums of each order, from its rows laid end to end."""
    whole = b"".join(
        blob or nothing for row in zip(*kept, strict=True) for blob, nothing in zip(row, plan.nothing, strict=True)
    )
    numbers = np.frombuffer(whole, dtype="<i8").reshape(len(at), -1)
    grid, values = numbers[:, plan.grid_places], numbers.view("<f8")[:, plan.value_places]
    out = decayed(values, grid, plan, at)
    if any(None in keys for keys in texts):
        missing = np.array([[key is None for key in row] for row in zip(*texts, strict=True)], dtype=bool)
        out[missing[:, plan.kind_of]] = np.nan
    return out


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
    return MOST if held == ROOM else min(len([weight for weight in numbers[held:] if weight > 0]), MOST)


def _others(blob: bytes | None, own: int) -> int:
    if not blob:
        return 0
    held, numbers = len(blob) // 16, _numbers(blob)
    pairs = zip(numbers[:held], numbers[held:], strict=True)
    return min(len([value for value, weight in pairs if weight > 0 and value != own]), MOST)


def _numbers(blob: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(blob) // 8}q", blob)
