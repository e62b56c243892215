"""Keys: under which names an order's contribution is summed, and whose weights go there."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from data.history import Array, Columns, History


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of key. columns: order columns whose values together are the key; all must be there, or it is missing.

    buyer: sums the buyer's weights (nothing for what the courier caused). An empty `columns` is one key for all.
    """

    name: str
    columns: tuple[str, ...]
    buyer: bool = False


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("phone", ("phone",), buyer=True),
        Kind("email", ("email",), buyer=True),
        Kind("address", ("address",), buyer=True),
        Kind("device", ("device_id",), buyer=True),
        Kind("ip", ("ip",), buyer=True),
        Kind("customer", ("customer_id",), buyer=True),
        Kind("pincode", ("pincode",)),
        Kind("district", ("state", "district")),
        Kind("state", ("state",)),
        Kind("all", ()),
        Kind("merchant", ("merchant_id",)),
        Kind("merchant_pincode", ("merchant_id", "pincode")),
        Kind("sku", ("merchant_id", "sku")),
        Kind("category", ("merchant_id", "category")),
        Kind("campaign", ("merchant_id", "campaign")),
        Kind("courier", ("courier",)),
        Kind("courier_district", ("courier", "state", "district")),
    )
}

SEPARATOR = "\x1f"


def key_of(kind: Kind, order: dict[str, Any]) -> str | None:
    """The key of one order as text; None if a part is missing. Pseudonyms are integers, missing below 0.

    A person named but never seen before (NEW) has a key that no fact has touched.
    """
    parts = [order.get(name) for name in kind.columns]
    if any(p is None or p == -1 for p in parts):
        return None
    return SEPARATOR.join(str(p) for p in parts)


def key_codes(kind: Kind, history: History) -> tuple[Array, int]:
    """Key of each key row (orders, then corrected addresses) as dense codes, -1 missing; and how many keys there are."""
    rows = _key_rows(kind, history)
    n = len(history) + len(history.corrected["row"])
    if not rows:
        return np.zeros(n, dtype=np.int64), 1
    missing, codes = np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int64)
    for column in rows:
        own, absent, size = _codes(column)
        missing |= absent
        codes = codes * size + own
    unique, dense = np.unique(codes[~missing], return_inverse=True)
    out = np.full(n, -1, dtype=np.int64)
    out[~missing] = dense
    return out, len(unique)


def keys_by_code(kind: Kind, history: History) -> list[str]:
    """Text of each key, in the order of `key_codes`."""
    codes, n_keys = key_codes(kind, history)
    first = np.full(n_keys, -1, dtype=np.int64)
    first[codes[codes >= 0][::-1]] = np.flatnonzero(codes >= 0)[::-1]
    rows = _key_rows(kind, history)
    return [SEPARATOR.join(str(column[i]) for column in rows) for i in first]


def _key_rows(kind: Kind, history: History) -> list[Array]:
    corrected: Columns = history.corrected
    rows = []
    for name in kind.columns:
        later = corrected[name] if name in corrected else history.orders[name][corrected["row"]]
        rows.append(np.concatenate([history.orders[name], later]))
    return rows


def _codes(column: Array) -> tuple[Array, Array, int]:
    """Codes, a mask of missing values, and the number of codes of one column."""
    if column.dtype != object:
        values, codes = np.unique(column, return_inverse=True)
        return codes, column < 0, len(values)
    known: dict[str, int] = {}
    codes = np.fromiter((-1 if v is None else known.setdefault(v, len(known)) for v in column), np.int64, len(column))
    return np.maximum(codes, 0), codes < 0, max(len(known), 1)
