"""A calibrator repairs what the data show, leaves alone what they do not, and never turns a ranking round."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from training.calibration import BetaCalibrator, _loss_and_slope, fit_calibrator

GRID = np.linspace(0.01, 0.99, 99)


def odds(p: np.ndarray) -> np.ndarray:
    return np.log(p) - np.log1p(-p)


def market(n: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Scores around an RTO share of 0.27 and outcomes drawn from exactly those scores."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-rng.normal(-1.2, 1.0, n)))
    return p, (rng.random(n) < p).astype(float)


def log_loss(p: np.ndarray, y: np.ndarray) -> float:
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log1p(-p)))


@pytest.mark.parametrize(
    "told", [BetaCalibrator(2.0, 2.0, 0.5), BetaCalibrator(1.4, 0.6, -0.3), BetaCalibrator(0.5, 0.5)]
)
def test_a_known_distortion_is_undone_with_much_data(told):
    # outcomes follow told.apply(score): the calibrator has to find `told` itself
    score, _ = market(60_000)
    y = (np.random.default_rng(4).random(len(score)) < told.apply(score)).astype(float)
    found = fit_calibrator(score, y)
    central = GRID[(GRID >= 0.05) & (GRID <= 0.75)]
    assert np.abs(found.apply(central) - told.apply(central)).max() < 0.02


def test_calibrated_scores_stay_as_they_are():
    p, y = market(60_000)
    central = GRID[GRID <= 0.75]
    assert np.abs(fit_calibrator(p, y).apply(central) - central).max() < 0.01


def test_sixty_positives_move_the_log_odds_by_less_than_half_of_what_they_ask_for():
    p, y = market(222)
    y = np.zeros_like(y)
    y[np.argsort(-p)[:60]] = 1  # a perfect ranking asks for the steepest slope there is
    free, held = fit_calibrator(p, y, prior_orders=1), fit_calibrator(p, y)
    moved = [np.abs(odds(c.apply(GRID)) - odds(GRID)).max() for c in (held, free)]
    assert moved[0] < 0.5 * moved[1]


def test_chance_in_sixty_positives_hardly_moves_a_calibrated_score():
    moves = []
    for seed in range(20):
        p, y = market(222, seed)
        moves.append(np.abs(fit_calibrator(p, y).apply([0.1, 0.2, 0.3, 0.5]) - [0.1, 0.2, 0.3, 0.5]).max())
    assert np.median(moves) < 0.03


def test_two_thousand_positives_are_nearly_free_of_the_prior():
    score, _ = market(7_400)
    told = BetaCalibrator(0.8, 0.8, 0.15)
    y = (np.random.default_rng(5).random(len(score)) < told.apply(score)).astype(float)
    free, held = fit_calibrator(score, y, prior_orders=0), fit_calibrator(score, y)
    central = GRID[(GRID >= 0.05) & (GRID <= 0.75)]
    assert np.abs(held.apply(central) - free.apply(central)).max() < 0.015


def test_a_stronger_prior_stays_nearer_to_the_identity():
    p, y = market(500)
    steps = [np.abs(odds(fit_calibrator(p**2, y, m).apply(GRID)) - odds(GRID)).max() for m in (0, 100, 1_000, 100_000)]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] < 0.02


@settings(deadline=None)  # the first fit loads scipy
@given(st.integers(0, 10_000), st.integers(1, 300), st.sampled_from([0.0, 20.0, 400.0]), st.floats(0.2, 4.0))
def test_log_loss_on_its_own_orders_is_never_above_the_raw_scores(seed, n, prior_orders, power):
    p, y = market(n, seed)
    p = p**power
    calibrated = fit_calibrator(p, y, prior_orders).apply(p)
    assert log_loss(np.clip(calibrated, 1e-12, 1 - 1e-12), y) <= log_loss(np.clip(p, 1e-12, 1 - 1e-12), y) + 1e-9


@given(st.floats(0, 20), st.floats(0, 20), st.floats(-20, 20))
def test_a_higher_score_never_gets_a_lower_probability(a, b, c):
    assert (np.diff(BetaCalibrator(a, b, c).apply(np.linspace(0, 1, 1001))) >= 0).all()


@settings(deadline=None)  # the first fit loads scipy
@given(st.integers(0, 10_000), st.integers(1, 200))
def test_no_data_turn_the_ranking_round(seed, n):
    p, y = market(n, seed)
    found = fit_calibrator(p, 1 - y, prior_orders=0)  # outcomes contradict the scores
    assert found.a >= 0
    assert found.b >= 0


def test_the_slope_given_to_the_search_is_that_of_its_loss():
    rng = np.random.default_rng(8)
    design, raw, y = rng.normal(size=(50, 3)), rng.normal(size=50), rng.integers(0, 2, 50).astype(float)
    step, weight = np.array([0.3, -0.2, 0.5]), rng.uniform(1, 20, 50)
    numeric = approx_fprime(step, lambda s: _loss_and_slope(s, design, raw, y, weight, 0.7)[0], 1e-7)
    assert _loss_and_slope(step, design, raw, y, weight, 0.7)[1] == pytest.approx(numeric, abs=1e-5)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_alone_shifts_but_stays_finite(outcome):
    p, _ = market(100)
    found = fit_calibrator(p, np.full(100, outcome))
    assert np.isfinite(found.apply(GRID)).all()
    assert np.sign(found.apply(p).mean() - p.mean()) == (1 if outcome else -1)


def test_equal_scores_shift_without_a_slope():
    y = np.repeat([1.0, 0.0], [300, 700])
    found = fit_calibrator(np.full(1000, 0.2), y)
    assert (found.a, found.b) == pytest.approx((1, 1), abs=1e-6)
    assert 0.2 < found.apply(0.2) < 0.3


def test_without_orders_it_is_the_identity():
    assert fit_calibrator([], []) == BetaCalibrator()


def test_scores_of_exactly_zero_and_one_have_finite_probabilities():
    p = np.array([0.0, 0.0, 1.0, 1.0, 0.5])
    found = fit_calibrator(p, np.array([0, 1, 1, 0, 1]), prior_orders=5)
    assert np.isfinite(found.apply(p)).all()


def test_the_same_orders_give_the_same_calibrator():
    p, y = market(5_000)
    assert fit_calibrator(p, y) == fit_calibrator(p.copy(), y.copy())


def test_a_missing_score_stays_missing():
    assert np.isnan(BetaCalibrator(2, 2, 0).apply([np.nan, 0.2])).tolist() == [True, False]


def test_one_number_and_a_table_keep_their_shapes():
    assert BetaCalibrator().apply(0.3).shape == ()
    assert BetaCalibrator().apply(np.full((2, 3), 0.3, dtype=np.float32)).shape == (2, 3)


def test_it_survives_being_saved():
    p, y = market(500)
    found = fit_calibrator(p, y)
    assert BetaCalibrator.from_dict(found.as_dict()) == found


def test_a_saved_calibrator_that_lacks_a_number_is_refused():
    with pytest.raises(KeyError, match="'c'"):
        BetaCalibrator.from_dict({"a": 1.0, "b": 1.0})


def test_applying_brings_neither_scipy_nor_sklearn():
    code = (
        "import sys; from training.calibration import BetaCalibrator; BetaCalibrator().apply([0.5]);"
        "sys.exit(any(name.split('.')[0] in ('scipy', 'sklearn') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
