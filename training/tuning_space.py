"""What `rto tune` may try: a range or a list of choices for keys of the plan, read from TOML.

Names are dotted as in a message: `trees.learning_rate`. A choice is kept as JSON text, since a study keeps plain values.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.errors import PlanError
from training.plan import Plan

Parameters: TypeAlias = dict[str, Any]
"""A study's plain values by dotted name."""

NEVER = {
    "test_share": "it would move the untouched test",
    "minimum_orders": "it would change what is refused, not what is learned",
    "seed": "the best of many seeds is luck",
}
_DIGITS = 3  # what is tried is what is written: a learning rate of 0.0473, not of 0.04731526


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(_Strict):
    """A number from low to high, whole if both are; with `log` searched by factors."""

    low: int | float = Field(allow_inf_nan=False)
    high: int | float = Field(allow_inf_nan=False)
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if not self.low < self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"low {self.low} has no logarithm")
        return self

    def distribution(self) -> BaseDistribution:
        if self._whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log)
        return FloatDistribution(float(self.low), float(self.high), log=self.log)

    def ends(self) -> Iterator[Any]:
        yield from (self.low, self.high)

    def decoded(self, kept: Any) -> Any:
        return int(kept) if self._whole else float(min(max(float(f"{kept:.{_DIGITS}g}"), self.low), self.high))

    def encoded(self, value: Any) -> Any:
        """The kept value; None if it lies outside."""
        inside = isinstance(value, int | float) and self.low <= value <= self.high
        return value if inside and (not self._whole or float(value).is_integer()) else None

    @property
    def _whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)


class Choices(_Strict):
    """One of some values, whatever they are."""

    choices: tuple[Any, ...] = Field(min_length=2)

    def distribution(self) -> BaseDistribution:
        return CategoricalDistribution([_text(one) for one in self.choices])

    def ends(self) -> Iterator[Any]:
        yield from self.choices

    def decoded(self, kept: Any) -> Any:
        return json.loads(kept)

    def encoded(self, value: Any) -> Any:
        """The kept value; None if it is no choice."""
        return _text(value) if _text(value) in map(_text, self.choices) else None


def _text(value: Any) -> str:
    return json.dumps(value, separators=(", ", ": "))


@dataclass(frozen=True, slots=True)
class Space:
    """Dimensions by dotted name, in the order of the file. where: what to call it in messages."""

    dimensions: Mapping[str, Range | Choices]
    where: str

    def distributions(self) -> dict[str, BaseDistribution]:
        """What a study draws from."""
        return {name: one.distribution() for name, one in self.dimensions.items()}

    def plan(self, base: Plan, parameters: Parameters) -> Plan:
        """`base` with these parameters in place."""
        return _with(base, {name: one.decoded(parameters[name]) for name, one in self.dimensions.items()})

    def parameters(self, plan: Plan) -> Parameters:
        """Where a plan lies. Raises PlanError PLAN003 if that is outside."""
        found = {}
        for name, one in self.dimensions.items():
            value = value_at(plan, name)
            found[name] = one.encoded(value)
            if found[name] is None:
                to_do = "widen the space, or tune another plan: --plan"
                raise PlanError("PLAN003", f"{self.where}, {name}", got=f"a space without {_text(value)}",
                                expected="one that holds the plan to be tuned", to_do=to_do)  # fmt: skip
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a study's identity and its record."""
        return {name: one.model_dump(mode="json") for name, one in self.dimensions.items()}


def load_space(path: Path | None, base: Plan) -> Space:
    """The space in a TOML file, or the one that ships. Raises PlanError: PLAN001 unreadable, PLAN003 not searchable."""
    shipped = files("training") / "plans" / "space.toml"
    where = "plans/space.toml" if path is None else str(path)
    try:
        told = tomllib.loads((shipped if path is None else path).read_text())
    except OSError as error:
        raise PlanError(
            "PLAN001",
            where,
            got="no such file",
            expected="a search space in TOML",
            to_do="check the path given to --space",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(
            "PLAN001", where, got=str(error), expected="valid TOML", to_do="correct the file there"
        ) from error
    found = dict(_dimensions(told, "", base.model_dump(mode="json"), where))
    if not found:
        raise _refused(where, "nothing to search", "at least one key of a plan with a range or choices")
    for name, one in found.items():
        for value in one.ends():
            _require_plan(base, name, value, where)
    return Space(found, where)


def value_at(plan: Plan, name: str) -> Any:
    """A plan's value by dotted name, as plain JSON would hold it."""
    value: Any = plan.model_dump(mode="json")
    for part in name.split("."):
        value = value[part]
    return value


def _dimensions(told: dict[str, Any], stem: str, known: dict[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    for key, value in told.items():
        name, place = f"{stem}{key}", f"{where}, {stem}{key}"
        if key not in known:
            raise _refused(place, "a key that no plan has", f"one of {', '.join(known)}")
        if name in NEVER:
            raise _refused(place, f"a key that is never tuned: {NEVER[name]}", "other keys")
        if isinstance(known[key], dict):
            if not isinstance(value, dict):
                raise _refused(place, _text(value), f"a table: [{name}]")
            yield from _dimensions(value, f"{name}.", known[key], where)
        else:
            yield name, _dimension(value, place)


def _dimension(value: Any, place: str) -> Range | Choices:
    kind = Choices if isinstance(value, dict) and "choices" in value else Range
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        got = f"{'.'.join(str(p) for p in first['loc'])}: {first['msg']}".removeprefix(": ")
        raise _refused(place, got, "{ low = ..., high = ..., log = true } or { choices = [...] }") from error


def _require_plan(base: Plan, name: str, value: Any, where: str) -> None:
    try:
        _with(base, {name: value})
    except ValidationError as error:
        got = f"{_text(value)}: {error.errors()[0]['msg']}"
        raise _refused(f"{where}, {name}", got, "values that a plan may have") from error


def _refused(where: str, got: str, expected: str) -> PlanError:
    return PlanError("PLAN003", where, got=got, expected=expected, to_do="compare with training/plans/space.toml")


def _with(base: Plan, values: Parameters) -> Plan:
    told = base.model_dump(mode="json")
    for name, value in values.items():
        *tables, key = name.split(".")
        table = told
        for part in tables:
            table = table[part]
        table[key] = value
    return Plan.model_validate(told)
