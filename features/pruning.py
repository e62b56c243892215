"""Old orders folded into the opening balance: what they say goes on counting, what was told of them is no longer kept."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.history import History
from data.part import part_of, settled_at
from features.catalog import kept_sums
from features.link_replay import LinkState, final_links
from features.link_store import pack as pack_set
from features.links import EMPTY
from features.opening import sums_of
from features.replay import final_state
from features.sources import Link, Sum
from features.store import pack


@dataclass(frozen=True, slots=True)
class Away:
    """orders: (merchant, order id) of those that go.  about, rows: the new opening balance (`data/keeping/opening.py`).
    news: how many pieces go with them."""

    orders: list[tuple[str, str]]
    news: int
    about: dict[str, Any]
    rows: list[tuple[str, str, bytes]]


def fold_away(history: History, since: int) -> Away:
    """The orders of which nothing was told from `since` on, added to the opening balance there was."""
    goes = settled_at(history) < since
    old, before = part_of(history, goes), history.opening
    sums = tuple(dict.fromkeys((*kept_sums(), *(() if before is None else sums_of(before)))))
    n_news = int(old.start[-1])
    about = {
        "since": since,
        "sums": [[one.key, int(one.measure), one.half_life] for one in sums if isinstance(one, Sum)],
        "links": [[one.key, one.measure] for one in sums if isinstance(one, Link)],
        "orders": len(old) + (0 if before is None else before.about["orders"]),
        "news": n_news + (0 if before is None else before.about["news"]),
    }
    orders = list(zip(old.orders["merchant_id"].tolist(), old.orders["order_id"].tolist(), strict=True))
    return Away(orders, n_news, json.loads(json.dumps(about)), list(_rows(old, sums)))


def _rows(old: History, sums: tuple[Sum | Link, ...]) -> Iterator[tuple[str, str, bytes]]:
    for state in final_state(old, sums):
        values, grid = state.values.tolist(), state.grid.tolist()
        for i in np.flatnonzero(state.values.any(axis=1)).tolist():
            yield state.layout.kind, state.keys[i], pack(values[i], grid[i])
    for one in final_links(old, tuple(link for link in sums if isinstance(link, Link))):
        yield from _sets(one)


def _sets(one: LinkState) -> Iterator[tuple[str, str, bytes]]:
    for key, slots, weights in zip(one.keys, one.slots.tolist(), one.weights.tolist(), strict=True):
        if slots[0] != EMPTY:
            yield one.link.kind, key, pack_set(slots, weights)
