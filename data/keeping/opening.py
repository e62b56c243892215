"""The opening balance: what old orders say that are no longer kept, as the state of the keys they stood under.

An order is folded away when nothing has been told of it since a moment T: all it will say it has said before T. Its row
and news go, the sums of all such orders stay, in the database beside the ledger, so that every backup carries them.
While the files of imports are written anew, the ids of the orders that went stand in `folded_away`: whoever reads the
history meanwhile leaves them out, so that nothing counts twice at any moment.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from data.contract import DAY
from data.errors import DataError
from data.keeping.database import Connection, get_meta, scalar, set_meta

Row: TypeAlias = tuple[str, bytes]
_ABOUT = "opening"


@dataclass(frozen=True, eq=False)
class Opening:
    """about: since (T, microseconds), sums and links it knows, orders and news that went.  rows: of each kind of key or link
    its keys and what is kept under them.  digest: changes with any of it."""

    about: Mapping[str, Any]
    rows: Mapping[str, Sequence[Row]]
    digest: str

    @property
    def since(self) -> int:
        return int(self.about["since"])


def about_opening(connection: Connection) -> dict[str, Any] | None:
    """What is written of the opening balance; None where there is none."""
    text = get_meta(connection, _ABOUT)
    return None if text is None else dict(json.loads(text))


def load_opening(connection: Connection) -> Opening | None:
    about = about_opening(connection)
    if about is None:
        return None
    rows: dict[str, list[Row]] = {}
    digest = hashlib.blake2b(json.dumps(about, sort_keys=True).encode(), digest_size=16)
    for kind, key, folded in connection.execute("SELECT kind, key, folded FROM opening ORDER BY kind, key"):
        rows.setdefault(kind, []).append((key, bytes(folded)))
        digest.update(f"{kind}\0{key}\0".encode())
        digest.update(folded)
    return Opening(about, rows, digest.hexdigest())


def keep_opening(connection: Connection, about: Mapping[str, Any], rows: Any) -> None:
    """Put an opening balance in place of another. rows: (kind, key, folded). Call within the transaction that prunes."""
    connection.execute("DELETE FROM opening")
    connection.executemany("INSERT INTO opening VALUES (?, ?, ?)", rows)
    set_meta(connection, _ABOUT, json.dumps(about, sort_keys=True))


YOUNGEST = 90 * DAY
"""No order younger than this is ever folded away (`rto retention`)."""


def refuse_older(connection: Connection, order_id: str, placed_at: int, now: int) -> None:
    """Raises DataError DQ016 for a new order from before the opening balance, which may hold it already."""
    if now - placed_at < YOUNGEST or (about := about_opening(connection)) is None or placed_at >= about["since"]:
        return
    raise DataError("DQ016", f"order {order_id!r}", got="an order placed before the opening balance, and not known here",
                    expected="an order placed since", to_do="nothing, if it was told before: it counts already")  # fmt: skip


def stamp(connection: Connection) -> tuple[str | None, int]:
    """Changes when old orders are folded away, and when the last file without them is in place."""
    return get_meta(connection, _ABOUT), int(scalar(connection, "SELECT COUNT(*) FROM folded_away"))
