"""Fast intervals against slow ones, and how often they hold the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from data.errors import DataError
from training.evaluation import STATISTICS, measure
from training.intervals import (
    Difference,
    _auc_parts,
    auc_interval,
    bootstrap,
    ece_floor,
    log_loss_interval,
    paired_auc,
    paired_log_loss,
)


def market(n: int, seed: int = 1, decimals: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = np.round(1 / (1 + np.exp(-rng.normal(-1.2, 1.0, n))), decimals)
    return p, (rng.random(n) < p).astype(int)


def noisier(p: np.ndarray, seed: int = 2) -> np.ndarray:
    log_odds = np.log(p / (1 - p)) + np.random.default_rng(seed).normal(0, 1.5, len(p))
    return 1 / (1 + np.exp(-log_odds))


def resampled(n: int, times: int = 1500) -> list[np.ndarray]:
    rng = np.random.default_rng(9)
    return [rng.integers(0, n, n) for _ in range(times)]


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.20001, 0.9]), st.integers(0, 1)), min_size=4, max_size=50))
@settings(deadline=None)
def test_delong_auc_equals_that_of_scikit_learn_with_ties(orders):
    p, y = (np.array(column, dtype=float) for column in zip(*orders, strict=True))
    parts = _auc_parts(p, y)
    if min(y.sum(), len(y) - y.sum()) < 2:
        assert parts is None
    else:
        assert parts.auc == pytest.approx(roc_auc_score(y, p))
        assert parts.of_delivered.mean() == pytest.approx(parts.auc)


@pytest.mark.parametrize("decimals", [12, 1])
def test_delong_parts_equal_the_comparison_of_every_pair(decimals):
    p, y = market(80, decimals=decimals)
    gap = p[y == 1][:, None] - p[y == 0][None, :]
    right = (gap > 0) + (gap == 0) / 2
    parts = _auc_parts(p, y)
    assert parts.of_rto == pytest.approx(right.mean(axis=1))
    assert parts.of_delivered == pytest.approx(right.mean(axis=0))


def test_the_auc_interval_agrees_with_a_brute_force_bootstrap():
    p, y = market(400, decimals=2)
    draws = [roc_auc_score(y[rows], p[rows]) for rows in resampled(400, 600)]
    found = auc_interval(p, y)
    assert (found.low, found.high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.01)


def test_the_log_loss_interval_agrees_with_a_brute_force_bootstrap():
    p, y = market(400)
    draws = [measure(p[rows], y[rows]).log_loss for rows in resampled(400)]
    found = log_loss_interval(p, y)
    assert (found.low, found.high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.005)


@pytest.mark.parametrize(
    ("paired", "metric"), [(paired_auc, "auc"), (paired_log_loss, "log_loss")], ids=["auc", "log loss"]
)
def test_a_paired_difference_agrees_with_a_brute_force_bootstrap(paired, metric):
    a, y = market(400)
    b = noisier(a)

    def gap(rows: np.ndarray) -> float:
        return getattr(measure(a[rows], y[rows]), metric) - getattr(measure(b[rows], y[rows]), metric)

    low, high = np.quantile([gap(rows) for rows in resampled(400)], [0.025, 0.975])
    found = paired(a, b, y)
    assert found.mean == pytest.approx(gap(np.arange(400)))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.15 * (high - low))


@pytest.mark.parametrize("metric", ["auc", "pr_auc", "log_loss", "brier", "lift_at_10"])
def test_the_bootstrap_agrees_with_one_that_draws_rows(metric):
    p, y = market(400, decimals=2)
    low, high = np.quantile([getattr(measure(p[r], y[r]), metric) for r in resampled(400)], [0.025, 0.975])
    found = bootstrap(p, y, [metric], seed=3, n=1500)[metric]
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.08 * (high - low))


def test_the_auc_interval_holds_the_truth_about_nineteen_times_in_twenty():
    truth = measure(*market(400_000)).auc
    held = [found.low <= truth <= found.high for found in (auc_interval(*market(300, seed)) for seed in range(300))]
    assert 0.92 <= np.mean(held) <= 0.98


def test_a_small_sample_keeps_its_auc_interval_between_zero_and_one():
    p, y = np.linspace(0.1, 0.9, 12), np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1])
    found = auc_interval(p, y)
    assert 0 < found.low < measure(p, y).auc < found.high < 1


@pytest.mark.parametrize("y", [[0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1], [0, 0, 1, 1], [1, 1, 0, 0]])
def test_where_the_variance_cannot_be_told_there_is_no_auc_interval(y):
    assert auc_interval([0.1, 0.2, 0.3, 0.4], y) is None


def test_one_order_has_no_interval():
    assert log_loss_interval([0.3], [1]) is None
    assert paired_log_loss([0.3], [0.4], [1]) is None
    assert paired_auc([0.3], [0.4], [1]) is None


def test_a_model_does_not_differ_from_itself():
    p, y = market(100)
    assert paired_auc(p, p, y) == Difference(0.0, 0.0, 0.0)
    assert not paired_log_loss(p, p, y).excludes_zero


def test_a_much_better_model_is_told_from_a_worse_one_both_ways_round():
    p, y = market(3_000)
    worse = noisier(p)
    assert paired_auc(p, worse, y).low > 0
    assert paired_log_loss(p, worse, y).high < 0
    assert paired_auc(worse, p, y).excludes_zero
    assert paired_log_loss(worse, p, y).excludes_zero


def test_pairing_tells_apart_what_two_intervals_cannot():
    p, y = market(3_000)
    shaded = np.clip(p * 1.15, 0, 0.99)
    alone = [log_loss_interval(scores, y) for scores in (p, shaded)]
    assert alone[0].high > alone[1].low
    assert paired_log_loss(p, shaded, y).excludes_zero


def test_scores_of_other_orders_are_refused():
    with pytest.raises(DataError, match="TRAIN010"):
        paired_auc([0.1, 0.2, 0.3], [0.1, 0.2], [0, 1, 0])


def test_the_same_seed_gives_the_same_intervals_and_another_one_others():
    p, y = market(300)
    first = bootstrap(p, y, STATISTICS, seed=1, n=50)
    assert first == bootstrap(p, y, STATISTICS, seed=1, n=50)
    assert first != bootstrap(p, y, STATISTICS, seed=2, n=50)


def test_an_undefined_metric_has_no_interval():
    assert bootstrap([0.1, 0.2], [0, 0], ["auc", "lift_at_10"], seed=1) == {"auc": None, "lift_at_10": None}
    assert bootstrap([], [], STATISTICS, seed=1) == dict.fromkeys(STATISTICS)


def test_an_unknown_metric_is_refused():
    with pytest.raises(KeyError, match="accuracy"):
        bootstrap([0.1, 0.2], [0, 1], ["accuracy"], seed=1)


def test_resamples_of_one_outcome_are_left_out():
    y = np.zeros(20)
    y[0] = 1  # about a third of the resamples miss the only RTO
    found = bootstrap(np.linspace(0.5, 0.1, 20), y, ["auc"], seed=1)["auc"]
    assert (found.low, found.high) == (1.0, 1.0)


def test_a_calibrated_model_has_an_ece_interval_that_starts_at_zero():
    held = [bootstrap(*market(2_000, seed), ["ece"], seed=seed, n=100)["ece"].low == 0 for seed in range(40)]
    assert np.mean(held) >= 0.85


def test_what_chance_adds_to_ece_is_taken_off_its_interval():
    found = [(bootstrap(*market(2_000, seed), ["ece"], seed=seed, n=100)["ece"].high, seed) for seed in range(20)]
    measured = [measure(*market(2_000, seed)).ece for _, seed in found]
    assert np.mean([high for high, _ in found]) < 1.25 * np.mean(measured)  # plain percentiles end at 1.6 of it


def test_an_ece_interval_holds_the_distance_of_a_known_shift():
    p, y = market(20_000)
    found = bootstrap(np.clip(p + 0.05, 0, 1), y, ["ece"], seed=1, n=200)["ece"]
    assert 0.035 < found.low < 0.05 < found.high < 0.065


def test_calibrated_outcomes_stay_under_the_floor_nineteen_times_in_twenty():
    p, _ = market(2_000)
    floor, rng = ece_floor(p, seed=1), np.random.default_rng(5)
    drawn = [measure(p, (rng.random(len(p)) < p).astype(int)).ece for _ in range(300)]
    assert 0.91 <= np.mean(np.array(drawn) <= floor.p95) <= 0.985
    assert floor.median == pytest.approx(np.median(drawn), rel=0.05)


def test_more_orders_lower_the_floor():
    assert ece_floor(market(20_000)[0], seed=1).p95 < 0.5 * ece_floor(market(2_000)[0], seed=1).p95


def test_without_orders_there_is_no_floor():
    assert ece_floor([], seed=1) is None
