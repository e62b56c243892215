"""All facts of a history: what changed in the contribution of each order, and from when that may be seen."""

from dataclasses import dataclass

import numpy as np

from data.history import Array, History
from features import compiled, scan
from features.contribution import in_cash

_make_facts = compiled.compile_kernel(scan.make_facts, weigh=compiled.weigh)


@dataclass(frozen=True, slots=True)
class Facts:
    """Changes of contributions, sorted by visible_at. Weights are (k, N_MEASURES)."""

    key_row: Array
    order: Array
    visible_at: Array
    placed_at: Array
    everyone: Array
    buyer: Array


def facts_of(history: History) -> Facts:
    """Every fact of the history."""
    orders, news = history.orders, history.news
    columns = ("type", "happened_at", "known_at", "rank", "reason", "action", "voids", "version")
    key_row, order, visible_at, everyone, buyer = _make_facts(
        history.start,
        orders["placed_at"],
        in_cash(orders["payment_method"]),
        np.nan_to_num(orders["amount_minor"]),
        *(news[name] for name in columns),
    )
    by_time = np.argsort(visible_at, kind="stable")
    placed_at = orders["placed_at"][order[by_time]]
    return Facts(key_row[by_time], order[by_time], visible_at[by_time], placed_at, everyone[by_time], buyer[by_time])
