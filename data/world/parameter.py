"""A parameter of the made-up market: its value, what it means, where it is from, and how far it may go."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from data.errors import PlanError

ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter as the page of the world shows it. `name` is `plan.field`."""

    name: str
    value: Any
    why: str
    source: str


def parameter(
    default: Any, why: str, source: str = ASSUMED, *, least: float = float("-inf"), most: float = float("inf")
) -> Any:
    """A field of a plan, with its meaning and source; a number, or each number of a tuple, lies in `least`..`most`."""
    return field(default=default, metadata={"why": why, "source": source, "least": least, "most": most})


def rows(plan: Any, path: str = "") -> Iterator[Row]:
    """Every parameter within a plan, in the order of its fields. Fields without a meaning hold no parameter."""
    for column in fields(plan):
        value, name = getattr(plan, column.name), f"{path}.{column.name}".lstrip(".")
        if "why" in column.metadata:
            yield Row(name, value, column.metadata["why"], column.metadata["source"])
        elif is_dataclass(value):
            yield from rows(value, name)


def check_parameters(plan: Any, path: str = "") -> None:
    """Raises PlanError W002 for the first parameter within `plan` that lies outside its range."""
    for column in fields(plan):
        value, name = getattr(plan, column.name), f"{path}.{column.name}".lstrip(".")
        if is_dataclass(value) and "why" not in column.metadata:
            check_parameters(value, name)
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float) and "why" in column.metadata:
                check_number(name, number, column.metadata["least"], column.metadata["most"])


def check_number(name: str, got: float, least: float, most: float) -> None:
    """Raises PlanError W002 unless `least <= got <= most` (a NaN never is)."""
    if not least <= got <= most:
        raise PlanError("W002", name, got=f"{got:,}", expected=f"{least:,} to {most:,}", to_do=f"change {name}")
