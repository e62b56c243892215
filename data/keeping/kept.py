"""Orders as kept, between their three shapes: columns for the fold, an Arrow table on disk, JSON in the database."""

from typing import Any

import numpy as np
import pyarrow as pa

from data import contract
from data.arrival import MISSING
from data.history import Array, Columns

ORDERS_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in contract.KEPT_TEXT),
        *((name, pa.float64()) for name in contract.KEPT_NUMBERS),
        *((name, pa.int64()) for name in (*contract.TOKEN_COLUMNS, "placed_at")),
    ]
)
"""Columns of kept orders: text null and numbers NaN where missing, pseudonyms MISSING."""

OrdersTable = Any
"""A pyarrow table of kept orders."""


def table_of(orders: Columns) -> OrdersTable:
    """Columns as an Arrow table."""
    return pa.table({name: arrow_of(column) for name, column in orders.items()})


def arrow_of(column: Array) -> Any:
    """One column for Arrow: text as text, NaN as NaN."""
    return pa.array(column, pa.string()) if column.dtype == object else pa.array(column)


def columns_of(table: OrdersTable) -> Columns:
    """The inverse of `table_of`; a number that is null is NaN, a pseudonym MISSING."""
    return {name: _array(table[name]) for name in table.column_names}


def _array(column: Any) -> Array:
    if pa.types.is_string(column.type):
        return texts(column)
    missing, kind = (np.nan, np.float64) if pa.types.is_floating(column.type) else (MISSING, np.int64)
    return np.array(column.fill_null(missing) if column.null_count else column, dtype=kind)


def texts(column: Any) -> Array:
    """An Arrow column of text as Python text, None where missing; words that repeat are one object."""
    if len(column) == 0:
        return np.empty(0, dtype=object)
    encoded = column.slice(0, 1000).combine_chunks().dictionary_encode()
    if 2 * len(encoded.dictionary) > min(len(column), 1000):
        return np.asarray(column.to_numpy(), dtype=object)
    encoded = column.combine_chunks().dictionary_encode()
    words = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    out: Array = words[encoded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)]
    return out


def whole(table: OrdersTable) -> OrdersTable:
    """The table with every column of the contract, in its order; what an older table lacks is missing."""
    have = set(table.column_names)
    columns = [table[f.name] if f.name in have else pa.nulls(len(table), f.type) for f in ORDERS_SCHEMA]
    return pa.table(columns, schema=ORDERS_SCHEMA)
