"""Each metric against scikit-learn or a slow definition, and what it says when there is nothing to say."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from data.errors import DataError
from training.evaluation import BINS, Bin, Metrics, gains, lift, measure, reliability, wilson


def market(n: int, seed: int = 1, decimals: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = np.round(1 / (1 + np.exp(-rng.normal(-1.2, 1.0, n))), decimals)
    return p, (rng.random(n) < p).astype(int)


@st.composite
def scored(draw: st.DrawFn, smallest: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Few orders, many ties, sometimes one outcome only, sometimes scores of exactly 0 and 1."""
    n = draw(st.integers(smallest, 60))
    p = draw(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.25000001, 0.7, 1.0]), min_size=n, max_size=n))
    return np.array(p), np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))


@settings(deadline=None)
@given(scored())
def test_metrics_equal_those_of_scikit_learn_with_and_without_ties(orders):
    p, y = orders
    found = measure(p, y)
    inside = np.clip(p, 1e-15, 1 - 1e-15)
    assert found.log_loss == pytest.approx(log_loss(y, inside, labels=[0, 1]))
    assert found.brier == pytest.approx(brier_score_loss(y, p))
    if 0 < y.sum() < len(y):
        assert found.auc == pytest.approx(roc_auc_score(y, p))
        assert found.pr_auc == pytest.approx(average_precision_score(y, p))


def test_metrics_equal_those_of_scikit_learn_on_many_distinct_scores():
    p, y = market(20_000)
    found = measure(p, y)
    assert found.auc == pytest.approx(roc_auc_score(y, p), abs=1e-12)
    assert found.pr_auc == pytest.approx(average_precision_score(y, p), abs=1e-12)
    assert found.log_loss == pytest.approx(log_loss(y, p), abs=1e-12)
    assert (found.n, found.positives, found.base_rate) == (20_000, y.sum(), y.mean())


@given(scored(), st.randoms(use_true_random=False))
def test_no_metric_depends_on_the_order_of_rows(orders, random):
    p, y = orders
    shuffle = np.arange(len(p))
    random.shuffle(shuffle)
    assert measure(p, y).as_dict() == pytest.approx(measure(p[shuffle], y[shuffle]).as_dict(), nan_ok=True)


@pytest.mark.parametrize("outcome", [0, 1])
def test_one_outcome_alone_has_a_loss_but_no_ranking(outcome):
    found = measure([0.2, 0.4], [outcome, outcome])
    assert (found.auc, found.pr_auc) == (None, None)
    assert found.log_loss is not None
    assert found.base_rate == outcome


def test_without_an_rto_there_is_no_lift():
    assert measure([0.2, 0.4], [0, 0]).lift_at_10 is None


def test_without_orders_nothing_is_defined():
    assert measure([], []) == Metrics(0, 0, None, None, None, None, None, None, None)
    assert reliability([], []) == ()


def test_a_certain_mistake_costs_much_but_not_everything():
    assert measure([0.0, 0.5], [1, 1]).log_loss == pytest.approx((-np.log(1e-15) - np.log(0.5)) / 2)


def test_ece_is_the_mean_gap_between_said_and_came_over_bins_of_equally_many_orders():
    # 900 orders, 15 bins of 60: thirty RTO in each bin, so each bin is off by |mean p - 0.5|
    p = np.linspace(0.001, 0.999, 900)
    y = np.tile([0, 1], 450)
    slow = np.mean([abs(chunk.mean() - 0.5) for chunk in np.split(p, 15)])
    assert measure(p, y).ece == pytest.approx(slow)


def test_ece_of_one_constant_is_its_distance_from_the_rto_share():
    assert measure(np.full(100, 0.3), np.repeat([1, 0], [20, 80])).ece == pytest.approx(0.1)


def test_bins_hold_equally_many_orders_when_scores_are_distinct():
    p, y = market(15_000)
    assert {group.n for group in reliability(p, y)} == {1_000}


