"""Calibration in the large and slope: right where they are known, and not told where they cannot be."""

import numpy as np
import pytest

from training.holding import holding


def drawn(seed, twist=1.0, shift=0.0, n=4_000):
    """Scores, and outcomes whose true log-odds are `twist` times those of the score, plus `shift`."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-1.0, 1.0, n)
    return 1 / (1 + np.exp(-z)), (rng.random(n) < 1 / (1 + np.exp(-(twist * z + shift)))).astype(float)


@pytest.mark.parametrize("twist", [0.6, 1.0, 1.5])
def test_the_slope_is_found_with_an_interval_that_holds_it(twist):
    found = [holding(*drawn(seed, twist)).slope for seed in range(40)]
    inside = sum(low < twist < high for low, high in (one.ends(1.96) for one in found))
    assert 34 <= inside <= 40
    assert np.mean([one.value for one in found]) == pytest.approx(twist, rel=0.03)


def test_in_the_large_it_is_what_came_less_what_was_said():
    found = holding(np.array([0.2, 0.2, 0.4, 0.4]), np.array([0.0, 1.0, 0.0, 1.0]))
    assert (found.n, found.said, found.came, found.large.value) == (4, pytest.approx(0.3), 0.5, pytest.approx(0.2))
    low, high = holding(*drawn(1, shift=0.5)).large.ends(2.576)
    assert 0.04 < low < high < 0.15


@pytest.mark.parametrize(
    ("p", "y"),
    [
        (np.full(100, 0.3), np.repeat([0.0, 1.0], 50)),  # scores all alike
        (np.linspace(0.1, 0.9, 100), np.repeat([0.0, 1.0], [90, 10])),  # ten RTOs
        (np.linspace(0.1, 0.9, 100), np.repeat([0.0, 1.0], 50)),  # a perfect ranking: no finite slope
    ],
)
def test_a_slope_that_cannot_be_told_is_none(p, y):
    assert holding(p, y).slope is None


def test_one_order_has_no_calibration():
    assert holding(np.array([0.3]), np.array([1.0])) is None
