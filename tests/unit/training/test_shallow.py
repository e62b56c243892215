"""Do shallow trees looked up say what xgboost says of them: margins to the last bit, Shapley values to its precision?"""

import numpy as np
import pytest
import xgboost as xgb

from training import shallow
from training.shallow import shallow_trees
from training.trees import Model

NAMES = tuple("abcdef")


def grown(seed: int, depth: int, base_score: float = 0.5, n_trees: int = 25) -> tuple[xgb.Booster, np.ndarray]:
    """A booster, and rows it never saw: missing values, values on a threshold, values far outside."""
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=(400, len(NAMES))), 1)
    x[rng.random(x.shape) < 0.2] = np.nan
    y = (np.nan_to_num(x[:, 0]) * np.nan_to_num(x[:, 1]) + rng.normal(size=400) > 0.3).astype(float)
    parameters = {
        "objective": "binary:logistic",
        "max_depth": depth,
        "base_score": base_score,
        "nthread": 1,
        "seed": seed,
    }
    booster = xgb.train(parameters, xgb.DMatrix(x.astype(np.float32), y), n_trees)
    asked = np.round(rng.normal(size=(300, len(NAMES))) * 3, 1)
    asked[rng.random(asked.shape) < 0.3] = np.nan
    return booster, asked


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("base_score", [0.5, 0.27, 0.61])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_margin_is_the_boosters_to_the_last_bit(seed: int, base_score: float, depth: int):
    booster, x = grown(seed, depth, base_score)
    trees = shallow_trees(booster, len(NAMES))
    assert trees is not None
    np.testing.assert_array_equal(trees.margin(x), Model(NAMES, None, booster, 25).margin(x))


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("base_score", [0.5, 0.27])
def test_parts_and_base_are_the_boosters_and_add_up_to_the_margin(base_score: float, depth: int):
    booster, x = grown(4, depth, base_score)
    trees = shallow_trees(booster, len(NAMES))
    assert trees is not None
    parts, base = Model(NAMES, None, booster, 25).contributions(x)
    np.testing.assert_allclose(trees.contributions(x), parts, atol=1e-5)
    assert trees.base == pytest.approx(base, abs=1e-5)
    np.testing.assert_allclose(trees.contributions(x).sum(axis=1) + trees.base, trees.margin(x), atol=1e-5)


def test_a_row_alone_and_among_many_is_the_same_to_the_last_bit():
    booster, x = grown(5, 2)
    trees = shallow_trees(booster, len(NAMES))
    assert trees is not None
    many = np.tile(x, (8, 1))  # more rows than are looked up at once
    alone = [(trees.margin(row[None])[0], trees.contributions(row[None])[0]) for row in x]
    margins, parts = trees.margin(many), trees.contributions(many)
    for i in range(len(many)):
        assert margins[i] == alone[i % len(x)][0]
        np.testing.assert_array_equal(parts[i], alone[i % len(x)][1])


def test_deeper_trees_are_left_to_xgboost():
    booster, _ = grown(6, 4)
    assert shallow_trees(booster, len(NAMES)) is None


def test_trees_that_ask_nothing_move_nothing():
    booster = xgb.train({"objective": "binary:logistic", "base_score": 0.2, "max_depth": 2},
                        xgb.DMatrix(np.zeros((20, 6), dtype=np.float32), np.r_[np.ones(4), np.zeros(16)]), 3)  # fmt: skip
    trees = shallow_trees(booster, 6)
    assert trees is not None
    x = np.zeros((2, 6))
    np.testing.assert_array_equal(trees.contributions(x), np.zeros((2, 6)))
    np.testing.assert_array_equal(trees.margin(x), Model(NAMES, None, booster, 3).margin(x))


def test_a_booster_whose_margins_the_lookup_does_not_give_is_left_to_xgboost(monkeypatch: pytest.MonkeyPatch):
    booster, _ = grown(7, 2)
    monkeypatch.setattr(shallow, "_margin_of_base_score", lambda saved: 0.001)
    assert shallow_trees(booster, len(NAMES)) is None
