"""What is kept for how long: old orders become an opening balance, old decisions go.

The transaction that writes the opening balance also takes the rows from the ledger and writes down which orders went.
Killed before it, nothing happened; killed after it, every reader leaves those orders out of the files that still hold
them, and the same command finishes the files.
"""

from contextlib import closing
from dataclasses import dataclass
from typing import Any

from data.console import Tell, note
from data.contract import DAY
from data.imports.alone import alone
from data.keeping.away import folded_away
from data.keeping.database import Connection, immediate, open_database
from data.keeping.forgotten_space import give_back
from data.keeping.journal import last_seq
from data.keeping.opening import keep_opening
from data.keeping.pruning import begin_entry, end, take_decisions, take_from_file, take_orders, told_since, unfinished
from data.pool import Pool
from data.segments import list_segments, load_history
from features.pruning import Away, fold_away


@dataclass(frozen=True, slots=True)
class Keep:
    """Days for each kind; None: for ever."""

    orders: int | None
    decisions: int | None

    def before(self, days: int | None, now: int) -> int | None:
        return None if days is None else now - days * DAY


def would_go(pool: Pool, keep: Keep, now: int) -> dict[str, Any]:
    """What a pruning would take; writes nothing."""
    since, before = keep.before(keep.orders, now), keep.before(keep.decisions, now)
    away = None if since is None else fold_away(load_history(pool), since)
    with closing(open_database(pool.database, read_only=True)) as connection:
        sql = "SELECT COUNT(*) FROM decisions WHERE scored_at < ?"
        n = 0 if before is None else connection.execute(sql, (before,)).fetchall()[0][0]
    return _told(away, since, int(n))


def prune(pool: Pool, keep: Keep, now: int, tell: Tell) -> dict[str, Any]:
    """Fold old orders away and delete old decisions; finish what a pruning before left undone. Imports and backups wait.

    Raises DataError DB011 if others read without end, so that the space on disk cannot be given back now.
    """
    with alone(pool.folder, note), closing(open_database(pool.database)) as connection:
        _finish(pool, connection, now, tell)
        told = _taken(pool, connection, keep, now, tell)
        _finish(pool, connection, now, tell)
    return told


def _taken(pool: Pool, connection: Connection, keep: Keep, now: int, tell: Tell) -> dict[str, Any]:
    since, before = keep.before(keep.orders, now), keep.before(keep.decisions, now)
    while True:
        seq = last_seq(connection)
        tell("fold old orders", 0, 1)
        away = None if since is None else fold_away(load_history(pool), since)
        tell("ledger", 0, 1)
        with immediate(connection, note):
            if away is not None and told_since(connection, seq, away.orders):
                continue  # of an old order something was told just now: it stays
            if away is not None and away.orders:
                keep_opening(connection, away.about, away.rows)
                take_orders(connection, away.orders)
            told = _told(away, since, 0 if before is None else take_decisions(connection, before))
            if told["orders"] or told["decisions"]:
                begin_entry(connection, now, told)
            return told


def _told(away: Away | None, since: int | None, decisions: int) -> dict[str, Any]:
    gone = {"orders": 0, "news": 0} if away is None else {"orders": len(away.orders), "news": away.news}
    return gone | {"decisions": decisions, "since": since}


def _finish(pool: Pool, connection: Connection, now: int, tell: Tell) -> None:
    if not unfinished(connection):
        return
    away, segments = folded_away(connection), list_segments(pool)
    for done, segment in enumerate(segments):
        tell("imports", done, len(segments))
        take_from_file(segment, away)
    tell("space on disk", 0, 1)
    give_back(connection)
    with immediate(connection, note):
        end(connection, now)
    tell("done", 1, 1)
