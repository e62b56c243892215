"""What was refused of files, summed up: how much of what, with an example of each, and what looks wrong about it."""

import ast
from collections import Counter
from dataclasses import replace
from typing import Any

import pyarrow as pa

from data.errors import DataError, Fault
from data.files.mapping import Mapping
from data.files.moments import moments
from data.imports.doubts import Suspicion

MANY = 0.2
_LEAST_CELLS, _NEARLY_ALL = 5, 0.9
_STATUS = {("DQ007", "status"), ("DQ006", "type")}


def counted(faults: list[Fault]) -> list[tuple[int, Fault]]:
    """(how many cells, the first of them) for each code and column, the most frequent first."""
    first: dict[tuple[str, str], Fault] = {}
    for fault in faults:
        first.setdefault((fault.code, fault.column), fault)
    return [(n, first[kind]) for kind, n in Counter((f.code, f.column) for f in faults).most_common()]


def summary(faults: list[Fault]) -> list[dict[str, Any]]:
    """`counted` for `--json`: code, column, n cells, and where the first stands, what it is and what was expected."""
    return [
        {"code": one.code, "column": one.column, "n": n, "file": one.file, "row": one.row, "got": one.got,
         "expected": one.expected}
        for n, one in counted(faults)
    ]  # fmt: skip


def unknown_statuses(faults: list[Fault]) -> dict[str, int]:
    """Statuses that the mapping does not know, and on how many rows they stand; the most frequent first."""
    return dict(Counter(_text(f.got) for f in faults if (f.code, f.column) in _STATUS).most_common())


def refusal(faults: list[Fault], doubts: list[Suspicion]) -> DataError:
    """The first refused cell as an error; of the others, the next places and how many of each code and column."""
    first, more = faults[0], faults[1:4]
    to_do = first.to_do
    if len(faults) > 1:
        named = "; ".join(f"{f.code} {f.file} row {f.row}, {f.column}" for f in more)
        total = ", ".join(sorted(f"{one.code} {one.column}: {n}" for n, one in counted(faults)))
        to_do += f"\n            {len(faults) - 1} more cells are refused, the next: {named}"
        to_do += f"\n            all {len(faults)} by code and column: {total}"
    return replace(first, to_do=_said(doubts) + to_do).as_error()


def nothing_left(faults: list[Fault], doubts: list[Suspicion]) -> DataError:
    """DQ001: no order is left, and why: what was refused, each kind with its first cell."""
    told = [f"{one.code} {one.column}: {n:,} cells, the first in {one.file} row {one.row}: got {one.got}, expected "
            f"{one.expected}" for n, one in counted(faults)]  # fmt: skip
    to_do = "mend what was refused:" + "".join(f"\n            {line}" for line in told)
    if not faults:
        to_do = "check that the files hold rows of orders: none was refused"
    return DataError("DQ001", "the files", got="no order that could be read", expected="at least one",
                     to_do=_said(doubts) + to_do)  # fmt: skip


def _said(doubts: list[Suspicion]) -> str:
    """What is wrong with the files as a whole comes first: it may be the cause of every refusal."""
    return "".join(f"{d.heading} {d.name}: {d.found}; {d.to_do}\n            " for d in doubts)


def doubts_of(faults: list[Fault], n_rows: dict[str, int], mapping: Mapping) -> list[Suspicion]:
    """What looks wrong about the refusals themselves: days and months exchanged, and very much of one kind.

    n_rows: how many rows each file has.
    """
    by_kind: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        by_kind.setdefault((fault.code, fault.column), []).append(fault)
    found = [_swapped(own, mapping) for (code, _), own in by_kind.items() if code == "DQ004"]
    found += [_many(own, n_rows) for own in by_kind.values()]
    return [doubt for doubt in found if doubt is not None]


def _many(faults: list[Fault], rows_of: dict[str, int]) -> Suspicion | None:
    rows, first = len({(f.file, f.row) for f in faults}), faults[0]
    n_rows = sum(rows_of.get(file, 0) for file in {f.file for f in faults})
    if rows < _LEAST_CELLS or rows <= MANY * n_rows:
        return None
    words = ", ".join(f"{text!r} {n:,}" for text, n in list(unknown_statuses(faults).items())[:10])
    return Suspicion(
        "many_refused", f"{first.code} {first.column} refuses {rows:,} of {n_rows:,} rows" + (f": {words}" if words else ""),
        "what is left of the orders is no fair sample of them: a whole kind, or a whole month, may be missing",
        f"expected is {first.expected}; got {first.got} in {first.file} row {first.row}: correct the mapping",
    )  # fmt: skip


def _swapped(faults: list[Fault], mapping: Mapping) -> Suspicion | None:
    """Nearly all refused dates can be read if day and month change places."""
    column = faults[0].column
    texts = [_text(f.got) for f in faults if f.got != "nothing"]
    if len(texts) < _LEAST_CELLS:
        return None
    for layout in _formats_of(column, mapping):
        other = layout.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
        both = "%d" in layout and "%m" in layout
        readable = 0.0 if not both else 1 - moments(pa.array(texts, pa.string()), [other], "UTC").bad.mean()
        if readable >= _NEARLY_ALL:
            return Suspicion(
                "day_and_month_swapped",
                f"{column}: {len(texts):,} times do not fit {layout!r}, and {readable:.0%} of them fit {other!r}",
                "what is left are days up to the 12th, read as months: those orders stand in a wrong month, and nobody "
                "sees it",
                f"say formats = [{other!r}] in the mapping",
            )  # fmt: skip
    return None


def _formats_of(column: str, mapping: Mapping) -> list[str]:
    """The formats by which a column of the contract, or a file's column that a rule reads, was tried."""
    sources = [table[column].formats for table in (mapping.orders, mapping.news) if column in table]
    rules = [news.formats for rule in mapping.rules for news in rule.news if news.column == column]
    join = [mapping.join.formats] if mapping.join and mapping.join.by == column else []
    return list(dict.fromkeys(one for formats in (*sources, *rules, *join) for one in formats))


def _text(got: str) -> str:
    """What stood in a cell, from the way a fault shows it."""
    try:
        return str(ast.literal_eval(got)) if got[:1] in "'\"" else got
    except (SyntaxError, ValueError):
        return got[1:]  # cut short: too long for a fault
