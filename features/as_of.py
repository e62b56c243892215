"""The online state as it was at a watermark of the ledger, in a scratch file beside the pool's database.

Training's fold makes it for the first watermark asked for; from there the live news is told to it one by one, as it was
to the service. It only goes forward. What it takes grows with the keys that are alive, not with what is asked.
"""

from pathlib import Path
from typing import Any

from data.keeping import journal
from data.keeping.database import Connection, immediate, open_file
from data.pool import Pool
from data.segments import Segment
from features.rebuild import fold_through, load
from features.replay import Progress
from features.store import Standing, Store, standing

_AT_ONCE = 1_000
_NEXT = """SELECT seq, merchant_id, order_id FROM news WHERE seq > ? AND seq <= ? AND origin = ?
ORDER BY seq LIMIT ?"""


class AsOf:
    """The state by some imports and the live news up to `through`. ledger: the pool's database, to be read."""

    def __init__(self, pool: Pool, ledger: Connection, scratch: Path) -> None:
        self.pool, self._ledger, self.through = pool, ledger, -1
        self._origins: frozenset[str] = frozenset()
        self.connection = open_file(scratch)
        self.connection.execute("PRAGMA synchronous = OFF")  # a scratch file

    def begin(self, segments: tuple[Segment, ...], through: int, progress: Progress) -> None:
        """Fold what was known then, whatever stood here before. Raises as `load_history`."""
        folded = fold_through(self.pool, segments, through)
        with immediate(self.connection):
            load(self.connection, folded, progress)
        self._origins, self.through = frozenset(one.name for one in segments), through

    def forward(self, through: int) -> None:
        """Hear the live news up to `through`."""
        while self.through < through:
            span = (self.through, through, journal.LIVE, _AT_ONCE)
            rows: list[Any] = self._ledger.execute(_NEXT, span).fetchall()
            with immediate(self.connection):
                for seq, merchant_id, order_id in rows:
                    after = self.stands(merchant_id, order_id, seq)
                    if after is not None:
                        Store(self.connection).change(self.stands(merchant_id, order_id, seq - 1), after)
            self.through = rows[-1][0] if len(rows) == _AT_ONCE else through

    def stands(self, merchant_id: str, order_id: str | None, through: int | None = None) -> Standing | None:
        """What an order contributed when the ledger was at `through`; None if nobody ever placed it here."""
        columns = None if order_id is None else journal.order_columns(self._ledger, merchant_id, order_id)
        if columns is None or order_id is None:
            return None
        at = self.through if through is None else through
        return standing(columns, journal.news_as_of(self._ledger, merchant_id, order_id, at, self._origins))

    def close(self) -> None:
        self.connection.close()
