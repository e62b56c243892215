"""Some orders of a history, as a history of their own."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from data.history import Array, History


def part_of(history: History, mask: Array) -> History:
    """The orders where the mask (n,) is true, with all their news, in the same order. The opening balance stays."""
    counts = np.diff(history.start)
    told = np.flatnonzero(np.repeat(mask, counts))
    start = np.concatenate([[0], np.cumsum(counts[mask])]).astype(history.start.dtype)
    row, here = np.cumsum(mask) - 1, mask[history.corrected["row"]]
    corrected = {name: column[here] for name, column in history.corrected.items()}
    corrected |= {"row": row[corrected["row"]]}
    news = {name: column[told] for name, column in history.news.items()}
    version = np.concatenate([[0], np.cumsum(here)])
    news |= {"version": np.where(news["version"] > 0, version[news["version"]], 0)}
    orders = {name: column[mask] for name, column in history.orders.items()}
    named = history.named.take(pa.array(told))
    return replace(history, orders=orders, corrected=corrected, start=start, news=news, named=named)


def settled_at(history: History) -> Array:
    """(n,) when the last thing was told of each order; of one that nothing was told of, when it was placed."""
    last, known = history.start[1:] - 1, history.news["known_at"]
    told = np.diff(history.start) > 0
    settled: Array = history.orders["placed_at"].copy()
    settled[told] = known[last[told]]
    return settled
