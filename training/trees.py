"""The model: a logistic line and boosted trees, monotone where the catalog says so, whose log-odds are averaged."""

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import xgboost as xgb

from features.catalog import Feature
from training.linear import Linear, fit_linear
from training.plan import Plan, TreePlan

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Model:
    """margin(x) = linear margin (0 without one) + the trees' margin, each by its share. Log-odds, not yet calibrated."""

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
    """What validation chose: depth, the line's share of the log-odds (0 to 1), its penalty, and how many trees."""

    depth: int
    line_share: float
    penalty: float
    n_trees: int


THIN = 20_000
"""Orders to learn from: below, one held-out block is too noisy to choose by."""


def fit_shape(fit: Sample, features: tuple[Feature, ...], shape: Shape, plan: Plan) -> Model:
    """A model of a chosen shape on the given rows, without looking at any others."""
    names, share = tuple(f.name for f in features), shape.line_share
    booster = scaled(grow(fit, features, shape.depth, plan, n_trees=shape.n_trees), 1 - share)
    line = fit_linear(fit.x, fit.y, features, shape.penalty, weight=fit.weight).scaled(share) if share else None
    return Model(names, line, booster, shape.n_trees)


def grow(
    fit: Sample,
    features: tuple[Feature, ...],
    depth: int,
    plan: Plan,
    stop: Sample | None = None,
    n_trees: int | None = None,
    losses: dict[str, dict[str, list[float]]] | None = None,
) -> Any:
    """A booster of `n_trees` trees, or until `stop` has not improved for the plan's patience. Deterministic."""
    data = _matrix(fit, plan.trees.bins)
    wanted = plan.trees.max_trees if n_trees is None else n_trees
    threads = 1 if len(fit.y) < THIN else 0  # on thin data threads wait for one another longer than they work
    base_score = float(np.clip(np.average(fit.y, weights=fit.weight), 1e-6, 1 - 1e-6))
    watched = [] if stop is None else [(_matrix(stop, plan.trees.bins, data), "stop")]
    patience = plan.trees.patience if stop is not None else None
    parameters = _parameters(features, depth, plan.trees, plan.seed) | {"base_score": base_score, "nthread": threads}
    return xgb.train(
        parameters, data, wanted, evals=watched, early_stopping_rounds=patience, verbose_eval=False, evals_result=losses
    )


def _matrix(sample: Sample, bins: int, like: Any = None) -> Any:
    """The rows in bins; `like`: cut where that matrix is cut."""
    return xgb.QuantileDMatrix(sample.x.astype(np.float32), sample.y, weight=sample.weight, max_bin=bins, ref=like)


def scaled(booster: Any, share: float) -> Any:
    """The booster whose every margin, and every part of one, is `share` (0 to 1) of this one's."""
    if share == 1:
        return booster
    saved = json.loads(bytes(booster.save_raw("json")))
    for tree in saved["learner"]["gradient_booster"]["model"]["trees"]:
        leaves, at = tree["left_children"], tree["split_conditions"]
        tree["split_conditions"] = [share * at[i] if left == -1 else at[i] for i, left in enumerate(leaves)]
        tree["base_weights"] = [share * weight for weight in tree["base_weights"]]
    start = saved["learner"]["learner_model_param"]
    p = start["base_score"].strip("[]")
    start["base_score"] = start["base_score"].replace(p, f"{1 / (1 + (1 / float(p) - 1) ** share):.9E}")
    smaller = xgb.Booster()
    smaller.load_model(bytearray(json.dumps(saved).encode()))
    return smaller


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
