"""Shallow trees by looking them up: the same margins and Shapley values as from xgboost, many times faster.

A tree of at most two levels asks at most three questions, so an order meets it in one of eight ways, and its values
(Lundberg et al. 2020, doi:10.1038/s42256-019-0138-9, the path-dependent kind that xgboost computes) are one of eight
rows that can be worked out beforehand. Deeper trees are left to xgboost. Margins are added up in single precision, in
the order of the trees, as xgboost does it: they are the same to the last bit, or the lookup is not used.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import factorial
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]

_MOST_QUESTIONS = 3  # of a tree with two levels
_WAYS = 2**_MOST_QUESTIONS
_PROBES = 64  # rows on which margins are held against the booster's when it is loaded
AT_ONCE = 1_024  # rows: what is looked up for them stays near the processor


@dataclass(frozen=True, eq=False)
class ShallowTrees:
    """Every tree's questions and values side by side; q = 3 questions for each of t trees, unused ones ask nothing.

    feature, threshold, if_missing: (t q,) question: is x[feature] below? and the answer where it is missing.
    leaf: (8 t,) margin of each tree for each way.  tree, first: (s,) the tree of each part, and where its values
    begin, one for each of the 8 ways.  values: flat.  starts: (f,) where the parts of each of `features` (f,) begin.
    base, start: the margin of the average training order, and without trees.
    """

    feature: Array
    threshold: Array
    if_missing: Array
    leaf: Array
    tree: Array
    first: Array
    values: Array
    starts: Array
    features: Array
    base: float
    start: float
    n_features: int

    def margin(self, x: Array) -> Array:
        """(n,) log-odds for (n, k) rows with NaN for missing."""
        return self._by_blocks(self.margin_of, x)

    def contributions(self, x: Array) -> Array:
        """(n, k) additive parts of the trees' margin for (n, k) rows with NaN for missing."""
        return self._by_blocks(self.contributions_of, x)

    def _by_blocks(self, of: Callable[[Array], Array], x: Array) -> Array:
        if len(x) <= AT_ONCE:
            return of(self.ways(x))
        return np.concatenate([of(self.ways(x[start : start + AT_ONCE])) for start in range(0, len(x), AT_ONCE)])

    def margin_of(self, ways: Array) -> Array:
        """`margin` of rows that meet the trees in these `ways`."""
        out, each = np.full(len(ways), self.start, dtype=np.float32), self.leaf.take(ways + self._first_leaves)
        if each.size:
            each[:, 0] += np.float32(self.start)
            out = np.cumsum(each, axis=1)[:, -1]
        return out.astype(np.float64)

    def contributions_of(self, ways: Array) -> Array:
        """`contributions` of them."""
        out = np.zeros((len(ways), self.n_features))
        if len(self.starts):
            parts = self.values.take(ways.take(self.tree, axis=1) + self.first)  # (n, s), features side by side
            out[:, self.features] = np.add.reduceat(parts, self.starts, axis=1)
        return out

    def ways(self, x: Array) -> Array:
        """(n, t) which way each tree is met."""
        told = x.astype(np.float32)
        missing = np.isnan(told)
        both = np.concatenate(
            [np.where(missing, -np.inf, told), np.where(missing, np.inf, told)], axis=1, dtype=np.float32
        )
        yes = (both.take(self._asked, axis=1) < self.threshold).view(np.uint8)
        ways: Array = yes[:, 0::3] + 2 * yes[:, 1::3] + 4 * yes[:, 2::3]
        return ways

    @cached_property
    def _asked(self) -> Array:
        """(t q,) places in a row that is said twice, first with what is missing below all thresholds, then above: it is
        below them where a tree takes it so."""
        return np.asarray(self.feature + np.where(self.if_missing, 0, self.n_features))

    @cached_property
    def _first_leaves(self) -> Array:
        return np.asarray(_WAYS * np.arange(len(self.leaf) // _WAYS))


def shallow_trees(booster: Any, n_features: int) -> ShallowTrees | None:
    """The lookup form of a booster on `n_features` columns; None if a tree is deeper than two levels."""
    saved = json.loads(bytes(booster.save_raw("json")))["learner"]
    trees = saved["gradient_booster"]["model"]["trees"]
    if any(len(tree["left_children"]) > 2 * _MOST_QUESTIONS + 1 for tree in trees):
        return None
    questions: list[tuple[int, float, bool]] = []
    values: list[float] = []
    parts, base, leaf = [], 0.0, []
    for t, tree in enumerate(trees):
        nodes = [node for node, left in enumerate(tree["left_children"]) if left != -1]
        if len(nodes) > _MOST_QUESTIONS:
            return None
        questions += [
            _question(tree, nodes[i]) if i < len(nodes) else (0, np.inf, True) for i in range(_MOST_QUESTIONS)
        ]
        asked = sorted({tree["split_indices"][node] for node in nodes})
        by_way = [_values(tree, nodes, asked, way) for way in range(_WAYS)]
        for i, feature in enumerate(asked):
            parts.append((feature, t, len(values)))
            values += [row[i] for row in by_way]
        every = frozenset(asked)
        leaf += [_mean(tree, 0, _answers(nodes, way), every) for way in range(_WAYS)]
        base += _mean(tree, 0, {}, frozenset())
    start = _margin_of_base_score(saved)
    found = _side_by_side(questions, values, sorted(parts), leaf, (base + start, start, n_features))
    return _that_agrees(found, booster)


def _side_by_side(
    questions: list[tuple[int, float, bool]],
    values: list[float],
    parts: list[tuple[int, int, int]],
    leaf: list[float],
    rest: tuple[float, float, int],
) -> ShallowTrees:
    feature, threshold, if_missing = zip(*questions, strict=True) if questions else ((), (), ())
    of, tree, first = np.array(parts, dtype=np.int64).reshape(-1, 3).T
    features, starts = np.unique(of, return_index=True)
    return ShallowTrees(
        np.array(feature, dtype=np.int64),
        np.array(threshold, dtype=np.float32),
        np.array(if_missing, dtype=bool),
        np.array(leaf, dtype=np.float32),
        tree,
        first,
        np.array(values, dtype=np.float64),
        starts,
        features,
        *rest,
    )


def _question(tree: dict[str, Any], node: int) -> tuple[int, float, bool]:
    return tree["split_indices"][node], tree["split_conditions"][node], bool(tree["default_left"][node])


def _answers(nodes: list[int], way: int) -> dict[int, bool]:
    return {node: bool(way >> i & 1) for i, node in enumerate(nodes)}


def _values(tree: dict[str, Any], nodes: list[int], asked: list[int], way: int) -> list[float]:
    """Shapley value of each feature asked, for an order that answers the questions in one way."""
    yes = _answers(nodes, way)
    n, found = len(asked), []
    for one in asked:
        value = 0.0
        for others in _subsets([f for f in asked if f != one]):
            share = factorial(len(others)) * factorial(n - len(others) - 1) / factorial(n)
            value += share * (_mean(tree, 0, yes, others | {one}) - _mean(tree, 0, yes, others))
        found.append(value)
    return found


def _subsets(of: list[int]) -> Iterator[frozenset[int]]:
    for size in range(len(of) + 1):
        yield from map(frozenset, combinations(of, size))


def _mean(tree: dict[str, Any], node: int, yes: dict[int, bool], known: frozenset[int]) -> float:
    """The tree's margin if only the `known` features are: at other questions both ways count, by their cover."""
    left, right = tree["left_children"][node], tree["right_children"][node]
    if left == -1:
        return float(tree["split_conditions"][node])
    if tree["split_indices"][node] in known:
        return _mean(tree, left if yes[node] else right, yes, known)
    cover = tree["sum_hessian"]
    both = [_mean(tree, way, yes, known) * float(cover[way] / cover[node]) for way in (left, right)]
    return both[0] + both[1]


def _margin_of_base_score(saved: dict[str, Any]) -> float:
    p, one = np.float32(saved["learner_model_param"]["base_score"].strip("[]")), np.float32(1)
    return float(np.float32(-np.log(float(one / p - one))))


def _that_agrees(trees: ShallowTrees, booster: Any) -> ShallowTrees | None:
    """The trees whose margins are the booster's to the last bit, on rows around every threshold; None if none are.

    Libraries differ in the last bit of a logarithm, so the start is tried one step below and above too.
    """
    rows = _around(trees)
    wanted = booster.inplace_predict(rows, predict_type="margin").astype(np.float64)
    start = np.float32(trees.start)
    for one in (start, np.nextafter(start, np.float32(-np.inf)), np.nextafter(start, np.float32(np.inf))):
        found = replace(trees, start=float(one))
        if np.array_equal(found.margin(rows), wanted):
            return found
    return None


def _around(trees: ShallowTrees) -> Array:
    """(m, k) float32 rows: each feature in turn on, just below and above its thresholds, or missing."""
    rng = np.random.default_rng(0)  # any rows do, but the same every time
    rows = np.full((_PROBES, trees.n_features), np.nan, dtype=np.float32)
    for feature in range(trees.n_features):
        cuts = trees.threshold[(trees.feature == feature) & np.isfinite(trees.threshold)]
        if len(cuts):
            chosen = rng.choice(cuts, _PROBES).astype(np.float32)
            below = np.nextafter(chosen, np.float32(-np.inf))
            rows[:, feature] = np.choose(rng.integers(0, 4, _PROBES), [chosen, below, chosen + 1, rows[:, feature]])
    return rows
