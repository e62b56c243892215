"""A fold as rows of the online state, in the order in which the state keeps them."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.history import Array
from data.keeping.bulk import Rows
from features.kind_fold import KindState
from features.link_replay import LinkState
from features.replay import Progress

State: TypeAlias = KindState | LinkState


def rows_of(states: Sequence[State], progress: Progress) -> Iterator[Rows]:
    """The rows of each kind and link, kinds and keys ascending."""
    sorted_keys: dict[int, tuple[pa.Array, Array]] = {}  # of a list of keys: several kinds and links share one
    for done, state in enumerate(sorted(states, key=lambda one: one.kind)):
        progress(f"state by {state.kind}", done, len(states))
        if id(state.keys) not in sorted_keys:
            keys = pa.array(state.keys, pa.string())
            sorted_keys[id(state.keys)] = keys, pc.sort_indices(keys).to_numpy()
        yield _ordered(state, *sorted_keys[id(state.keys)])


def _ordered(state: State, keys: pa.Array, by_key: Array) -> Rows:
    there, folded, sizes = state.packed()
    place = np.full(len(keys), -1)
    place[there] = np.arange(len(there))
    order = place[by_key]
    order = order[order >= 0]
    own = keys.take(pa.array(there[order]))
    return Rows(state.kind, own, folded[order], None if sizes is None else sizes[order])
