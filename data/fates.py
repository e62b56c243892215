"""What became of each order of one import, by columns: the same verdicts as `data/label.py`, for whole files at once."""

import json
from typing import Any

import numpy as np
import pandas as pd

from data.contract import NewsType
from data.history import Columns

Array = np.ndarray[Any, Any]
OPEN, DELIVERED, RTO, CANCELLED, LOST, MIXED = "open", "delivered", "rto", "cancelled", "lost", "mixed"
_RANK = {t.name.lower(): int(t) for t in NewsType}
_OF_TYPE = {
    "delivered": DELIVERED, "rto_started": RTO, "rto_received": RTO, "cancelled": CANCELLED, "lost": LOST,
    "partially_delivered": MIXED,
}  # fmt: skip
_WEIGHT = {CANCELLED: 0, LOST: 0, DELIVERED: 1, RTO: 1, MIXED: 1}


def fates(orders: Columns, news: Any) -> tuple[Array, Array]:
    """(n,) the fate of each order by all its news, and (n,) when it was first told: microseconds, NaN while open.

    news: a table as `data/news.py` has it. Delivered, RTO and mixed say more than cancelled and lost; among equals the
    last to happen decides.
    """
    keys = pd.MultiIndex.from_arrays([orders["merchant_id"], orders["order_id"]])
    told = news.to_pandas()
    told = told[~_taken_back(told)]
    told = told.assign(fate=told["type"].map(_OF_TYPE), rank=told["type"].map(_RANK))
    told = told[told["fate"].notna()].assign(owner=lambda t: keys.get_indexer(
        pd.MultiIndex.from_arrays([t["merchant_id"], t["order_id"]])))  # fmt: skip
    told = told[told["owner"] >= 0]
    told = told.assign(weight=told["fate"].map(_WEIGHT).astype(int))
    told = told.sort_values(["owner", "weight", "happened_at", "rank", "event_id"], kind="stable")
    last = told.drop_duplicates("owner", keep="last")
    found = np.full(len(keys), OPEN, dtype=object)
    found[last["owner"].to_numpy(int)] = last["fate"].to_numpy(object)
    known = np.full(len(keys), np.nan)
    own = told[told["fate"] == found[told["owner"].to_numpy(int)]]
    first = own.groupby("owner")["known_at"].min()
    known[first.index.to_numpy(int)] = first.to_numpy(float)
    return found, known


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
