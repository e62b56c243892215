"""The parts of a model summed by reason code and by group: where they stand is worked out once for a bundle."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from features.catalog import Feature, counting_others
from serving.scores.reason_wording import GROUP_OF, GROUPS
from training.bundle import Bundle

Array: TypeAlias = np.ndarray[Any, Any]

_SAME_FOR_ALL = "payment"  # true of every cash order: it explains none against another


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """The features of a bundle by code and group: worked out once for it.

    order: (k,) columns code by code.  codes: names of the codes, group by group and sorted within; starts: (c,) where each
    one's columns begin.  groups: names of the groups that have a code; firsts: (g,) where each one's codes begin.
    group: (c,) the place of each code's group.  told: places of the groups that explain anything.
    others: (k,) does a feature count orders of other merchants too?
    """

    order: Array
    codes: list[str]
    starts: Array
    groups: list[str]
    firsts: Array
    group: Array
    told: Array
    others: Array

    @staticmethod
    def of(features: tuple[Feature, ...]) -> "Grouped":
        place, names = {group: number for number, group in enumerate(GROUPS)}, [one.reason for one in features]
        order = sorted(range(len(names)), key=lambda j: (place[GROUP_OF[names[j]]], names[j], j))
        codes, starts = _runs([names[j] for j in order])
        groups, firsts = _runs([GROUP_OF[code] for code in codes])
        group = [number for number, (a, b) in enumerate(pairwise([*firsts, len(codes)])) for _ in range(a, b)]
        told = [place for place, name in enumerate(groups) if name != _SAME_FOR_ALL]
        others = counting_others(tuple(one.name for one in features))
        return Grouped(np.array(order), codes, np.array(starts), groups, np.array(firsts), np.array(group),
                        np.array(told, dtype=np.int64), np.array(others))  # fmt: skip

    def by_code(self, parts: Array) -> Array:
        """(n, c) the sum of each code's parts (n, k)."""
        return np.asarray(np.add.reduceat(parts[:, self.order], self.starts, axis=1))

    def by_group(self, by_code: Array) -> Array:
        """(n, g) the sum of each group's codes (n, c). Nothing is left out: with the base they add up to the margin."""
        return np.asarray(np.add.reduceat(by_code, self.firsts, axis=1))

    def leads(self, by_code: Array, by_group: Array) -> Array:
        """(n, g) the place of each group's strongest code, of those that push the way the group does."""
        along = by_code * np.where(by_group < 0, -1.0, 1.0)[:, self.group]
        strongest = np.maximum.reduceat(along, self.firsts, axis=1)[:, self.group]
        places = np.where(along == strongest, np.arange(len(self.codes)), len(self.codes))  # among equals the first
        return np.asarray(np.minimum.reduceat(places, self.firsts, axis=1))


_MOST_GROUPED = 16
_GROUPED: dict[int, tuple[tuple[Feature, ...], Grouped]] = {}


def grouped(features: tuple[Feature, ...]) -> Grouped:
    """Made once for the object: to hash a whole catalog at every order would cost more than its reasons."""
    found = _GROUPED.get(id(features))
    if found is None or found[0] is not features:
        if len(_GROUPED) >= _MOST_GROUPED:
            _GROUPED.clear()
        found = _GROUPED[id(features)] = (features, Grouped.of(features))
    return found[1]


def in_groups(bundle: Bundle, parts: Array) -> tuple[list[str], Array]:
    """Names of the groups that have a code, and (n, n_groups) the sum of their parts (n, k)."""
    how = grouped(bundle.features)
    return how.groups, how.by_group(how.by_code(parts))


def _runs(names: list[str]) -> tuple[list[str], list[int]]:
    """The names of each run of equal ones, and where the runs begin."""
    starts = [i for i, name in enumerate(names) if not i or name != names[i - 1]]
    return [names[i] for i in starts], starts
