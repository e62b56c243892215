"""Labels of a whole history, and how long until they may be believed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data.contract import DAY
from data.label import label
from features.labels import Labels, labels_at, maturity
from tests.helpers.histories import T0, history_of, known_orders, worlds
from tests.helpers.tables import day, news


@given(world=worlds(), cut=st.integers(0, 80))
@settings(max_examples=60)
def test_each_order_has_the_label_that_one_order_alone_would_have(world, cut: int) -> None:
    history = history_of(*world)
    asof = T0 + cut * DAY // 4
    got = labels_at(history, asof)
    assert [str(y) for y in got.y] == [str(label(k.news, asof)) for k in known_orders(history)]


def labels_of(text: str, asof: float) -> Labels:
    history = history_of([{"order_id": "o1", "merchant_id": "m1", "placed_at": day(0)}], news(text))
    return labels_at(history, day(asof))


def test_what_is_told_at_the_very_moment_counts() -> None:
    assert labels_of("delivered@3~5", 5).y.tolist() == [0.0]
    assert np.isnan(labels_of("delivered@3~5", 4.9).y).all()


def test_the_lag_runs_from_the_order_to_the_first_telling_of_its_fate() -> None:
    assert labels_of("delivered@3~5 rto_started@4~9", 20).lag.tolist() == [5 * DAY]
    assert np.isnan(labels_of("dispatched@1", 20).lag).all()


def test_orders_delivered_in_part_have_no_label_and_are_counted() -> None:
    found = labels_of("partially_delivered@3", 20)
    assert (found.mixed, np.isnan(found.y).all()) == (1, True)


def told_after(days: np.ndarray, ages: np.ndarray) -> int:
    """Maturity of orders whose verdict comes after `days`, looked at when they are `ages` days old."""
    lag = np.where(days <= ages, days * DAY, np.nan)
    asof = T0 + 1_000 * DAY
    return maturity(Labels(asof, lag, lag, lag, lag), asof - (ages * DAY).astype(np.int64))


def test_it_waits_for_all_but_one_in_a_hundred() -> None:
    days = np.arange(1.0, 101.0)
    assert abs(told_after(days, np.full(100, 500.0)) / DAY - np.quantile(days, 0.99)) < 1e-6


def test_orders_too_young_to_show_a_late_verdict_do_not_shorten_it() -> None:
    rng = np.random.default_rng(1)
    days = np.where(rng.random(20_000) < 0.8, 3.0, rng.uniform(8, 20, 20_000))
    ages = rng.uniform(0, 26, 20_000)
    old_enough = told_after(days, np.full(20_000, 500.0))
    assert abs(told_after(days, ages) - old_enough) < DAY / 4
    naive = np.quantile(days[days <= ages], 0.99) * DAY
    assert naive < old_enough


def test_with_nothing_told_there_is_nothing_to_wait_for() -> None:
    assert told_after(np.array([9.0]), np.array([1.0])) == 0
