"""What a mapping says about files before their columns are read: how they are written, and how rows become lines."""

import codecs
import re
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from data.persons.text import folded

When = dict[str, str | list[str]]
"""File column -> patterns, any of which fits. Case and padding do not matter; `*` and `?` are wildcards."""


def any_fits(text: str, patterns: str | list[str]) -> bool:
    """Does a folded text fit one of a condition's patterns?"""
    wanted = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(text, folded(p).replace("[", "[[]")) for p in wanted)


class Strict(BaseModel):
    """Keys that are not known are refused; nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class File(Strict):
    """How the files are written. `delimiter` and `encoding` matter for CSV, `sheet` for Excel, `path` for JSON."""

    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str = "utf-8-sig"
    header_row: int = Field(default=1, ge=1, le=1000)
    sheet: str | None = None
    path: str | None = None
    decimal: Literal[".", ","] = "."

    @field_validator("encoding")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            codecs.lookup(name)
        except LookupError:
            raise ValueError("an encoding unknown to Python, as 'utf-8' or 'cp1252'") from None
        return name


class FileLike(File):
    """Files whose name fits the pattern `name`: a key given here goes before that of [file]."""

    name: str = Field(min_length=1)

    def fits(self, name: str) -> bool:
        """Is a file of this name meant? Case does not matter."""
        return fnmatchcase(name.casefold(), self.name.casefold())

    def over(self, file: File) -> File:
        """How such a file is written: as [file] says, but for the keys given here."""
        return file.model_copy(update={key: getattr(self, key) for key in self.model_fields_set - {"name"}})


class Drop(Strict):
    """Rows that are no order lines: postage, fees, totals. They are left out and counted under `why`."""

    when: When = Field(min_length=1)
    why: str = Field(min_length=3)


class OrderLines(Strict):
    """Several lines per order. fill_down: columns told on an order's first row only, as `*` patterns or names."""

    fill_down: list[str] = Field(min_length=1)


class Part(Strict):
    """Keep one part of a value: `separator = "-"`, `index = 0`."""

    separator: str = Field(min_length=1)
    index: int = 0

    def of(self, text: str) -> str:
        """The part of a text; its last one where it has fewer."""
        parts = text.split(self.separator)
        return parts[min(self.index, len(parts) - 1)].strip()


class Number(Strict):
    """How one column writes the number that files are joined by: what to take off so that both sides are alike."""

    part: Part | None = None
    prefix: str = ""
    strip: str = ""
    pattern: str | None = None

    @field_validator("pattern")
    @classmethod
    def _readable(cls, pattern: str | None) -> str | None:
        try:
            found = re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        if found.groups > 1:
            raise ValueError("at most one group in brackets: what it holds is the number")
        return pattern

    @model_validator(mode="after")
    def _does_something(self) -> "Number":
        if not (self.part or self.prefix or self.strip or self.pattern):
            raise ValueError("give `part`, `prefix`, `strip` or `pattern`")
        return self


class Join(Strict):
    """Two kinds of files side by side. on: column of the orders' file = column of the other file.

    numbers: how a column of `on` writes the number, where the two sides differ.  take: which of several rows of one
    number, told apart by the times in the column `by` of the other file.
    """

    on: dict[str, str] = Field(min_length=1)
    numbers: dict[str, Number] = Field(default_factory=dict)
    take: Literal["last", "first", "all"] | None = None
    by: str | None = None
    formats: list[str] = Field(default_factory=lambda: ["ISO8601"], min_length=1)
    other_has: list[str] = Field(default_factory=list)
    kind: Literal["left"] = "left"
    prefix: str = ""
    required: bool = True
    columns: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _told_apart(self) -> "Join":
        if not self.required and not self.columns:
            raise ValueError("a file that may be absent needs `columns`: what is missing without it")
        if not self.other_has and all(left == right for left, right in self.on.items()):
            raise ValueError(
                "the files cannot be told apart by `on`: name a column that the other one has in `other_has`"
            )
        if strange := sorted(set(self.numbers) - {*self.on, *self.on.values()}):
            raise ValueError(f"`numbers` has {strange[0]!r}, which is no column of `on`")
        return self

    @model_validator(mode="after")
    def _which_row(self) -> "Join":
        if (self.take in ("last", "first")) != (self.by is not None):
            raise ValueError(
                '`take = "last"` and `"first"` go by the time in a column of the other file: name it in `by`'
            )
        if self.by is None and "formats" in self.model_fields_set:
            raise ValueError("`formats` says how the column named in `by` writes its times: there is none")
        return self


class Credits(Strict):
    """Rows that take an earlier line back. They become a time of that line: `credited_at` and `settled_at`."""

    when: When = Field(min_length=1)
    match: list[str] = Field(min_length=1)
    within_days: float = Field(gt=0, le=3650, allow_inf_nan=False)
