"""What became of orders beside what was said: errors that count buyers together, and figures that cannot be told."""

import numpy as np
import pytest

from training.clusters import Clusters
from training.holding import truth


def told(p, y, buyer=None):
    n = len(p)
    who = np.arange(n) if buyer is None else np.asarray(buyer)
    return truth(np.asarray(p, dtype=float), np.asarray(y, dtype=float), Clusters(who, np.zeros(n, dtype=np.int64)))


def drawn(seed, twist=1.0, shift=0.0, n=4_000):
    """Scores, and outcomes whose true log-odds are `twist` times those of the score, plus `shift`."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-1.0, 1.0, n)
    return 1 / (1 + np.exp(-z)), (rng.random(n) < 1 / (1 + np.exp(-(twist * z + shift)))).astype(float)


@pytest.mark.parametrize("twist", [0.6, 1.5])
def test_the_slope_is_found_with_an_interval_that_holds_it(twist):
    found = [told(*drawn(seed, twist)).slope for seed in range(40)]
    inside = sum(low < twist < high for low, high in (one.ends(1.96) for one in found))
    assert 33 <= inside <= 40
    assert np.mean([one.value for one in found]) == pytest.approx(twist, rel=0.03)


def test_in_the_large_it_is_what_came_less_what_was_said():
    found = told([0.2, 0.2, 0.4, 0.4], [0, 1, 0, 1])
    assert (found.n, found.rto, found.said, found.came) == (4, 2, pytest.approx(0.3), 0.5)
    assert found.large.value == pytest.approx(0.2)
    low, high = told(*drawn(1, shift=0.5)).large.ends(2.576)
    assert 0.04 < low < high < 0.15


def test_orders_of_one_buyer_count_together():
    p, y = drawn(3, n=500)
    alone, fourfold = told(p, y), told(np.repeat(p, 4), np.repeat(y, 4), np.repeat(np.arange(500), 4))
    assert fourfold.large.error == pytest.approx(alone.large.error, rel=0.1)


@pytest.mark.parametrize(
    ("p", "y"),
    [
        (np.full(100, 0.3), np.repeat([0, 1], 50)),  # scores all alike
        (np.linspace(0.1, 0.9, 100), np.repeat([0, 1], [90, 10])),  # ten RTOs
        (np.linspace(0.1, 0.9, 100), np.repeat([0, 1], 50)),  # a perfect ranking: no finite slope
    ],
)
def test_a_slope_that_cannot_be_told_is_none(p, y):
    assert told(p, y).slope is None


def test_without_orders_there_is_no_truth_and_of_one_buyer_no_error():
    assert told([], []) is None
    assert told([0.2, 0.4], [0, 1], [5, 5]).large is None
