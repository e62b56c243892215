"""Good lines of all files as one table, and that table as orders: one row for each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from data import outcomes
from data.contract import DAY, ORDER_COLUMNS
from data.errors import UsageError
from data.lines import Lines
from data.mapping import Mapping
from data.parsing import Unfit

IDS = ["merchant_id", "order_id"]
_COLUMNS = {c.name: c for c in ORDER_COLUMNS}
_SUMMABLE = ("amount_minor", "discount_minor", "shipping_fee_minor")


def join(read: list[Lines], rules: list[Any], mapping: Mapping, merchant_id: str | None) -> pd.DataFrame:
    """Every line of every file, refused ones too. `_file`, `_row`: where it stands; `_rule`: what its status says."""
    parts = []
    for number, (part, rule) in enumerate(zip(read, rules, strict=True)):
        table = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in part.columns.items()})
        table["placed_at"] = part.columns["placed_at"]
        table["_rule"] = -1 if rule is None else rule
        table["_file"], table["_row"] = number, np.arange(len(table))
        if rule is not None:
            for name, times in outcomes.event_times(part, mapping, rule).items():
                table[name] = times
        parts.append(table)
    joined = pd.concat(parts, ignore_index=True)
    for column in ORDER_COLUMNS:
        if column.name not in joined:
            joined[column.name] = None
    _fill_constants(joined, mapping, merchant_id)
    _refuse_strangers(joined, read)
    return joined


def _fill_constants(table: pd.DataFrame, mapping: Mapping, merchant_id: str | None) -> None:
    defaults = {
        "merchant_id": merchant_id or mapping.merchant_id,
        "currency": mapping.currency,
        "country": mapping.country,
    }
    for name, value in defaults.items():
        if value is not None:
            table[name] = table[name].where(table[name].notna(), value)
    if table["merchant_id"].isna().all():
        to_do = "pass --merchant NAME, or set merchant_id in the mapping"
        raise UsageError("CLI006", "merchant_id", got="no column and no constant", expected="a merchant", to_do=to_do)


def _refuse_strangers(joined: pd.DataFrame, read: list[Lines]) -> None:
    """Refuse rows without a merchant (DQ005), and lines that cannot belong to one order (DQ008)."""

    def refuse(rows: "pd.Series[Any]", name: str, unfit: Unfit) -> None:
        for i in np.flatnonzero(rows.to_numpy(bool)):
            number, row = int(joined["_file"].iloc[i]), int(joined["_row"].iloc[i])
            cell = None if name == "merchant_id" else joined[name].iloc[i]
            read[number].refuse_row(row, _COLUMNS[name], unfit, cell)

    refuse(joined["merchant_id"].isna(), "merchant_id", Unfit("DQ005", "a merchant on every row, or --merchant NAME"))
    sound = joined[~_refused(joined, read)]
    groups = sound.groupby(IDS, sort=False)
    apart = sound["placed_at"] - groups["placed_at"].transform("first")
    expected = "one order for each order id: its lines lie within a day and have one buyer"
    strange = {"placed_at": apart.abs() > DAY}
    for name in ("customer_id", "phone"):
        if sound[name].notna().any():
            first = groups[name].transform("first")
            strange[name] = sound[name].notna() & (sound[name].astype(object) != first.astype(object))
    for name, rows in strange.items():
        refuse(rows.reindex(joined.index, fill_value=False), name, Unfit("DQ008", expected))


def _refused(joined: pd.DataFrame, read: list[Lines]) -> "np.ndarray[Any, Any]":
    refused = np.zeros(len(joined), dtype=bool)
    for number, part in enumerate(read):
        rows = np.array(sorted(part.bad_rows), dtype=np.int64)
        refused |= (joined["_file"] == number).to_numpy() & np.isin(joined["_row"].to_numpy(), rows)
    return refused


def without_refused(joined: pd.DataFrame, read: list[Lines], notes: dict[str, int]) -> pd.DataFrame:
    """The lines that stay. A refused row takes the other lines of its order with it. Where a later file tells an order
    again, `_first` marks the lines of its first telling (the order as placed), `_last` those of its newest status."""
    refused = _refused(joined, read)
    keys = pd.MultiIndex.from_frame(joined[IDS].fillna("").astype(str))
    with_them = np.asarray(keys.isin(keys[refused]))
    notes["lines_of_a_refused_order"] = int((with_them & ~refused).sum())
    good = joined[~with_them]
    files = good.groupby(IDS, sort=False)["_file"]
    good = good.assign(_first=good["_file"] == files.transform("min"), _last=good["_file"] == files.transform("max"))
    notes["rows_told_again_by_a_later_file"] = int((~good["_first"]).sum())
    return good


def orders_of(good: pd.DataFrame, mapping: Mapping) -> pd.DataFrame:
    """One row for each order: its first line's values, the dearest line's goods, sums over lines.

    A sum is missing if it is for one of the lines: what is left would tell that the export emptied a cancelled line.
    """
    summed = [n for n in _SUMMABLE if n in mapping.orders and mapping.orders[n].sum_lines]
    worth = pd.to_numeric(good["price_minor"])
    if "amount_minor" in summed:
        worth = worth.where(worth.notna(), pd.to_numeric(good["amount_minor"]))
    lined = good.assign(_worth=worth.fillna(-1.0), n_units=pd.to_numeric(good["quantity"]))
    lined = lined.assign(**{name: pd.to_numeric(lined[name]) for name in summed})
    groups = lined.groupby(IDS, sort=False)
    orders = lined[~lined.duplicated(IDS)].set_index(IDS)
    dearest = lined.loc[groups["_worth"].idxmax()].set_index(IDS)
    orders = orders.assign(sku=dearest["sku"], category=dearest["category"], n_lines=groups.size().astype(float))
    for name in (*summed, "n_units"):
        orders[name] = groups[name].sum(min_count=1).where(groups[name].count() == groups.size())
    return orders.reset_index()


def as_told(orders: pd.DataFrame, mapping: Mapping) -> dict[str, Sequence[Any]]:
    """Columns of orders as `data/arrival.py` takes them; None is missing."""
    told: dict[str, Sequence[Any]] = {
        name: orders[name].astype(object).where(orders[name].notna(), None).tolist()
        for name in [c.name for c in ORDER_COLUMNS] + ["n_lines", "n_units"]
    }
    told["date_only"] = [mapping.orders["placed_at"].date_only] * len(orders)
    told["timezone"] = [mapping.timezone] * len(orders)
    return told
