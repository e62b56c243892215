"""Does the logistic regression find what is there, obey the signs, and stay calm where it has seen nothing?"""

import json
from dataclasses import fields

import numpy as np
import pytest

from features.catalog import Feature, FromOrder
from training.linear import Linear, fit_linear, fit_path, rescaled
from training.trees import probability


def columns(*signs: int, scale: str = "linear") -> tuple[Feature, ...]:
    return tuple(Feature(f"f{i}", FromOrder("amount"), "u", "r", "why", sign, scale) for i, sign in enumerate(signs))


def drawn(x: np.ndarray, log_odds: np.ndarray, seed: int = 1) -> np.ndarray:
    return (np.random.default_rng(seed).random(len(x)) < probability(log_odds)).astype(float)


def normal(n: int, k: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, k))


def test_it_recovers_planted_coefficients() -> None:
    x = normal(60_000, 3)
    line = fit_linear(x, drawn(x, 0.8 * x[:, 0] - 0.5 * x[:, 1] - 1.0), columns(0, 0, 0), penalty=1.0)
    np.testing.assert_allclose(line.coefficient / line.spread, [0.8, -0.5, 0.0], atol=0.04)
    assert line.base == pytest.approx(-1.0, abs=0.05)


def test_it_obeys_the_signs_and_holds_at_zero_what_would_break_them() -> None:
    x = normal(5_000, 4)
    y = drawn(x, 0.8 * x[:, 0] - 0.5 * x[:, 1] + 0.8 * x[:, 2] - 0.5 * x[:, 3])
    line = fit_linear(x, y, columns(-1, +1, +1, -1), penalty=1.0)
    assert line.coefficient[:2].tolist() == [0.0, 0.0]
    assert line.coefficient[2] > 0.5
    assert line.coefficient[3] < -0.3
    free = fit_linear(x, y, columns(-1, +1, +1, -1), penalty=1.0, signed=False)
    assert free.coefficient[0] > 0.5


def test_it_stands_where_the_loss_is_least() -> None:
    """No small move within the bounds lowers the penalised loss, also for columns that nearly repeat each other."""
    x = normal(3_000, 5)
    x[:, 4] = x[:, 0] + 0.01 * x[:, 4]
    y = drawn(x, x[:, 0] - x[:, 1])
    features, penalty = columns(1, 1, -1, 0, 0), 10.0
    line = fit_linear(x, y, features, penalty)

    def loss(of: Linear) -> float:
        margin = of.margin(x)
        return float((np.logaddexp(0, margin) - y * margin).sum() + penalty / 2 * (of.coefficient**2).sum())

    best, rng = loss(line), np.random.default_rng(2)
    signs = np.array([f.monotone for f in features])
    for size in (1e-3, 1e-2, 0.1):
        for _ in range(50):
            near = line.coefficient + size * rng.normal(size=5)
            near[near * signs < 0] = 0.0
            moved = Linear(**{n: getattr(line, n) for n in [f.name for f in fields(Linear)]} | {"coefficient": near})
            assert loss(moved) >= best - 1e-6


