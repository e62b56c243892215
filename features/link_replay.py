"""The links of a whole history: one link's sets over a timeline, in the order in which names became known."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from data.contract import NewsType
from data.history import Array, History
from data.side_by_side import side_by_side
from features import compiled, scan
from features.key_codes import key_rows
from features.keys import KINDS
from features.links import CART, EMPTY, NO_VALUE, OUTCOMES, ROOM, weight_of
from features.opening import begun_link
from features.snapshot import Held, Prefix, columns_of, first_met, put_back
from features.sources import Distinct, Link
from features.timeline import Timeline, timeline_of

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

    @property
    def kind(self) -> str:
        """As its rows of state are called."""
        return self.link.kind

    def packed(self) -> tuple[Array, Array, Array]:
        """Which keys have a set; of each its row as `link_store.pack` has it, and how many numbers of it count."""
        there = np.flatnonzero(self.slots[:, 0] != EMPTY)
        slots, weights = self.slots[there], self.weights[there]
        held = (slots != EMPTY).sum(axis=1)
        rows = np.concatenate([slots, np.zeros_like(weights)], axis=1)
        behind = held[:, None] + np.arange(ROOM)
        np.put_along_axis(rows, behind, weights, axis=1)
        return there, rows, 2 * held


class LinkFold:
    """The sets of one link, folded as far as asked."""

    def __init__(self, timeline: Timeline, link: Link) -> None:
        self.link, self._timeline = link, timeline
        history = timeline.history
        self._key, n_keys = timeline.codes.of(KINDS[link.key])
        is_cart = link.measure == Distinct.CART
        self._value = key_rows(history, "placed_at") // CART if is_cart else key_rows(history, link.measure)
        self._left_out = np.full(len(history), NO_VALUE) if is_cart else self._value
        named_at = _named(history, with_outcome=is_cart)
        self._there = (self._key >= 0) & (self._value >= 0)
        rows = np.flatnonzero((named_at < _NEVER) & self._there)
        self._named = rows[np.argsort(named_at[rows], kind="stable")]
        self._named_at = named_at[self._named]
        self._slots, self._weights = np.full((n_keys, ROOM), EMPTY), np.zeros((n_keys, ROOM), dtype=np.int64)
        self._joined = self._folded = 0
        texts = [] if history.opening is None else timeline.codes.texts(KINDS[link.key])
        codes, here, self._others = begun_link(history.opening, link).split(texts)
        self._slots[codes], self._weights[codes] = here.columns

    def read(self, first: int, last: int) -> Array:
        """(1, last - first) what orders `first` to `last - 1` read; nothing is folded that none of them sees."""
        out = np.empty((1, last - first))
        self._go(first, last, self._timeline.moment_of(last), out[0])
        return out

    def saved(self, prefix: Prefix) -> dict[str, Array]:
        """The sets after the orders of the prefix are read, keys as they first stand in its key rows."""
        return columns_of(self._parts(), first_met(self._key, prefix))

    def resume(self, held: Held) -> None:
        """Go on from saved sets."""
        put_back(self._parts(), first_met(self._key, held.prefix), held.state)
        self._folded = self._timeline.facts_before(held.prefix.moment)
        self._joined = int(np.searchsorted(self._named_at, held.prefix.moment))

    def _parts(self) -> dict[str, Array]:
        return {"slot": self._slots, "weight": self._weights}

    def state(self) -> LinkState:
        """After all that is known."""
        n = len(self._timeline)
        self._go(n, n, _NEVER, np.empty(0))
        keys, others = self._timeline.codes.texts(KINDS[self.link.key]), self._others
        if not others.keys:
            return LinkState(self.link, keys, self._slots, self._weights)
        slots, weights = (
            np.concatenate(pair) for pair in zip((self._slots, self._weights), others.columns, strict=True)
        )
        return LinkState(self.link, keys + others.keys, slots, weights)

    def _go(self, first: int, last: int, moment: int, out: Array) -> None:
        time, asked = self._timeline, slice(first, last)
        placed_at, until = time.history.orders["placed_at"], time.facts_before(moment)
        facts = time.facts.between(self._folded, until)
        joined = int(np.searchsorted(self._named_at, moment))
        rows, at = self._named[self._joined : joined], self._named_at[self._joined : joined]
        self._folded, self._joined = until, joined
        change = facts.buyer[:, weight_of(self.link)][facts.change]
        f = np.flatnonzero((change != 0) & self._there[facts.key_row])
        at_row = facts.key_row[f]
        _run_links(
            self._key[asked], placed_at[asked], self._left_out[asked], self._key[rows], at, self._value[rows],
            self._key[at_row], facts.visible_at[f], self._value[at_row], change[f].astype(np.int64),
            self._slots, self._weights, out,
        )  # fmt: skip


def final_links(history: History, links: tuple[Link, ...]) -> list[LinkState]:
    """The sets after all that is known: what the online store starts from."""
    if not links:
        return []
    timeline = timeline_of(history, links)
    return side_by_side([partial(_final, timeline, link) for link in links])


def _final(timeline: Timeline, link: Link) -> LinkState:
    return LinkFold(timeline, link).state()


def _named(history: History, *, with_outcome: bool) -> Array:
    """(n + m,) when each key row was named, with_outcome: and an outcome of its order was told; _NEVER if it was not."""
    news, corrected = history.news, history.corrected["row"]
    owner = np.repeat(np.arange(len(history)), np.diff(history.start))
    placed = _first(history, owner, news["type"] == NewsType.PLACED)
    corrected_at = np.full(len(corrected), _NEVER)
    brings = news["version"] > 0
    corrected_at[news["version"][brings] - 1] = news["known_at"][brings]
    named: Array = np.concatenate([placed, np.maximum(placed[corrected], corrected_at)])
    if not with_outcome:
        return named
    outcome = _first(history, owner, np.isin(news["type"], OUTCOMES))
    either: Array = np.maximum(named, np.concatenate([outcome, outcome[corrected]]))
    return either


def _first(history: History, owner: Array, wanted: Array) -> Array:
    """(n,) when the first of the wanted news of each order was known."""
    first = np.full(len(history), _NEVER)
    np.minimum.at(first, owner[wanted], history.news["known_at"][wanted])
    return first
