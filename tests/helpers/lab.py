"""A made-up market read by the project's own pipeline, row for row beside its truth. For tests that set models beside it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb

from data.building import build_history
from data.history import History
from data.news import once
from data.world.ceilings import judged
from data.world.oracle import Oracle
from data.world.simulate import World
from data.world.write import write_world
from tests.helpers.imports import Shop
from tests.helpers.worlds import oracle_of
from training.plan import Plan
from training.rows import Design, Rows, build_rows, design

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Lab:
    """Rows as training sees them. at: (n,) their rows in the world.  learn, test: cash orders, past and future.

    words: the observable oracle's, by rows of the world.  oracle: (n,) its probability.
    """

    world: World
    rows: Rows
    made: Design
    at: Array
    learn: Array
    test: Array
    words: Oracle
    oracle: Array

    @property
    def y(self) -> Array:
        """Outcomes of the test orders."""
        return self.rows.y[self.test]

    def boost(self, x: Array, beside: Array | None = None, *, n_trees: int = 100, depth: int = 3) -> Array:
        """(t,) probabilities of the test orders by trees on `x` (n, k), grown upon the probabilities `beside` (n,)."""
        margin = np.zeros(len(x)) if beside is None else np.log(beside / (1 - beside))
        shape = {"max_depth": depth, "eta": 0.1 if beside is None else 0.05, "min_child_weight": 10, "lambda": 5}
        ways = {"objective": "binary:logistic", "tree_method": "hist", "subsample": 0.8, "colsample_bytree": 0.6}
        past = xgb.DMatrix(x[self.learn], label=self.rows.y_past[self.learn], base_margin=margin[self.learn])
        grown = xgb.train({**shape, **ways, "seed": 1, "nthread": 1}, past, num_boost_round=n_trees)
        found: Array = grown.predict(xgb.DMatrix(x[self.test], base_margin=margin[self.test]))
        return found.astype(np.float64)


def history_of_world(world: World, folder: Path) -> History:
    """A world written as files and imported."""
    write_world(world, folder / "market")
    files = folder / "market" / "orders.parquet", folder / "market" / "news.parquet"
    told = Shop(folder).read("native", *files)
    return build_history(told.orders, once(told.news), world.until)


def lab_of(world: World, folder: Path) -> Lab:
    """Import a world as files, replay it, part it in time: all by the project's own code."""
    history = history_of_world(world, folder)
    plan = Plan()
    rows = build_rows(history, plan, None, lambda *_: None)
    learn = rows.learn
    made = design(rows, plan, rows.past, learn)
    place = {name: row for row, name in enumerate(world.truth["order_id"].to_pylist())}
    at = np.array([place[name] for name in history.orders["order_id"]])
    assert (rows.is_cod == world.inner.orders.cod[at]).all()
    test = rows.blocks.test & rows.is_cod & judged(world).rows[at]
    past = (learn | rows.blocks.calibrate) & rows.is_cod
    words = oracle_of(world)
    return Lab(world, rows, made, at, past, test, words, words.p[at])
