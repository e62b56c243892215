"""A merchant's rules: when (trait, operator, value, and / or) then (action). The first that matches decides.

A trait that is not known matches nothing but `is missing`: neither `=` nor `!=`. Texts are compared without regard to
case; states in any of their spellings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, reduce
from typing import Any, TypeAlias

import numpy as np

from data.contract import Action
from data.places import fold_state
from serving.decisions.single import COMPARE, Holds, One, comparison, group_holds, limits
from serving.decisions.traits import NEEDS_MODEL, TRAITS, Read, Traits

Array: TypeAlias = np.ndarray[Any, Any]
Value: TypeAlias = Decimal | str

OPERATORS = (*COMPARE, "in", "not in", "is missing", "is known")
TEXT_OPERATORS = ("=", "!=", "in", "not in", "is missing", "is known")


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison. values: none for `is missing` and `is known`, several for `in` and `not in`."""

    trait: str
    op: str
    values: tuple[Value, ...] = ()

    def __str__(self) -> str:
        if not self.values:
            return f"{self.trait} {self.op}"
        told = [_told(self.trait, value) for value in self.values]
        return f"{self.trait} {self.op} " + (f"[{', '.join(told)}]" if self.op.endswith("in") else told[0])


def _told(trait: str, value: Value) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return ("yes" if value else "no") if TRAITS[trait].kind == "flag" else f"{value.normalize():f}"


@dataclass(frozen=True, slots=True)
class Group:
    """Several conditions: all of them must hold, or any."""

    every: bool
    parts: tuple["Condition", ...]

    def __str__(self) -> str:
        told = (f"({p})" if isinstance(p, Group) and p.every != self.every else str(p) for p in self.parts)
        return (" and " if self.every else " or ").join(told)


Condition: TypeAlias = Test | Group


@dataclass(frozen=True, slots=True)
class Rule:
    """then: what is advised, None for what is worth most (so that later rules do not apply).  channels: folded, empty for
    all.  until: microseconds, not from then on."""

    rule_id: str
    when: Condition
    then: Action | None
    channels: tuple[str, ...] = ()
    until: int | None = None

    def in_words(self) -> str:
        then = "expected_value" if self.then is None else self.then.name.lower()
        where = f" on {', '.join(self.channels)}" if self.channels else ""
        return f"when {self.when}{where} then {then}"


def tests_of(when: Condition) -> Iterator[Test]:
    """Every comparison of a condition."""
    if isinstance(when, Test):
        yield when
    else:
        for part in when.parts:
            yield from tests_of(part)


def folded(trait: str, text: str) -> str:
    """A text as it is compared."""
    return fold_state(text) if trait == "state" else text.strip().casefold()


@dataclass(frozen=True)
class RuleBook:
    """Rules in the order in which they are tried. minor_per_major: of the currency in which they name money."""

    rules: tuple[Rule, ...] = ()
    minor_per_major: int = 100
    _kept: dict[Test, Any] = field(default_factory=dict, compare=False, repr=False)

    def first(self, traits: Traits) -> Array:
        """(n,) place of the first rule that matches each order, -1 where none does."""
        if len(traits) == 1:
            one = One(traits, folded)
            alone = (place for place, holds in enumerate(self._alone) if holds(one))
            return np.array([next(alone, -1)], dtype=np.int64)
        found, read = np.full(len(traits), -1, dtype=np.int64), Read(traits)
        for place, rule in enumerate(self.rules):
            matched = self.matches(rule, read)
            found = np.where((found < 0) & matched, place, found)
        return found

    def matches(self, rule: Rule, traits: Traits) -> Array:
        """(n,) does this rule match, whatever stands before it?"""
        matched = self._holds(rule.when, traits)
        if rule.channels:
            matched = matched & self._holds(Test("channel", "in", rule.channels), traits)
        return matched if rule.until is None else matched & (traits.at() < rule.until)

    @cached_property
    def reads_model(self) -> bool:
        """Does any rule read what only a model says?"""
        return any(test.trait in NEEDS_MODEL for rule in self.rules for test in tests_of(rule.when))

    @cached_property
    def _alone(self) -> tuple[Holds, ...]:
        """The rules for one order."""
        return tuple(self._rule_alone(rule) for rule in self.rules)

    def _rule_alone(self, rule: Rule) -> Holds:
        parts = [self._condition_alone(rule.when)]
        if rule.channels:
            parts.insert(0, self._condition_alone(Test("channel", "in", rule.channels)))
        if (until := rule.until) is not None:
            parts.insert(0, lambda one: one.at < until)
        return parts[0] if len(parts) == 1 else group_holds(True, parts)

    def _condition_alone(self, when: Condition) -> Holds:
        if isinstance(when, Group):
            return group_holds(when.every, [self._condition_alone(part) for part in when.parts])
        return comparison(when.trait, when.op, self._wanted(when))

    def _holds(self, when: Condition, traits: Traits) -> Array:
        if isinstance(when, Group):
            both = np.logical_and if when.every else np.logical_or
            return reduce(both, [self._holds(part, traits) for part in when.parts])
        return self._text(when, traits) if TRAITS[when.trait].kind == "text" else self._number(when, traits)

    def _wanted(self, test: Test) -> Any:
        """What a comparison compares with: folded texts, or numbers."""
        if test not in self._kept:
            if TRAITS[test.trait].kind == "text":
                self._kept[test] = frozenset(folded(test.trait, str(value)) for value in test.values)
            else:
                times = self.minor_per_major if TRAITS[test.trait].kind == "money" else 1
                self._kept[test] = limits(test.values, times)
        return self._kept[test]

    def _text(self, test: Test, traits: Traits) -> Array:
        told = traits.text(test.trait)
        if test.op.startswith("is "):
            return told.held() if test.op == "is known" else ~told.held()
        wanted, inside = self._wanted(test), test.op in ("=", "in")
        fits = [value is not None and (folded(test.trait, value) in wanted) == inside for value in told.values]
        return told.spread(np.array(fits, dtype=bool), False)

    def _number(self, test: Test, traits: Traits) -> Array:
        told = traits.number(test.trait)
        known = ~np.isnan(told)
        if test.op.startswith("is "):
            return known if test.op == "is known" else ~known
        wanted = self._wanted(test)
        if test.op in COMPARE:
            return np.asarray(known & COMPARE[test.op](told, wanted[0]))
        return np.asarray(known & (np.isin(told, wanted) == (test.op == "in")))


def at_stage(then: Action, offered: Sequence[Action], harshness: Mapping[Action, int]) -> Action:
    """What a stage still allows of an action: itself, or the harshest that is no harsher."""
    if then in offered:
        return then
    gentler = [action for action in offered if harshness[action] <= harshness[then]]
    return max(gentler, key=lambda action: harshness[action], default=Action.ALLOW_COD)
