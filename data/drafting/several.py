"""How the rows of a file make up orders."""

import re
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow.compute as pc

from data.drafting.columns import Guess

_MONEY = ("amount_minor", "discount_minor", "shipping_fee_minor")
_TOTAL = re.compile(r"(?:grand |sub ?)?total.*|sum|summe|gesamt|suma|jumlah|totales", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Several:
    """How lines make up orders. fill_down: columns told on an order's first row only; sums: money told per line.

    n_without_id: rows without an order's number; totals: cells in its place that are words of a last line.
    """

    n_orders: int = 0
    n_lines: int = 0
    fill_down: list[str] = field(default_factory=list)
    sums: set[str] = field(default_factory=set)
    n_without_id: int = 0
    totals: list[str] = field(default_factory=list)


def several(table: Any, orders: dict[str, Guess]) -> Several:
    """Look at the rows of each order number: what do they tell again, what not, what differs?"""
    if "order_id" not in orders:
        return Several(n_lines=table.num_rows)
    look = orders["order_id"].look
    ids = table[look.name].to_pandas()
    known = ids.notna()
    totals = [str(cell) for cell in look.counts.index if _TOTAL.fullmatch(str(cell).strip())]
    later = ids.duplicated() & known
    fill_down: list[str] = []
    sums: set[str] = set()
    if later.any():
        fill_down = [n for n in table.column_names if n != look.name and _first_only(table[n], known & ~later, later)]
        repeated = ids.duplicated(keep=False) & known
        sums = {r for r in _MONEY if r in orders and orders[r].look.name not in fill_down
                and _differs(table[orders[r].look.name], ids, repeated)}  # fmt: skip
    return Several(int(ids.nunique()) - len(totals), int(known.sum()), fill_down, sums, int((~known).sum()), totals)


def _first_only(column: Any, first: "pd.Series[bool]", later: "pd.Series[bool]") -> bool:
    """Blank on nearly all later rows of an order, though its first rows are filled more often."""
    blank = pc.is_null(column).to_pandas()
    return bool(
        blank[later].mean() > 0.9 and not blank[first].all() and blank[first].mean() < 0.9 * blank[later].mean()
    )


def _differs(column: Any, ids: "pd.Series[Any]", repeated: "pd.Series[bool]") -> bool:
    """Do an order's rows tell different amounts?"""
    cells = column.to_pandas()[repeated]
    return bool((cells.groupby(ids[repeated]).nunique() > 1).mean() > 0.1)
