"""The money of a policy as whole numbers, so that many orders are weighed at once and still exactly.

`economics.money` of `effects.outcomes` is the definition: between two bends of the order value (`Economics.pieces`) it
is a straight line in the value, and at one value a straight line in the risk p and in m = min(q, p), q the risk if
prepaid. How orders end depends on the risks alone, and is read at three corners of (p, m); what an end is worth depends
on the value alone, and is read at the two ends of each piece. Their products, exact fractions over one denominator, are

    expected value = (a0 + a1 v + k (b0 + b1 v) + j (c0 + c1 v)) / denominator       v minor units, k = 1000 p, j = 1000 m

All numbers on the right are integers: no number is ever rounded before `to_minor`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from itertools import chain
from typing import Any, TypeAlias

import numpy as np

from data.contract import Action
from serving.decisions.economics import Economics, worth
from serving.decisions.effects import ONE, ZERO, Effects, Outcomes, outcomes, prepaid_outcomes

Array: TypeAlias = np.ndarray[Any, Any]

PER_RISK = 1000
"""Risks are read in thousandths."""

Ends: TypeAlias = tuple[Outcomes, Outcomes, Outcomes]
"""How an order ends at (p, m) = (0, 0), (1, 0) and (1, 1)."""
Prices: TypeAlias = tuple[tuple[tuple[Fraction, Fraction], ...], ...]
"""For each piece: of each way an order can end its worth in minor units as c0 + c1 v; last what is spent anyway."""
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

    def table(self, kind: type) -> Array:
        """(6, pieces, a) the numerators as an array."""
        if kind not in self._tables:
            self._tables[kind] = np.ascontiguousarray(np.moveaxis(np.array(self.numerators, dtype=kind), -1, 0))
        return self._tables[kind]

    @cached_property
    def borders(self) -> Array:
        """(pieces,) `starts` as an array."""
        return np.array(self.starts)

    @cached_property
    def _tables(self) -> dict[type, Array]:
        return {}

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
    actions = tuple(row.action for row in effects.rows)
    prices = {action: prices_of(action, e) for action in actions}

    def of(known: bool) -> Sums:
        return _sums(actions, [(ends_of(action, effects, known=known), prices[action]) for action in actions], e)

    paid = prepaid_outcomes(ZERO), prepaid_outcomes(ONE), prepaid_outcomes(ONE)
    return CompiledMoney(of(False), of(True), _sums((Action.ALLOW_COD,), [(paid, prices[Action.ALLOW_COD])], e))


def ends_of(action: Action, effects: Effects, *, known: bool) -> Ends:
    """How orders end at the three corners. known: is there a risk if prepaid?"""
    corners = ((ZERO, ZERO), (ONE, ZERO), (ONE, ONE))
    none, risky, paid_too = (outcomes(p, m if known else None, action, effects) for p, m in corners)
    return none, risky, paid_too


def prices_of(action: Action, e: Economics) -> Prices:
    """What each end is worth, piece by piece."""
    spent = {value: worth(Outcomes(), action, value, e) for piece in e.lines() for value in piece}

    def line(end: str, start: int, last: int) -> tuple[Fraction, Fraction]:
        low, high = (worth(Outcomes(**{end: ONE}), action, value, e) - spent[value] for value in (start, last))
        slope = (high - low) / (last - start) if last > start else ZERO
        return low - slope * start, slope

    names = [field.name for field in fields(Outcomes)]
    return tuple((*(line(name, *piece) for name in names), (spent[piece[0]], ZERO)) for piece in e.lines())


def sixes(ends: Ends, prices: Prices, *, spent: Fraction = ONE) -> Iterator[tuple[Fraction, ...]]:
    """a0, a1, b0, b1, c0, c1 of each piece. spent: the share of orders on which the action itself costs."""
    none, risky, paid_too = (tuple(vars(corner).values()) for corner in ends)
    a = (*none, spent)
    b = (*((y - x) / PER_RISK for x, y in zip(none, risky, strict=True)), ZERO)
    c = (*((y - x) / PER_RISK for x, y in zip(risky, paid_too, strict=True)), ZERO)
    for piece in prices:
        yield tuple(_dot(shares, piece, place) for shares in (a, b, c) for place in (0, 1))


def _dot(shares: Sequence[Fraction], piece: Sequence[tuple[Fraction, Fraction]], place: int) -> Fraction:
    return sum((s * line[place] for s, line in zip(shares, piece, strict=True) if s and line[place]), ZERO)


def _sums(actions: tuple[Action, ...], parts: list[tuple[Ends, Prices]], e: Economics) -> Sums:
    exact = list(zip(*(sixes(*part) for part in parts), strict=True))
    denominator = math.lcm(*(f.denominator for row in exact for six in row for f in six))
    whole = tuple(tuple(_whole(six, denominator) for six in row) for row in exact)
    return Sums(actions, e.pieces(), whole, denominator)


def _whole(six: tuple[Fraction, ...], denominator: int) -> Six:
    a0, a1, b0, b1, c0, c1 = (int(f * denominator) for f in six)
    return a0, a1, b0, b1, c0, c1
