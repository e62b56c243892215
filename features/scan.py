"""The loops of a replay, in the subset of Python that numba compiles (`features/compiled.py`)."""

import numpy as np

from data.history import Array
from data.label import judge
from features.contribution import N_MEASURES, weigh
from features.fold import add, read
from features.links import join, standing, weigh_in


def make_facts(
    start: Array, placed_at: Array, is_cod: Array, amount: Array, type_: Array, happened_at: Array, known_at: Array,
    rank: Array, reason: Array, action: Array, voids: Array, version: Array,
) -> tuple[Array, Array, Array, Array, Array]:  # fmt: skip
    """All facts of a history: the changes of each order's contribution, one for each moment that changed it.

    Returns (key_row, order, visible_at, everyone (k, N_MEASURES), buyer (k, N_MEASURES)), by order, then visible_at.
    A corrected address is two facts: all weights leave the old key row and enter the new one.
    """
    n_orders, room = len(start) - 1, 2 * len(type_)
    key_row, order = np.empty(room, np.int64), np.empty(room, np.int64)
    visible_at = np.empty(room, np.int64)
    everyone, buyer = np.zeros((room, N_MEASURES)), np.zeros((room, N_MEASURES))
    now_e, now_b = np.zeros(N_MEASURES), np.zeros(N_MEASURES)
    was_e, was_b = np.zeros(N_MEASURES), np.zeros(N_MEASURES)
    k = 0
    for i in range(n_orders):
        a, b = start[i], start[i + 1]
        was_e[:] = 0.0
        was_b[:] = 0.0
        was_row = i
        for j in range(a, b):
            if j + 1 < b and known_at[j + 1] == known_at[j]:
                continue
            v = weigh(
                known_at[j] + 1, is_cod[i], amount[i], type_[a:b], happened_at[a:b], known_at[a:b], rank[a:b],
                reason[a:b], action[a:b], voids[a:b], version[a:b], now_e, now_b,
            )  # fmt: skip
            row = i if v == 0 else n_orders + v - 1
            if row != was_row:
                everyone[k], buyer[k] = -was_e, -was_b
                key_row[k], order[k], visible_at[k] = was_row, i, known_at[j]
                everyone[k + 1], buyer[k + 1] = now_e, now_b
                key_row[k + 1], order[k + 1], visible_at[k + 1] = row, i, known_at[j]
                k += 2
            elif np.any(now_e != was_e) or np.any(now_b != was_b):
                everyone[k], buyer[k] = now_e - was_e, now_b - was_b
                key_row[k], order[k], visible_at[k] = row, i, known_at[j]
                k += 1
            was_e[:] = now_e
            was_b[:] = now_b
            was_row = row
    return key_row[:k], order[:k], visible_at[:k], everyone[:k], buyer[:k]


def weigh_each(
    before: int, start: Array, is_cod: Array, amount: Array, type_: Array, happened_at: Array, known_at: Array,
    reason: Array, everyone: Array, buyer: Array,
) -> None:  # fmt: skip
    """Fill (m, N_MEASURES) weights of orders from news without details: order i's is start[i]:start[i + 1]."""
    none, nothing = np.full(len(type_), -1, np.int64), np.zeros(len(type_), np.int64)
    for i in range(len(start) - 1):
        a, b = start[i], start[i + 1]
        weigh(
            before, is_cod[i], amount[i], type_[a:b], happened_at[a:b], known_at[a:b], nothing[a:b],
            reason[a:b], none[a:b], none[a:b], nothing[a:b], everyone[i], buyer[i],
        )  # fmt: skip


def run(
    query_key: Array, query_at: Array, fact_key: Array, fact_visible_at: Array, fact_placed_at: Array,
    fact_row: Array, weights: Array, values: Array, grid: Array, measure: Array, slot: Array, half_lives: Array,
    out: Array,
) -> None:  # fmt: skip
    """Fold facts (sorted by visible_at) into `values`, `grid` and answer queries (sorted by time) on the way.

    A query sees facts with visible_at strictly before it. A key of -1 is missing: facts skip it, queries read NaN.
    """
    f = 0
    for q in range(len(query_at) + 1):
        while f < len(fact_key) and (q == len(query_at) or fact_visible_at[f] < query_at[q]):
            key = fact_key[f]
            if key >= 0:
                add(values[key], grid[key], weights[fact_row[f]], fact_placed_at[f], measure, slot, half_lives)
            f += 1
        if q < len(query_at):
            if query_key[q] < 0:
                out[q, :] = np.nan
            else:
                read(values[query_key[q]], grid[query_key[q]], query_at[q], slot, half_lives, out[q])


def run_links(
    query_key: Array, query_at: Array, left_out: Array, named_key: Array, named_at: Array, named_value: Array,
    fact_key: Array, fact_at: Array, fact_value: Array, change: Array, slots: Array, weights: Array, out: Array,
) -> None:  # fmt: skip
    """Put values (sorted by named_at) and weights (sorted by fact_at) into sets and answer queries on the way.

    slots, weights: (n_keys, ROOM).  left_out: (q,) the value each query does not count.  A query of key -1 reads NaN.
    """
    v = f = 0
    for q in range(len(query_at) + 1):
        while v < len(named_key) and (q == len(query_at) or named_at[v] < query_at[q]):
            join(slots[named_key[v]], weights[named_key[v]], named_value[v])
            v += 1
        while f < len(fact_key) and (q == len(query_at) or fact_at[f] < query_at[q]):
            weigh_in(slots[fact_key[f]], weights[fact_key[f]], fact_value[f], change[f])
            f += 1
        if q < len(query_at):
            key = query_key[q]
            out[q] = np.nan if key < 0 else standing(slots[key], weights[key], left_out[q])


def make_labels(
    start: Array, before: int, type_: Array, happened_at: Array, known_at: Array, rank: Array, reason: Array,
    voids: Array, verdict: Array, told_at: Array,
) -> None:  # fmt: skip
    """Fill `verdict` (n,) of each order from news with known_at < before, and `told_at`: when a verdict was first told.

    told_at is -1 for an order nobody told delivered, rto_started or rto_received of.
    """
    for i in range(len(start) - 1):
        a, b = start[i], start[i + 1]
        verdict[i], _ = judge(before, type_[a:b], happened_at[a:b], known_at[a:b], rank[a:b], reason[a:b], voids[a:b])
        told_at[i] = -1
        for j in range(a, b):
            deciding = 11 <= type_[j] <= 13  # delivered, rto_started, rto_received
            if deciding and known_at[j] < before and (told_at[i] < 0 or known_at[j] < told_at[i]):
                told_at[i] = known_at[j]
