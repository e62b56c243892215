"""A person forgotten: orders, news, decisions, lists, overrides, tokens, state; then the space they took on disk.

What names the person is looked for as long as its token is known, and the token goes with the last of it, in the one
transaction that also writes the erasure down. Killed before that, the same command starts again; killed after, it goes on
with what is written down as not finished. Either way it ends in the same place.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.console import Tell, note
from data.contract import HOUR
from data.imports.alone import alone
from data.keeping.database import Connection, immediate, open_database
from data.keeping.erasing import begin_entry, end_entries, unfinished, wipe_rows, wipe_segment
from data.keeping.forgotten_space import give_back
from data.keeping.journal import last_seq
from data.keeping.traces import Subject, Traces, find_traces, told_since
from data.pool import Pool
from data.segments import Segment, list_segments
from features.forgetting import forget
from features.rebuild import rebuild
from serving.keeping.kept_decisions import of_ids
from serving.keeping.wiped_decisions import forget_answers, of_the_person, wipe
from serving.policies.list_store import ListStore
from serving.policies.past import folder_of
from serving.policies.policy_store import PolicyStore

_LATE = HOUR
"""A decision is kept within seconds of its moment."""


@dataclass(frozen=True, slots=True)
class Erased:
    """told: what was found and wiped, in counts.  finished: erasures begun before that were brought to their end."""

    told: dict[str, Any]
    finished: int


def look(pool: Pool, subject: Subject) -> Traces:
    """What there is of the person; writes nothing."""
    with closing(open_database(pool.database, read_only=True)) as connection:
        return find_traces(connection, list_segments(pool), subject)


def erase(pool: Pool, subject: Subject, now: int, tell: Tell) -> Erased:
    """Forget whoever carries these handles, and finish what an erasure before left undone. Imports and backups wait.

    Raises DataError DB011 if others read without end, so that the space on disk cannot be given back now.
    """
    with alone(pool.folder, note), closing(open_database(pool.database)) as connection:
        told: dict[str, Any] = {}
        before = unfinished(connection)
        if subject.handles:
            tell("look for the person", 0, 1)
            segments = list_segments(pool)
            seq = last_seq(connection)
            traces = find_traces(connection, segments, subject)
            _elsewhere(pool, subject, traces)
            told = _from_files(pool, segments, subject, traces, tell)
            tell("decisions", 0, 1)
            seen = {body["decision_id"] for body in _decisions(connection, subject, traces, 0)}
            with immediate(connection, note):
                told_since(connection, seq, subject, traces)
                told |= _from_ledger(connection, subject, traces, (seen, now - _LATE), tell)
                begin_entry(connection, now, told)
        _finish(pool, connection, now, tell)
    return Erased(told, len(before))


def _elsewhere(pool: Pool, subject: Subject, traces: Traces) -> None:
    """Handles that stand on lists of merchants for whom nothing is erased, or in what those overruled, stay known."""
    for merchant in pool.merchants().keys() - subject.merchants:
        traces.shared.update(traces.handles.intersection(ListStore(pool, merchant).persons()))
        traces.shared.update(traces.handles & PolicyStore(pool).overruled(merchant))


def _from_files(pool: Pool, segments: list[Segment], subject: Subject, traces: Traces, tell: Tell) -> dict[str, int]:
    """Lists, overrides and imports: while they are wiped the tokens are still there to look by."""
    store, n_lists, n_overrides = PolicyStore(pool), 0, 0
    theirs = traces.gone | set(subject.handles)
    for merchant in sorted(subject.merchants):
        lists = ListStore(pool, merchant)
        for name, folder in lists.imports():
            tell("lists", 0, 1)
            n_lists += lists.without(name, folder, {one for _, one in theirs})
            lists.tidy(name, folder)
        n_overrides += store.without(merchant, theirs)
    if n_overrides or n_lists:
        store.stir()
    n = 0
    for done, segment in enumerate(segments):
        tell("imports", done, len(segments))
        n += wipe_segment(segment, traces.orders)
    return {"orders_of_imports": n, "rows_of_lists": n_lists, "overrides": n_overrides}


def _decisions(connection: Connection, subject: Subject, traces: Traces, since: int) -> Iterator[dict[str, Any]]:
    return of_the_person(connection, subject.merchants, traces.orders, traces.gone | set(subject.handles), since)


def _from_ledger(
    connection: Connection, subject: Subject, traces: Traces, looked: tuple[set[str], int], tell: Tell
) -> dict[str, Any]:  # fmt: skip
    """looked: decisions that were found before the lock was taken, and since when it has to be looked for more."""
    tell("ledger", 0, 1)
    merchants, (seen, since) = sorted(subject.merchants), looked
    seen |= {body["decision_id"] for body in _decisions(connection, subject, traces, since)}
    decisions = of_ids(connection, sorted(seen))
    n_news = wipe_rows(connection, sorted(traces.orders))
    for body in decisions:
        wipe(connection, body)
    ids = {order for _, order in traces.orders} | {body["decision_id"] for body in decisions}
    n_answers = forget_answers(connection, merchants, ids)
    connection.executemany("DELETE FROM pseudonyms WHERE pseudonym = ?", [(one,) for _, one in sorted(traces.gone)])
    forget(connection, traces.gone, merchants)
    counts = {"orders": len(traces.orders), "news": n_news, "decisions": len(decisions), "answers": n_answers}
    return counts | {"handles": traces.counted(traces.gone), "shared_handles": traces.counted(traces.shared)}


def _finish(pool: Pool, connection: Connection, now: int, tell: Tell) -> None:
    """What follows from the ledger, and can be done again and again: the state, what is made from the history, the disk."""
    entries = unfinished(connection)
    if not entries:
        return
    tell("state", 0, 1)
    rebuild(connection, pool, tell)
    for folder in (folder_of(pool), pool.home / "replay" / pool.name):
        tell("what can be made again", 0, 1)
        _remove(folder)
    tell("space on disk", 0, 1)
    give_back(connection)
    with immediate(connection, note):
        end_entries(connection, entries, now)
    tell("done", 1, 1)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def handles_of(found: Iterable[tuple[str, int]]) -> frozenset[tuple[str, int]]:
    """Those that are known here."""
    return frozenset((kind, pseudonym) for kind, pseudonym in found if pseudonym >= 0)
