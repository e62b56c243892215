"""Outcomes of young orders count at their true odds: deliveries are told sooner, and that is allowed for."""

from dataclasses import replace

import numpy as np
import pytest

from data.contract import DAY
from tests.helpers.markets import QUICK_PLAN, small_market
from training.calibration import BetaCalibrator, fit_calibrator
from training.newest import WINDOW_DAYS, Told, newest, refreshed
from training.run import train

NOW = 200 * DAY


def market(n: int = 60_000, *, worse_from: int = NOW, seed: int = 5) -> tuple[np.ndarray, np.ndarray, Told]:
    """Scores (n,), true outcomes and what is told of them now: deliveries after 2 to 6 days, returns after 5 to 15.

    Orders placed from `worse_from` come back more often than their score says: twice the odds.
    """
    rng = np.random.default_rng(seed)
    placed_at = np.sort(rng.integers(0, NOW, n))
    score = 1 / (1 + np.exp(-rng.normal(-1.2, 1.0, n)))
    odds = score / (1 - score) * np.where(placed_at >= worse_from, 2.0, 1.0)
    came = (rng.random(n) < odds / (1 + odds)).astype(float)
    lag = np.where(came == 1, rng.uniform(5, 15, n), rng.uniform(2, 6, n)) * DAY
    told = placed_at + lag < NOW
    return score, came, Told(NOW, placed_at, np.where(told, came, np.nan), np.where(told, lag, np.nan), 15 * DAY)


def off_by(calibrator: BetaCalibrator, true: BetaCalibrator) -> float:
    grid = np.linspace(0.1, 0.6)
    return float(np.abs(calibrator.apply(grid) - true.apply(grid)).max())


def test_young_orders_teach_the_truth_and_without_the_shift_they_do_not():
    """The control: the same outcomes taken as they are make risks look far lower."""
    score, _, told = market(250_000)
    found = newest(told, np.ones(len(score), dtype=bool), 14)  # none of them is mature
    assert found.taken.sum() > 8_000
    assert off_by(refreshed(score, told, found, BetaCalibrator()), BetaCalibrator()) < 0.02
    asis = fit_calibrator(score[found.taken], told.y[found.taken])
    assert off_by(asis, BetaCalibrator()) > 0.06


def test_what_changed_a_fortnight_ago_is_seen_where_matured_orders_cannot_know_it():
    score, _, told = market(worse_from=NOW - 14 * DAY)
    true, every = BetaCalibrator(c=float(np.log(2))), np.ones(len(score), dtype=bool)
    assert off_by(refreshed(score, told, newest(told, every, 14), BetaCalibrator()), true) < 0.06
    matured = every & (told.placed_at <= NOW - told.matures_in)
    assert off_by(fit_calibrator(score[matured], told.y[matured]), true) > 0.1


def test_the_shift_is_the_log_of_what_is_told_by_that_age():
    _, _, told = market()
    shift, age = told.log_odds_shift(), (NOW - told.placed_at) / DAY
    assert (shift[age >= 15] == 0).all()
    assert np.isnan(shift[age < 5.5]).all()  # hardly a return is told yet
    some = (age > 7) & (age < 14)
    assert shift[some] == pytest.approx(np.log((age[some] - 5) / 10), abs=0.05)
    assert (np.diff(shift[some]) <= 0).all()  # placed later, so younger


def test_orders_a_tree_was_grown_on_older_ones_and_those_not_told_are_left_out():
    score, _, told = market(5_000)
    unseen = np.arange(len(score)) % 2 == 0
    taken = newest(told, unseen).taken
    assert (unseen[taken]).all()
    assert (told.placed_at[taken] > NOW - WINDOW_DAYS * DAY).all()
    assert not np.isnan(told.y[taken]).any()
    assert not np.isnan(told.log_odds_shift()[taken]).any()


def test_with_too_few_matured_outcomes_only_matured_orders_count():
    score, _, told = market(300)
    thin = replace(told, y=np.where(told.y == 1, np.nan, told.y))
    taken = newest(thin, np.ones(len(score), dtype=bool)).taken
    assert (told.placed_at[taken] <= NOW - told.matures_in).all()
    assert taken.any()


def test_outcomes_told_all_at_once_say_nothing_of_young_orders():
    """An export of final statuses: whatever the age, what is told is told in the same share."""
    _, _, told = market(20_000)
    at_once = replace(told, lag=np.where(np.isnan(told.lag), np.nan, 10.0 * DAY))
    shift = at_once.log_odds_shift()
    assert set(np.unique(shift[~np.isnan(shift)])) == {0.0}


def test_training_moves_its_calibrator_by_what_was_told_last():
    outcome = train(small_market(3_000), QUICK_PLAN, None, lambda *_: None)
    rows, about = outcome.rows, outcome.bundle.about
    assert about["trained_through"] < about["calibrated_through"] < rows.moments.until
    assert outcome.twin.calibrator != outcome.bundle.calibrator
