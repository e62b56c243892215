"""Building the online state from the whole history, through the same kernel as training's replay."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.console import note
from data.history import History
from data.keeping import export, journal
from data.keeping.bulk import put_rows
from data.keeping.database import BUILT_FROM, KNOWN_THROUGH, Connection, get_meta, immediate, set_meta
from data.pool import Pool
from data.segments import Segment, list_segments, load_history, read_news, read_orders
from features import store
from features.builds import write_down
from features.catalog import kept_sums
from features.kind_fold import KindState
from features.layout import layouts
from features.link_replay import LinkState, final_links
from features.link_store import differing_keys
from features.replay import Progress, final_state
from features.rows_of_state import rows_of
from features.sources import Link, Sum

Event: TypeAlias = tuple[str, str, str, str]
"""merchant, order, source and event id of a piece of news"""


def is_current(connection: Connection, pool: Pool) -> bool:
    """Does the online state hold every segment, and every sum of today's catalog?"""
    same = get_meta(connection, BUILT_FROM) == _names(list_segments(pool))
    return same and set(kept_sums()) <= set(store.stored_sums(connection))


@dataclass(frozen=True, slots=True)
class Folded:
    """A fold of everything known. segments: the imports it holds.  through_seq: it holds all live news up to here."""

    states: list[KindState]
    links: list[LinkState]
    history: History
    segments: tuple[Segment, ...]
    through_seq: int


def rebuild(connection: Connection, pool: Pool, progress: Progress) -> int:
    """Replace the online state by a fold of everything known; returns how many keys it has.

    Orders and news of segments are copied beside the live ones, so that later news finds its order. A service may go
    on writing meanwhile: what it is told while the history is folded is caught up with.
    """
    return keep(connection, fold_all(connection, pool), progress)


def fold_all(connection: Connection, pool: Pool) -> Folded:
    """Everything known now, folded; nothing is written, no lock is held."""
    through_seq = journal.last_seq(connection)
    return _folded(load_history(pool), tuple(list_segments(pool)), through_seq)


def fold_through(pool: Pool, segments: tuple[Segment, ...], through_seq: int) -> Folded:
    """What some imports and live news up to a sequence number say, folded."""
    return _folded(load_history(pool, segments, through_seq), segments, through_seq)


def _folded(history: History, segments: tuple[Segment, ...], through_seq: int) -> Folded:
    states, links = final_state(history, kept_sums()), final_links(history, _links(kept_sums()))
    return Folded(states, links, history, segments, through_seq)


def keep(connection: Connection, folded: Folded, progress: Progress) -> int:
    """Write a fold as the online state, in one transaction, and catch up with live news told since. Waits for its turn."""
    with immediate(connection, note):
        since = _told_since(connection, folded)
        copy_imports(connection, folded.segments, progress)
        n_keys = load(connection, folded, progress)
        _catch_up(connection, folded.history, since)
        set_meta(connection, BUILT_FROM, _names(folded.segments))
        set_meta(connection, KNOWN_THROUGH, str(folded.history.known_through))
        write_down(connection, [one.name for one in folded.segments])
    progress("state", len(folded.states), len(folded.states))
    return n_keys


def load(connection: Connection, folded: Folded, progress: Progress) -> int:
    """Put a fold in place of the state; returns how many keys it has. Call within a transaction."""
    store.reset(connection, kept_sums())
    return put_rows(connection, rows_of([*folded.states, *folded.links], progress))


def _told_since(connection: Connection, folded: Folded) -> list[Event]:
    """Live news that the fold does not hold."""
    sql = "SELECT merchant_id, order_id, source, event_id FROM news WHERE origin = ? AND seq > ?"
    live: list[Any] = connection.execute(sql, (journal.LIVE, folded.through_seq)).fetchall()
    if not live:
        return []
    history = folded.history
    merchants = np.repeat(history.orders["merchant_id"], np.diff(history.start))
    held = set(zip(merchants, history.sources, history.event_ids, strict=True))
    return [event for event in live if (event[0], event[2], event[3]) not in held]


