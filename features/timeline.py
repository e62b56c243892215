"""A history made ready for the kernels: what all kinds of key share, made once."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from data.history import Array, History
from features import compiled, scan
from features.facts import Facts, facts_of
from features.fold import FOREVER
from features.key_codes import KeyCodes
from features.sources import Link, Sum

_place = compiled.compile_kernel(scan.place)


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """facts: all of them, as they became visible.  half_lives: (h,) those that end.  index, up: (n, h) each order's
    `placed_at` on the grid of each half-life (`scan.place`).  amount: (n,) minor units, 0 where unknown.
    """

    history: History
    facts: Facts
    codes: KeyCodes
    half_lives: tuple[int, ...]
    index: Array
    up: Array
    amount: Array

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
    shape = (len(history), len(half_lives))
    index, up = np.empty(shape, np.int32), np.empty(shape)
    _place(history.orders["placed_at"], np.array(half_lives, dtype=np.int64), index, up)
    amount = np.nan_to_num(history.orders["amount_minor"])
    return Timeline(
        history, facts_of(history, since, settled=settled), KeyCodes(history), half_lives, index, up, amount
    )
