"""Training's driver of the links: a whole history through their sets, in the order in which names became known."""

from dataclasses import dataclass

import numpy as np

from data.contract import NewsType
from data.history import Array, History
from features import compiled, scan
from features.facts import Facts, facts_of
from features.key_codes import KeyCodes, key_rows
from features.keys import KINDS
from features.layout import Readings
from features.links import CART, EMPTY, NO_VALUE, OUTCOMES, ROOM, weight_of
from features.sources import Distinct, Link, Sum

_run_links = compiled.compile_kernel(
    scan.run_links, join=compiled.join, weigh_in=compiled.weigh_in, standing=compiled.standing
)

_NEVER = 2**62


@dataclass(frozen=True, slots=True)
class LinkState:
    """The sets of all keys of one link: row i of `slots` and `weights` (n_keys, ROOM) belongs to keys[i]."""

    link: Link
    keys: list[str]
    slots: Array
    weights: Array


@dataclass(frozen=True, slots=True)
class _Told:
    """When each key row was named, and when it was after an outcome of its order; _NEVER if it was not."""

    named: Array
    with_outcome: Array


def replay_links(history: History, links: tuple[Link, ...], facts: Facts, codes: KeyCodes) -> Readings:
    """For each link its value at each order's `placed_at`; NaN where the key is missing."""
    readings: dict[Sum | Link, Array] = {}
    told = _told(history) if links else None
    for link in links:
        assert told is not None
        readings[link] = np.empty(len(history))
        _scan(history, link, facts, codes, told, readings[link])
    return readings


def final_links(history: History, links: tuple[Link, ...]) -> list[LinkState]:
    """The sets after all that is known: what the online store starts from."""
    facts, codes, told, nothing = facts_of(history), KeyCodes(history), _told(history), np.empty(0)
    sets = (_scan(history, link, facts, codes, told, nothing) for link in links)
    return [LinkState(link, codes.texts(KINDS[link.key]), *kept) for link, kept in zip(links, sets, strict=True)]


def _scan(history: History, link: Link, facts: Facts, codes: KeyCodes, told: _Told, out: Array) -> tuple[Array, Array]:
    """Fill `out` (n orders, or none to ask nothing) and return values and weights (n_keys, ROOM) of the sets."""
    key, n_keys = codes.of(KINDS[link.key])
    is_cart, asked = link.measure == Distinct.CART, slice(0, len(out))
    value = key_rows(history, "placed_at") // CART if is_cart else key_rows(history, link.measure)
    left_out = np.full(len(out), NO_VALUE) if is_cart else value[asked]
    named_at = told.with_outcome if is_cart else told.named
    there = (key >= 0) & (value >= 0)
    rows = np.flatnonzero((named_at < _NEVER) & there)
    rows = rows[np.argsort(named_at[rows], kind="stable")]
    change = facts.buyer[:, weight_of(link)]
    f = np.flatnonzero((change != 0) & there[facts.key_row])
    at_row = facts.key_row[f]
    slots, weights = np.full((n_keys, ROOM), EMPTY), np.zeros((n_keys, ROOM), dtype=np.int64)
    _run_links(
        key[asked], history.orders["placed_at"][asked], left_out, key[rows], named_at[rows], value[rows],
        key[at_row], facts.visible_at[f], value[at_row], change[f].astype(np.int64), slots, weights, out,
    )  # fmt: skip
    return slots, weights


def _told(history: History) -> _Told:
    news, corrected = history.news, history.corrected["row"]
    owner = np.repeat(np.arange(len(history)), np.diff(history.start))
    placed = _first(history, owner, news["type"] == NewsType.PLACED)
    outcome = _first(history, owner, np.isin(news["type"], OUTCOMES))
    corrected_at = np.full(len(corrected), _NEVER)
    brings = news["version"] > 0
    corrected_at[news["version"][brings] - 1] = news["known_at"][brings]
    named = np.concatenate([placed, np.maximum(placed[corrected], corrected_at)])
    return _Told(named, np.maximum(named, np.concatenate([outcome, outcome[corrected]])))


def _first(history: History, owner: Array, wanted: Array) -> Array:
    """(n,) when the first of the wanted news of each order was known."""
    first = np.full(len(history), _NEVER)
    np.minimum.at(first, owner[wanted], history.news["known_at"][wanted])
    return first