@given(scored(smallest=20))
def test_equal_scores_never_lie_in_two_bins(orders):
    orders = tuple(np.tile(column, 10) for column in orders)
    groups = reliability(*orders, bins=4)
    assert all(older.p_high < newer.p_low for older, newer in pairwise(groups))
    assert sum(group.n for group in groups) == len(orders[0])


def test_equal_scores_lie_in_the_bin_of_their_middle():
    p = np.repeat([0.1, 0.2, 0.3], [40, 20, 40])  # the middle of 0.2 is order 50, the first of the second bin
    assert [group.n for group in reliability(p, np.zeros(100), bins=2)] == [40, 60]


@pytest.mark.parametrize(("n", "bins"), [(1, 1), (99, 1), (100, 2), (749, 14), (750, BINS), (7_500, BINS)])
def test_few_orders_make_few_bins(n, bins):
    assert len(reliability(*market(n))) == bins


def test_a_bin_says_what_was_said_and_what_came():
    p, y = np.repeat([0.1, 0.6], 60), np.repeat([0, 1, 0, 1], [54, 6, 30, 30])
    first, second = reliability(p, y)
    assert first == Bin(0.1, 0.1, pytest.approx(0.1), 60, 6, 0.1, *wilson(6, 60))
    assert (second.p_mean, second.rto_share) == (pytest.approx(0.6), 0.5)
    assert second.low < 0.5 < second.high


def test_wilson_keeps_the_textbook_interval():
    # Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857), table I: 81 of 263
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@pytest.mark.parametrize(("positives", "n"), [(0, 1), (1, 1), (0, 20), (20, 20)])
def test_wilson_stays_inside_zero_and_one(positives, n):
    low, high = wilson(positives, n)
    assert 0 <= low < high <= 1


def test_lift_of_a_perfect_ranking_is_one_over_the_base_rate():
    p, y = np.linspace(0, 1, 100), np.repeat([0, 1], [80, 20])
    assert lift(p, y, 0.10) == pytest.approx(5.0)
    assert measure(p, y).lift_at_10 == pytest.approx(5.0)


def test_ties_at_the_edge_of_the_top_count_by_expectation():
    # top 10 of 100: 4 certain orders (3 RTO), then 6 out of 12 tied ones of which 4 are RTO: 3 + 2 of 10
    p = np.repeat([0.9, 0.5, 0.1], [4, 12, 84])
    y = np.concatenate([np.repeat([1, 0], [3, 1]), np.repeat([1, 0], [4, 8]), np.repeat([1, 0], [13, 71])])
    assert lift(p, y, 0.10) == pytest.approx(0.5 / 0.2)


def test_a_constant_has_no_lift_over_chance():
    assert lift(np.full(50, 0.4), np.tile([0, 1], 25), 0.3) == pytest.approx(1.0)


@given(scored())
def test_gains_rise_to_every_rto_at_every_order(orders):
    p, y = orders
    looked_at, found = gains(p, y)
    assert (np.diff(looked_at) > 0).all()
    assert (np.diff(found) >= 0).all()
    assert (looked_at[-1], found[-1]) == (pytest.approx(1.0), pytest.approx(float(y.any())))


@pytest.mark.parametrize(
    ("p", "y", "said"),
    [
        ([0.2, np.nan], [0, 1], "1 scores"),
        ([0.2, 1.1, -0.1], [0, 1, 1], "2 scores"),
        ([0.2, 0.3], [0, np.nan], "1 outcomes"),
        ([0.2, 0.3], [0, -1], "1 outcomes"),
        ([0.2, 0.3], [0], r"shapes \(2,\) and \(1,\)"),
        ([[0.2]], [[0]], r"shapes \(1, 1\)"),
    ],
)
def test_what_cannot_be_judged_is_refused(p, y, said):
    with pytest.raises(DataError, match=f"TRAIN010 evaluation: got {said}"):
        measure(p, y)
