"""Good lines of all files as one set of columns, and those as orders: one entry for each."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.contract import DAY, ORDER_COLUMNS, SECOND
from data.errors import UsageError
from data.files import outcomes
from data.files.codes import Array, Cells, codes_of, encoded, last_rows, pairs
from data.files.distinct import first_rows, numbered
from data.files.lines import Lines
from data.files.mapping import Mapping
from data.files.parsing import Unfit
from data.persons.phones import phone_of
from data.persons.text import folded
from data.side_by_side import side_by_side

_COLUMNS = {c.name: c for c in ORDER_COLUMNS}
_SUMMABLE = ("amount_minor", "discount_minor", "shipping_fee_minor")


@dataclass(slots=True)
class Joined:
    """Every line of every file, refused ones too; files stand one after the other.

    columns: of the contract, as in Lines; what no file has is not there.  file, row: (n,) where each line stands.
    rule: (n,) what its status says, -1 without one.  at: (n,) moments that rules ask for.  key: (n,) whole number for
    (merchant, order id) by first appearance, -1 where one of them is missing.  telling: (n,) as `Sheet.telling`.
    """

    columns: dict[str, Any]
    file: Array
    row: Array
    rule: Array
    at: dict[str, Array]
    key: Array
    telling: Array

    def __len__(self) -> int:
        return len(self.file)


@dataclass(frozen=True, slots=True)
class Orders:
    """One entry for each order (k,). columns: of the contract, as in Lines, with n_lines and n_units.

    owner: (K,) the order of each key of Joined, -1 where its lines were refused.
    """

    columns: dict[str, Any]
    owner: Array

    def __len__(self) -> int:
        return len(self.columns["placed_at"])


def join(read: list[Lines], rules: list[Array | None], mapping: Mapping, merchant_id: str | None) -> Joined:
    """All lines together. Rows without a merchant (DQ005) and lines that cannot belong to one order (DQ008) are
    refused. Raises UsageError CLI006 if no row says its merchant."""
    sizes = [len(part) for part in read]
    at = [{} if r is None else outcomes.event_times(p, mapping, r) for p, r in zip(read, rules, strict=True)]
    columns = {name: _stacked(name, read) for name in _COLUMNS if any(name in part.columns for part in read)}
    _fill_constants(columns, mapping, merchant_id, sum(sizes))
    columns["order_id"] = encoded(columns["order_id"])  # asked for by its codes more than once
    joined = Joined(
        columns,
        file=np.repeat(np.arange(len(read)), sizes),
        row=np.concatenate([np.arange(size) for size in sizes]),
        rule=np.concatenate([np.full(n, -1) if r is None else r for n, r in zip(sizes, rules, strict=True)]),
        at={name: np.concatenate([part[name] for part in at]) for name in at[0]},
        key=keys_of(columns["merchant_id"], columns["order_id"]),
        telling=np.repeat([part.sheet.telling for part in read], sizes),
    )
    _refuse_strangers(joined, read)
    return joined


def _stacked(name: str, read: list[Lines]) -> Any:
    """One column of all files; missing in the files that do not have it."""
    if len(read) == 1:
        return read[0].columns[name]
    if _COLUMNS[name].kind == "text":
        parts = [p.columns.get(name, pa.nulls(len(p), pa.string())).cast(pa.string()) for p in read]
        return pa.concat_arrays(parts)
    return np.concatenate([p.columns.get(name, np.full(len(p), np.nan)) for p in read])


def _fill_constants(columns: dict[str, Any], mapping: Mapping, merchant_id: str | None, n: int) -> None:
    defaults = {
        "merchant_id": merchant_id or mapping.merchant_id,
        "currency": mapping.currency,
        "country": mapping.country,
    }
    for name, value in defaults.items():
        found = columns.get(name)
        if value is not None and (found is None or found.null_count):
            columns[name] = pa.repeat(value, n) if found is None else pc.fill_null(found.cast(pa.string()), value)
    if "merchant_id" not in columns or columns["merchant_id"].null_count == n:
        to_do = "pass --merchant NAME, or set merchant_id in the mapping"
        raise UsageError("CLI006", "merchant_id", got="no column and no constant", expected="a merchant", to_do=to_do)


def keys_of(merchants: Cells, orders: Cells) -> Array:
    """(n,) a whole number for each distinct (merchant, order id), by first appearance; -1 where one is missing."""
    own, codes = codes_of(merchants), codes_of(orders)
    missing = (own < 0) | (codes < 0)
    if not missing.any():
        return codes if own.max(initial=0) == 0 else pairs(codes, own)[0]
    keys = np.full(len(codes), -1, dtype=np.int64)
    keys[~missing] = pairs(codes[~missing], own[~missing])[0]
    return keys


def _refuse_strangers(joined: Joined, read: list[Lines]) -> None:
    """Refuse rows without a merchant (DQ005), and lines that cannot belong to one order (DQ008)."""
    nobody = np.asarray(pc.is_null(joined.columns["merchant_id"])) & (joined.telling == 0)
    _refuse(joined, read, nobody, "merchant_id", Unfit("DQ005", "a merchant on every row, or --merchant NAME"))
    rows = np.flatnonzero(~_refused(read) & (joined.telling == 0))
    sizes = np.bincount(joined.key[rows], minlength=1)
    rows = rows[sizes[joined.key[rows]] > 1]  # orders of one line agree with themselves
    if not len(rows):
        return
    order = numbered(joined.key[rows])[0]
    placed = joined.columns["placed_at"][rows]
    strange = {"placed_at": np.abs(placed - placed[first_rows(order)][order]) > DAY}
    for name in ("customer_id", "phone"):
        if name in joined.columns:
            strange[name] = _unlike_the_first(joined.columns, name, rows, order)
    for name, which in strange.items():
        marked = np.zeros(len(joined), dtype=bool)
        marked[rows[which]] = True
        _refuse(joined, read, marked, name, Unfit("DQ008", _ONE_ORDER[name]))


_ONE_ORDER = {
    "placed_at": "one order for each order id: this line lies more than a day from the order's first",
    "customer_id": "one order for each order id: this line names another customer than the order's first",
    "phone": "one order for each order id: this line has another phone number than the order's first, not the same one in "
    "another spelling",
}


def _unlike_the_first(columns: dict[str, Any], name: str, rows: Array, order: Array) -> Array:
    """(m,) which rows tell another value than the first row of their order that tells one. A phone in another spelling
    is the same."""
    told = columns[name].take(pa.array(rows))
    codes = codes_of(told)
    has = np.flatnonzero(codes >= 0)
    first = np.full(int(order.max(initial=-1)) + 1, -1)
    first[order[has][::-1]] = has[::-1]
    unlike: Array = (codes >= 0) & (codes != codes[first[order]])
    if name == "phone" and unlike.any():
        own = np.flatnonzero(unlike)
        there = first[order[own]]
        both = np.concatenate([own, there])
        countries = columns.get("country")
        where = [None] * len(both) if countries is None else countries.take(pa.array(rows[both])).to_pylist()
        spelled = [_spelled(*one) for one in zip(told.take(pa.array(both)).to_pylist(), where, strict=True)]
        same = [one == other for one, other in zip(spelled[: len(own)], spelled[len(own) :], strict=True)]
        unlike[own[same]] = False
    return unlike


def _spelled(phone: str, country: str | None) -> str:
    """A phone in its one spelling; what is no number, without what parts its digits."""
    return phone_of(phone, country or "IN").e164 or "".join(c for c in folded(phone) if c.isalnum())


def _refuse(joined: Joined, read: list[Lines], marked: Array, name: str, unfit: Unfit) -> None:
    where = np.flatnonzero(marked)
    for number in np.unique(joined.file[where]).tolist():
        at = where[joined.file[where] == number]
        cells: list[Any] = [None] * len(at)
        if name != "merchant_id":
            told = joined.columns[name]
            cells = told[at].tolist() if isinstance(told, np.ndarray) else told.take(pa.array(at)).to_pylist()
        if name == "placed_at":
            cells = [datetime.fromtimestamp(cell / SECOND, UTC).strftime("%Y-%m-%d %H:%M UTC") for cell in cells]
        read[number].refuse(joined.row[at], _COLUMNS[name], unfit, cells)


def _refused(read: list[Lines]) -> Array:
    return np.concatenate([part.bad for part in read])


def good_rows(joined: Joined, read: list[Lines], notes: dict[str, int]) -> tuple[Array, list[Array]]:
    """The lines that stay, as rows of `joined`: (a,) those that tell the order as placed; and the (b,) that tell its
    newest status, followed by those of each further telling (`take = "all"` of a join). A refused row takes the other
    lines of its order with it. Where a later file tells an order again, its first telling is the order, its last one
    the status."""
    refused = _refused(read)
    with_them = refused.copy()
    known = joined.key >= 0
    if refused.any():
        taken = np.zeros(int(joined.key.max(initial=-1)) + 1, dtype=bool)
        taken[joined.key[refused & known]] = True
        with_them[known] |= taken[joined.key[known]]
    notes["lines_of_a_refused_order"] = int((with_them & ~refused & (joined.telling == 0)).sum())
    rows = np.flatnonzero(~with_them & (joined.telling == 0))
    tellings = range(1, int(joined.telling.max(initial=0)) + 1)
    more = [np.flatnonzero(~with_them & (joined.telling == t)) for t in tellings]
    if len(read) == 1 or not len(rows):
        notes["rows_told_again_by_a_later_file"] = 0
        return rows, [rows, *more]
    order = numbered(joined.key[rows])[0]
    file = joined.file[rows]
    first, last = (file == file[ends(order)][order] for ends in (first_rows, last_rows))
    notes["rows_told_again_by_a_later_file"] = int((~first).sum())
    return rows[first], [rows[last], *more]


def orders_of(joined: Joined, rows: Array, mapping: Mapping, asked: bool = False) -> Orders:
    """One entry for each order: its first line's values, the dearest line's goods, sums over lines.

    asked: orders to be scored, not a history. One whose amount is not told then has its goods' worth for one, as over HTTP
    (`serving/keeping/intake.py`). In a history the same holds only of files that tell no amount anywhere: an amount missing here
    and there is often the trace of an outcome (Meesho's price is missing exactly where the order was cancelled), and must show.
    A sum is missing if it is for one of the lines: what is left would tell that the export emptied a cancelled line.
    """
    order, first = numbered(joined.key[rows])
    n_lines = np.bincount(order, minlength=0).astype(float)
    summed = [n for n in _SUMMABLE if n in mapping.orders and mapping.orders[n].sum_lines]
    tasks = [partial(_taken, column, rows[first]) for column in joined.columns.values()]
    columns = dict(zip(joined.columns, side_by_side(tasks), strict=True))
    if len(first) < len(rows):
        dearest = rows[_dearest(joined, rows, order, "amount_minor" in summed)]
        goods = [name for name in ("sku", "category") if name in columns]
        columns |= {name: _taken(joined.columns[name], dearest) for name in goods}
    for name in summed:
        if name in joined.columns:
            columns[name] = _sums(joined.columns[name][rows], order, n_lines)
    pieces, price = joined.columns.get("quantity"), joined.columns.get("price_minor")
    units = np.full(len(first), np.nan) if pieces is None else _sums(pieces[rows], order, n_lines)
    if pieces is not None and price is not None and (asked or "amount_minor" not in joined.columns):
        columns["amount_minor"] = _or_goods(
            columns.get("amount_minor"), _sums(pieces[rows] * price[rows], order, n_lines)
        )
    owner = np.full(int(joined.key.max(initial=-1)) + 1, -1)
    owner[joined.key[rows[first]]] = np.arange(len(first))
    return Orders({**columns, "n_lines": n_lines, "n_units": units}, owner)


def _or_goods(told: Any, worth: Array) -> Array:
    """(k,) amounts, the goods' worth where none is told."""
    return worth if told is None else np.where(np.isnan(told), worth, told)


def _taken(column: Any, rows: Array) -> Any:
    if len(rows) == len(column):  # rows ascend: all of them, as they stand
        return column
    return column[rows] if isinstance(column, np.ndarray) else column.take(pa.array(rows))


def _dearest(joined: Joined, rows: Array, order: Array, summed: bool) -> Array:
    """(k,) place in `rows` of each order's dearest line, the first of equals; a line without a price is the cheapest."""
    nothing = np.full(len(joined), np.nan)
    worth = joined.columns.get("price_minor", nothing)[rows]
    if summed:
        worth = np.where(np.isnan(worth), joined.columns.get("amount_minor", nothing)[rows], worth)
    ascending = np.lexsort((-np.nan_to_num(worth, nan=-1.0), order))  # stable: equals stay in their order
    return ascending[first_rows(order[ascending])]


def _sums(values: Array, order: Array, n_lines: Array) -> Array:
    told = ~np.isnan(values)
    sums = np.bincount(order, np.where(told, values, 0.0), minlength=len(n_lines))
    return np.where(np.bincount(order, told, minlength=len(n_lines)) == n_lines, sums, np.nan)


def as_told(orders: Orders, mapping: Mapping) -> dict[str, Any]:
    """Columns of orders as `data/arrival.py` takes them."""
    told = dict(orders.columns)
    told["date_only"] = np.full(len(orders), mapping.orders["placed_at"].date_only)
    told["timezone"] = pa.repeat(mapping.timezone, len(orders))
    return told
