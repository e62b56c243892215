"""Training's driver of the links: a whole history through their sets, in the order in which names became known."""

from dataclasses import dataclass

import numpy as np

from data.contract import NewsType
from data.history import Array, History
from features import compiled, scan
from features.key_codes import KeyCodes, key_rows
from features.keys import KINDS
from features.layout import Readings
from features.links import CART, EMPTY, OUTCOMES, ROOM
from features.sources import Distinct, Link, Sum

_run_links = compiled.compile_kernel(scan.run_links, join=compiled.join, others=compiled.others)

_NEVER = 2**62


@dataclass(frozen=True, slots=True)
class LinkState:
    """The sets of all keys of one link: row i of `slots` (n_keys, ROOM) belongs to keys[i]."""

    link: Link
    keys: list[str]
    slots: Array


@dataclass(frozen=True, slots=True)
class _Told:
    """When each key row was named, and when it was after an outcome of its order; _NEVER if it was not."""

    named: Array
    with_outcome: Array


def replay_links(history: History, links: tuple[Link, ...], codes: KeyCodes) -> Readings:
    """For each link its value at each order's `placed_at`; NaN where the key is missing."""
    if not links:
        return {}
    told, n = _told(history), len(history)
    readings: dict[Sum | Link, Array] = {}
    for link in links:
        out = np.empty(n)
        _scan(history, link, codes, told, out)
        readings[link] = out
    return readings


def final_links(history: History, links: tuple[Link, ...]) -> list[LinkState]:
    """The sets after all that is known: what the online store starts from."""
    told, codes = _told(history), KeyCodes(history)
    none = np.empty(0)
    return [LinkState(one, codes.texts(KINDS[one.key]), _scan(history, one, codes, told, none)) for one in links]


def _scan(history: History, link: Link, codes: KeyCodes, told: _Told, out: Array) -> Array:
    """Fill `out` (n orders, or none to ask nothing) and return the sets (n_keys, ROOM)."""
    key, n_keys = codes.of(KINDS[link.key])
    value, asked = _values(history, link), slice(0, len(out))
    seen_at = told.with_outcome if link.measure == Distinct.CART else told.named
    facts = np.flatnonzero((seen_at < _NEVER) & (key >= 0) & (value >= 0))
    facts = facts[np.argsort(seen_at[facts], kind="stable")]
    slots = np.full((n_keys, ROOM), EMPTY, dtype=np.int64)
    at = history.orders["placed_at"][asked]
    _run_links(key[asked], at, value[asked], key[facts], seen_at[facts], value[facts], slots, out)
    return slots


def _values(history: History, link: Link) -> Array:
    """The value each key row brings to a link, below 0 for none."""
    if link.measure == Distinct.CART:
        return key_rows(history, "placed_at") // CART
    return key_rows(history, link.measure)


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
