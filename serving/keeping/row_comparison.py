"""Rows that decisions saw against rows made again, feature by feature: mismatch, missing, extra, and by how much."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from features.assemble import DIGITS, TINY, unit_of
from features.catalog import needed_sums
from features.fold import FOREVER
from features.sources import Feature, FromOrder, Level, Link, Sum

Array: TypeAlias = np.ndarray[Any, Any]
_MOST_NAMED = 5


@dataclass(slots=True)
class Differences:
    """Of one feature. compared: rows.  mismatch: both have a value and they differ.  missing: the decision had none where
    the ledger gives one.  extra: the reverse.  apart: sum of |a - b| / (|a| + |b|) * 2.  decision_ids: some of them."""

    compared: int = 0
    mismatch: int = 0
    missing: int = 0
    extra: int = 0
    apart: float = 0.0
    decision_ids: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        return self.mismatch + self.missing + self.extra

    def as_dict(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in ("compared", "mismatch", "missing", "extra")}
        return counts | {"smape": self.apart / max(self.compared, 1), "decision_ids": self.decision_ids}


@dataclass(slots=True)
class Rows:
    """Every row compared so far. differing: rows of which some feature differs."""

    compared: int = 0
    differing: int = 0
    features: dict[str, Differences] = field(default_factory=dict)

    def add(self, features: Sequence[Feature], saw: Array, should: Array, ids: Sequence[str]) -> None:
        """saw, should: (n, k) as decided and as made again, columns as `features`.  ids: (n,) of the decisions."""
        had, has = ~np.isnan(saw), ~np.isnan(should)
        off = np.abs(np.where(had & has, saw - should, 0.0))
        mismatch, missing, extra = off > _allowed(features, should), has & ~had, had & ~has
        wrong = mismatch | missing | extra
        self.compared += len(ids)
        self.differing += int(wrong.any(axis=1).sum())
        size = np.where(had & has, np.abs(saw) + np.abs(should), 0.0)
        apart = (2 * np.divide(off, size, out=np.zeros_like(off), where=size > 0)).sum(axis=0)
        for j, feature in enumerate(features):
            one = self.features.setdefault(feature.name, Differences())
            one.compared += len(ids)
            one.mismatch += int(mismatch[:, j].sum())
            one.missing += int(missing[:, j].sum())
            one.extra += int(extra[:, j].sum())
            one.apart += float(apart[j])
            room = _MOST_NAMED - len(one.decision_ids)
            one.decision_ids += [ids[i] for i in np.flatnonzero(wrong[:, j])[:room].tolist()]

    def as_dict(self) -> dict[str, Any]:
        told = [{"name": name, **one.as_dict()} for name, one in self.features.items()]
        told.sort(key=lambda one: -(one["mismatch"] + one["missing"] + one["extra"]))
        return {"compared": self.compared, "differing": self.differing, "features": told}


def _allowed(features: Sequence[Feature], should: Array) -> Array:
    """(n, k) how far a value may be off. Counts and what is read off the order: not at all. What fades or is a share: by
    one in the last of the digits that are kept, or by what counts as nothing (docs/engine.md)."""
    exact = np.array([_exact(feature) for feature in features])
    tiny = np.array([TINY * unit_of(feature) for feature in features])
    size = np.abs(np.nan_to_num(should))
    last = 10.0 ** (np.floor(np.log10(np.where(size > 0, size, 1.0))) - (DIGITS - 1))
    return np.where(exact, 0.0, np.maximum(np.where(size > 0, 1.5 * last, 0.0), 1.5 * tiny))


def _exact(feature: Feature) -> bool:
    if isinstance(feature.source, FromOrder | Level):
        return True
    return isinstance(feature.source, Sum | Link) and all(one.half_life == FOREVER for one in needed_sums((feature,)))
