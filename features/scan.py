"""The loops of a replay, in the subset of Python that numba compiles (`features/compiled.py`)."""

import numpy as np

from data.history import Array
from data.label import judge
from features.contribution import N_MEASURES, Measure, weigh
from features.links import join, standing, weigh_in

POWERS = 2.0 ** -np.arange(1_100.0)
"""Whole powers of a half, down to zero."""
_AHEAD = 12
"""Facts and orders ahead whose keys are fetched: about as many as pass while memory answers."""
_AMOUNT = int(Measure.AMOUNT)


def make_facts(
    first: int, n_orders: int, since: int, start: Array, is_cod: Array, type_: Array, happened_at: Array, known_at: Array,
    rank: Array, reason: Array, action: Array, voids: Array, version: Array,
    key_row: Array, order: Array, visible_at: Array, everyone: Array, buyer: Array,
) -> int:  # fmt: skip
    """Write the facts of some orders, the first of which is `first` of n_orders: the changes of each order's
    contribution, one for each moment from `since` on that changed it, by order, then visible_at. Returns how many.

    everyone, buyer: (room, N_MEASURES) whole numbers; AMOUNT in orders, as the money is each order's own. There must be
    room for two a piece of news: a corrected address is two, all weights leave the old key row and enter the new one.
    """
    now_e, now_b = np.zeros(N_MEASURES), np.zeros(N_MEASURES)
    was_e, was_b = np.zeros(N_MEASURES), np.zeros(N_MEASURES)
    k = 0
    for i in range(len(start) - 1):
        a, b = start[i] - start[0], start[i + 1] - start[0]
        if a == b or known_at[b - 1] < since:
            continue
        was_e[:] = 0.0
        was_b[:] = 0.0
        was_row = first + i
        for j in range(a, b):
            if j + 1 < b and known_at[j + 1] == known_at[j]:
                continue
            v = weigh(
                known_at[j] + 1, is_cod[i], 1.0, type_[a:b], happened_at[a:b], known_at[a:b], rank[a:b],
                reason[a:b], action[a:b], voids[a:b], version[a:b], now_e, now_b,
            )  # fmt: skip
            row = first + i if v == 0 else n_orders + v - 1
            moved, seen = row != was_row, known_at[j] >= since
            if moved and seen:
                key_row[k], order[k], visible_at[k] = was_row, first + i, known_at[j]
                for m in range(N_MEASURES):
                    everyone[k, m], buyer[k, m] = -was_e[m], -was_b[m]
                k += 1
            if moved:
                was_e[:] = 0.0
                was_b[:] = 0.0
            changed = moved
            for m in range(N_MEASURES):
                everyone[k, m], buyer[k, m] = now_e[m] - was_e[m], now_b[m] - was_b[m]
                changed |= now_e[m] != was_e[m] or now_b[m] != was_b[m]
                was_e[m], was_b[m] = now_e[m], now_b[m]
            if changed and seen:
                key_row[k], order[k], visible_at[k] = row, first + i, known_at[j]
                k += 1
            was_row = row
    return k


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


def place(at: Array, half_lives: Array, index: Array, up: Array) -> None:
    """Fill for each moment (n,) and half-life (h,) its grid moment `index` and 2^(age at it / half_life), both (n, h)."""
    for i in range(len(at)):
        for h in range(len(half_lives)):
            index[i, h] = at[i] // half_lives[h]
            up[i, h] = 2.0 ** ((at[i] - index[i, h] * half_lives[h]) / half_lives[h])


def soon(array: Array, row: int) -> None:
    """Nothing; compiled, it has the row fetched while other work goes on (`compiled.soon`)."""


def run(
    first: int, last: int, key: Array, placed_at: Array, amount: Array, index: Array, up: Array,
    fact_row: Array, fact_order: Array, fact_at: Array, change: Array, values: Array, grid: Array,
    measure: Array, which: Array, begin: Array, lives: Array, column: Array, out: Array,
) -> None:  # fmt: skip
    """Fold facts (sorted by fact_at) into `values`, `grid`, and read the keys of orders first to last - 1 on the way.

    An order sees facts with fact_at strictly before its placed_at. A key of -1 is missing: facts skip it, orders read
    NaN. The sums lie by half-life: those of half-life h are begin[h] to begin[h + 1] - 1, and lives[h] is its column in
    `index` and `up` (`place`), -1 for ever. measure: those summed.
    which: (n_sums,) of them.  column: (n_sums,) row of `out` (n_sums, last - first).
    As `fold.add` and `fold.read`, with the powers that are not whole taken once for an order, not for each key.
    """
    f, weights = 0, np.zeros(len(measure))
    for q in range(first, last + 1):
        while f < len(fact_row) and (q == last or fact_at[f] < placed_at[q]):
            if f + _AHEAD < len(fact_row):
                soon(values, max(key[fact_row[f + _AHEAD]], 0))
                soon(grid, max(key[fact_row[f + _AHEAD]], 0))
            k, o = key[fact_row[f]], fact_order[f]
            touched = False
            for m in range(len(measure)):
                weights[m] = change[f, measure[m]]
                touched |= weights[m] != 0
                if measure[m] == _AMOUNT:
                    weights[m] *= amount[o]
            if k >= 0 and touched:
                for h in range(len(lives)):
                    scale = 1.0
                    if lives[h] >= 0:
                        i = index[o, lives[h]]
                        if i > grid[k, h]:
                            step = POWERS[min(i - grid[k, h], len(POWERS) - 1)]
                            for j in range(begin[h], begin[h + 1]):
                                values[k, j] *= step
                            grid[k, h] = i
                        scale = up[o, lives[h]] * POWERS[min(grid[k, h] - i, len(POWERS) - 1)]
                    for j in range(begin[h], begin[h + 1]):
                        if weights[which[j]] != 0:
                            values[k, j] += weights[which[j]] * scale
            f += 1
        if q < last:
            if q + _AHEAD < last:
                soon(values, max(key[q + _AHEAD], 0))
                soon(grid, max(key[q + _AHEAD], 0))
            k = key[q]
            for h in range(len(lives)):
                scale = 1.0
                if k >= 0 and lives[h] >= 0:
                    scale = POWERS[min(index[q, lives[h]] - grid[k, h], len(POWERS) - 1)] / up[q, lives[h]]
                for j in range(begin[h], begin[h + 1]):
                    out[column[j], q - first] = values[k, j] * scale if k >= 0 else np.nan


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
    voids: Array, verdict: Array, told_at: Array, cause: Array,
) -> None:  # fmt: skip
    """Fill `verdict` (n,) of each order from news with known_at < before, `told_at`: when a verdict was first told, and
    `cause`: the reason an RTO came back for.

    told_at is -1 for an order nobody told delivered, rto_started or rto_received of.
    """
    for i in range(len(start) - 1):
        a, b = start[i], start[i + 1]
        verdict[i], cause[i] = judge(
            before, type_[a:b], happened_at[a:b], known_at[a:b], rank[a:b], reason[a:b], voids[a:b]
        )
        told_at[i] = -1
        for j in range(a, b):
            deciding = 11 <= type_[j] <= 13  # delivered, rto_started, rto_received
            if deciding and known_at[j] < before and (told_at[i] < 0 or known_at[j] < told_at[i]):
                told_at[i] = known_at[j]
