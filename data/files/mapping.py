"""A mapping: how one merchant's export says what the contract asks. TOML, read into these models, refused clearly."""

import tomllib
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from data import contract
from data.contract import NEWS_COLUMNS, ORDER_COLUMNS, Column, NewsType, Reason
from data.errors import PlanError, RtoError
from data.files.shaping import Credits as Credits
from data.files.shaping import Drop as Drop
from data.files.shaping import File as File
from data.files.shaping import FileLike as FileLike
from data.files.shaping import Join as Join
from data.files.shaping import OrderLines as OrderLines
from data.files.shaping import Part as Part
from data.files.shaping import Strict
from data.files.shaping import When as When
from data.persons.text import folded


class Source(Strict):
    """Where one column of the contract comes from.

    overwritten: the export overwrites it after the outcome (final courier, amount zeroed on failure): it is missing
    then, always (`true`) or on the rows that fit `overwritten_when`.  also: more columns, joined to `column` by ":".
    """

    column: str | None = None
    constant: str | None = None
    also: list[str] = Field(default_factory=list)
    formats: list[str] = Field(default_factory=lambda: ["ISO8601"], min_length=1)
    date_only: bool = False
    unit: Literal["minor", "major"] = "minor"
    values: dict[str, str] = Field(default_factory=dict)
    otherwise: str | None = None
    part: Part | None = None
    sum_lines: bool = False
    overwritten: bool = False
    overwritten_when: When | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> "Source":
        if (self.column is None) == (self.constant is None):
            raise ValueError("give exactly one of `column` and `constant`")
        if self.also and self.constant is not None:
            raise ValueError("`also` joins more columns to that of `column`: a constant has none")
        return self

    def translated(self, value: str) -> str | None:
        """The contract's word for a value of the file; None if the mapping has none."""
        table = {folded(k): v for k, v in self.values.items()}
        return table.get(folded(value), self.otherwise)


class News(Strict):
    """News that a status stands for. Its time: a file column, or declared days after the order was placed.

    formats, date_only: how that column writes its times; a day without an hour is known at its end.
    """

    type: str
    after_days: float | None = Field(default=None, ge=0, le=3650, allow_inf_nan=False)
    column: str | None = None
    formats: list[str] = Field(default_factory=lambda: ["ISO8601"], min_length=1)
    date_only: bool = False
    reason: str | None = None

    @field_validator("type")
    @classmethod
    def _known(cls, name: str) -> str:
        if name.upper() not in NewsType.__members__:
            raise ValueError(f"unknown news type; one of {', '.join(t.name.lower() for t in NewsType)}")
        return name.lower()

    @field_validator("reason")
    @classmethod
    def _known_reason(cls, name: str | None) -> str | None:
        if name is not None and name.upper() not in Reason.__members__:
            raise ValueError(f"unknown reason; one of {', '.join(r.name.lower() for r in Reason)}")
        return None if name is None else name.lower()

    @model_validator(mode="after")
    def _one_time(self) -> "News":
        if (self.after_days is None) == (self.column is None):
            raise ValueError("give exactly one of `after_days` and `column`")
        return self


class Rule(Strict):
    """Rows that fit `when` tell this `news`; the first rule that fits decides. No news: the order is still open."""

    when: When = Field(default_factory=dict)
    news: list[News] = Field(default_factory=list)


_KEYS_OF_KIND = {
    "time": {"formats", "date_only", "overwritten", "overwritten_when"},
    "money": {"unit", "sum_lines", "overwritten", "overwritten_when"},
    "count": {"overwritten", "overwritten_when"},
    "text": {"values", "otherwise", "part", "also", "overwritten", "overwritten_when"},
}


