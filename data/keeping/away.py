"""Orders that an opening balance holds while files of imports may still hold them too (`data/keeping/opening.py`)."""

from typing import Any

import numpy as np
import pyarrow as pa

from data.files import matching
from data.history import Array
from data.keeping.database import Connection

AWAY = pa.schema([("merchant_id", pa.string()), ("order_id", pa.string())])
"""What names an order that went."""


def folded_away(connection: Connection) -> Any:
    """A table of the orders that the opening balance holds, while files may still hold them too."""
    rows: list[Any] = connection.execute("SELECT merchant_id, order_id FROM folded_away").fetchall()
    return pa.table(list(zip(*rows, strict=True)) or [(), ()], schema=AWAY)


def without(table: Any, away: Any) -> Any:
    """A table of orders or news without those of these orders."""
    if not len(away) or not len(table):
        return table
    stays: Array = matching.matches(matching.keys_of([away, table], AWAY.names[:1], AWAY.names[1]), len(away)) < 0
    return table if stays.all() else table.filter(pa.array(np.asarray(stays)))
