"""A merchant's files into the contract: read, convert, join lines into orders, turn statuses into news, arrive."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import contract
from data.arrival import Desk, arrive
from data.contract import NEWS_COLUMNS, ORDER_COLUMNS
from data.errors import Fault, UsageError
from data.files import joining, lines, outcomes, refused, telling
from data.files.codes import Array, distinct
from data.files.joining import Joined, Orders
from data.files.lines import Lines
from data.files.mapping import Mapping
from data.files.prepare import Prepared, prepare
from data.files.telling import Teller
from data.files.told_news import told_by_table
from data.history import Columns
from data.imports.doubts import Suspicion
from data.imports.repeats import repeats
from data.news import NEWS_SCHEMA, NewsTable
from data.pool import Merchant

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How to import: whose orders (where no column says), when the files were exported, what to do with bad rows.

    orders_known: some were imported before, so files may hold news alone.
    """

    merchant_id: str | None = None
    exported_at: int | None = None
    skip_bad_rows: bool = False
    orders_known: bool = False


@dataclass(slots=True)
class Imported:
    """What files say, as the contract: kept orders, news, who the merchants are, and what was refused.

    waiting: the pieces of news whose order is not in these files: they are kept and wait for it.  doubts: what looks
    wrong about the files, whatever their cells say.
    """

    orders: Columns
    news: NewsTable
    merchants: list[Merchant]
    exported_at: int
    n_rows: int
    faults: list[Fault] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    waiting: NewsTable = field(default_factory=NEWS_SCHEMA.empty_table)
    doubts: list[Suspicion] = field(default_factory=list)


def ingest(paths: list[Path], mapping: Mapping, desk: Desk, options: Options, progress: Progress) -> Imported:
    """Import files through a mapping. Raises DataError at the first refused row unless bad rows are skipped."""
    prepared, read = order_lines(paths, mapping, progress, options.orders_known)
    progress("orders", len(paths), len(paths))
    imported = _contract(prepared, read, mapping, desk, options, progress)
    imported.notes = prepared.notes | imported.notes
    return imported


def order_lines(
    paths: list[Path], mapping: Mapping, progress: Progress, news_will_do: bool = False
) -> tuple[Prepared, list[Lines]]:
    """Files as the mapping shapes them, and their lines of orders converted. Raises UsageError CLI005 without any,
    unless there is news and it will do."""
    prepared = prepare(paths, mapping, progress)
    progress("convert", len(paths), len(paths))
    if not prepared.orders and not (news_will_do and prepared.news):
        raise UsageError("CLI005", ", ".join(str(p) for p in paths), got="no file with orders", expected="one or more",
                         to_do="give the orders' file too, in this import with the news or in an earlier one; were they "
                         "imported already, name their pool: --pool POOL")  # fmt: skip
    return prepared, [lines.convert(s, mapping.orders, ORDER_COLUMNS, mapping) for s in prepared.orders]


def _contract(
    prepared: Prepared, read: list[Lines], mapping: Mapping, desk: Desk, options: Options, progress: Progress
) -> Imported:
    """read: lines of orders; none where all news waits for orders told elsewhere."""
    news = [lines.convert(s, mapping.news, NEWS_COLUMNS, mapping) for s in prepared.news]
    notes: dict[str, int] = {}
    exported_at = options.exported_at if options.exported_at is not None else telling.declared_export(mapping)
    teller = Teller(mapping, desk, options.merchant_id or mapping.merchant_id, exported_at)
    orders, parts, repeated = _ordered(read, mapping, options, teller, notes) if read else (_NO_ORDERS, [], [])
    parts += [told_by_table(part, orders, teller) for part in news]
    faults = faults_of(*read, *news)
    n_rows = {part.sheet.file: len(part) for part in (*read, *news) if not part.sheet.telling}
    doubts = [*prepared.doubts, *refused.doubts_of(faults, n_rows, mapping), *repeated]
    if faults and not options.skip_bad_rows:
        raise refused.refusal(faults, doubts)
    table, waiting = telling.with_placed(parts, orders, teller)
    if not len(orders if read else table):
        raise refused.nothing_left(faults, doubts)
    for part in (*read, *news):
        notes |= {name: notes.get(name, 0) + n for name, n in part.notes.items()}
    through = exported_at if exported_at is not None else _told_through(table, orders, mapping)
    progress("arrive", 0, 1)
    kept = arrive(joining.as_told(orders, mapping), desk)
    merchants = _merchants(orders, mapping)
    return Imported(kept, table, merchants, through, prepared.n_rows, faults, notes, waiting, doubts)


_NO_ORDERS = Orders(
    {"merchant_id": pa.array([], pa.string()), "order_id": pa.array([], pa.string()), "placed_at": np.zeros(0)},
    np.zeros(0, dtype=np.int64),
)


def _ordered(
    read: list[Lines], mapping: Mapping, options: Options, teller: Teller, notes: dict[str, int]
) -> tuple[Orders, list[NewsTable], list[Suspicion]]:
    """Lines joined into orders, the news their statuses tell, and what is told more than once."""
    rules = [outcomes.rule_of_rows(part, mapping) if mapping.rules else None for part in read]
    joined = joining.join(read, rules, mapping, options.merchant_id)
    placing, newest = joining.good_rows(joined, read, notes)
    orders = joining.orders_of(joined, placing, mapping)
    tellings = list(enumerate(newest)) if mapping.rules else []
    parts = [telling.told_by_rules(joined, rows, orders, teller, notes, t) for t, rows in tellings]
    return orders, parts, repeats(joined, placing, mapping, notes, partial(_place, joined, read))


def _place(joined: Joined, read: list[Lines], row: int) -> str:
    sheet = read[joined.file[row]].sheet
    return f"{sheet.file} row {sheet.rows[joined.row[row]]}"


def _told_through(told: NewsTable, orders: Orders, mapping: Mapping) -> int:
    """Undeclared: the last order's moment and the longest declared delay, or the last news if that is later."""
    last = int(orders.columns["placed_at"].max(initial=0)) + int(mapping.longest_delay_days * contract.DAY)
    return max(last, int(pc.max(told["known_at"]).as_py()))


def _merchants(orders: Orders, mapping: Mapping) -> list[Merchant]:
    names = distinct(orders.columns["merchant_id"])
    currency, country = (
        _first_told(orders.columns.get(name), names.coded, default)
        for name, default in (("currency", "INR"), ("country", "IN"))
    )
    return [
        Merchant(name, mapping.timezone, mapping.currency or currency[i], mapping.country or country[i])
        for name, i in sorted((name, i) for i, name in enumerate(names.values))
    ]


def _first_told(column: Any, merchant: Array, default: str) -> list[str]:
    """Each merchant's first word in a column."""
    told = [default] * (int(merchant.max(initial=-1)) + 1)
    if column is None:
        return told
    words = distinct(column)
    has = np.flatnonzero(words.coded >= 0)[::-1]
    first = np.full(len(told), -1)
    first[merchant[has]] = words.coded[has]
    return [words.values[c] if c >= 0 else default for c in first.tolist()]


def faults_of(*parts: Lines) -> list[Fault]:
    """All faults, those of a row that is told beside several others once."""
    told_again = any(part.sheet.telling for part in parts)
    faults = [fault for part in parts for fault in part.faults]
    return list(dict.fromkeys(faults)) if told_again else faults
