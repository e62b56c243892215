"""A merchant's files into the contract: read, convert, join lines into orders, turn statuses into news, arrive."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from data import contract, lines, outcomes, parsing
from data.arrival import Desk, arrive
from data.contract import NEWS_COLUMNS, ORDER_COLUMNS, Column
from data.details import kept_details
from data.errors import DataError, Fault, UsageError
from data.history import Columns, Told
from data.lines import Lines
from data.mapping import Mapping, Source
from data.pool import Merchant
from data.reading import read_table

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
    order_tables = [t for t in tables if not _is_news(t, mapping)]
    news_tables = [t for t in tables if _is_news(t, mapping)]
    if not order_tables:
        raise UsageError("DQ002", ", ".join(str(p) for p in paths), got="no file with orders", expected="one or more")
    read = [lines.convert(t, mapping.orders, ORDER_COLUMNS, mapping) for t in order_tables]
    rules = [outcomes.rule_of_rows(part, mapping) if mapping.rules else None for part in read]
    joined = _join(read, rules, mapping, options)
    progress("orders", len(paths), len(paths))
    return _contract(
        joined,
        read,
        [lines.convert(t, mapping.news, NEWS_COLUMNS, mapping) for t in news_tables],
        mapping,
        desk,
        options,
    )


def _is_news(table: pd.DataFrame, mapping: Mapping) -> bool:
    source = mapping.news.get("event_id")
    return source is not None and source.column in table.columns


def _join(read: list[Lines], rules: list[Any], mapping: Mapping, options: Options) -> pd.DataFrame:
    """Every good line of every file as one table; refused rows take the other lines of their order with them."""
    parts = []
    for number, (part, rule) in enumerate(zip(read, rules, strict=True)):
        table = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in part.columns.items()})
        table["placed_at"] = part.columns["placed_at"]
        table["_rule"] = -1 if rule is None else rule
        table["_file"], table["_row"] = number, np.arange(len(table))
        for name, times in outcomes.event_times(part, mapping).items():
            table[f"_at {name}"] = times
        parts.append(table)
    joined = pd.concat(parts, ignore_index=True)
    for column in ORDER_COLUMNS:
        if column.name not in joined:
            joined[column.name] = None
    _fill_constants(joined, mapping, options)
    return joined


def _fill_constants(table: pd.DataFrame, mapping: Mapping, options: Options) -> None:
    defaults = {
        "merchant_id": options.merchant_id or mapping.merchant_id,
        "currency": mapping.currency,
        "country": mapping.country,
    }
    for name, value in defaults.items():
        if value is not None:
            table[name] = table[name].where(table[name].notna(), value)
    if table["merchant_id"].isna().any():
        to_do = "pass --merchant NAME, or set merchant_id in the mapping"
        raise UsageError("DQ005", "merchant_id", got="no column and no constant", expected="a merchant", to_do=to_do)


def _contract(
    joined: pd.DataFrame, read: list[Lines], news: list[Lines], mapping: Mapping, desk: Desk, options: Options
) -> Imported:
    notes: dict[str, int] = {}
    good = _without_refused(joined, read, notes)
    orders = _orders(good, mapping)
    told, through = _news(good, orders, news, mapping, options, desk)
    faults = [f for part in (*read, *news) for f in part.faults]
    if faults and not options.skip_bad_rows:
        raise _refusal(faults)
    if orders.empty:
        raise DataError(
            "DQ001", "the files", got="no order that could be read", expected="at least one", to_do="see the faults"
        )
    kept = arrive(_as_told(orders, mapping), desk)
    merchants = [
        Merchant(m, mapping.timezone, mapping.currency or _first(orders, "currency", "INR"), mapping.country or "IN")
        for m in sorted(set(orders["merchant_id"]))
    ]
    return Imported(kept, told, merchants, through, len(joined), faults, notes)


def _first(orders: pd.DataFrame, column: str, default: str) -> str:
    values = orders[column].dropna()
    return str(values.iloc[0]) if len(values) else default


def _refusal(faults: list[Fault]) -> DataError:
    error = faults[0].as_error()
    more = len(faults) - 1
    if more:
        error.to_do = f"{error.to_do}\n            {more} more rows are refused, the next: " + "; ".join(
            f"{f.code} row {f.row} {f.column}" for f in faults[1:4]
        )
    return error


def _without_refused(joined: pd.DataFrame, read: list[Lines], notes: dict[str, int]) -> pd.DataFrame:
    refused = np.zeros(len(joined), dtype=bool)
    for number, part in enumerate(read):
        rows = np.array(sorted(part.bad_rows), dtype=np.int64)
        refused |= (joined["_file"] == number).to_numpy() & np.isin(joined["_row"].to_numpy(), rows)
    ids = ["merchant_id", "order_id"]
    keys = pd.MultiIndex.from_frame(joined[ids].astype(str))
    with_them = np.asarray(keys.isin(keys[refused]))
    newest = joined.groupby(keys)["_file"].transform("max").to_numpy() if len(joined) else np.array([])
    repeated = (joined["_file"].to_numpy() < newest) & ~with_them
    notes["lines_of_a_refused_order"] = int((with_them & ~refused).sum())
    notes["rows_told_again_by_a_later_file"] = int(repeated.sum())
    return joined[~with_them & ~repeated]


def _orders(good: pd.DataFrame, mapping: Mapping) -> pd.DataFrame:
    """One row for each order: its first line's values, the dearest line's goods, sums over lines."""
    ids = ["merchant_id", "order_id"]
    amount = mapping.orders.get("amount_minor", Source(constant=""))
    worth = good["price_minor"].where(good["price_minor"].notna(), good["amount_minor"] if amount.sum_lines else None)
    lined = good.assign(_worth=pd.to_numeric(worth).fillna(-1.0), _units=pd.to_numeric(good["quantity"]))
    groups = lined.groupby(ids, sort=False)
    orders = groups.head(1).set_index(ids)
    dearest = lined.loc[groups["_worth"].idxmax()].set_index(ids)
    orders = orders.assign(sku=dearest["sku"], category=dearest["category"], n_lines=groups.size().astype(float))
    orders["n_units"] = groups["_units"].sum(min_count=1)
    if amount.sum_lines:
        sums = lined.assign(amount_minor=pd.to_numeric(lined["amount_minor"])).groupby(ids, sort=False)["amount_minor"]
        orders["amount_minor"] = sums.sum(min_count=1).where(sums.count() == groups.size())
    return orders.reset_index()


def _as_told(orders: pd.DataFrame, mapping: Mapping) -> dict[str, list[Any]]:
    told: dict[str, list[Any]] = {
        name: orders[name].astype(object).where(orders[name].notna(), None).tolist()
        for name in [c.name for c in ORDER_COLUMNS] + ["n_lines", "n_units"]
    }
    told["date_only"] = [mapping.orders["placed_at"].date_only] * len(orders)
    told["timezone"] = [mapping.timezone] * len(orders)
    return told


def _news(
    good: pd.DataFrame, orders: pd.DataFrame, tables: list[Lines], mapping: Mapping, options: Options, desk: Desk
) -> tuple[list[Told], int]:
    exported_at = options.exported_at if options.exported_at is not None else _declared(mapping)
    told = _told_by_rules(good, orders, mapping, exported_at) if mapping.rules else []
    placed_at = dict(zip(zip(orders["merchant_id"], orders["order_id"], strict=True), orders["placed_at"], strict=True))
    for part in tables:
        told += _told_by_table(part, placed_at, mapping, options, desk)
    told = _with_placed(told, orders, mapping)
    through = max([t.known_at for t in told], default=0)
    last = int(orders["placed_at"].max()) + int(mapping.longest_delay_days * contract.DAY) if len(orders) else 0
    return told, exported_at if exported_at is not None else max(through, last)


def _declared(mapping: Mapping) -> int | None:
    if mapping.exported_at is None:
        return None
    moment = datetime.fromisoformat(mapping.exported_at)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(mapping.timezone))
    return int(moment.timestamp() * contract.SECOND)


def _told_by_rules(good: pd.DataFrame, orders: pd.DataFrame, mapping: Mapping, exported_at: int | None) -> list[Told]:
    date_only = mapping.orders["placed_at"].date_only
    at = {name.removeprefix("_at "): good[name].to_numpy(float) for name in good.columns if name.startswith("_at ")}
    rule_of_line = good["_rule"].to_numpy(int)
    lines_of: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(zip(good["merchant_id"], good["order_id"], strict=True)):
        lines_of.setdefault(key, []).append(i)
    told: list[Told] = []
    for merchant, order, moment in zip(orders["merchant_id"], orders["order_id"], orders["placed_at"], strict=True):
        own = lines_of[merchant, order]
        kinds = [_last_type(mapping, rule_of_line[i]) for i in own]
        verdict = outcomes.decided_by(kinds)
        if not verdict:
            continue
        first = own[kinds.index(verdict) if verdict in kinds else next(i for i, k in enumerate(kinds) if k)]
        news = mapping.rules[rule_of_line[first]].news
        if verdict == "mixed":
            news = [n.model_copy(update={"type": "partially_delivered"}) for n in news[-1:]]
        times = {column: float(values[first]) for column, values in at.items()}
        told += outcomes.tell(
            outcomes.Placed(merchant, order, int(moment), date_only), news, times, mapping, exported_at
        )
    return told


def _last_type(mapping: Mapping, rule: int) -> str:
    news = mapping.rules[rule].news
    return news[-1].type if news else ""


def _told_by_table(
    part: Lines, placed_at: dict[tuple[str, str], int], mapping: Mapping, options: Options, desk: Desk
) -> list[Told]:
    columns, n = part.columns, len(part.table)
    merchant = columns.get("merchant_id") or [options.merchant_id or mapping.merchant_id] * n
    source, reasons, details = (columns.get(c) or [None] * n for c in ("source", "reason", "details"))
    told = []
    for i in range(n):
        happened, known = int(columns["happened_at"][i]), int(columns["known_at"][i])
        if i in part.bad_rows or not _in_time(
            part, i, happened, known, placed_at.get((merchant[i], columns["order_id"][i]))
        ):
            continue
        kept = _kept_details(part, i, columns["type"][i], details[i], desk)
        told.append(
            Told(merchant[i], columns["order_id"][i], source[i] or mapping.name, columns["event_id"][i],
                 columns["type"][i], happened, known, reasons[i], kept)
        )  # fmt: skip
    return told


_KNOWN_AT = Column("known_at", "time", contract.Stage.PLACED, "")
_DETAILS = Column("details", "text", contract.Stage.PLACED, "", personal=True)


def _in_time(part: Lines, i: int, happened: int, known: int, placed: int | None) -> bool:
    if known < happened or (placed is not None and known < placed):
        expected = "known_at not before happened_at, nor before the order's placed_at"
        part.refuse_row(i, _KNOWN_AT, parsing.Unfit("DQ013", expected), part.table.iloc[i].get("known_at"))
        return False
    return True


def _kept_details(part: Lines, i: int, kind: str, details: str | None, desk: Desk) -> str | None:
    if not details:
        return None
    try:
        said = json.loads(details)
        if not isinstance(said, dict):
            raise TypeError
        return kept_details(kind, said, desk)
    except (ValueError, TypeError, KeyError):
        part.refuse_row(i, _DETAILS, parsing.Unfit("DQ015", 'a JSON object, as {"voids": "e-17"}'), details)
        return None


def _with_placed(told: list[Told], orders: pd.DataFrame, mapping: Mapping) -> list[Told]:
    """`placed` for every order that nothing placed yet: known at placed_at; on date-only days, at their end."""
    have = {(t.merchant_id, t.order_id) for t in told if t.type == "placed"}
    date_only = mapping.orders["placed_at"].date_only
    for row in orders[["merchant_id", "order_id", "placed_at"]].itertuples(index=False):
        if (row[0], row[1]) not in have:
            at = int(row[2])
            known = parsing.end_of_local_day(at, mapping.timezone) if date_only else at
            told.append(Told(row[0], row[1], mapping.name, f"{row[1]}:placed", "placed", at, known))
    return told
