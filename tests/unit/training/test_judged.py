"""Figures over several origins: the mean of those that have one, on the orders of which both have a word."""

import numpy as np
import pytest

from training.clusters import Clusters
from training.evaluation import measure
from training.judged import Judged, difference, ece, metric, share


def judged(sizes: tuple[int, ...] = (600, 300), seed: int = 1, **said) -> Judged:
    rng, n = np.random.default_rng(seed), sum(sizes)
    p = 1 / (1 + np.exp(-rng.normal(-1, 1.2, n)))
    y = (rng.random(n) < p).astype(float)
    rough = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + rng.normal(0, 1, n))))
    clusters = Clusters(rng.integers(0, n // 2, n), rng.integers(0, 60, n))
    return Judged(np.repeat(np.arange(len(sizes)), sizes), y, clusters, {"model": p, "rough": rough, **said})


def one_sided(found: Judged, origin: int) -> Judged:
    return Judged(found.origin, np.where(found.origin == origin, 0.0, found.y), found.clusters, found.said)


def test_a_figure_is_the_mean_of_the_origins_and_not_that_of_the_orders():
    found = judged()
    by_origin = [measure(part.said["model"], part.y).auc for _, part in found.by_origin()]
    told = metric(found, "auc", "model", each=True)
    assert told.mean == pytest.approx(np.mean(by_origin))
    assert [one[0] for one in told.by_origin] == pytest.approx(by_origin)
    assert all(low < value < high for value, low, high in told.by_origin)
    assert told.high - told.low < min(high - low for _, low, high in told.by_origin)


def test_an_origin_with_one_outcome_is_left_out_and_counted():
    told = metric(one_sided(judged(), 0), "auc", "model")
    assert told.origins == 1
    assert told.by_origin[0] is None
    assert told.mean == told.by_origin[1][0]


def test_what_is_defined_nowhere_is_none():
    nowhere = one_sided(one_sided(judged(), 0), 1)
    assert metric(nowhere, "auc", "model") is None
    assert difference(nowhere, "auc", "model", "rough") is None
    assert metric(nowhere, "log_loss", "model").origins == 2
    assert metric(judged()[np.zeros(900, dtype=bool)], "log_loss", "model") is None
    assert ece(judged()[:0], "model", seed=1) is None


def test_a_few_buyers_have_figures_without_intervals():
    few = judged((40,))
    few = Judged(few.origin, few.y, Clusters(np.arange(40) % 5, few.clusters.day), few.said)
    told = metric(few, "log_loss", "model")
    assert (told.low, told.high) == (None, None)


def test_a_difference_is_paired_and_narrower_than_its_parts():
    found = judged()
    gap = difference(found, "log_loss", "model", "rough")
    one, other = (metric(found, "log_loss", name) for name in ("model", "rough"))
    assert gap.mean == pytest.approx(one.mean - other.mean)
    assert gap.high < 0
    assert gap.high - gap.low < one.high - one.low
    same = difference(found, "log_loss", "model", "model")
    assert (same.mean, same.low, same.high) == (0, 0, 0)


def test_a_share_is_that_of_the_other_with_an_interval_that_a_bootstrap_agrees_with():
    found = judged((3_000,))
    found.said["poor"] = 1 / (1 + np.exp(-np.log(found.said["model"]) - np.random.default_rng(4).normal(0, 4, 3_000)))
    told = share(found, "lift_at_10", "poor", "model")
    assert told.mean < 0.7
    rng, draws = np.random.default_rng(5), []
    for _ in range(200):
        part = found[rng.integers(0, 3_000, 3_000)]
        draws.append(metric(part, "lift_at_10", "poor").mean / metric(part, "lift_at_10", "model").mean)
    assert told.high - told.low == pytest.approx(2 * 1.96 * np.std(draws), rel=0.12)


def test_only_orders_of_which_both_have_a_word_are_compared():
    whole = judged()
    half = np.where(np.arange(900) % 2, np.nan, whole.said["rough"])
    found = judged(half=half)
    both = found.told("half")
    assert len(both) == 450
    even = np.arange(900) % 2 == 0
    assert difference(both, "auc", "model", "half") == difference(whole[even], "auc", "model", "rough")
