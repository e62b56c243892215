"""A first look at a file nobody has seen: how it is written, and what its columns hold."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.drafting.dates import Dates, dates_of, read_times
from data.drafting.numbered import is_number
from data.drafting.words import PERSONAL_HEADS, ROLES, headed, spoken, without_minor, without_money
from data.errors import masked
from data.files.moments import EPOCH_MS, EPOCH_S
from data.files.sheets import Sheet
from data.persons.addresses import LANDMARK_WORDS, LOCALITY_WORDS
from data.persons.emails import email_of
from data.persons.text import folded, words_of

_PHONE = re.compile(r"\+?[\d\s().-]{8,18}")
_PERSONAL_SHARE = 0.5
_GLANCE = 2_000
_FEW = 20
_ROUND_SHARE = 0.9
_LARGE_AMOUNT = 10_000
_THINGS = {"product", "item", "courier", "company", "sku", "status", "channel", "amount", "value"}


@dataclass(frozen=True, eq=False)
class Look:
    """One column: its name, its cells as told, and what they look like."""

    name: str
    column: Any

    @cached_property
    def words(self) -> str:
        """The header as plain words."""
        return spoken(self.name)

    @cached_property
    def head(self) -> str:
        """The header with its short words written out, without the unit of money."""
        return without_money(headed(self.name))

    @cached_property
    def leaf(self) -> str:
        """Of a column out of nested objects, `user.mobile`, its own name alone; else nothing."""
        nested = re.fullmatch(r"\w+(?:\.\w+)*\.(\w+)", self.name)
        return without_money(headed(nested[1])) if nested else ""

    @property
    def says_minor(self) -> bool:
        """Does the header name hundredths of money, as paise?"""
        return without_minor(self.words) != self.words

    @cached_property
    def may_be_amount(self) -> bool:
        """Numbers of many values, few of them 0, that are neither PIN codes nor phones nor counted one by one?"""
        if self.number_share < 1 or self.n_distinct < _FEW or self.zero_share > 0.5:
            return False
        return self.pin_share < 0.5 and self.phone_share < 0.5 and not self.share(r"\d{9,}")

    @cached_property
    def has_decimals(self) -> bool:
        """Are amounts written with a decimal point or comma that matters, as 49.50, or on every cell, as 49.00?"""
        return self.share(r".*\d[.,]\d{1,2}\D*") > _ROUND_SHARE or self.share(r".*[.,](?:0[1-9]|[1-9]\d?)\D*") > 0

    @cached_property
    def may_be_minor(self) -> bool:
        """Large whole numbers that end in 00, of a header that names no unit: rupees, or hundredths of them?"""
        if self.says_minor or self.share(r"\d{2,}00(?:\.0)?|0") < _ROUND_SHARE:
            return False
        return float(pd.to_numeric(self.some, errors="coerce").median()) >= _LARGE_AMOUNT

    @cached_property
    def counts(self) -> "pd.Series[Any]":
        """Distinct cells, the commonest first, and how many rows hold each."""
        counted = pc.drop_null(self.column).value_counts()
        cells = counted.field("values").to_pylist()
        found = pd.Series(counted.field("counts").to_numpy(zero_copy_only=False), index=pd.Index(cells, dtype=object))
        return found.sort_values(ascending=False, kind="stable")

    @cached_property
    def texts(self) -> "pd.Series[Any]":
        """Distinct cells as text, whole numbers without '.0'."""
        plain = [str(int(v)) if isinstance(v, float) and v.is_integer() else str(v).strip() for v in self.counts.index]
        return pd.Series(plain, dtype="string")

    @cached_property
    def some(self) -> "pd.Series[Any]":
        """The commonest distinct cells: enough to tell what a column looks like."""
        return self.texts.head(_GLANCE)

    @property
    def n(self) -> int:
        return len(self.column)

    @property
    def n_blank(self) -> int:
        return int(self.column.null_count)

    @property
    def filled(self) -> Any:
        """(n,) which rows tell something."""
        return pc.is_valid(self.column).to_numpy(zero_copy_only=False)

    @property
    def n_distinct(self) -> int:
        return len(self.counts)

    @cached_property
    def n_runs(self) -> int:
        """How many stretches of equal cells follow one another, blank ones left out: as many as orders, if it is their
        number."""
        cells = pc.drop_null(self.column).combine_chunks()
        return 1 + int(pc.sum(pc.not_equal(cells[1:], cells[:-1])).as_py() or 0) if len(cells) else 0

    @cached_property
    def starts_blocks(self) -> bool:
        """Is every cell told once, on the first of its rows? So a number stands on an order's first row only."""
        return self.n_blank < self.n and self.n_distinct == self.n - self.n_blank and self.column[0].is_valid

    @cached_property
    def zero_share(self) -> float:
        """Share of the rows that hold the number 0, or nothing."""
        zeros = [
            int(n) for cell, n in self.counts.items() if re.fullmatch(r"\D{0,4}0+(?:[.,]0*)?\D{0,4}", str(cell).strip())
        ]
        return (sum(zeros) + self.n_blank) / max(1, self.n)

    @cached_property
    def dates(self) -> Dates | None:
        kind = self.column.type
        if pa.types.is_timestamp(kind):
            return Dates(["ISO8601"], False, 1.0)
        whole = pa.types.is_string(kind) or (
            self.number_share == 1 and (pa.types.is_integer(kind) or pa.types.is_floating(kind))
        )
        found = dates_of(self.texts) if whole else None
        digits = found is not None and set(found.formats) <= {EPOCH_S, EPOCH_MS}
        return None if digits and self._says_phone else found

    @property
    def _says_phone(self) -> bool:
        """Does the header name a phone? Mobile numbers of ten digits, as 1712345678, are seconds of this century too."""
        return any(f" {phrase} " in f" {self.head} " for phrase in ROLES["phone"])

    @cached_property
    def times(self) -> "pd.Series[Any]":
        """(n,) the cells as times, zones put aside; NaT where none is read."""
        return read_times(self.column, self.dates.formats if self.dates else ["ISO8601"])

    @property
    def middle(self) -> Any:
        """The time in the middle of the column's times."""
        return self.times.dropna().median()

    @cached_property
    def number_share(self) -> float:
        """Share of the distinct cells that are numbers, with a point or a comma, and a currency sign or none."""
        return self.share(r"(?:[A-Za-z₹$€£.]{0,4}\s?)?[+-]?\d[\d.,\s]*(?:\s?[₹$€£A-Z]{1,3})?")

    @cached_property
    def comma_share(self) -> float:
        """Share of the distinct cells that are numbers with a decimal comma, as 1.499,00."""
        return self.share(r"\D{0,4}[+-]?\d{1,3}(?:[. ]?\d{3})*,\d{1,2}\D{0,4}")

    @cached_property
    def pin_share(self) -> float:
        return self.share(r"'?[1-9]\d{2} ?\d{3}(?:\.0)?")

    @cached_property
    def phone_share(self) -> float:
        numbers = self.some[self.some.str.fullmatch(_PHONE).fillna(False).astype(bool)]
        digits = numbers.str.replace(r"\D", "", regex=True).str.len()
        return float(((digits >= 9) & (digits <= 15)).sum() / max(1, len(self.some)))

    @cached_property
    def email_share(self) -> float:
        return sum(email_of(t) is not None for t in self.some) / max(1, len(self.some))

    @cached_property
    def address_share(self) -> float:
        """Share of the distinct cells with a word of a street, a village, a building or what lies near them."""
        told = LANDMARK_WORDS | LOCALITY_WORDS
        return sum(bool(told & set(words_of(folded(t)))) for t in self.some) / max(1, len(self.some))

    @cached_property
    def near_share(self) -> float:
        """Share of the distinct cells of a few words that say what a place lies near to, and no number."""
        near = [bool(LANDMARK_WORDS & set(words_of(folded(t)))) and not any(map(str.isdigit, t)) for t in self.some]
        return sum(near) / max(1, len(near))

    def share(self, pattern: str) -> float:
        """Share of the distinct cells that a pattern fits whole."""
        return float(self.some.str.fullmatch(pattern).fillna(False).mean()) if len(self.some) else 0.0

    @property
    def personal(self) -> bool:
        """Do the cells look like somebody's? Then they are shown masked."""
        if is_number(self):
            return False
        named = any(f" {head} " in f" {self.head} " for head in PERSONAL_HEADS)
        if named and self.dates is None and not set(self.head.split()) & _THINGS:
            return True
        if self.phone_share > _PERSONAL_SHARE and self.dates is None and self.number_share < 1:
            return True
        if self.n_distinct > _FEW and self.address_share > _PERSONAL_SHARE and self.dates is None:
            return True  # where somebody lives
        if self.n_distinct > _FEW and self.share(r"[^\W\d]+(?: [^\W\d]+){1,3}") > 0.3:
            return True  # two or three words of letters: somebody's name, or as good as one
        wordy = self.some.str.contains(r"[^\W\d]", regex=True).mean() if len(self.some) else 0
        many = self.n_distinct > max(20, 0.2 * (self.n - self.n_blank))
        return self.email_share > 0.1 or self.phone_share > 0.8 or (wordy > 0.5 and many and self.dates is None)

    def examples(self, personal: bool | None = None) -> str:
        """Two or three cells as a comment shows them: masked if personal, or if they look so and nothing is known."""
        hidden = self.personal if personal is None else personal
        told = [masked(t) if hidden else repr(t)[:40] for t in map(str, self.texts.iloc[:3])]
        return ", ".join(dict.fromkeys(told)) or "always blank"


def looks_of(sheet: Sheet) -> list[Look]:
    """Every column of a sheet."""
    return [Look(name, sheet.table[name]) for name in sheet.table.column_names]
