"""ECE over several origins: its value, its floor, and an interval that holds though buyers come again."""

import numpy as np
import pytest

from training.calibration_error import Fold, calibration_error
from training.evaluation import measure
from training.intervals import ece_floor


def fold(n: int, off: float = 0.0, seed: int = 1) -> Fold:
    """Scores whose outcomes come `off` more often than said."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-rng.normal(-1, 1, n)))
    return Fold(p, (rng.random(n) < np.clip(p + off, 0, 1)).astype(float), rng.integers(0, n // 2, n))


def test_each_origin_has_its_own_ece_and_the_mean_is_theirs():
    folds = [fold(3_000, 0.03, 1), fold(1_500, 0.0, 2)]
    found = calibration_error(folds, seed=7)
    assert found.by_fold == pytest.approx([measure(f.p, f.y).ece for f in folds])
    assert found.mean == pytest.approx(np.mean(found.by_fold))
    assert found.low <= found.high


def test_the_floor_is_what_chance_makes_of_a_perfect_model():
    one = fold(2_000)
    found, known = calibration_error([one], seed=7), ece_floor(one.p, seed=7)
    assert found.floor_p95 == pytest.approx(known.p95, rel=0.1)
    assert found.floor_mean == pytest.approx(known.median, rel=0.1)
    assert found.low == 0


def test_a_model_that_says_too_little_is_beyond_the_floor_and_its_interval_says_so():
    found = calibration_error([fold(4_000, 0.06, s) for s in (1, 2)], seed=7)
    assert found.mean > found.floor_p95
    assert 0.03 < found.low < 0.06 < found.high < 0.09


def test_orders_that_come_in_tens_make_the_interval_wider():
    p, y = (np.repeat(one, 10) for one in (fold(400, 0.08).p, fold(400, 0.08).y))
    width = {}
    for name, buyer in (("alone", np.arange(4_000)), ("in tens", np.repeat(np.arange(400), 10))):
        found = calibration_error([Fold(p, y, buyer)], seed=7)
        width[name] = found.high - found.low
    assert width["in tens"] > 1.5 * width["alone"]


def test_without_orders_there_is_no_figure():
    nobody = Fold(np.empty(0), np.empty(0), np.empty(0, dtype=np.int64))
    assert calibration_error([], seed=7) is None
    assert calibration_error([fold(100), nobody], seed=7) is None
