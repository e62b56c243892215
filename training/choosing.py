"""Choosing the shape of a model by held-out orders of the past: trees, their number, and the line's share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from features.catalog import Feature
from training.linear import Linear, fit_path
from training.plan import Plan
from training.trees import THIN, Model, Sample, Shape, grow

Array: TypeAlias = np.ndarray[Any, Any]
Pairs: TypeAlias = list[tuple[Sample, Sample]]


@dataclass(frozen=True, slots=True)
class _Tried:
    """One shape, its log-odds of the rows that stop each pair, and its log loss on all of them, (m,)."""

    shape: Shape
    margins: list[Array]
    losses: Array


def choose(samples: Pairs, features: tuple[Feature, ...], plan: Plan) -> Shape:
    """Trees by their own log loss over (fit, stop) pairs, then the line's share of the log-odds.

    A line and trees err in different ways, so their average was better than either, and than trees grown on the line, on
    nearly every history (docs/adr/0021).
    """
    line = _calmest(samples, features, plan.linear_penalties)
    shapes = [Shape(depth, 0.0, line.shape.penalty, 0) for depth in plan.trees.depths]
    trees = _shallowest([_tried_trees(samples, features, shape, plan) for shape in shapes])
    share = _share(samples, line, trees, plan.trees.line_shares)
    return replace(trees.shape, line_share=share, n_trees=trees.shape.n_trees if share < 1 else 0)


_CLEARLY = 0.5


def _share(samples: Pairs, line: _Tried, trees: _Tried, shares: tuple[float, ...]) -> float:
    """The first share, which was good everywhere, unless the best is better by more than half a standard error."""
    both = list(zip(line.margins, trees.margins, strict=True))
    tried = {share: _losses(samples, [share * one + (1 - share) * other for one, other in both]) for share in shares}
    best = min(shares, key=lambda share: float(tried[share].mean()))
    gained = tried[shares[0]] - tried[best]
    return best if gained.mean() > _CLEARLY * _standard_error(gained) else shares[0]


def _close(tried: list[_Tried]) -> list[_Tried]:
    """Those within one standard error of the best (Breiman et al. 1984, 3.4.3)."""
    best = min(tried, key=lambda t: float(t.losses.mean()))
    return [t for t in tried if (e := t.losses - best.losses).mean() <= _standard_error(e)]


def _shallowest(tried: list[_Tried]) -> _Tried:
    return min(_close(tried), key=lambda t: t.shape.depth)


def _standard_error(differences: Array) -> float:
    return float(differences.std() / np.sqrt(len(differences)))


def _calmest(samples: Pairs, features: tuple[Feature, ...], penalties: tuple[float, ...]) -> _Tried:
    """The line with the strongest penalty that is close to the best: it does not follow its own noise."""
    some = [_some_of(fit) for fit, _ in samples]
    paths = [fit_path(fit.x, fit.y, features, penalties, weight=fit.weight) for fit in some]
    tried = [
        _tried(samples, Shape(1, 1.0, penalty, 0), lines)
        for penalty, lines in zip(penalties, zip(*paths, strict=True), strict=True)
    ]
    return max(_close(tried), key=lambda t: t.shape.penalty)


_LINE_ROWS = 60_000  # a line of some hundred coefficients is chosen as well on so many as on more


def _some_of(sample: Sample) -> Sample:
    """Rows evenly spread over time, `_LINE_ROWS` or fewer."""
    return sample[:: -(-len(sample.y) // _LINE_ROWS)]


def _tried_trees(samples: Pairs, features: tuple[Feature, ...], shape: Shape, plan: Plan) -> _Tried:
    """As many trees as have the lowest log loss over all pairs."""
    boosters, curves = [], []
    for fit, stop in samples:
        told: dict[str, dict[str, list[float]]] = {}
        boosters.append(grow(fit, features, shape.depth, plan, stop, losses=told))
        curve = told["stop"]["logloss"]
        curves.append(np.array(curve + [curve[-1]] * (plan.trees.max_trees - len(curve))))
    n_trees = int(np.argmin(np.mean(curves, axis=0))) + 1
    models = [Model((), None, one[: min(n_trees, one.num_boosted_rounds())], n_trees) for one in boosters]
    return _tried(samples, replace(shape, n_trees=n_trees), models)


def _tried(samples: Pairs, shape: Shape, models: Sequence[Linear | Model]) -> _Tried:
    """One model for each pair, judged on the rows that stop it."""
    margins = [model.margin(stop.x) for model, (_, stop) in zip(models, samples, strict=True)]
    return _Tried(shape, margins, _losses(samples, margins))


def _losses(samples: Pairs, margins: list[Array]) -> Array:
    """(m,) log loss of the rows that stop, the pairs' one after the other."""
    return np.concatenate([stop.losses(margin) for margin, (_, stop) in zip(margins, samples, strict=True)])


_TURNS = 5


def turns(sample: Sample, n_stop: int) -> Pairs:
    """(fit, stop) pairs to choose by: the newest `n_stop` rows stop; thin data takes turns by contiguous blocks.

    Turns look at later rows to judge earlier ones. That chooses a shape, never a figure that is reported.
    """
    n = len(sample.y)
    if n > THIN:
        return [(sample[: n - n_stop], sample[n - n_stop :])]
    edges = np.linspace(0, n, _TURNS + 1).astype(int)
    block = np.digitize(np.arange(n), edges[1:-1])
    return [(sample[block != i], sample[block == i]) for i in range(_TURNS) if 0 < sample.y[block != i].mean() < 1]
