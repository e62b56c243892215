"""Are the baselines what their names say?"""

import numpy as np
import pytest

from features.catalog import FEATURES
from training.baselines import CONSTANT, LOGISTIC, PAYMENT, baselines
from training.linear import fit_linear
from training.trees import Sample, probability

NAMES = ("is_cod", "pincode_rto_rate", "amount")


def world(n: int = 4_000, seed: int = 1) -> Sample:
    rng = np.random.default_rng(seed)
    cod, rate = (rng.random(n) < 0.6).astype(float), rng.beta(2, 6, n)
    y = (rng.random(n) < np.where(cod == 1, rate, 0.02)).astype(float)
    return Sample(np.column_stack([cod, rate, rng.lognormal(6, 1, n)]), y)


def found(past: Sample, x: np.ndarray, *names: str) -> dict[str, np.ndarray]:
    features = tuple(FEATURES[name] for name in names)
    own = [NAMES.index(name) for name in names]
    return baselines(Sample(past.x[:, own], past.y), x[:, own], features, penalty=3.0)


def test_they_come_in_the_order_of_the_table() -> None:
    past = world()
    assert list(found(past, past.x, *NAMES)) == [CONSTANT, PAYMENT, "pincode rate", LOGISTIC]


def test_the_constant_is_the_share_of_the_past() -> None:
    past = world()
    assert set(found(past, past.x[:9], *NAMES)[CONSTANT].tolist()) == {past.y.mean()}


def test_the_payment_method_has_the_share_of_its_own_orders() -> None:
    past = world()
    x = np.array([[1.0, 0.2, 1.0], [0.0, 0.2, 1.0], [np.nan, 0.2, 1.0]])
    cod = past.x[:, 0] == 1
    expected = [(past.y[m].sum() + 1) / (m.sum() + 2) for m in (cod, ~cod)]
    assert found(past, x, *NAMES)[PAYMENT].tolist() == [*expected, past.y.mean()]


def test_the_place_rate_is_rescaled_and_rises_with_the_rate() -> None:
    past = world()
    x = np.array([[1.0, r, 1.0] for r in (0.05, 0.2, 0.6)])
    p = found(past, x, *NAMES)["pincode rate"]
    assert (np.diff(p) > 0).all()
    assert found(past, past.x, *NAMES)["pincode rate"].mean() == pytest.approx(past.y.mean(), abs=1e-3)


def test_without_a_payment_method_or_place_there_is_no_such_baseline() -> None:
    past = world()
    assert list(found(past, past.x, "amount")) == [CONSTANT, LOGISTIC]


def test_the_logistic_regression_has_no_signs() -> None:
    past = world()
    turned = Sample(past.x, 1 - past.y)
    features = tuple(FEATURES[name] for name in NAMES)
    free = probability(fit_linear(turned.x, turned.y, features, 3.0, signed=False).margin(past.x))
    np.testing.assert_array_equal(found(turned, past.x, *NAMES)[LOGISTIC], free)
    assert np.ptp(free) > 0.3