class Mapping(Strict):
    """The whole mapping. `orders` and `news` map contract columns; `rules` turn statuses into news."""

    name: str
    merchant_id: str | None = None
    timezone: str = "UTC"
    country: str | None = None
    currency: str | None = None
    exported_at: str | None = None
    note: str = ""
    absent_columns: Literal["refuse", "missing"] = "refuse"
    lines_decide: Literal["all", "any"] = "all"
    file: File = File()
    files: list[FileLike] = Field(default_factory=list)
    drop: list[Drop] = Field(default_factory=list)
    lines: OrderLines | None = None
    join: Join | None = None
    credits: Credits | None = None
    orders: dict[str, Source]
    news: dict[str, Source] = Field(default_factory=dict)
    rules: list[Rule] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names(self, info: ValidationInfo) -> "Mapping":
        for table, columns in (("orders", ORDER_COLUMNS), ("news", NEWS_COLUMNS)):
            mapped: dict[str, Source] = getattr(self, table)
            known = {c.name for c in columns}
            if unknown := sorted(set(mapped) - known):
                raise ValueError(f"[{table}] has no column {unknown[0]!r}; the contract has {', '.join(sorted(known))}")
            required = {c.name for c in columns if c.required}
            if mapped and (absent := sorted(required - set(mapped))):
                raise ValueError(f"[{table}] needs {', '.join(absent)}")
            for column in columns:
                if column.name in mapped:
                    _demand_keys(f"[{table}] {column.name}", column, mapped[column.name])
        needs_outcomes = (info.context or {}).get("outcomes", True)
        if needs_outcomes and not self.news and not self.rules:
            raise ValueError(
                "give [news] (a table of news) or [[rules]] (statuses): without outcomes nothing is learned"
            )
        return self

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, LookupError):
            raise ValueError("a time zone by its IANA name, as 'Asia/Kolkata'") from None
        return name

    @field_validator("exported_at")
    @classmethod
    def _moment(cls, text: str | None) -> str | None:
        if text is not None:
            datetime.fromisoformat(text)
        return text

    @field_validator("country", "currency")
    @classmethod
    def _code(cls, code: str | None) -> str | None:
        return None if code is None else code.upper()

    def written(self, name: str) -> File:
        """How a file of this name is written: the first entry of [[files]] that fits, else [file]."""
        return next((like.over(self.file) for like in self.files if like.fits(name)), self.file)

    @property
    def longest_delay_days(self) -> float:
        """The longest declared delay: how long after its date the last order's fate would be told."""
        return max([n.after_days or 0.0 for r in self.rules for n in r.news], default=0.0)

    def declared_delays(self) -> dict[str, float]:
        """Days after the order at which each kind of news is assumed to be told."""
        return {n.type: n.after_days for r in self.rules for n in r.news if n.after_days is not None}

    def columns_of_orders(self) -> frozenset[str]:
        """The columns of files that orders are read from, or that say whether one is overwritten; those without which there
        is no order left out."""
        needed = {column.name for column in ORDER_COLUMNS if column.required}
        sources = (source for name, source in self.orders.items() if name not in needed)
        found = ({s.column, *(s.also or ()), *(s.overwritten_when or ())} for s in sources)
        return frozenset(name for names in found for name in names if name is not None)

    def late_columns(self) -> list[str]:
        """Columns that are never known at checkout in this export, by stage or because they are overwritten."""
        stage = contract.ORDER_STAGE
        return sorted(n for n, s in self.orders.items() if s.overwritten or stage[n] > contract.Stage.PLACED)


def _demand_keys(where: str, column: Column, source: Source) -> None:
    """Refuse a key that would do nothing: each kind of column has its own."""
    if source.column is not None and (idle := source.model_fields_set - {"column"} - _KEYS_OF_KIND[column.kind]):
        raise ValueError(f"{where}: `{min(idle)}` does nothing for a column of kind {column.kind}")
    if column.required and (source.overwritten or source.overwritten_when):
        raise ValueError(f"{where} is required: it cannot be overwritten")


def shipped_mappings() -> list[str]:
    """Names of the mappings that come with the project."""
    return sorted(p.name[:-5] for p in files("data").joinpath("mappings").iterdir() if p.name.endswith(".toml"))


def load_mapping(name_or_path: str, *, outcomes: bool = True) -> Mapping:
    """A shipped mapping by name, or one's own by path. Raises PlanError naming the key that is wrong.

    outcomes: must it say what became of the orders? To score them it need not.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml" and name_or_path in shipped_mappings():
        source: Any = files("data").joinpath("mappings", f"{name_or_path}.toml")
    elif path.is_file():
        source = path
    else:
        expected = f"a TOML file, or one of {', '.join(shipped_mappings())}"
        raise PlanError("MAP001", f"mapping {name_or_path}", got="no such file", expected=expected,
                        to_do="check the name or path; rto import FILE... --draft makes one for a new export")  # fmt: skip
    try:
        written = tomllib.loads(source.read_text(encoding="utf-8"))
        return Mapping.model_validate(written, context={"outcomes": outcomes})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError("MAP002", f"mapping {name_or_path}", got=str(error), expected="valid TOML",
                        to_do="mend that place: text stands in quotation marks, a table in [brackets]") from error  # fmt: skip
    except (ValidationError, TypeError) as error:
        raise _explained(name_or_path, error) from error


def _explained(name: str, error: ValidationError | TypeError) -> RtoError:
    if isinstance(error, TypeError):
        return PlanError("MAP003", f"mapping {name}", got=str(error), expected="tables and keys of docs/mappings.md",
                         to_do="docs/mappings.md has every key")  # fmt: skip
    first = error.errors()[0]
    where = ".".join(str(p) for p in first["loc"]) or "top level"
    return PlanError(
        "MAP003",
        f"mapping {name}, {where}",
        got=first["msg"].removeprefix("Value error, "),
        to_do="see docs/mappings.md for every key",
    )
