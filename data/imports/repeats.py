"""Rows that tell one order again: with another amount, or word for word. Nobody but a person knows which is right."""

from collections.abc import Callable

import numpy as np

from data.files.codes import Array, codes_of
from data.files.distinct import first_rows, numbered
from data.files.joining import Joined
from data.files.mapping import Mapping
from data.imports.doubts import Suspicion

_OF_A_LINE = ("sku", "category", "quantity", "price_minor", "amount_minor", "discount_minor")

TWO_AMOUNTS = "orders_with_two_amounts"
ALIKE = "rows_alike"


def repeats(
    joined: Joined, rows: Array, mapping: Mapping, notes: dict[str, int], place: Callable[[int], str]
) -> list[Suspicion]:
    """What looks wrong about orders of several rows; both kinds are counted in `notes`.

    rows: (m,) those that tell orders as placed.  place: where a row of `joined` stands, for a person.
    """
    keys = joined.key[rows]
    several = rows[np.bincount(keys, minlength=1)[keys] > 1]
    if not len(several):
        return []
    order = numbered(joined.key[several])[0]
    notes[ALIKE] = _alike(joined, several, order)
    other = _other_amount(joined, several, order, mapping)
    notes[TWO_AMOUNTS] = len(np.unique(order[other]))
    if not len(other):
        return []
    return [Suspicion(
        "two_amounts", f"{notes[TWO_AMOUNTS]:,} orders have rows with two amounts, as {place(int(several[other[0]]))}",
        "an order has one worth: its first row's is taken",
        "if the column tells each line's amount: sum_lines = true; if it is the order's, the order was exported twice: take "
        "the older row out",
    )]  # fmt: skip


def _alike(joined: Joined, rows: Array, order: Array) -> int:
    """How many rows say the same line of their order once more, status and all."""
    key = order
    for name in (n for n in _OF_A_LINE if n in joined.columns):
        cells = joined.columns[name]
        told = cells[rows] if isinstance(cells, np.ndarray) else codes_of(cells)[rows]
        _, values = np.unique(told, return_inverse=True)
        _, key = np.unique(key * (values.max(initial=0) + 1) + values, return_inverse=True)
    rules = joined.rule[rows] + 1
    _, key = np.unique(key * (rules.max(initial=0) + 1) + rules, return_inverse=True)
    return len(rows) - int(key.max(initial=-1)) - 1


def _other_amount(joined: Joined, rows: Array, order: Array, mapping: Mapping) -> Array:
    """(m,) places in `rows` whose amount is not the one that their order's first row tells."""
    source = mapping.orders.get("amount_minor")
    if source is None or source.sum_lines or "amount_minor" not in joined.columns:
        return np.zeros(0, dtype=np.int64)
    told = joined.columns["amount_minor"][rows]
    known = np.flatnonzero(~np.isnan(told))
    first = np.full(int(order.max(initial=-1)) + 1, np.nan)
    at = first_rows(order[known])
    has = at < len(known)
    first[: len(at)][has] = told[known[at[has]]]
    other: Array = known[told[known] != first[order[known]]]
    return other
