"""Each metric's value and each order's part in it: do the parts foretell what resampling does?"""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from training.evaluation import STATISTICS, measure
from training.influence import METRICS, auc, intercept, slope, surplus


def orders(n: int = 2_000, seed: int = 1, decimals: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Scores that reach too far, and outcomes."""
    rng = np.random.default_rng(seed)
    true = rng.normal(-1, 1.2, n)
    said = 1 / (1 + np.exp(-(1.3 * true + rng.normal(0.2, 0.5, n))))
    return np.clip(np.round(said, decimals), 0.01, 0.99), (rng.random(n) < 1 / (1 + np.exp(-true))).astype(float)


@pytest.mark.parametrize("decimals", [12, 1], ids=["distinct scores", "ties"])
def test_values_are_those_of_the_evaluation(decimals):
    p, y = orders(decimals=decimals)
    judged = measure(p, y).as_dict()
    for name in set(STATISTICS) - {"ece"}:
        assert METRICS[name](p, y).value == pytest.approx(judged[name], abs=1e-12), name


@pytest.mark.parametrize("decimals", [12, 1], ids=["distinct scores", "ties"])
@pytest.mark.parametrize("name", METRICS)
def test_the_parts_foretell_what_a_resample_does(name, decimals):
    p, y = orders(decimals=decimals)
    whole, rng = METRICS[name](p, y), np.random.default_rng(3)
    foretold, came = [], []
    for _ in range(60):
        rows = rng.integers(0, len(y), len(y))
        foretold.append(whole.parts[rows].sum())
        came.append(METRICS[name](p[rows], y[rows]).value - whole.value)
    assert whole.parts.sum() == pytest.approx(0, abs=1e-9)
    assert np.corrcoef(foretold, came)[0, 1] > 0.97
    assert np.std(foretold) == pytest.approx(np.std(came), rel=0.08)


def test_the_slope_is_that_of_a_logistic_regression():
    p, y = orders()
    log_odds = np.log(p / (1 - p))[:, None]
    fitted = LogisticRegression(C=np.inf, tol=1e-10).fit(log_odds, y)
    assert slope(p, y).value == pytest.approx(fitted.coef_[0, 0], abs=1e-6)


def test_the_intercept_is_the_shift_at_which_said_and_came_agree():
    p, y = orders()
    shifted = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + intercept(p, y).value)))
    assert shifted.mean() == pytest.approx(y.mean(), abs=1e-9)
    assert surplus(shifted, y).value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", ["auc", "pr_auc", "lift_at_10", "slope", "intercept"])
@pytest.mark.parametrize("y", [[0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1], []], ids=str)
def test_what_takes_both_outcomes_is_not_defined_without_them(name, y):
    assert METRICS[name](np.full(len(y), 0.3), np.array(y, dtype=float)) is None


def test_a_constant_score_has_no_slope_and_an_auc_that_cannot_move():
    y = orders()[1]
    p = np.full(len(y), 0.3)
    assert slope(p, y) is None
    assert np.abs(auc(p, y).parts).max() == 0


def test_scores_that_part_the_outcomes_have_no_best_slope():
    assert slope(np.array([0.1, 0.2, 0.6, 0.7]), np.array([0.0, 0, 1, 1])) is None
