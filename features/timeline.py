"""A history made ready for the kernels: what all kinds of key share, made once."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from data.history import Array, History
from features import compiled, scan
from features.facts import Facts, facts_of
from features.fold import FOREVER
from features.key_codes import KeyCodes
from features.sources import Link, Sum

_place = compiled.compile_kernel(scan.place)
_seen_by = compiled.compile_kernel(scan.seen_by)
_PART = 200_000
"""Orders that are placed on the grid at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """facts: all of them, as they became visible.  half_lives: (h,) those that end.  index, up: (n, h) each order's
    `placed_at` on the grid of each half-life (`scan.place`).  amount: (n,) minor units, 0 where unknown.
    seen: (n,) how many of the facts each order sees; of no use where they are not by time.
    """

    history: History
    facts: Facts
    codes: KeyCodes
    half_lives: tuple[int, ...]
    index: Array
    up: Array
    amount: Array
    seen: Array

    def __len__(self) -> int:
        return len(self.history)

    def facts_before(self, moment: int) -> int:
        """How many facts are visible before a moment."""
        return int(np.searchsorted(self.facts.visible_at, moment))

    def moment_of(self, last: int) -> int:
        """When order `last - 1` is placed: what is visible before is all that the orders up to it see."""
        return int(self.history.orders["placed_at"][last - 1])


def timeline_of(
    history: History, sums: Iterable[Sum | Link], since: int = 0, *, settled: bool = False
) -> Timeline:  # fmt: skip
    """Everything the kernels need to fold `sums` over this history, with the facts that become visible from `since` on.
    settled: for the end alone, as of `facts_of`."""
    half_lives = tuple(sorted({one.half_life for one in sums} - {FOREVER}))
    n = len(history)
    index, up, placed_at = (
        np.empty((n, len(half_lives)), np.int32),
        np.empty((n, len(half_lives))),
        history.orders["placed_at"],
    )
    lives = np.array(half_lives, dtype=np.int64)
    parts = [slice(first, first + _PART) for first in range(0, n, _PART)]
    with ThreadPoolExecutor(1) as aside:
        placed = [aside.submit(_place, placed_at[part], lives, index[part], up[part]) for part in parts]
        facts = facts_of(history, since, settled=settled)
    for done in placed:
        done.result()
    seen = np.zeros(n, np.int32)
    if not settled:
        _seen_by(facts.visible_at, placed_at, seen)
    amount = history.orders["amount_minor"]
    if np.isnan(amount).any():
        amount = np.nan_to_num(amount)
    return Timeline(history, facts, KeyCodes(history), half_lives, index, up, amount, seen)
