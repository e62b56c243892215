"""What became of each order of files that are read: `data/fates.py` for a table of news as told, in words."""

import json
from typing import Any

import numpy as np
import pandas as pd

from data.contract import NewsType, Reason
from data.fates import STATUSES, NewsColumns, fates, known_since, tied
from data.history import Columns

Array = np.ndarray[Any, Any]
OPEN, DELIVERED, RTO, CANCELLED, LOST, MIXED = STATUSES
_TYPES = {t.name.lower(): int(t) for t in NewsType}


def told_fates(orders: Columns, news: Any) -> tuple[Array, Array]:
    """(n,) the fate of each order by all its news, a word of STATUSES, and (n,) when it was first told: microseconds,
    NaN while open.

    news: a table as `data/news.py` has it. Orders of a file were placed, whether or not its news says so.
    """
    keys = pd.MultiIndex.from_arrays([orders["merchant_id"], orders["order_id"]])
    told = news.to_pandas()
    told = told[~_taken_back(told)]
    owners = keys.get_indexer(pd.MultiIndex.from_arrays([told["merchant_id"], told["order_id"]]))
    told, owners = told[owners >= 0], owners[owners >= 0]
    columns = _columns(told, owners)
    found = fates(len(keys), columns, np.ones(len(keys), dtype=bool)).status
    return np.array(STATUSES, dtype=object)[found], known_since(columns, found)


def _columns(told: pd.DataFrame, owners: Array) -> NewsColumns:
    """The news as columns; of its details nothing is looked at."""
    n = len(told)
    happened_at, known_at = (told[name].to_numpy(np.int64) for name in ("happened_at", "known_at"))
    types = told["type"].map(_TYPES).to_numpy(np.int64)
    rank, alike = np.zeros(n, dtype=np.int64), tied(owners, types, happened_at)
    names = told[["source", "event_id"]].iloc[alike].assign(row=alike).sort_values(["source", "event_id"])
    rank[names["row"].to_numpy(int)] = np.arange(len(alike))
    silent = np.full(n, int(Reason.NONE))
    return NewsColumns(owners, types, happened_at, known_at, silent, rank, np.full(n, -1), np.zeros(n, dtype=np.int64))


def labels(found: Array) -> Array:
    """(n,) 1 RTO, 0 delivered, NaN without a label."""
    return np.select([found == RTO, found == DELIVERED], [1.0, 0.0], np.nan)


def _taken_back(told: pd.DataFrame) -> Array:
    corrections = told[told["type"] == "correction"]
    if not len(corrections):
        return np.zeros(len(told), dtype=bool)
    said = [json.loads(d) for d in corrections["details"]]
    sources = [s.get("source") or own for s, own in zip(said, corrections["source"], strict=True)]
    voided = set(zip(corrections["merchant_id"], sources, [s["voids"] for s in said], strict=True))
    own = zip(told["merchant_id"], told["source"], told["event_id"], strict=True)
    return np.array([key in voided for key in own], dtype=bool)
