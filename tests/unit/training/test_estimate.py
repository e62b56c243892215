"""Estimates without labels: right where scores keep their word, with intervals that hold the truth; blind where not."""

import numpy as np
import pytest

from training.estimate import estimate
from training.evaluation import measure

NAMES = {"rto_share": "base_rate", "auc": "auc", "log_loss": "log_loss"}


def scores(rng, n=600):
    return 1 / (1 + np.exp(-rng.normal(-1.0, 1.1, n)))


def test_by_hand():
    found = estimate(np.array([0.2, 0.6]), seed=1)
    assert found["rto_share"].value == pytest.approx(0.4)
    h = [-(p * np.log(p) + (1 - p) * np.log(1 - p)) for p in (0.2, 0.6)]
    assert found["log_loss"].value == pytest.approx(np.mean(h))
    assert found["auc"] is None  # some draws hold one outcome only: no interval can be told


def test_where_scores_keep_their_word_the_truth_lies_in_the_interval_95_times_of_100():
    rng = np.random.default_rng(5)
    inside = dict.fromkeys(NAMES, 0)
    for trial in range(200):
        p = scores(rng)
        came = measure(p, rng.random(len(p)) < p)
        for name, one in estimate(p, seed=trial, n=100).items():
            inside[name] += one.low <= getattr(came, NAMES[name]) <= one.high
    assert all(180 <= n <= 199 for n in inside.values()), inside


def test_it_follows_a_mix_and_cannot_see_what_the_mix_comes_to():
    rng = np.random.default_rng(6)
    p = scores(rng, 4_000)
    risky = p[rng.random(len(p)) < p]  # a harder mix of orders
    promised, came = estimate(risky, seed=1), measure(risky, rng.random(len(risky)) < risky)
    assert promised["rto_share"].low < came.base_rate < promised["rto_share"].high
    assert promised["rto_share"].value > p.mean() + 0.1
    worse = measure(risky, rng.random(len(risky)) < 1 - (1 - risky) ** 2)  # the same mix comes to more
    assert worse.base_rate > promised["rto_share"].high


def test_scores_all_alike_promise_no_order_among_orders():
    found = estimate(np.full(500, 0.3), seed=1)
    assert found["auc"].value == found["auc"].low == found["auc"].high == 0.5


def test_no_orders_promise_nothing():
    assert estimate(np.zeros(0), seed=1) == {"rto_share": None, "auc": None, "log_loss": None}
