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
_SAYS = {CANCELLED: "before", LOST: "before", DELIVERED: "end", RTO: "end", MIXED: "part"}


def fates(orders: Columns, news: Any) -> tuple[Array, Array]:
    """(n,) the fate of each order by all its news, and (n,) when it was first told: microseconds, NaN while open.

    news: a table as `data/news.py` has it. The last of delivered and RTO decides, before cancelled and lost; delivered
    in part is mixed, unless all was delivered later.
    """
    keys = pd.MultiIndex.from_arrays([orders["merchant_id"], orders["order_id"]])
    told = news.to_pandas()
    told = told[~_taken_back(told)]
    told = told.assign(fate=told["type"].map(_OF_TYPE), rank=told["type"].map(_RANK))
    told = told[told["fate"].notna()]
    owners = keys.get_indexer(pd.MultiIndex.from_arrays([told["merchant_id"], told["order_id"]]))
    told = told.assign(owner=owners, says=told["fate"].map(_SAYS))[owners >= 0]
    told = told.sort_values(["owner", "happened_at", "rank", "event_id"], kind="stable").reset_index(drop=True)
    found = _decided(told, len(keys))
    known = np.full(len(keys), np.nan)
    first = told[told["fate"] == found[told["owner"].to_numpy(int)]].groupby("owner")["known_at"].min()
    known[first.index.to_numpy(int)] = first.to_numpy(float)
    return found, known


def _decided(told: pd.DataFrame, n: int) -> Array:
    """(n,) fates from sorted rows; `place` holds the last row of each kind of saying, -1 for none."""
    found = np.full(n, OPEN, dtype=object)
    place = {}
    for says in ("before", "end", "part"):
        last = told[told["says"] == says].drop_duplicates("owner", keep="last")
        owners = last["owner"].to_numpy(int)
        if says != "part":
            found[owners] = last["fate"].to_numpy(object)
        place[says] = np.full(n, -1)
        place[says][owners] = last.index.to_numpy(int)
    found[(place["part"] >= 0) & ((found != DELIVERED) | (place["part"] > place["end"]))] = MIXED
    return found


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