def _catch_up(connection: Connection, history: History, since: list[Event]) -> None:
    """Change the state by live news that came in while the history was folded."""
    fresh, changes = {(merchant, source, event_id) for merchant, _, source, event_id in since}, []
    for merchant, order_id in dict.fromkeys((event[0], event[1]) for event in since):
        columns = journal.order_columns(connection, merchant, order_id)
        if columns is None:
            continue
        told = journal.news_of(connection, merchant, order_id)
        held = [t for t in told if (t.merchant_id, t.source, t.event_id) not in fresh]
        before = store.standing(columns, held) if history.row_of(merchant, order_id) >= 0 else None
        changes.append((before, store.standing(columns, told)))
    store.Store(connection).change_all(changes)


def copy_imports(connection: Connection, segments: tuple[Segment, ...], progress: Progress) -> None:
    """Put orders and news of every segment beside the live ones; live rows win. Call within a transaction."""
    connection.execute("DELETE FROM news WHERE origin <> ?", (journal.LIVE,))
    connection.execute("DELETE FROM orders WHERE origin <> ?", (journal.LIVE,))
    for done, segment in enumerate(segments):
        progress("copy imports", done, len(segments))
        export.copy_orders(connection, segment.name, read_orders(segment))
        export.copy_news(connection, segment.name, read_news(segment))
    for table in ("orders", "news"):  # what a file still holds though the opening balance does
        gone = "(merchant_id, order_id) IN (SELECT merchant_id, order_id FROM folded_away)"
        connection.execute(f"DELETE FROM {table} WHERE origin <> ? AND {gone}", (journal.LIVE,))


def verify(connection: Connection, history: History) -> list[dict[str, Any]]:
    """Keys whose kept state differs from a fold of the history: counts and links at all, decayed sums by more than 1e-9
    of their size (or of 1). Raises DataError STATE001 if the state was never built, or built for another catalog."""
    store.Store(connection).require(kept_sums())
    wrong = []
    sums = store.stored_sums(connection)
    kept = layouts(sums)
    for state in final_state(history, sums):
        layout = kept[state.layout.kind]
        held = {
            key: store.unpack(blob, layout)
            for key, blob in connection.execute("SELECT key, folded FROM state WHERE kind = ?", (layout.kind,))
        }
        for i, key in enumerate(state.keys):
            values, grid = held.pop(key, layout.empty())
            if not _same(layout.sums, layout.slot, layout.half_lives, (values, grid), (state.values[i], state.grid[i])):
                wrong.append({"kind": layout.kind, "key": key})
        wrong += [{"kind": layout.kind, "key": key} for key, (values, _) in held.items() if any(values)]
    for one in final_links(history, _links(sums)):
        differing = differing_keys(connection, one.link, one.keys, one.slots, one.weights)
        wrong += [{"kind": f"{one.link.measure} of {one.link.key}", "key": key} for key in differing]
    return wrong


def _links(sums: Iterable[Sum | Link]) -> tuple[Link, ...]:
    return tuple(one for one in sums if isinstance(one, Link))


def _same(sums: tuple[Sum, ...], slot: Any, half_lives: Any, one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    for j in range(len(sums)):
        half_life = half_lives[slot[j]]
        a, b = one[0][j], float(other[0][j])
        if half_life == 0:
            if a != b:
                return False
            continue
        late = max(one[1][slot[j]], int(other[1][slot[j]]))
        a *= 2.0 ** float(one[1][slot[j]] - late)
        b *= 2.0 ** float(int(other[1][slot[j]]) - late)
        if abs(a - b) > 1e-9 * max(1.0, abs(b)):
            return False
    return True


def _names(segments: Iterable[Segment]) -> str:
    return ",".join(s.name for s in segments)
