"""A merchant's files into the contract: read, convert, join lines into orders, turn statuses into news, arrive."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
from data.files.telling import Teller, Told
from data.files.told_news import TableOfNews, told_by_table, understood
from data.history import Columns
from data.imports.doubts import Suspicion
from data.imports.repeats import repeats
from data.news import NEWS_SCHEMA, NewsTable, once
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
    paths: list[Path], mapping: Mapping, progress: Progress, news_will_do: bool = False, new: bool = False
) -> tuple[Prepared, list[Lines]]:
    """Files as the mapping shapes them, and their lines of orders converted. new: orders that no file joined to them
    need tell of. Raises UsageError CLI005 without any, unless there is news and it will do."""
    prepared = prepare(paths, mapping, progress, mapping.columns_of_orders() if new else None)
    progress("convert", len(paths), len(paths))
    if not prepared.orders and not (news_will_do and prepared.news):
        raise UsageError("CLI005", ", ".join(str(p) for p in paths), got="no file with orders", expected="one or more",
                         to_do="give the orders' file too, in this import with the news or in an earlier one; were they "
                         "imported already, name their pool: --pool POOL")  # fmt: skip
    return prepared, [lines.convert(s, mapping.orders, ORDER_COLUMNS, mapping) for s in prepared.orders]


def _contract(
    prepared: Prepared, read: list[Lines], mapping: Mapping, desk: Desk, options: Options, progress: Progress
) -> Imported:
    """read: lines of orders; none where all news waits for orders told elsewhere.

    News is told by a second thread while orders arrive, unless it is clear already that there is something to refuse.
    """
    news = [lines.convert(s, mapping.news, NEWS_COLUMNS, mapping) for s in prepared.news]
    exported_at = options.exported_at if options.exported_at is not None else telling.declared_export(mapping)
    teller = Teller(mapping, desk, options.merchant_id or mapping.merchant_id, exported_at)
    ordered = _ordered(read, mapping, options) if read else _Ordered(read, _NO_ORDERS)
    tables = [understood(part, teller) for part in news]
    orders = ordered.orders
    with ThreadPoolExecutor(1) as beside:
        telling_news = beside.submit(_told, ordered, tables, teller, prepared.doubts, options.skip_bad_rows)
        if not len(orders) or any(part.faults for part in (*read, *news)):
            telling_news.result()
        progress("arrive", 0, 1)
        kept = arrive(joining.as_told(orders, mapping), desk)
        told = telling_news.result()
    notes = ordered.notes
    for part in (*read, *news):
        notes |= {name: notes.get(name, 0) + n for name, n in part.notes.items()}
    through = exported_at if exported_at is not None else _told_through(told.news, orders, mapping)
    merchants = _merchants(orders, mapping)
    return Imported(
        kept, told.news, merchants, through, prepared.n_rows, told.faults, notes, told.waiting, told.doubts
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Told:
    """All news, each piece once; those that wait for their order; what was refused, and what looks wrong."""

    news: NewsTable
    waiting: NewsTable
    faults: list[Fault]
    doubts: list[Suspicion]


def _told(
    ordered: "_Ordered", tables: list[TableOfNews], teller: Teller, doubts: list[Suspicion], skip_bad_rows: bool
) -> _Told:
    """doubts: of the files beside each other. Raises DataError if a row is refused and may not be skipped, or if nothing
    is left."""
    parts = ordered.tell(teller) + [told_by_table(table, ordered.orders, teller) for table in tables]
    both = (*ordered.read, *(table.part for table in tables))
    faults = faults_of(*both)
    n_rows = {part.sheet.file: len(part) for part in both if not part.sheet.telling}
    doubts = [*doubts, *refused.doubts_of(faults, n_rows, teller.mapping), *ordered.repeated]
    if faults and not skip_bad_rows:
        raise refused.refusal(faults, doubts)
    table, waiting = telling.with_placed(parts, ordered.orders, teller)
    if not len(ordered.orders if ordered.read else table):
        raise refused.nothing_left(faults, doubts)
    return _Told(once(table), waiting, faults, doubts)


_NO_ORDERS = Orders(
    {"merchant_id": pa.array([], pa.string()), "order_id": pa.array([], pa.string()), "placed_at": np.zeros(0)},
    np.zeros(0, dtype=np.int64),
)


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Lines as read, joined into orders. newest: the lines that tell their statuses, by telling.  repeated: what is told more
    than once.  notes: counts."""

    read: list[Lines]
    orders: Orders
    joined: Joined | None = None
    newest: list[Array] = field(default_factory=list)
    repeated: list[Suspicion] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)

    def tell(self, teller: Teller) -> list[Told]:
        """The news of statuses."""
        if self.joined is None or not teller.mapping.rules:
            return []
        by_telling = enumerate(self.newest)
        return [telling.told_by_rules(self.joined, rows, self.orders, teller, self.notes, t) for t, rows in by_telling]


def _ordered(read: list[Lines], mapping: Mapping, options: Options) -> _Ordered:
    rules = [outcomes.rule_of_rows(part, mapping) if mapping.rules else None for part in read]
    joined = joining.join(read, rules, mapping, options.merchant_id)
    notes: dict[str, int] = {}
    placing, newest = joining.good_rows(joined, read, notes)
    orders = joining.orders_of(joined, placing, mapping)
    repeated = repeats(joined, placing, mapping, notes, partial(_place, joined, read))
    return _Ordered(read, orders, joined, newest, repeated, notes)


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
