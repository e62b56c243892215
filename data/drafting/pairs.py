"""Which of several files belong side by side: a number of one that stands in the other, however each writes it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from data.drafting.columns import could_be, guesses, is_status
from data.drafting.likeness import KINDS
from data.drafting.look import Look, looks_of
from data.drafting.numbered import counts_rows, is_measure, is_number
from data.files.conditions import cell_text
from data.files.sheets import Sheet

_LEAST_SHARED = 0.5
_LEAST_NUMBERS = 5
_MOST_ROWS_EACH = 3
_SAMPLE = 5_000
_ABOVE_CHANCE = 1.5
_NO_NUMBERS = ("pincode", "phone")  # of a buyer or a place, not of an order

Spelling = Callable[[str], str]
SPELLINGS: dict[str, Spelling] = {
    "": lambda text: re.sub(r"\s+|\.0$", "", text),
    "bare": lambda text: re.sub(r"^[#'\s]+|\s+|\.0$", "", text),
    "no zeros": lambda text: re.sub(r"^[#'\s]*0*|\s+|\.0$", "", text),
    "digits": lambda text: re.sub(r"^[^\d]*0*", "", re.sub(r"\.0$", "", text)),
    "before": lambda text: re.sub(r"^[^\d]*0*", "", re.split(r"(?<=\d)[-_/ ]", text)[0]),
    "end": lambda text: found[1] if (found := re.search(r"0*(\d{3,})\D*$", text)) else "",
}
"""How numbers may be written alike, gentle to harsh; `cell_text` has folded them before."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A join to propose: a column of the orders' file and one of the other.

    shared: share of the orders' numbers that the other file knows.  spelling: a key of SPELLINGS.  n_more: rows of the
    other file beyond the first for their number; by: its column of times that tells which row is the last.
    """

    left: Look
    right: Look
    shared: float
    spelling: str
    prefix: str
    mark: list[str]
    n_more: int
    by: Look | None

    @property
    def strips(self) -> tuple[bool, bool]:
        """Does the number of the orders' file, of the other file, change when it is spelled?"""
        spell = SPELLINGS[self.spelling]
        return _changes(self.left, spell), _changes(self.right, spell)


@dataclass(frozen=True, slots=True)
class Found:
    """The sheet to draft for. theirs: its columns that came from the file beside.  left_out: a kind of file that no number
    ties to the others.  nearest: why not."""

    main: Sheet
    pair: Pair | None = None
    left_out: tuple[Sheet, ...] = ()
    nearest: str = ""
    theirs: frozenset[str] = frozenset()


def side_by_side(sheets: list[Sheet], number: str | None = None) -> Found:
    """The orders' sheet, with the other's columns beside its own if two kinds of files belong together. Files of one
    shape follow one another. number: the column of the order's number, where a person says so."""
    kinds = _stacked(sheets)
    if len(kinds) < 2:
        return Found(kinds[0])
    tried = [(m, o, pair) for m in kinds for o in kinds if m is not o for pair in _pairs(m, o, number)]
    good = [found for found in tried if found[2].shared >= _LEAST_SHARED]
    if not good:
        main = max(kinds, key=_worth_of_orders)
        nearest = max(tried, key=lambda found: found[2].shared, default=None)
        return Found(main, None, tuple(k for k in kinds if k is not main), _why(nearest and nearest[2]))
    main, other, pair = max(
        good, key=lambda f: (round(f[2].shared, 1) + _worth_of_orders(f[0]) - _worth_of_orders(f[1]), f[2].shared)
    )
    beside = _beside(main, other, pair)
    theirs = frozenset(beside.table.column_names) - frozenset(main.table.column_names)
    return Found(beside, pair, tuple(k for k in kinds if k is not main and k is not other), theirs=theirs)


def _stacked(sheets: list[Sheet]) -> list[Sheet]:
    """Sheets of one shape as one, in the order given."""
    shapes: dict[tuple[str, ...], list[Sheet]] = {}
    for sheet in sheets:
        shapes.setdefault(tuple(sheet.table.column_names), []).append(sheet)
    return [_one(same) for same in shapes.values()]


def _one(same: list[Sheet]) -> Sheet:
    if len(same) == 1:
        return same[0]
    tables = [sheet.table for sheet in same]
    if len({table.schema for table in tables}) > 1:
        tables = [pa.table({n: pa.array([None if c is None else str(c) for c in t[n].to_pylist()], pa.string())
                            for n in t.column_names}) for t in tables]  # fmt: skip
    return replace(same[0], table=pa.concat_tables(tables), rows=np.concatenate([sheet.rows for sheet in same]))


def _worth_of_orders(sheet: Sheet) -> float:
    """More for a file that tells who buys what, less for one that tells what became of it."""
    looks = looks_of(sheet)
    return 0.1 * len(guesses(looks)) - 0.3 * any(is_status(look) for look in looks)


