"""Rules for one order at a checkout: each condition made a plain function once, without arrays. The same as `rules.py`."""

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeAlias

from serving.decisions.traits import TRAITS, Traits

Holds: TypeAlias = Callable[["One"], bool]
COMPARE: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)


class One:
    """One order: each trait read once, folded once."""

    def __init__(self, traits: Traits, folded: Callable[[str, str], str]) -> None:
        self.traits, self.folded = traits, folded
        self.at = int(traits.at()[0])
        self._read: dict[str, Any] = {}

    def number(self, name: str) -> float:
        """NaN where it is not known."""
        if name not in self._read:
            self._read[name] = float(self.traits.number(name)[0])
        found: float = self._read[name]
        return found

    def text(self, name: str) -> str | None:
        """Folded; None where it is not known."""
        if name not in self._read:
            told = self.traits.text(name)
            code = int(told.coded[0])
            self._read[name] = None if code < 0 else self.folded(name, told.values[code])
        found: str | None = self._read[name]
        return found


def comparison(name: str, op: str, wanted: Any) -> Holds:
    """One comparison. wanted: limits as floats, or folded texts."""
    if TRAITS[name].kind == "text":
        if op.startswith("is "):
            return lambda one: (one.text(name) is None) == (op == "is missing")
        inside = op in ("=", "in")
        return lambda one: (told := one.text(name)) is not None and (told in wanted) == inside
    if op.startswith("is "):
        return lambda one: (one.number(name) == one.number(name)) == (op == "is known")
    if op in COMPARE:
        compare, limit = COMPARE[op], wanted[0]
        return lambda one: (told := one.number(name)) == told and compare(told, limit)
    return lambda one: (told := one.number(name)) == told and (told in wanted) == (op == "in")


def group_holds(every: bool, parts: list[Holds]) -> Holds:
    """All of them, or any."""
    if every:
        return lambda one: all(part(one) for part in parts)
    return lambda one: any(part(one) for part in parts)


def limits(values: tuple[Any, ...], times: int) -> tuple[float, ...]:
    """Numbers of a comparison, money in minor units."""
    return tuple(float(Decimal(value) * times) for value in values)
