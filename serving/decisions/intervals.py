"""How sure the money of an action is, given its risk: what the intervals of the effect table leave open.

Each uncertain part of the table (`Effects.variants`) is moved alone to its low and to its high end. What that does to
the sum is a swing, and swings upward and downward are added as squares: the parts are taken for independent, the shares
within one part for moving together. Shipping as it is assumes nothing, so its sum has no interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from data.contract import Action
from serving.decisions.compiled import Ends, ends_of, prices_of, sixes
from serving.decisions.economics import Economics
from serving.decisions.effects import ZERO, Effects, Outcomes

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Swings:
    """owner: (s,) the `Action` each swing belongs to, those of one action side by side.  starts: (pieces,) order values.

    table: (6, pieces, s, 2) what moving to the low and to the high end adds: minor units, as in `compiled.Sums`.
    """

    owner: Array
    starts: Array
    table: Array

    def at(self, k: Array, j: Array, values: Array) -> Array:
        """(m, s, 2) swings of m orders, minor units."""
        a0, a1, b0, b1, c0, c1 = self.table[:, self.starts.searchsorted(values, side="right") - 1]
        v, p, q = (np.asarray(one, dtype=np.float64)[:, None, None] for one in (values, k, j))
        return np.asarray(a0 + a1 * v + p * (b0 + b1 * v) + q * (c0 + c1 * v))

    def around(self, k: Array, j: Array, values: Array, actions: Sequence[Action]) -> tuple[Array, Array]:
        """(m, a) how far the sum of each of these actions may lie below and above, minor units."""
        out = np.zeros((2, len(values), len(actions)))
        if len(self.owner):
            places, owners = self._places(tuple(actions))
            squares = np.add.reduceat(_squares(self.at(k, j, values)), self._firsts, axis=-1)
            out[:, :, places] = squares[:, :, owners]
        down, up = np.sqrt(out)
        return down, up

    @cached_property
    def _firsts(self) -> Array:
        """(o,) where the swings of each owner begin."""
        return np.flatnonzero(np.diff(self.owner, prepend=-1))

    def _places(self, actions: tuple[Action, ...]) -> tuple[Array, Array]:
        """Which of these actions have swings, and the place of each among the owners."""
        if actions not in self._placed:
            owners = self.owner[self._firsts].tolist()
            there = [(i, owners.index(int(action))) for i, action in enumerate(actions) if int(action) in owners]
            self._placed[actions] = np.array(there, dtype=np.int64).reshape(-1, 2).T
        places, owner = self._placed[actions]
        return places, owner

    @cached_property
    def _placed(self) -> dict[tuple[Action, ...], Array]:
        return {}


def beside(swings: Array) -> tuple[Array, Array]:
    """(..., s, 2) swings -> (...) how far below and above they reach together."""
    down, up = np.sqrt(_squares(swings).sum(axis=-1))
    return down, up


def _squares(swings: Array) -> Array:
    """(..., s, 2) swings -> (2, ..., s) the squares of how far each reaches below and above."""
    low, high = swings[..., 0], swings[..., 1]
    ends = [np.minimum(np.minimum(low, high), 0.0), np.maximum(np.maximum(low, high), 0.0)]
    return np.asarray(np.square(np.array(ends)))


def compile_swings(e: Economics, effects: Effects, *, known: bool) -> Swings:
    """The swings of a pair of costs and effects. known: is there a risk if prepaid?"""
    owner, rows = [], []
    prices = {row.action: prices_of(row.action, e) for row in effects.rows}
    for action, *tables in effects.variants():
        now = ends_of(action, effects, known=known)
        both = [sixes(_apart(now, ends_of(action, end, known=known)), prices[action], spent=ZERO) for end in tables]
        pieces = list(zip(*both, strict=True))
        if any(f for piece in pieces for six in piece for f in six):
            owner.append(int(action))
            rows.append(pieces)
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(e.lines()), 2, 6)
    lying = np.ascontiguousarray(np.moveaxis(table, (3, 1), (0, 1)))
    return Swings(np.array(owner, dtype=np.int64), np.array(e.pieces()), lying)


def _apart(now: Ends, then: Ends) -> Ends:
    """What changes of how orders end."""
    none, risky, paid_too = (
        Outcomes(*(b - a for a, b in zip(vars(x).values(), vars(y).values(), strict=True)))
        for x, y in zip(now, then, strict=True)
    )
    return none, risky, paid_too
