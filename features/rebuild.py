"""Building the online state from the whole history, through the same kernel as training's replay."""

from typing import Any

import numpy as np

from data import journal
from data.database import KNOWN_THROUGH, Connection, get_meta, immediate, set_meta
from data.history import History
from data.pool import Pool
from data.segments import list_segments, load_history, read_news, read_orders
from features import store
from features.catalog import Sum, needed_sums
from features.layout import layouts
from features.replay import Progress, final_state

_BUILT_FROM = "built_from"


def is_current(connection: Connection, pool: Pool) -> bool:
    """Does the online state hold every segment, and every sum of today's catalog?"""
    same = get_meta(connection, _BUILT_FROM) == _segment_names(pool)
    return same and set(needed_sums()) <= set(store.stored_sums(connection))


def rebuild(connection: Connection, pool: Pool, progress: Progress) -> int:
    """Replace the online state by a fold of everything known, in one transaction; returns how many keys it has.

    Orders and news of segments are copied beside the live ones, so that later news finds its order.
    """
    sums = needed_sums()
    history = load_history(pool)
    states = final_state(history, sums)
    n_keys = 0
    with immediate(connection):
        copy_imports(connection, pool, progress)
        store.reset(connection, sums)
        for done, state in enumerate(states):
            progress(f"state by {state.layout.kind}", done, len(states))
            touched = np.flatnonzero(state.values.any(axis=1)).tolist()
            values, grid, keys = state.values.tolist(), state.grid.tolist(), state.keys
            store.load_state(connection, state.layout.kind, ((keys[i], values[i], grid[i]) for i in touched))
            n_keys += len(touched)
        set_meta(connection, _BUILT_FROM, _segment_names(pool))
        set_meta(connection, KNOWN_THROUGH, str(history.known_through))
    progress("state", len(states), len(states))
    return n_keys


def copy_imports(connection: Connection, pool: Pool, progress: Progress) -> None:
    """Put orders and news of every segment beside the live ones; live rows win. Call within a transaction."""
    connection.execute("DELETE FROM news WHERE origin <> ?", (journal.LIVE,))
    connection.execute("DELETE FROM orders WHERE origin <> ?", (journal.LIVE,))
    segments = list_segments(pool)
    for done, segment in enumerate(segments):
        progress("copy imports", done, len(segments))
        rows = journal.rows_of(read_orders(segment))
        connection.executemany(
            "INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?, ?)",
            ((r["merchant_id"], r["order_id"], r["placed_at"], segment.name, journal.packed(r)) for r in rows),
        )
        connection.executemany(
            "INSERT OR IGNORE INTO news (merchant_id, order_id, source, event_id, type, happened_at, known_at, reason, "
            "details, origin) VALUES (?,?,?,?,?,?,?,?,?,?)",
            (
                (t.merchant_id, t.order_id, t.source, t.event_id, t.type, t.happened_at, t.known_at, t.reason,
                 t.details, segment.name)
                for t in read_news(segment)
            ),
        )  # fmt: skip


def verify(connection: Connection, history: History) -> list[dict[str, Any]]:
    """Keys whose kept state differs from a fold of the history: counts must be equal, sums within 1e-11 of |weights|."""
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
    return wrong


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


def _segment_names(pool: Pool) -> str:
    return ",".join(s.name for s in list_segments(pool))
