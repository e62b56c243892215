"""Do orders that share a fate count together, and do intervals then hold what they promise?"""

import numpy as np
import pytest

from data.contract import DAY
from tests.helpers.histories import T0, order_columns
from training.clusters import Clusters, clusters_of, numbered
from training.influence import METRICS


def parts_of(y: np.ndarray) -> np.ndarray:
    return (y - y.mean()) / len(y)


def alone(n: int) -> Clusters:
    """Each order a buyer and a day of its own."""
    return Clusters(np.arange(n), np.arange(n))


def test_the_same_orders_four_times_over_tell_nothing_new():
    y = np.random.default_rng(1).random(500)
    four, buyer = np.tile(y, 4), np.tile(np.arange(500), 4)
    once = alone(500).standard_error(parts_of(y))
    assert Clusters(buyer, buyer).standard_error(parts_of(four)) == pytest.approx(once)
    assert alone(2_000).standard_error(parts_of(four)) == pytest.approx(once / 2, rel=0.01)


def test_orders_of_a_bad_day_count_together_though_each_has_its_own_buyer():
    rng = np.random.default_rng(2)
    day = np.repeat(np.arange(40), 50)
    y = (rng.random(2_000) < rng.beta(2, 5, 40)[day]).astype(float)
    by_order, by_day = (Clusters(np.arange(2_000), d).standard_error(parts_of(y)) for d in (np.arange(2_000), day))
    assert by_day == pytest.approx(
        np.array([y[day == d].mean() for d in range(40)]).std(ddof=1) / np.sqrt(40), rel=0.01
    )
    assert by_day > 2 * by_order


def test_too_few_days_say_nothing_and_one_buyer_has_no_error():
    y = np.random.default_rng(3).random(100)
    two_days = np.arange(100) % 2
    assert Clusters(np.arange(100), two_days).standard_error(parts_of(y)) == alone(100).standard_error(parts_of(y))
    assert Clusters(np.zeros(100, dtype=int), np.arange(100)).standard_error(parts_of(y)) is None


def test_a_buyer_is_known_by_the_first_handle_that_is_told():
    told = [{"phone": 7, "email": 1}, {"phone": 7}, {"email": 7}, {"email": 7, "address": 3}, {}, {}, {"address": 3}]
    orders = order_columns(
        [{"order_id": f"o{i}", "placed_at": T0 // DAY * DAY + i * DAY // 2} | one for i, one in enumerate(told)]
    )
    found = clusters_of(orders)
    same = found.buyer[:, None] == found.buyer[None, :]
    assert same.sum(axis=0).tolist() == [2, 2, 2, 2, 1, 1, 1]
    assert same[0, 1]
    assert same[2, 3]
    assert found.day.tolist() == [0, 0, 1, 1, 2, 2, 3]


@pytest.mark.parametrize("name", ["auc", "log_loss"])
def test_an_interval_by_buyer_holds_the_truth_where_one_by_order_does_not(name):
    """Buyers of 1 to 30 orders who are alike in themselves: what a model cannot know of them, all their orders share."""
    rng = np.random.default_rng(4)

    def draw(n_buyers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        buyer = np.repeat(np.arange(n_buyers), rng.geometric(0.1, n_buyers).clip(1, 30))
        said, hidden = rng.normal(-1, 1, n_buyers)[buyer], rng.normal(0, 1.5, n_buyers)[buyer]
        return 1 / (1 + np.exp(-said)), (rng.random(len(buyer)) < 1 / (1 + np.exp(-said - hidden))).astype(float), buyer

    p, y, _ = draw(60_000)
    truth, held, naive, trials = METRICS[name](p, y).value, 0, 0, 250
    for _ in range(trials):
        p, y, buyer = draw(150)
        found = METRICS[name](p, y)
        off = abs(found.value - truth)
        held += off < 1.96 * Clusters(buyer, numbered(rng.random(len(y)))).standard_error(found.parts)
        naive += off < 1.96 * alone(len(y)).standard_error(found.parts)
    assert held / trials > 0.91
    assert naive / trials < 0.80
