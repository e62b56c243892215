"""The loops of a replay, in the subset of Python that numba compiles (`features/compiled.py`)."""

from typing import Any

import numpy as np

from data.history import Array
from data.label import judge
from features.contribution import weigh
from features.links import join, standing, weigh_in

POWERS = 2.0 ** -np.arange(1_100.0)
"""Whole powers of a half, down to zero."""
_u = np.uint64
_AHEAD = 12
"""Facts and orders ahead whose keys are fetched: about as many as pass while memory answers."""


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


def soon(array: Array, row: Any) -> None:
    """Nothing; compiled, it has the row, or the number, fetched while other work goes on (`compiled.soon`)."""


def number_small(column: Array, code: Array, coded: Array) -> int:
    """Fill `coded` (n,) with a code from 0 for each value, in the order in which they first come; below 0 is -1. Returns
    how many there are. code: as many -1 as the column's values may be."""
    n = 0
    for i in range(len(column)):
        value = column[i]
        if value >= 0 and code[value] < 0:
            code[value] = n
            n += 1
        coded[i] = code[value] if value >= 0 else -1
    return n


def seen_by(fact_at: Array, placed_at: Array, seen: Array) -> None:
    """Fill for each order (n,) how many of the facts (sorted by fact_at) it sees: those before its placed_at."""
    f = 0
    for q in range(len(placed_at)):
        while f < len(fact_at) and fact_at[f] < placed_at[q]:
            f += 1
        seen[q] = f


def run(
    first: int, last: int, folded: int, until: int, key: Array, amount: Array, index: Array, up: Array, seen: Array,
    fact_row: Array, fact_order: Array, change: Array, told: Array, place: Array, weight: Array, is_money: Array,
    state: Array, values: Array, grid: Array, begin: Array, lives: Array, life_of: Array, column: Array, out: Array,
) -> None:  # fmt: skip
    """Fold facts `folded` to until - 1 into the state and read the keys of orders first to last - 1 on the way.

    An order sees the first seen[q] facts. A key of -1 is missing: facts skip it, orders read NaN. A row of `state` holds
    the sums of a key and its grid after them; `values` is all of it row after row, `grid` the same as whole numbers.
    The sums lie by half-life: those of half-life h are begin[h] to begin[h + 1] - 1, for which life_of is h, and lives[h]
    is its column in `index` and `up` (`place`, row after row), -1 for ever.
    A fact of change c adds weight[e] to the sum place[e] for e in told[c] to told[c + 1] - 1; to one that is_money as
    many times the amount of its order.  column: (n_sums,) row of `out` (n_sums, last - first).
    As `fold.add` and `fold.read`, with the powers that are not whole taken once for an order, not for each key. Places
    are numbers without a sign (`_u`): where one has none the compiled loop does not ask whether it counts from the end,
    and takes half the time.
    """
    f, end, fetched = _u(folded), _u(until), _u(_AHEAD)
    n_sums, n_lives, top = _u(len(is_money)), _u(len(lives)), len(POWERS) - 1
    width, wide, one = _u(state.shape[1]), _u(index.shape[0] // max(len(amount), 1)), _u(1)
    scales, length, reads = np.ones(len(lives)), _u(last - first), out.reshape(-1)
    for i in range(first, last + 1):
        q = _u(i)
        sees = _u(seen[q]) if i < last else end
        while f < sees:
            if f + fetched + fetched < end:
                told_of = _u(fact_order[f + fetched + fetched])
                soon(key, fact_row[f + fetched + fetched])
                soon(index, told_of * wide)
                soon(up, told_of * wide)
                soon(state, max(key[_u(fact_row[f + fetched])], 0))
            k, o, c = key[_u(fact_row[f])], _u(fact_order[f]), _u(change[f])
            f += one
            if k < 0 or told[c] == told[c + one]:
                continue
            row = _u(k) * width
            for h in range(n_lives):
                if lives[h] >= 0:
                    on, at = o * wide + _u(lives[h]), row + n_sums + h
                    stands = grid[at]
                    if index[on] > stands:
                        step = POWERS[_u(min(index[on] - stands, top))]
                        for j in range(begin[h], begin[h + one]):
                            values[row + j] *= step
                        grid[at] = stands = index[on]
                    scales[h] = up[on] * POWERS[_u(min(stands - index[on], top))]
            for e in range(told[c], told[c + one]):
                j, w = place[e], weight[e]
                if is_money[j]:
                    w *= amount[o]
                values[row + j] += w * scales[life_of[j]]
        if i < last:
            if i + _AHEAD < last:
                soon(state, max(key[q + fetched], 0))
            k, r = key[q], q - _u(first)
            if k < 0:
                for j in range(n_sums):
                    reads[column[j] * length + r] = np.nan
                continue
            row = _u(k) * width
            for h in range(n_lives):
                if lives[h] >= 0:
                    on = q * wide + _u(lives[h])
                    scales[h] = POWERS[_u(min(index[on] - grid[row + n_sums + h], top))] / up[on]
            for j in range(n_sums):
                reads[column[j] * length + r] = values[row + j] * scales[life_of[j]]


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
