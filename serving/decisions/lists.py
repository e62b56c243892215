"""Allow and block lists, as they are looked up: sorted whole numbers in memory, and the merchant's own label of each row.

A person's row is the pseudonym of its token, so that a list names nobody and a decision can be made again from what is
kept of it; an article's or PIN code's row is the first 8 bytes of its token.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from data.contract import Action
from serving.decisions.traits import Traits

Array: TypeAlias = np.ndarray[Any, Any]

PERSONS = ("phone", "email", "address", "customer_id", "device_id", "ip")
THINGS = ("pincode", "sku")
KINDS = (*PERSONS, *THINGS)
ALLOW, BLOCK = "allow", "block"
NEVER_ENDS = 2**62


@dataclass(frozen=True, eq=False)
class Rows:
    """What an imported list holds. keys: (r,) sorted, no two alike.  until: (r,) microseconds, from then on a row does not
    count.  ends: (r,) where each row's label ends in `labels` (UTF-8).
    """

    keys: Array
    until: Array
    ends: Array
    labels: bytes

    def __len__(self) -> int:
        return len(self.keys)

    def label(self, row: int) -> str | None:
        """The merchant's own word for a row; None where it gave none."""
        start, end = (int(self.ends[row - 1]) if row else 0), int(self.ends[row])
        return self.labels[start:end].decode() or None

    def find(self, wanted: Array, at: Array) -> Array:
        """(n,) the row of each key, -1 where it is not listed, or not any more."""
        if not len(self.keys):
            return np.full(len(wanted), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        there = (self.keys[places] == wanted) & (at < self.until[places])
        return np.where(there, places, -1)


@dataclass(frozen=True, eq=False)
class HeldList:
    """A list that a policy uses. effect: allow or block.  then: what a block list advises.  channels: folded, empty for
    all.  key_of: the key of a thing's text."""

    name: str
    kind: str
    effect: str
    then: Action
    rows: Rows
    key_of: Callable[[str], int]
    channels: tuple[str, ...] = ()
    _kept: dict[str, int] = field(default_factory=dict, repr=False)

    def find(self, traits: Traits) -> Array:
        """(n,) the row on which each order stands, -1 for none."""
        found = self.rows.find(self._keys(traits), traits.at())
        if not self.channels:
            return found
        told = traits.text("channel")
        fits = [value is not None and value.strip().casefold() in self.channels for value in told.values]
        return np.where(told.spread(np.array(fits, dtype=bool), False), found, -1)

    def _keys(self, traits: Traits) -> Array:
        if self.kind in PERSONS:
            return traits.person(self.kind)
        told = traits.text(self.kind)
        keys = [-1 if value is None else self.key_of(value) for value in told.values]
        return told.spread(np.array(keys, dtype=np.int64), -1)


def first_of(lists: Sequence[HeldList], effect: str, traits: Traits) -> tuple[Array, Array]:
    """(n,) the first list of this effect that names each order, as a place in `lists`, -1 for none; (n,) the row there."""
    found, rows = (np.full(len(traits), -1, dtype=np.int64) for _ in range(2))
    for place, one in enumerate(lists):
        if one.effect == effect:
            row = one.find(traits)
            new = (found < 0) & (row >= 0)
            found, rows = np.where(new, place, found), np.where(new, row, rows)
    return found, rows
