"""The gain of the best of many plans: paired, by day, and not mistaken for skill where it is luck."""

import numpy as np
import pytest

from training.evaluation import Z95
from training.tuning_gain import gain_of


def test_the_mean_and_its_interval_by_hand():
    """Two days of 1 and 3 orders; the plan loses 1 on the first day and gains 3 on the second."""
    gain = gain_of(np.array([[5.0, 5.0], [6.0, 2.0]]), np.array([5.0, 5.0]), np.array([1, 3]), 1, seed=1)
    error = np.sqrt((1.5**2 + 1.5**2) * 2 / 1) / 4  # parts: 1 + 0.5 and -3 + 1.5; two days
    assert (gain.n, gain.mean) == (4, -0.5)
    assert (gain.low, gain.high) == pytest.approx((-0.5 - Z95 * error, -0.5 + Z95 * error))


def test_days_are_counted_as_a_whole():
    """The same orders, each a day of its own or all of one month in one day: the latter tell less."""
    rng = np.random.default_rng(1)
    shift = np.repeat(rng.normal(0, 0.1, 10), 30)
    own = rng.normal(0, 0.01, 300) + shift
    one = gain_of(np.array([np.zeros(300), own]), np.zeros(300), np.ones(300, dtype=int), 1, seed=1)
    by_day = np.add.reduceat(own, np.arange(0, 300, 30))
    whole = gain_of(np.array([np.zeros(10), by_day]), np.zeros(10), np.full(10, 30), 1, seed=1)
    assert whole.mean == pytest.approx(one.mean)
    assert whole.high - whole.low > 3 * (one.high - one.low)


def null_trials(rng: np.random.Generator, n_trials: int = 40, n_days: int = 40):
    """Plans that are all as good as the default, alike in part; orders of each day, summed."""
    orders = rng.integers(20, 60, n_days)
    shared = rng.normal(0, 1, (n_trials, 2)) @ rng.normal(0, 0.1, (2, n_days))
    return (shared + rng.normal(0, 0.3, (n_trials, n_days))) * np.sqrt(orders), orders


def test_the_best_of_forty_equal_plans_is_seldom_called_better():
    """Alone it would be called better in more than half of the cases; as the best of forty in about 1 of 25."""
    alone = together = 0
    for seed in range(80):
        losses, orders = null_trials(np.random.default_rng(seed))
        best = int(losses.sum(axis=1).argmin())
        gain = gain_of(losses, np.zeros(len(orders)), orders, best, seed)
        alone += gain.high < 0
        together += gain.beyond_noise
    assert alone >= 40
    assert together <= 8


def test_a_true_gain_is_called_better():
    losses, orders = null_trials(np.random.default_rng(5))
    losses[3] -= 0.3 * orders
    assert gain_of(losses, np.zeros(len(orders)), orders, 3, seed=1).beyond_noise


def test_the_default_against_itself_is_no_gain():
    losses, orders = null_trials(np.random.default_rng(1))
    losses[0] = 0
    gain = gain_of(losses, np.zeros(len(orders)), orders, 0, seed=1)
    assert (gain.mean, gain.low, gain.high, gain.beyond_noise) == (0, 0, 0, False)


def test_one_day_tells_no_interval():
    gain = gain_of(np.array([[5.0], [4.0]]), np.array([5.0]), np.array([10]), 1, seed=1)
    assert (gain.mean, gain.low, gain.sure_high, gain.beyond_noise) == (-0.1, None, None, False)


def test_the_same_seed_gives_the_same_interval():
    losses, orders = null_trials(np.random.default_rng(1))
    one, again, other = (gain_of(losses, np.zeros(len(orders)), orders, 3, seed) for seed in (1, 1, 2))
    assert one == again
    assert one.sure_low != other.sure_low
