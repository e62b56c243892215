"""Handles of a person out of the opening balance: the keys they name, and their places in the sets of other keys."""

from collections.abc import Collection, Iterable

from data.contract import TOKEN_COLUMNS
from data.keeping.database import Connection
from data.keeping.opening import load_opening
from features.keys import KINDS, SEPARATOR
from features.link_store import pack, unpack
from features.links import EMPTY
from features.opening import sums_of
from features.sources import Link


def forget(connection: Connection, gone: Collection[tuple[str, int]], merchants: Iterable[str]) -> int:
    """Returns how many rows changed. Call within a transaction. Sums that the person shared (an address, a place) stay:
    whose they were is not kept."""
    opening = load_opening(connection)
    if opening is None:
        return 0
    links = [one for one in sums_of(opening) if isinstance(one, Link)]
    theirs = {(name, key) for name, key in _keys(gone, list(merchants))}
    theirs |= {(link.kind, key) for link in links for kind, key in _keys(gone, []) if kind == link.key}
    held = {(kind, key) for kind, rows in opening.rows.items() for key, _ in rows} & theirs
    connection.executemany("DELETE FROM opening WHERE kind = ? AND key = ?", sorted(held))
    n = len(held)
    for link in links:
        values = {one for kind, one in gone if kind == link.measure}
        for key, folded in opening.rows.get(link.kind, ()) if values else ():
            slots, weights = unpack(folded)
            left = [(s, w) for s, w in zip(slots, weights, strict=True) if s != EMPTY and s not in values]
            if len(left) < sum(one != EMPTY for one in slots) and (link.kind, key) not in held:
                text = pack([s for s, _ in left], [w for _, w in left])
                connection.execute("UPDATE opening SET folded = ? WHERE kind = ? AND key = ?", (text, link.kind, key))
                n += 1
    return n


def _keys(gone: Collection[tuple[str, int]], merchants: list[str]) -> Iterable[tuple[str, str]]:
    """Kind of key and key of each handle, as `keys.key_of` spells it."""
    for kind in KINDS.values():
        named = [column for column in kind.columns if column in TOKEN_COLUMNS]
        for column, one in gone:
            if [column] == named and len(kind.columns) == 1:
                yield kind.name, str(one)
            elif [column] == named and kind.columns == ("merchant_id", column):
                yield from ((kind.name, f"{merchant}{SEPARATOR}{one}") for merchant in merchants)
