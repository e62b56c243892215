"""A merchant's files into the contract: read, convert, join lines into orders, turn statuses into news, arrive."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from data import contract, joining, lines, outcomes, telling
from data.arrival import Desk, arrive
from data.contract import NEWS_COLUMNS, ORDER_COLUMNS
from data.errors import DataError, Fault, UsageError
from data.history import Columns, Told
from data.lines import Lines
from data.mapping import Mapping
from data.pool import Merchant
from data.reading import read_table
from data.telling import Teller

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How to import: whose orders (where no column says), when the files were exported, what to do with bad rows."""

    merchant_id: str | None = None
    exported_at: int | None = None
    skip_bad_rows: bool = False


@dataclass(slots=True)
class Imported:
    """What files say, as the contract: kept orders, news, who the merchants are, and what was refused."""

    orders: Columns
    news: list[Told]
    merchants: list[Merchant]
    exported_at: int
    n_rows: int
    faults: list[Fault] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)


def ingest(paths: list[Path], mapping: Mapping, desk: Desk, options: Options, progress: Progress) -> Imported:
    """Import files through a mapping. Raises DataError at the first refused row unless bad rows are skipped."""
    tables = []
    for i, path in enumerate(paths):
        progress("read", i, len(paths))
        tables.append(read_table(path, mapping.file))
    order_tables = [t for t in tables if not is_news(t, mapping)]
    news_tables = [t for t in tables if is_news(t, mapping)]
    if not order_tables:
        raise UsageError("CLI005", ", ".join(str(p) for p in paths), got="no file with orders", expected="one or more")
    read = [lines.convert(t, mapping.orders, ORDER_COLUMNS, mapping) for t in order_tables]
    rules = [outcomes.rule_of_rows(part, mapping) if mapping.rules else None for part in read]
    joined = joining.join(read, rules, mapping, options.merchant_id)
    progress("orders", len(paths), len(paths))
    return _contract(
        joined,
        read,
        [lines.convert(t, mapping.news, NEWS_COLUMNS, mapping) for t in news_tables],
        mapping,
        desk,
        options,
    )


def is_news(table: pd.DataFrame, mapping: Mapping) -> bool:
    source = mapping.news.get("event_id")
    return source is not None and source.column in table.columns


def _contract(
    joined: pd.DataFrame, read: list[Lines], news: list[Lines], mapping: Mapping, desk: Desk, options: Options
) -> Imported:
    notes: dict[str, int] = {}
    good = joining.without_refused(joined, read, notes)
    orders = joining.orders_of(good[good["_first"]], mapping)
    exported_at = options.exported_at if options.exported_at is not None else telling.declared_export(mapping)
    teller = Teller(mapping, desk, options.merchant_id or mapping.merchant_id, exported_at)
    told = telling.told_by_rules(good[good["_last"]], orders, teller, notes) if mapping.rules else []
    placed_at = dict(zip(zip(orders["merchant_id"], orders["order_id"], strict=True), orders["placed_at"], strict=True))
    for part in news:
        told += telling.told_by_table(part, placed_at, teller)
    faults = [f for part in (*read, *news) for f in part.faults]
    if faults and not options.skip_bad_rows:
        raise refusal(faults)
    if orders.empty:
        raise DataError("DQ001", "the files", got="no order that could be read", expected="at least one",
                        to_do="see the faults")  # fmt: skip
    told = telling.with_placed(told, orders, teller)
    through = exported_at if exported_at is not None else _told_through(told, orders, mapping)
    kept = arrive(joining.as_told(orders, mapping), desk)
    return Imported(kept, told, _merchants(orders, mapping), through, len(joined), faults, notes)


def _told_through(told: list[Told], orders: pd.DataFrame, mapping: Mapping) -> int:
    """Undeclared: the last order's moment and the longest declared delay, or the last news if that is later."""
    last = int(orders["placed_at"].max()) + int(mapping.longest_delay_days * contract.DAY)
    return max(last, max(t.known_at for t in told))


def _merchants(orders: pd.DataFrame, mapping: Mapping) -> list[Merchant]:
    merchants = []
    for name, own in orders.groupby("merchant_id"):
        currency, country = _first(own, "currency", "INR"), _first(own, "country", "IN")
        merchants.append(
            Merchant(str(name), mapping.timezone, mapping.currency or currency, mapping.country or country)
        )
    return merchants


def _first(orders: pd.DataFrame, column: str, default: str) -> str:
    values = orders[column].dropna()
    return str(values.iloc[0]) if len(values) else default


def refusal(faults: list[Fault]) -> DataError:
    first, more = faults[0], faults[1:4]
    to_do = first.to_do
    if len(faults) > 1:
        named = "; ".join(f"{f.code} {f.file} row {f.row}, {f.column}" for f in more)
        to_do += f"\n            {len(faults) - 1} more cells are refused, the next: {named}"
    return replace(first, to_do=to_do).as_error()
