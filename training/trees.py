"""Boosted trees, monotone where the catalog says so, on the linear margin or on none."""

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import xgboost as xgb

from features.catalog import Feature
from training.linear import Linear, fit_linear, fit_path
from training.plan import Plan, TreePlan

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Model:
    """margin(x) = linear margin (0 without one) + the trees' margin. Log-odds, not yet calibrated."""

    names: tuple[str, ...]
    linear: Linear | None
    booster: Any
    n_trees: int

    def margin(self, x: Array) -> Array:
        """(n,) log-odds for (n, k) rows with NaN for missing."""
        trees: Array = self.booster.inplace_predict(x.astype(np.float32), predict_type="margin").astype(np.float64)
        return trees if self.linear is None else np.asarray(trees + self.linear.margin(x))

    def contributions(self, x: Array) -> tuple[Array, float]:
        """(n, k) exact additive parts of the margin, n > 0, and the base they add to (Shapley values of the trees)."""
        parts = self.booster.predict(xgb.DMatrix(x.astype(np.float32), nthread=1), pred_contribs=True).astype(
            np.float64
        )
        own, base = parts[:, :-1], float(parts[0, -1])
        return (own, base) if self.linear is None else (own + self.linear.contributions(x), base + self.linear.base)


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows to learn from, oldest first: x (n, k) with NaN for missing, y (n,) 0 or 1.

    weight: (n,) above 0, how many orders each row stands for; one each if None.
    """

    x: Array
    y: Array
    weight: Array | None = None

    def __getitem__(self, rows: Any) -> "Sample":
        return Sample(self.x[rows], self.y[rows], None if self.weight is None else self.weight[rows])

    @property
    def counts(self) -> Array:
        """(n,) how many orders each row stands for."""
        return np.ones(len(self.y)) if self.weight is None else self.weight

    def losses(self, margin: Array) -> Array:
        """(n,) log loss of each row for these log-odds, by its weight."""
        losses = row_losses(margin, self.y)
        return losses if self.weight is None else np.asarray(losses * self.weight)


@dataclass(frozen=True, slots=True)
class Shape:
    """What validation chose: depth, base ("linear" or "none"), its penalty, and how many trees."""

    depth: int
    base: str
    penalty: float
    n_trees: int


_CLEARLY = 2.0


@dataclass(frozen=True, slots=True)
class _Tried:
    """One shape and its log loss on each held-out row."""

    shape: Shape
    losses: Array


def choose(samples: list[tuple[Sample, Sample]], features: tuple[Feature, ...], plan: Plan) -> Shape:
    """Trees on the linear margin, as many as have the lowest log loss over (fit, stop) pairs; alone where clearly better.

    Clearly: by more than two standard errors of the paired difference. Trees on the line were never worse than the line
    beyond noise, trees alone often were on thin data (docs/adr/0005).
    """
    penalty, lines = _calmest(samples, features, plan.linear_penalties)
    under: dict[str, list[Linear | None]] = {"linear": [*lines], "none": [None] * len(samples)}
    best = {}
    for base in plan.trees.bases:
        shapes = [Shape(depth, base, penalty, 0) for depth in plan.trees.depths]
        best[base] = _shallowest([_tried_trees(samples, under[base], features, shape, plan) for shape in shapes])
    if len(best) == 1:
        return best.popitem()[1].shape
    gained = best["linear"].losses - best["none"].losses
    clearly = gained.mean() > _CLEARLY * _standard_error(gained)
    return best["none" if clearly else "linear"].shape


def _lowest(tried: list[_Tried]) -> _Tried:
    return min(tried, key=lambda t: float(t.losses.mean()))


def _shallowest(tried: list[_Tried]) -> _Tried:
    """The least depth within one standard error of the best."""
    best = _lowest(tried)
    close = [t for t in tried if (e := t.losses - best.losses).mean() <= _standard_error(e)]
    return min(close, key=lambda t: t.shape.depth)


def _standard_error(differences: Array) -> float:
    return float(differences.std() / np.sqrt(len(differences)))


def _calmest(
    samples: list[tuple[Sample, Sample]], features: tuple[Feature, ...], penalties: tuple[float, ...]
) -> tuple[float, list[Linear]]:
    """The strongest penalty within one standard error of the best (Breiman et al. 1984, 3.4.3), and each fit's line.

    A calm line leaves the trees more to do than one that follows its own noise.
    """
    some = [_some_of(fit) for fit, _ in samples]
    paths = [fit_path(fit.x, fit.y, features, penalties, weight=fit.weight) for fit in some]
    tried = [
        _Tried(Shape(1, "linear", penalty, 0), np.concatenate(losses))
        for penalty, losses in zip(penalties, zip(*map(_path_losses, paths, samples), strict=True), strict=True)
    ]
    best = _lowest(tried)
    close = [t for t in tried if (e := t.losses - best.losses).mean() <= _standard_error(e)]
    penalty = max(t.shape.penalty for t in close)
    return penalty, [path[penalties.index(penalty)] for path in paths]


_LINE_ROWS = 60_000  # a line of some hundred coefficients is chosen as well on so many as on more


def _some_of(sample: Sample) -> Sample:
    """Rows evenly spread over time, `_LINE_ROWS` or fewer."""
    return sample[:: -(-len(sample.y) // _LINE_ROWS)]


def _path_losses(path: list[Linear], pair: tuple[Sample, Sample]) -> list[Array]:
    return [pair[1].losses(line.margin(pair[1].x)) for line in path]


def _tried_trees(
    samples: list[tuple[Sample, Sample]],
    lines: list[Linear | None],
    features: tuple[Feature, ...],
    shape: Shape,
    plan: Plan,
) -> _Tried:
    boosters, curves = [], []
    for (fit, stop), line in zip(samples, lines, strict=True):
        told: dict[str, dict[str, list[float]]] = {}
        boosters.append(grow(fit, features, line, shape.depth, plan, stop, losses=told))
        curve = told["stop"]["logloss"]
        curves.append(np.array(curve + [curve[-1]] * (plan.trees.max_trees - len(curve))))
    n_trees = int(np.argmin(np.mean(curves, axis=0))) + 1
    losses = []
    for (_, stop), line, booster in zip(samples, lines, boosters, strict=True):
        model = Model((), line, booster[: min(n_trees, booster.num_boosted_rounds())], n_trees)
        losses.append(stop.losses(model.margin(stop.x)))
    return _Tried(replace(shape, n_trees=n_trees), np.concatenate(losses))


_THIN = 20_000  # orders: below, one stop block is too noisy to choose by, so every block takes its turn
_TURNS = 5


def turns(sample: Sample, n_stop: int) -> list[tuple[Sample, Sample]]:
    """(fit, stop) pairs to choose by: the newest `n_stop` rows stop; thin data takes turns by contiguous blocks.

    Turns look at later rows to judge earlier ones. That chooses a shape, never a figure that is reported.
    """
    n = len(sample.y)
    if n > _THIN:
        return [(sample[: n - n_stop], sample[n - n_stop :])]
    edges = np.linspace(0, n, _TURNS + 1).astype(int)
    block = np.digitize(np.arange(n), edges[1:-1])
    return [(sample[block != i], sample[block == i]) for i in range(_TURNS) if 0 < sample.y[block != i].mean() < 1]


def fit_shape(fit: Sample, features: tuple[Feature, ...], shape: Shape, plan: Plan) -> Model:
    """A model of a chosen shape on the given rows, without looking at any others."""
    linear = fit_linear(fit.x, fit.y, features, shape.penalty, weight=fit.weight) if shape.base == "linear" else None
    booster = grow(fit, features, linear, shape.depth, plan, None, shape.n_trees)
    return Model(tuple(f.name for f in features), linear, booster, shape.n_trees)


def grow(
    fit: Sample,
    features: tuple[Feature, ...],
    linear: Linear | None,
    depth: int,
    plan: Plan,
    stop: Sample | None = None,
    n_trees: int | None = None,
    losses: dict[str, dict[str, list[float]]] | None = None,
) -> Any:
    """A booster of `n_trees` trees, or until `stop` has not improved for the plan's patience. Deterministic."""
    data = _matrix(fit, linear, plan.trees.bins)
    wanted = plan.trees.max_trees if n_trees is None else n_trees
    threads = 1 if len(fit.y) < _THIN else 0  # on thin data threads wait for one another longer than they work
    base_score = 0.5 if linear is not None else float(np.clip(np.average(fit.y, weights=fit.weight), 1e-6, 1 - 1e-6))
    watched = [] if stop is None else [(_matrix(stop, linear, plan.trees.bins, data), "stop")]
    patience = plan.trees.patience if stop is not None else None
    parameters = _parameters(features, depth, plan.trees, plan.seed) | {"base_score": base_score, "nthread": threads}
    return xgb.train(
        parameters, data, wanted, evals=watched, early_stopping_rounds=patience, verbose_eval=False, evals_result=losses
    )


