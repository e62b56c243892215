"""Held-out orders count for those that were kept away: in the line, the trees and the calibrator alike."""

import numpy as np
import pytest

from features.catalog import Feature, FromOrder
from training.calibration import fit_calibrator
from training.held_out import LEAST_CHANCE, counts_for
from training.plan import Plan
from training.trees import Sample, Shape, fit_shape, probability

HELD = 0.1
COLUMNS = tuple(Feature(name, FromOrder("amount"), "u", "r", "why") for name in ("a", "b"))
LINE, TREES = Shape(1, 1.0, 1.0, 0), Shape(1, 0.0, 1.0, 30)


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(x, y, true risk): bent so that neither a line nor stumps can follow it, and what they miss is the crowd's to choose."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (20_000, 2))
    p = probability(np.where(x.sum(axis=1) > 0.8, 2.5, -1.5 + 0.4 * x[:, 0]))
    return x, (rng.random(len(x)) < p).astype(float), p


@pytest.mark.parametrize("shape", [LINE, TREES])
def test_the_refused_region_is_not_forgotten_where_held_out_orders_count_for_all_of_it(shape: Shape) -> None:
    x, y, p = drawn(3)
    region = x.sum(axis=1) > 0.8
    held = np.random.default_rng(4).random(len(x)) < HELD
    seen = ~region | held
    everything = fit_shape(Sample(x, y), COLUMNS, shape, Plan())
    weighed = fit_shape(Sample(x, y, np.where(region, 1 / HELD, 1.0))[seen], COLUMNS, shape, Plan())
    plain = fit_shape(Sample(x, y)[seen], COLUMNS, shape, Plan())
    off = {name: float((probability(m.margin(x[region])) - p[region]).mean()) for name, m in
           (("everything", everything), ("weighed", weighed), ("plain", plain))}  # fmt: skip
    assert abs(off["weighed"] - off["everything"]) < 0.05, off
    assert off["plain"] < off["everything"] - 0.15, off


def test_an_order_that_stands_for_three_is_three_orders() -> None:
    rng = np.random.default_rng(5)
    p, weight = rng.uniform(0.05, 0.9, 900), rng.integers(1, 4, 900)
    y = (rng.random(900) < p**1.5).astype(float)
    one, many = (
        fit_calibrator(p, y, weight=weight, prior_orders=0),
        fit_calibrator(np.repeat(p, weight), np.repeat(y, weight), prior_orders=0),
    )
    np.testing.assert_allclose(one.apply(p), many.apply(p), atol=1e-5)
    assert np.abs(fit_calibrator(p, y, prior_orders=0).apply(p) - many.apply(p)).max() > 1e-3


def test_one_for_each_is_no_weight_at_all() -> None:
    x, y, _ = drawn(6)
    for shape in (Shape(2, 0.4, 1.0, 5), TREES):
        told = [fit_shape(s, COLUMNS, shape, Plan()).margin(x) for s in (Sample(x, y), Sample(x, y, np.ones(len(y))))]
        np.testing.assert_allclose(told[0], told[1], atol=1e-6)


def test_a_handful_hardly_counts_for_the_rest_and_many_do() -> None:
    few, many = (counts_for(np.full(n, 0.05)) for n in (5, 5_000))
    assert (few > 1).all()
    assert (few < 2).all()
    assert (many > 19).all()
    assert (many < 20).all()
    assert counts_for(np.full(5_000, 1e-6)).max() <= 1 / LEAST_CHANCE
    np.testing.assert_array_equal(counts_for(np.ones(9)), np.ones(9))
