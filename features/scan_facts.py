"""The loop that makes the facts of a replay, in the subset of Python that numba compiles (`features/compiled.py`)."""

import numpy as np

from data.contract import NewsType
from data.history import Array
from features.contribution import N_MEASURES, weigh

_PLACED = int(NewsType.PLACED)


def change_of(everyone: Array, buyer: Array, changes: Array, slots: Array, held: int) -> int:
    """The row of `changes` (room, 2 * N_MEASURES) that says this change, the first free one, `held`, if none did.

    There are few: nearly all orders are placed, and end, in one of a few ways. slots: (a power of two,) a hash table of
    rows, each plus one, 0 free. changes[held] is overwritten in any case.
    """
    number = 1
    for m in range(N_MEASURES):
        changes[held, m], changes[held, N_MEASURES + m] = everyone[m], buyer[m]
        number = number * 31 + int(everyone[m])
        number = number * 31 + int(buyer[m])
    at = (number ^ (number >> 20)) & (len(slots) - 1)
    while slots[at] > 0:
        row, same = slots[at] - 1, True
        for m in range(2 * N_MEASURES):
            same &= changes[row, m] == changes[held, m]
        if same:
            return int(row)
        at = (at + 1) & (len(slots) - 1)
    slots[at] = held + 1
    return held


def make_facts(
    first: int, n_orders: int, since: int, start: Array, is_cod: Array, type_: Array, happened_at: Array, known_at: Array,
    rank: Array, reason: Array, action: Array, voids: Array, version: Array,
    key_row: Array, order: Array, visible_at: Array, change: Array, changes: Array, slots: Array,
) -> tuple[int, int]:  # fmt: skip
    """Write the facts of some orders, the first of which is `first` of n_orders: the changes of each order's
    contribution, one for each moment from `since` on that changed it, by order, then visible_at. Returns how many facts
    and how many different changes.

    change: the row of `changes` that each fact says (`change_of`), whole numbers; AMOUNT in orders, as the money is each
    order's own. There must be room for two a piece of news: a corrected address is two, all weights leave the old key
    row and enter the new one.
    """
    now_e, now_b = np.zeros(N_MEASURES), np.zeros(N_MEASURES)
    was_e, was_b = np.zeros(N_MEASURES), np.zeros(N_MEASURES)
    dif_e, dif_b = np.zeros(N_MEASURES), np.zeros(N_MEASURES)
    placed_e, placed_b = np.zeros((2, N_MEASURES)), np.zeros((2, N_MEASURES))  # of `placed` alone: prepaid, and cash
    placed, none = np.full(2, -1), np.zeros(N_MEASURES)
    k = held = 0
    for i in range(len(start) - 1):
        a, b = start[i] - start[0], start[i + 1] - start[0]
        if a == b or known_at[b - 1] < since:
            continue
        cash = int(is_cod[i])
        was_e[:] = 0.0
        was_b[:] = 0.0
        was_row = first + i
        for j in range(a, b):
            if j + 1 < b and known_at[j + 1] == known_at[j]:
                continue
            seen = known_at[j] >= since
            if j == a and type_[a] == _PLACED:  # half of all facts: nothing but `placed`, which says one of two things
                if placed[cash] < 0:
                    weigh(
                        known_at[a] + 1, is_cod[i], 1.0, type_[a:b], happened_at[a:b], known_at[a:b], rank[a:b],
                        reason[a:b], action[a:b], voids[a:b], version[a:b], placed_e[cash], placed_b[cash],
                    )  # fmt: skip
                    placed[cash] = change_of(placed_e[cash], placed_b[cash], changes, slots, held)
                    held += int(placed[cash] == held)
                was_e[:] = placed_e[cash]
                was_b[:] = placed_b[cash]
                if seen:
                    key_row[k], order[k], visible_at[k], change[k] = was_row, first + i, known_at[j], placed[cash]
                    k += 1
                continue
            c = j + 1
            v = weigh(
                known_at[j] + 1, is_cod[i], 1.0, type_[a:c], happened_at[a:c], known_at[a:c], rank[a:c],
                reason[a:c], action[a:c], voids[a:c], version[a:c], now_e, now_b,
            )  # fmt: skip
            row = first + i if v == 0 else n_orders + v - 1
            moved = row != was_row
            if moved:
                if seen:
                    key_row[k], order[k], visible_at[k] = was_row, first + i, known_at[j]
                    change[k] = change_of(none - was_e, none - was_b, changes, slots, held)
                    held += int(change[k] == held)
                    k += 1
                was_e[:] = 0.0
                was_b[:] = 0.0
            changed = moved
            for m in range(N_MEASURES):
                dif_e[m], dif_b[m] = now_e[m] - was_e[m], now_b[m] - was_b[m]
                changed |= dif_e[m] != 0 or dif_b[m] != 0
                was_e[m], was_b[m] = now_e[m], now_b[m]
            if changed and seen:
                key_row[k], order[k], visible_at[k] = row, first + i, known_at[j]
                change[k] = change_of(dif_e, dif_b, changes, slots, held)
                held += int(change[k] == held)
                k += 1
            was_row = row
    return k, held
