"""The loop that makes the facts of a replay, in the subset of Python that numba compiles (`features/compiled.py`)."""

import numpy as np

from data.contract import NewsType, Reason
from data.history import Array
from features.contribution import N_MEASURES, weigh

_CORRECTION = int(NewsType.CORRECTION)
_REASONS = len(Reason)
_KINDS = len(NewsType) * _REASONS
_NODES = 1_024
"""Courses that a part's orders share, at most; further ones are weighed each by itself."""
_NOTHING = -1


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


def is_plain(
    j: int, first: int, type_: Array, happened_at: Array, action: Array, voids: Array, version: Array
) -> bool:  # fmt: skip
    """Does news j come after all that an order (its news from `first` on) was told before, with nothing but a type and a
    reason? What an order contributes after nothing but such news is told by their types and reasons alone."""
    if type_[j] == _CORRECTION or voids[j] >= 0 or version[j] > 0 or action[j] >= 0:
        return False
    if j == first or happened_at[j] > happened_at[j - 1]:
        return True
    return bool(happened_at[j] == happened_at[j - 1] and type_[j] > type_[j - 1])


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

    Few courses are different, too: an order is followed down a tree of plain news, whose nodes know what they contribute
    and what that changes. It begins at node 0 or 1, prepaid or cash, and is weighed by itself where it leaves the tree.
    """
    child = np.full((_NODES, _KINDS), -1, np.int16)
    at_e, at_b = np.zeros((_NODES, N_MEASURES)), np.zeros((_NODES, N_MEASURES))
    parent, says = np.zeros(_NODES, np.int64), np.full(_NODES, _NOTHING, np.int64)
    now_e, now_b = np.zeros(N_MEASURES), np.zeros(N_MEASURES)
    was_e, was_b = np.zeros(N_MEASURES), np.zeros(N_MEASURES)
    k, held, n_nodes = 0, 0, 2
    for i in range(len(start) - 1):
        a, b = start[i] - start[0], start[i + 1] - start[0]
        if a == b or known_at[b - 1] < since:
            continue
        node = last = int(is_cod[i])
        was_row = first + i
        for j in range(a, b):
            c, went = j + 1, node
            if node >= 0:
                node = -1
                if is_plain(j, a, type_, happened_at, action, voids, version):
                    node = child[went, type_[j] * _REASONS + reason[j]]
                    if node < 0 and n_nodes < _NODES:
                        node = n_nodes
                        weigh(
                            known_at[j] + 1, is_cod[i], 1.0, type_[a:c], happened_at[a:c], known_at[a:c], rank[a:c],
                            reason[a:c], action[a:c], voids[a:c], version[a:c], at_e[node], at_b[node],
                        )  # fmt: skip
                        child[went, type_[j] * _REASONS + reason[j]], parent[node] = node, went
                        now_e[:] = at_e[node] - at_e[went]
                        now_b[:] = at_b[node] - at_b[went]
                        if np.any(now_e != 0) or np.any(now_b != 0):
                            says[node] = change_of(now_e, now_b, changes, slots, held)
                            held += int(says[node] == held)
                        n_nodes += 1
                if node < 0:
                    was_e[:] = at_e[last]
                    was_b[:] = at_b[last]
            if c < b and known_at[c] == known_at[j]:
                continue
            seen = known_at[j] >= since
            if node >= 0 and parent[node] == last:
                if seen and says[node] != _NOTHING:
                    key_row[k], order[k], visible_at[k], change[k] = was_row, first + i, known_at[j], says[node]
                    k += 1
                last = node
                continue
            row = first + i
            if node >= 0:  # several pieces of news at once
                was_e[:] = at_e[last]
                was_b[:] = at_b[last]
                now_e[:] = at_e[node]
                now_b[:] = at_b[node]
                last = node
            else:
                v = weigh(
                    known_at[j] + 1, is_cod[i], 1.0, type_[a:c], happened_at[a:c], known_at[a:c], rank[a:c],
                    reason[a:c], action[a:c], voids[a:c], version[a:c], now_e, now_b,
                )  # fmt: skip
                row = first + i if v == 0 else n_orders + v - 1
            moved = row != was_row
            if moved:
                if seen:
                    key_row[k], order[k], visible_at[k] = was_row, first + i, known_at[j]
                    change[k] = change_of(0.0 - was_e, 0.0 - was_b, changes, slots, held)
                    held += int(change[k] == held)
                    k += 1
                was_e[:] = 0.0
                was_b[:] = 0.0
            dif_e, dif_b = now_e - was_e, now_b - was_b
            if seen and (moved or np.any(dif_e != 0) or np.any(dif_b != 0)):
                key_row[k], order[k], visible_at[k] = row, first + i, known_at[j]
                change[k] = change_of(dif_e, dif_b, changes, slots, held)
                held += int(change[k] == held)
                k += 1
            was_e[:] = now_e
            was_b[:] = now_b
            was_row = row
    return k, held
