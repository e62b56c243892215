"""Named random streams: adding one kind of entity or attribute never reshuffles another."""

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Texts = NDArray[Any]  # object arrays of str or None


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator called `name` of the world with this seed (0 or more)."""
    return np.random.default_rng([seed, zlib.crc32(name.encode("utf-8"))])


def sigmoid(logit: Floats) -> Floats:
    """The logistic function, element by element."""
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))


def running_sum(group: Ints, values: Ints) -> Ints:
    """(n,) sum of `values` so far within each group, the row itself included. Rows stand in order of time."""
    order = np.argsort(group, kind="stable")
    total = np.cumsum(values[order])
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    before = np.repeat(total[starts] - values[order][starts], np.diff(starts, append=len(group)))
    out = np.empty(len(group), dtype=np.int64)
    out[order] = total - before
    return out


def running_count(group: Ints) -> Ints:
    """(n,) how many earlier rows share the row's group. Rows stand in order of time; groups are 0 or more."""
    return running_sum(group, np.ones(len(group), dtype=np.int64)) - 1