def test_a_stronger_penalty_draws_coefficients_to_zero() -> None:
    x = normal(2_000, 2)
    y = drawn(x, x[:, 0])
    sizes = [abs(fit_linear(x, y, columns(0, 0), p).coefficient[0]) for p in (1.0, 100.0, 10_000.0)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 0.2 * sizes[0]


def test_a_missing_value_counts_as_the_mean_and_has_a_weight_of_its_own() -> None:
    x = normal(40_000, 1)
    gone = np.random.default_rng(5).random(len(x)) < 0.3
    y = drawn(x, np.where(gone, 1.0, 0.7 * x[:, 0] - 1.0))
    x[gone, 0] = np.nan
    line = fit_linear(x, y, columns(+1), penalty=1.0)
    at_mean, missing = line.margin(np.array([[float(line.mean[0])], [np.nan]]))
    assert at_mean == pytest.approx(-1.0, abs=0.08)
    assert missing == pytest.approx(1.0, abs=0.08)


def test_a_flag_set_on_a_handful_of_rows_is_not_learned() -> None:
    x, y = normal(2_000, 1), np.r_[np.ones(9), np.zeros(991), np.ones(1_000)]
    x[:9] = np.nan
    assert fit_linear(x, y, columns(0), penalty=0.01).missing_coefficient.tolist() == [0.0]


@pytest.mark.parametrize("n", [60, 300, 5_000])
def test_no_line_goes_on_beyond_what_was_seen(n: int) -> None:
    x = 100.0 + np.abs(normal(n, 1))
    y = drawn(x, 2 * (x[:, 0] - 101))
    line = fit_linear(x, y, columns(0), penalty=1.0)
    low, high = x.min(), x.max()
    ends = line.margin(np.array([[low], [high]]))
    np.testing.assert_array_equal(
        line.margin(np.array([[0.0], [1e9]])), line.margin(np.array([[low - 50], [high + 50]]))
    )
    assert line.margin(np.array([[0.0]]))[0] >= ends[0] - 0.3
    assert line.margin(np.array([[1e9]]))[0] <= ends[1] + 1e-9


def test_columns_that_never_vary_or_are_never_there_do_no_harm() -> None:
    x = np.column_stack([np.full(200, 7.0), np.full(200, np.nan), normal(200, 1)[:, 0]])
    line = fit_linear(x, drawn(x, x[:, 2]), columns(0, 1, 0), penalty=1.0)
    assert line.coefficient[:2].tolist() == [0.0, 0.0]
    assert np.isfinite(line.margin(np.array([[np.nan, 3.0, np.nan], [1e300, -1e300, 0.0]]))).all()


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_alone_gives_a_finite_line(outcome: float) -> None:
    x = normal(100, 2)
    line = fit_linear(x, np.full(100, outcome), columns(0, 0), penalty=1.0)
    assert np.isfinite(line.margin(x)).all()
    assert ((line.margin(x) > 0) == (outcome == 1)).all()


def test_perfectly_parted_outcomes_stay_finite() -> None:
    x = np.linspace(-1, 1, 400)[:, None]
    line = fit_linear(x, (x[:, 0] > 0).astype(float), columns(0), penalty=3.0)
    assert 0 < line.coefficient[0] < 50


def test_contributions_add_up_to_the_margin_and_vanish_on_average() -> None:
    x = normal(500, 3)
    x[::7, 1] = np.nan
    line = fit_linear(x, drawn(x, x[:, 0]), columns(0, 0, 0), penalty=1.0)
    parts = line.contributions(x)
    np.testing.assert_allclose(parts.sum(axis=1) + line.base, line.margin(x), atol=1e-12)
    np.testing.assert_allclose(parts.mean(axis=0), 0.0, atol=0.02)


def test_it_survives_json() -> None:
    x = normal(300, 2)
    line = fit_linear(x, drawn(x, x[:, 0]), columns(0, 1), penalty=1.0)
    again = Linear.from_dict(json.loads(json.dumps(line.as_dict())))
    np.testing.assert_array_equal(again.margin(x), line.margin(x))


def test_scales_straighten_counts_and_shares_and_leave_missing_missing() -> None:
    x = np.array([[0.0, 0.5, 3.0], [-4.0, 0.0, np.nan], [np.e - 1, 1.0, 2.0]])
    got = rescaled(x, ("log", "logit", "linear"))
    np.testing.assert_allclose(got[:, 0], [0.0, 0.0, 1.0])
    np.testing.assert_allclose(got[:, 1], [0.0, -np.log(999), np.log(999)])
    np.testing.assert_array_equal(got[:, 2], x[:, 2])
    assert x[1, 0] == -4.0


def test_a_coefficient_that_sets_out_rightly_and_then_would_turn_is_held_at_zero() -> None:
    x = normal(5_000, 2)
    x[:, 1] = 0.9 * x[:, 0] + 0.4 * x[:, 1]
    y = drawn(x, 2.0 * x[:, 0] - 1.0 * x[:, 1])
    assert fit_linear(x, y, columns(0, 0), penalty=1.0).coefficient[1] < -0.3
    line = fit_linear(x, y, columns(+1, +1), penalty=1.0)
    assert line.coefficient[1] == 0.0
    assert line.coefficient[0] > 0.5


def test_a_freak_value_counts_as_the_edge_of_the_usual_ones() -> None:
    x = normal(5_000, 1)
    y = drawn(x, x[:, 0])
    x[:3] = 1e6
    line = fit_linear(x, y, columns(0), penalty=1.0)
    assert line.margin(np.array([[1e6]])) == line.margin(np.array([[5.0]]))
    assert line.coefficient[0] / line.spread[0] == pytest.approx(1.0, abs=0.1)


def test_a_path_of_penalties_is_each_penalty_by_itself() -> None:
    x = normal(2_000, 3)
    y = drawn(x, x[:, 0] - x[:, 1])
    penalties = (1.0, 300.0, 10.0)
    for penalty, line in zip(penalties, fit_path(x, y, columns(1, -1, 1), penalties), strict=True):
        alone = fit_linear(x, y, columns(1, -1, 1), penalty)
        np.testing.assert_allclose(line.margin(x), alone.margin(x), atol=1e-4)