def _pairs(main: Sheet, other: Sheet, number: str | None) -> Iterator[Pair]:
    """For each way of writing numbers, the two columns that share most; a gentler way goes before an equal harsh one."""
    left, right = (_numbers_of(sheet, number) for sheet in (main, other))
    best = 0.0
    for name, spell in SPELLINGS.items():
        theirs = {look.name: {spell(t) for t in _folded(look)} - {""} for look in right}
        for mine in left:
            own = {spell(t) for t in _folded(mine)[:_SAMPLE]} - {""}
            if len(own) < _LEAST_NUMBERS or len(own) < 0.9 * min(mine.n_distinct, _SAMPLE):
                continue
            for look in right:
                shared = len(own & theirs[look.name]) / len(own)
                if shared <= best + 0.02 or _by_chance(own, theirs[look.name], is_number(mine) or is_number(look)):
                    continue
                if len(theirs[look.name]) > 0.9 * look.n_distinct:
                    best = shared
                    yield _pair(main, other, (mine, look), shared, name)


def _numbers_of(sheet: Sheet, number: str | None) -> list[Look]:
    """Columns that may number orders; the one that a person names, where it is one of these."""
    looks = looks_of(sheet)
    if number in sheet.table.column_names:
        return [look for look in looks if look.name == number]
    return [look for look in looks if _may_number(look)]


def _by_chance(own: set[str], theirs: set[str], is_number: bool) -> bool:
    """Are the numbers of one so dense that any small numbers would share as many? Not where a header says what they are."""
    if is_number or not all(text.isdecimal() for text in own):
        return False
    values = {int(text) for text in own}
    known = sum(text.isdecimal() and min(values) <= int(text) <= max(values) for text in theirs)
    return len(own & theirs) / len(own) < _ABOVE_CHANCE * known / (1 + max(values) - min(values))


def _pair(main: Sheet, other: Sheet, columns: tuple[Look, Look], shared: float, spelling: str) -> Pair:
    left, right = columns
    own = set(main.table.column_names)
    clash = any(name in own for name in other.table.column_names if name != right.name or left.name != right.name)
    looks = looks_of(other)
    only_there = [look for look in looks if look.name not in own]
    marks = [look.name for look in only_there if is_status(look)] or [look.name for look in only_there]
    n_more = right.n - right.n_blank - right.n_distinct
    return Pair(left, right, shared, spelling, "other " if clash else "", marks[:1] if left.name == right.name else [],
                n_more, _last_told(looks) if n_more else None)  # fmt: skip


def _last_told(looks: list[Look]) -> Look | None:
    """The column of times that tells the newest row of a number: the one that runs latest and is mostly filled."""
    dated = [look for look in looks if look.dates is not None and look.n_blank < 0.2 * look.n]
    return max(dated, key=lambda look: look.middle) if dated else None


def _may_number(look: Look) -> bool:
    if any(KINDS[role] in ("money", "count") or role in _NO_NUMBERS for role in could_be(look)[:1]):
        return False
    if counts_rows(look) or is_measure(look):
        return False
    filled = look.n - look.n_blank
    return (
        look.n_distinct >= _LEAST_NUMBERS and look.dates is None and filled > 0.3 * look.n and look.email_share < 0.5
        and look.n_runs * _MOST_ROWS_EACH > filled / 2 and look.n_distinct * 2 * _MOST_ROWS_EACH > filled
        and look.share(r".*\d.*") > 0.5 and look.share(r".{1,40}") > 0.9
    )  # fmt: skip


def _folded(look: Look) -> list[str]:
    return [cell_text(text) for text in look.texts]


def _changes(look: Look, spell: Spelling) -> bool:
    return any(spell(text) != SPELLINGS[""](text) for text in _folded(look)[:_SAMPLE])


def _why(nearest: Pair | None) -> str:
    if nearest is None:
        return "no number of one stands in the other, in whatever spelling"
    return f"the nearest, {nearest.left.name!r} and {nearest.right.name!r}, share {nearest.shared:.0%} of their numbers"


def _beside(main: Sheet, other: Sheet, pair: Pair) -> Sheet:
    """The orders' rows with the columns of the other file: of several rows for a number, the last by time."""
    spell = SPELLINGS[pair.spelling]
    keys = pd.Series([spell(cell_text(c)) for c in other.table[pair.right.name].to_pylist()], dtype="str")
    order = pair.by.times.argsort(kind="stable").to_numpy() if pair.by is not None else np.arange(len(keys))
    place = {key: int(i) for i, key in zip(order, keys.iloc[order], strict=True) if key}
    wanted = [spell(cell_text(c)) for c in main.table[pair.left.name].to_pylist()]
    positions = pa.array([place.get(key) for key in wanted], pa.int64())
    table = main.table
    for name in other.table.column_names:
        if name == pair.right.name == pair.left.name:
            continue
        table = table.append_column(pair.prefix + name, other.table[name].combine_chunks().take(positions))
    return replace(main, table=table)