def _matrix(sample: Sample, linear: Linear | None, bins: int, like: Any = None) -> Any:
    """The rows in bins; `like`: cut where that matrix is cut."""
    margin = None if linear is None else linear.margin(sample.x).astype(np.float32)
    x = sample.x.astype(np.float32)
    return xgb.QuantileDMatrix(x, sample.y, weight=sample.weight, base_margin=margin, max_bin=bins, ref=like)


def _parameters(features: tuple[Feature, ...], depth: int, trees: TreePlan, seed: int) -> dict[str, Any]:
    signs = [f.monotone if f.firm or trees.signs == "all" else 0 for f in features]
    return {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "tree_method": "hist",  # named, because the automatic choice has been seen to drop the constraints
        "max_depth": depth,
        "eta": trees.learning_rate,
        "min_child_weight": trees.min_child_weight,
        "lambda": trees.l2,
        "subsample": trees.row_share,
        "colsample_bytree": trees.column_share,
        "max_bin": trees.bins,
        "monotone_constraints": "(" + ",".join(str(sign) for sign in signs) + ")",
        "seed": seed,
    }


def probability(margin: Array) -> Array:
    """Log-odds to probability."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(margin, -50.0, 50.0))))


def row_losses(margin: Array, y: Array) -> Array:
    """(n,) log loss of each row, from log-odds."""
    return np.asarray(np.logaddexp(0.0, margin) - y * margin)
