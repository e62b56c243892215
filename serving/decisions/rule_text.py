"""Rules as a merchant writes them: `value >= 2500 and (state in [Bihar, Jharkhand] or buyer_rto >= 2)`.

    condition  =  part { or part }          part  =  piece { and piece }          piece  =  ( condition )  |  test
    test       =  trait  = != < <= > >=  value     trait [not] in [value, ...]     trait is missing     trait is known

A value is a number, a word, yes or no, or any text in quotes.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from data.errors import PlanError
from serving.decisions.rules import OPERATORS, TEXT_OPERATORS, Condition, Group, Test, Value
from serving.decisions.traits import TRAITS

_TOKEN = re.compile(r"""\s*(?:("[^"]*"|'[^']*')|(<=|>=|!=|==|=|<|>)|([()\[\],])|([^\s()\[\],<>=!"']+))""")
_MOST_DEEP = 20
_PERSONS = ("phone", "email", "address", "customer_id", "name", "device_id", "ip")


class _Reader:
    """The words of one condition, read from left to right."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.where, self.place = text, where, 0
        self.words: list[tuple[str, int]] = []
        at = 0
        while rest := text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise refusal(where, rest[:20], "words, numbers, texts in quotes, and = != < <= > >= in is and or ( )")
            self.words.append((match[0].strip(), match.end()))
            at = match.end()

    def next(self) -> str:
        return self.words[self.place][0] if self.place < len(self.words) else ""

    def take(self, *wanted: str) -> str:
        """The next word, if it is one of those wanted; else nothing is taken."""
        word = self.next()
        if not word or (wanted and word.casefold() not in wanted):
            return ""
        self.place += 1
        return word

    def need(self, what: str, *wanted: str) -> str:
        word = self.take(*wanted)
        if not word:
            raise self.refuse(what)
        return word

    def refuse(self, expected: str) -> PlanError:
        before = self.words[self.place - 1][0] if self.place else ""
        got = f"{self.next() or 'the end'}" + (f" after {before}" if before else "")
        return refusal(self.where, got, expected)


def refusal(where: str, got: str, expected: str, to_do: str = "see docs/decisions.md#rules") -> PlanError:
    """RULE001: a condition that cannot be read."""
    return PlanError("RULE001", where, got=got, expected=expected, to_do=to_do)


def condition(text: str, where: str) -> Condition:
    """A condition from its text. Raises PlanError RULE001 where it cannot be read, RULE002 for an unknown trait, RULE003
    for a comparison that cannot be meant."""
    reader = _Reader(text, where)
    found = _any(reader, 0)
    if reader.next():
        raise reader.refuse("and, or, or the end")
    return found


def _any(reader: _Reader, depth: int) -> Condition:
    parts = [_every(reader, depth)]
    while reader.take("or"):
        parts.append(_every(reader, depth))
    return parts[0] if len(parts) == 1 else Group(False, tuple(parts))


def _every(reader: _Reader, depth: int) -> Condition:
    parts = [_piece(reader, depth)]
    while reader.take("and"):
        parts.append(_piece(reader, depth))
    return parts[0] if len(parts) == 1 else Group(True, tuple(parts))


def _piece(reader: _Reader, depth: int) -> Condition:
    if not reader.take("("):
        return _test(reader)
    if depth >= _MOST_DEEP:
        raise reader.refuse(f"at most {_MOST_DEEP} brackets within each other")
    found = _any(reader, depth + 1)
    reader.need("a closing )", ")")
    return found


def _test(reader: _Reader) -> Test:
    name = reader.need("a trait, as value or state")
    if reader.take("is"):
        word = reader.need("missing or known", "missing", "known").casefold()
        return checked(name, f"is {word}", (), reader.where)
    if reader.take("not"):
        reader.need("in", "in")
        return checked(name, "not in", _values(reader), reader.where)
    if reader.take("in"):
        return checked(name, "in", _values(reader), reader.where)
    op = reader.need("= != < <= > >= in, not in or is", "=", "==", "!=", "<", "<=", ">", ">=")
    return checked(name, "=" if op == "==" else op, (_value(reader),), reader.where)


def _values(reader: _Reader) -> tuple[str, ...]:
    reader.need("a list in [ ]", "[")
    found = [_value(reader)]
    while reader.take(","):
        found.append(_value(reader))
    reader.need("a , or the closing ]", "]")
    return tuple(found)


def _value(reader: _Reader) -> str:
    word = reader.next()
    if not word or word[0] in "()[],=<>!":
        raise reader.refuse("a value")
    reader.take()
    if word[0] in "\"'":
        return word[1:-1]
    words = [word]
    while (more := reader.next()) and more[0] not in "()[],\"'<>=!" and more.casefold() not in ("and", "or"):
        words.append(reader.take())  # `state = Uttar Pradesh` needs no quotes
    return " ".join(words)


def structured(said: Mapping[str, Any], where: str, depth: int = 0) -> Condition:
    """A condition from its parts, as a form of drop-downs sends it: {"all": [...]}, {"any": [...]} or {"trait", "op",
    "value"}. Refused as `condition` is."""
    if depth > _MOST_DEEP:
        raise refusal(where, "too many groups", f"at most {_MOST_DEEP} groups within each other")
    for name in ("all", "any"):
        if set(said) == {name} and isinstance(said[name], Sequence) and said[name] and not isinstance(said[name], str):
            parts = tuple(structured(part, where, depth + 1) for part in said[name] if isinstance(part, Mapping))
            if len(parts) == len(said[name]):
                return parts[0] if len(parts) == 1 else Group(name == "all", parts)
    if not {"trait", "op"} <= set(said) <= {"trait", "op", "value"}:
        raise refusal(where, ", ".join(map(str, said)), "all or any with parts, or trait, op and value")
    told = said.get("value", [])
    values = tuple(str(v) for v in (told if isinstance(told, list) else [told]))
    return checked(str(said["trait"]), str(said["op"]), values, where)


def checked(name: str, op: str, values: tuple[str, ...], where: str) -> Test:
    """A comparison that can be meant. Raises PlanError RULE002 for an unknown trait, RULE003 for the rest."""
    trait = TRAITS.get(name.casefold())
    if trait is None:
        near = [] if name.casefold() in _PERSONS else difflib.get_close_matches(name.casefold(), TRAITS, 1)
        to_do = f"did you mean {near[0]}?" if near else "rules never name persons: put them on a list"
        raise PlanError("RULE002", where, got=f"an unknown trait {name!r}", expected=", ".join(TRAITS), to_do=to_do)
    allowed = TEXT_OPERATORS if trait.kind in ("text", "flag") else OPERATORS
    if op not in allowed:
        raise _cannot(where, f"{trait.name} {op}", f"one of {', '.join(allowed)}")
    if len(values) != 1 and not op.endswith("in") and not op.startswith("is "):
        raise _cannot(where, f"{len(values)} values", "one value")
    return Test(trait.name, op, tuple(_meant(trait.name, value, where) for value in values))


def _meant(name: str, value: str, where: str) -> Value:
    trait = TRAITS[name]
    if trait.kind == "text":
        if trait.words and value.casefold() not in trait.words:
            raise _cannot(where, f"{name} {value!r}", f"one of {', '.join(trait.words)}")
        return value
    if trait.kind == "flag":
        yes_no = {"yes": Decimal(1), "no": Decimal(0), "true": Decimal(1), "false": Decimal(0)}
        if value.casefold() not in yes_no:
            raise _cannot(where, f"{name} {value!r}", "yes or no")
        return yes_no[value.casefold()]
    try:
        number = Decimal(value.removeprefix("Rs ").removesuffix("%").strip())
    except InvalidOperation:
        raise _cannot(where, f"{name} {value!r}", "a number") from None
    number = number / 100 if value.endswith("%") and trait.kind == "share" else number
    if not number.is_finite() or not trait.least <= number <= trait.most:
        raise _cannot(where, f"{name} {value!r}", f"{trait.least:g} to {trait.most:g}: {trait.what}")
    return number


def _cannot(where: str, got: str, expected: str) -> PlanError:
    return PlanError("RULE003", where, got=got, expected=expected, to_do="every trait is in docs/decisions.md#traits")
