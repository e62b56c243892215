"""Rules that can never decide, or get into each other's way: found by reasoning, not by trying.

A condition is turned into boxes: for each trait an interval of numbers, or a set of texts, or the lack of a value. Boxes
hold exactly what the condition matches, so what is said of them is true of every order. Not every overlap is found to be
covered: a rule whose orders are taken by several earlier ones together, but by none alone, is not called shadowed.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import product

from data.errors import PlanError
from serving.decisions.rules import Condition, Rule, Test, folded
from serving.decisions.traits import TRAITS, Trait

MOST_BOXES = 500
_NEXT_TO, _SHORT, _PAISA = Decimal("1e-9"), Decimal("0.001"), Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Span:
    """What one trait may be. missing: only where it is not known.  low, high: with their ends or without.  words: only
    these (folded), None for all.  never: not these."""

    missing: bool = False
    low: Decimal = Decimal("-Infinity")
    high: Decimal = Decimal("Infinity")
    words: frozenset[str] | None = None
    never: frozenset[str | Decimal] = frozenset()

    @property
    def empty(self) -> bool:
        if self.words is not None:
            return not self.words - self.never
        return self.low > self.high or (self.low == self.high and self.low in self.never)

    def both(self, other: "Span") -> "Span | None":
        """What is in both; None for nothing."""
        if self.missing or other.missing:
            return self if self.missing and other.missing else None
        words = self.words if other.words is None else other.words if self.words is None else self.words & other.words
        found = Span(False, max(self.low, other.low), min(self.high, other.high), words, self.never | other.never)
        return None if found.empty else found

    def within(self, other: "Span") -> bool:
        """Is everything of this in the other?"""
        if self.missing or other.missing:
            return self.missing and other.missing
        if other.words is not None:
            return self.words is not None and self.words - self.never <= other.words - other.never
        if self.words is not None:
            return not (self.words - self.never) & other.never
        outside = {v for v in other.never if not isinstance(v, Decimal) or self.low <= v <= self.high}
        return other.low <= self.low and self.high <= other.high and outside <= self.never

    def example(self, trait: Trait) -> str:
        """A value that is in it."""
        if self.missing:
            return f"{trait.name} is missing"
        if self.words is not None:
            return f"{trait.name} = {min(self.words - self.never)}"
        if trait.kind == "text":
            return f"{trait.name} not in [{', '.join(sorted(map(str, self.never)))}]"
        low, high = self.low, self.high
        short = _PAISA if trait.kind == "money" else _SHORT
        near = [low.quantize(short, ROUND_CEILING)] if low.is_finite() else []
        near += [high.quantize(short, ROUND_FLOOR)] if high.is_finite() else []
        fits = [v for v in (*near, low, high) if v.is_finite() and low <= v <= high and v not in self.never]
        return f"{trait.name} = {fits[0].normalize():f}" if fits else f"some {trait.name}"


Box = Mapping[str, Span]
"""Traits that are not named may be anything."""


def boxes(rule: Rule) -> tuple[Box, ...]:
    """The boxes of what a rule matches; none if it can match nothing. Raises PlanError RULE004 if they are too many."""
    found = _boxes(rule.when, rule.rule_id)
    if rule.channels:
        where = {"channel": Span(words=frozenset(rule.channels))}
        found = [both for box in found if (both := _both(box, where)) is not None]
    return tuple(found)


def _boxes(when: Condition, rule_id: str) -> list[Box]:
    if isinstance(when, Test):
        return [{when.trait: span} for span in _spans(when)]
    parts = [_boxes(part, rule_id) for part in when.parts]
    if not when.every:
        return [box for part in parts for box in part]
    if math.prod(map(len, parts)) > MOST_BOXES:
        raise PlanError("RULE004", f"rule {rule_id!r}", got="a condition with too many combinations of or within and",
                        expected=f"at most {MOST_BOXES}", to_do="cut it into several rules, or use in [...]")  # fmt: skip
    found = []
    for combined in product(*parts):
        box: Box | None = {}
        for part in combined:
            box = None if box is None else _both(box, part)
        found += [] if box is None else [box]
    return found


def _both(one: Box, other: Box) -> Box | None:
    merged = dict(one)
    for name, span in other.items():
        both = merged[name].both(span) if name in merged else span
        if both is None or both.empty:
            return None
        merged[name] = both
    return merged


def _spans(test: Test) -> Iterator[Span]:
    """What one comparison allows; of whole traits only what they can be."""
    trait = TRAITS[test.trait]
    if test.op == "is missing":
        yield Span(missing=True)
        return
    if trait.kind == "text":
        yield from _texts(test, trait)
        return
    least = Decimal(repr(trait.least))
    most = Decimal("Infinity") if math.isinf(trait.most) else Decimal(repr(trait.most))
    numbers = tuple(Decimal(v) for v in test.values)
    match test.op:
        case "is known":
            yield Span(False, least, most)
        case "=" | "in":
            yield from (Span(False, v, v) for v in numbers)
        case "!=" | "not in":
            yield Span(False, least, most, never=frozenset(numbers))
        case "<" | "<=":
            yield from _kept(Span(False, least, numbers[0] - (_NEXT_TO if test.op == "<" else 0)))
        case _:
            yield from _kept(Span(False, numbers[0] + (_NEXT_TO if test.op == ">" else 0), most))


def _texts(test: Test, trait: Trait) -> Iterator[Span]:
    told = frozenset(folded(trait.name, str(value)) for value in test.values)
    every = frozenset(trait.words) if trait.words else None
    if test.op == "is known":
        yield from _kept(Span(words=every))
    elif test.op in ("=", "in"):
        yield from _kept(Span(words=told))
    else:
        yield from _kept(
            Span(words=None if every is None else every - told, never=told if every is None else frozenset())
        )


def _kept(span: Span) -> Iterator[Span]:
    if not span.empty:
        yield span


@dataclass(frozen=True, slots=True)
class Finding:
    """kind: dead, shadowed, contradicting, needless.  rule, other: ids.  said: why, for people."""

    kind: str
    rule: str
    other: str | None
    said: str

    def as_dict(self) -> dict[str, str | None]:
        return {"kind": self.kind, "rule": self.rule, "other": self.other, "said": self.said}


def findings(rules: Sequence[Rule], now: int) -> list[Finding]:
    """What is wrong with a row of rules, in their order. now: microseconds, for rules that have ended."""
    found: list[Finding] = []
    known = [(rule, boxes(rule)) for rule in rules]
    for place, (rule, own) in enumerate(known):
        if rule.until is not None and rule.until <= now:
            found.append(Finding("dead", rule.rule_id, None, "it has ended; it decides nothing any more"))
        elif not own:
            found.append(Finding("dead", rule.rule_id, None, f"no order can match it: {rule.when}"))
        else:
            found += _against(rule, own, known[:place], now)
    return found


def _against(
    rule: Rule, own: Sequence[Box], earlier: Sequence[tuple[Rule, Sequence[Box]]], now: int
) -> Iterator[Finding]:
    live = [(one, theirs) for one, theirs in earlier if one.until is None or one.until > now]
    lasting = [(one, theirs) for one, theirs in live if one.until is None or (rule.until and one.until >= rule.until)]
    for one, theirs in lasting:
        if all(any(_within(box, theirs_) for theirs_ in theirs) for box in own):
            why = f"every order it matches is taken by rule {one.rule_id!r} before it"
            yield Finding("shadowed", rule.rule_id, one.rule_id, why)
            return
    for one, theirs in live:
        shared = next((both for a in own for b in theirs if (both := _both(a, b)) is not None), None)
        if shared is None or one.then == rule.then or all(any(_within(b, a) for a in own) for b in theirs):
            continue  # a special case before a general one is no contradiction
        example = " and ".join(span.example(TRAITS[name]) for name, span in shared.items()) or "any order"
        first, second = ("expected_value" if r.then is None else r.then.name.lower() for r in (one, rule))
        why = f"both match an order with {example}; rule {one.rule_id!r} stands first and says {first}, not {second}"
        yield Finding("contradicting", rule.rule_id, one.rule_id, why)


def _within(box: Box, other: Box) -> bool:
    """Is everything of a box in another?"""
    return all(name in box and box[name].within(span) for name, span in other.items())
