"""The money of a policy as whole numbers, so that many orders are weighed at once and still exactly.

`economics.money` of `effects.outcomes` is the definition: between two bends of the order value (`Economics.pieces`) it
is a straight line in the value, and at one value a straight line in the risk p and in m = min(q, p), q the risk if
prepaid. Such a form is fixed by its values at six points, read off the definition once, as exact fractions over one
common denominator:

    expected value = (a0 + a1 v + k (b0 + b1 v) + j (c0 + c1 v)) / denominator       v minor units, k = 1000 p, j = 1000 m

All numbers on the right are integers: no number is ever rounded before `to_minor`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain, pairwise
from typing import TypeAlias

from data.contract import Action
from serving.decisions.economics import LARGEST_MINOR, Economics, worth
from serving.decisions.effects import ONE, ZERO, Effects, outcomes, prepaid_outcomes

PER_RISK = 1000
"""Risks are read in thousandths."""

Worth: TypeAlias = Callable[[Fraction, Fraction, int], Fraction]
"""`worth(p, m, value_minor)`: the definition for one action."""
Six: TypeAlias = tuple[int, int, int, int, int, int]
"""a0, a1, b0, b1, c0, c1"""


@dataclass(frozen=True)
class Sums:
    """The sums of some actions, gentle to harsh. numerators[piece][action] holds from the value starts[piece] on."""

    actions: tuple[Action, ...]
    starts: tuple[int, ...]
    numerators: tuple[tuple[Six, ...], ...]
    denominator: int

    def at(self, k: int, j: int, value_minor: int) -> list[int]:
        """Expected value of each action, as numerators over `denominator`."""
        return [
            a0 + a1 * value_minor + k * (b0 + b1 * value_minor) + j * (c0 + c1 * value_minor)
            for a0, a1, b0, b1, c0, c1 in self.numerators[self.piece_of(value_minor)]
        ]

    def piece_of(self, value_minor: int) -> int:
        return sum(start <= value_minor for start in self.starts) - 1

    def to_minor(self, numerator: int) -> int:
        """Nearest minor unit, halves up: `policy.to_minor` of the fraction."""
        return (2 * numerator + self.denominator) // (2 * self.denominator)

    @cached_property
    def largest(self) -> tuple[int, int]:
        """No numerator is larger than largest[0] + largest[1] * value, whatever the risks."""
        sixes = list(chain.from_iterable(self.numerators))
        flat = max(abs(s[0]) + PER_RISK * (abs(s[2]) + abs(s[4])) for s in sixes)
        sloped = max(abs(s[1]) + PER_RISK * (abs(s[3]) + abs(s[5])) for s in sixes)
        return flat, sloped

    def only(self, actions: Sequence[Action]) -> "Sums":
        """The same sums of some of the actions."""
        columns = [i for i, action in enumerate(self.actions) if action in actions]
        rows = tuple(tuple(row[i] for i in columns) for row in self.numerators)
        return Sums(tuple(self.actions[i] for i in columns), self.starts, rows, self.denominator)


@dataclass(frozen=True)
class CompiledMoney:
    """Sums of every action on an order not yet paid, by whether the risk if prepaid is known; and of one paid for."""

    declared: Sums
    known: Sums
    prepaid: Sums


def compile_money(e: Economics, effects: Effects) -> CompiledMoney:
    """The integer form of a pair of costs and effects."""

    def of(action: Action, known: bool) -> Worth:
        return lambda p, m, value: worth(outcomes(p, m if known else None, action, effects), action, value, e)

    actions = tuple(row.action for row in effects.rows)
    paid: Worth = lambda p, m, value: worth(prepaid_outcomes(p), Action.ALLOW_COD, value, e)  # noqa: E731
    return CompiledMoney(
        _sums(actions, [of(action, False) for action in actions], e),
        _sums(actions, [of(action, True) for action in actions], e),
        _sums((Action.ALLOW_COD,), [paid], e),
    )


def _sums(actions: tuple[Action, ...], worths: list[Worth], e: Economics) -> Sums:
    starts = e.pieces()
    ends = [after - 1 for _, after in pairwise((*starts, LARGEST_MINOR + 1))]
    exact = [[_six(one, start, end) for one in worths] for start, end in zip(starts, ends, strict=True)]
    denominator = math.lcm(*(f.denominator for row in exact for six in row for f in six))
    whole = tuple(tuple(_whole(six, denominator) for six in row) for row in exact)
    return Sums(actions, starts, whole, denominator)


def _six(worth_at: Worth, start: int, end: int) -> tuple[Fraction, ...]:
    """a0, a1, b0, b1, c0, c1 on one piece, from three pairs of risks at its two ends."""
    lines = []
    for value in (start, end):
        none, risky, paid_too = (worth_at(p, m, value) for p, m in ((ZERO, ZERO), (ONE, ZERO), (ONE, ONE)))
        lines.append((none, (risky - none) / PER_RISK, (paid_too - risky) / PER_RISK))
    six = []
    for low, high in zip(*lines, strict=True):
        slope = (high - low) / (end - start) if end > start else ZERO
        six += [low - slope * start, slope]
    return tuple(six)


def _whole(six: tuple[Fraction, ...], denominator: int) -> Six:
    a0, a1, b0, b1, c0, c1 = (int(f * denominator) for f in six)
    return a0, a1, b0, b1, c0, c1
