"""Do reasons hold? Their parts by group, what goes with a group that is taken away, and the strongest groups of orders."""

from typing import Any, TypeAlias

import numpy as np

from features.assemble import matrix
from serving.scores.reason_groups import in_groups
from serving.scores.reason_wording import GROUP_OF
from training.bundle import Bundle
from training.rows import Rows

Array: TypeAlias = np.ndarray[Any, Any]

TOP, BACKGROUND = 3, 50
_AT_ONCE = 400  # orders that are reset together


def parts_of(bundle: Bundle, x: Array) -> tuple[list[str], Array]:
    """Names of the groups, and (n, n_groups) their parts of the log-odds."""
    parts, _ = bundle.contributions(x)
    return in_groups(bundle, parts)


def off_the_margin(bundle: Bundle, x: Array) -> float:
    """The most by which base and groups of an order miss its log-odds."""
    parts, base = bundle.contributions(x)
    _, by_group = in_groups(bundle, parts)
    return float(np.abs(by_group.sum(axis=1) + base - bundle.margin(x)).max())


def without_one(bundle: Bundle, x: Array, which: int) -> Array:
    """(n,) how much of each order's log-odds goes with the group ranked `which` (0: raises most, -1: lowers most).

    Its columns are set to those of other orders, one after the other, and the margins averaged: as for the average order.
    """
    groups, by_group = parts_of(bundle, x)
    told = [number for number, group in enumerate(groups) if group != "payment"]
    ranked = np.array(told)[np.argsort(-by_group[:, told], axis=1)[:, which]]
    others, out = x[:: len(x) // BACKGROUND][:BACKGROUND], np.empty(len(x))
    for number in told:
        own = [j for j, f in enumerate(bundle.features) if GROUP_OF[f.reason] == groups[number]]
        for start in range(0, len(here := np.flatnonzero(ranked == number)), _AT_ONCE):
            rows = here[start : start + _AT_ONCE]
            reset = np.repeat(x[rows], BACKGROUND, axis=0)
            reset[:, own] = np.tile(others[:, own], (len(rows), 1))
            average = bundle.margin(reset).reshape(len(rows), BACKGROUND).mean(axis=1)
            out[rows] = bundle.margin(x[rows]) - average
    return out


def strongest(bundle: Bundle, rows: Rows, at: Array) -> list[set[str]]:
    """The strongest groups of the orders `at`, as a bundle sees them."""
    orders = {name: column[at] for name, column in rows.orders.items()}
    readings = {one: values[at] for one, values in rows.readings.items()}
    groups, by_group = parts_of(bundle, matrix(orders, readings, bundle.shrinkage, bundle.features))
    ranked = np.argsort(-np.abs(by_group), axis=1)[:, :TOP]
    return [{groups[g] for g in row} for row in ranked]


def overlap(a: list[set[str]], b: list[set[str]]) -> Array:
    """(n,) the share of the strongest groups that both name."""
    return np.array([len(one & other) / TOP for one, other in zip(a, b, strict=True)])
