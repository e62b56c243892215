"""First attempts: every order asked at the same age, corrections counted out, and compared at equal scores."""

import numpy as np
import pytest

from data.contract import DAY
from data.history import Told
from tests.helpers.histories import T0, history_of
from training.first_attempts import first_attempts, yardstick

HORIZON = 5 * DAY
LATER = T0 + 30 * DAY


def history(**news_of_orders):
    rows = [{"order_id": name, "merchant_id": "m", "placed_at": T0} for name in news_of_orders]
    told = [Told("m", name, "shop", f"{name}-p", "placed", T0, T0) for name in news_of_orders]
    for name, news in news_of_orders.items():
        for i, (kind, day, *details) in enumerate(news):
            at = T0 + int(day * DAY)
            told.append(Told("m", name, "shop", f"{name}-{i}", kind, at, at, None, *details))
    return history_of(rows, told)


def asked(made, moment=LATER):
    found = first_attempts(made, moment, HORIZON)
    names = made.orders["order_id"].tolist()
    return found, {n: (bool(t), bool(f)) for n, t, f in zip(names, found.tried, found.failed, strict=True)}


def test_the_first_thing_told_of_an_attempt_decides():
    _, seen = asked(history(
        taken=[("dispatched", 1), ("delivered", 3)],
        refused=[("dispatched", 1), ("attempt_failed", 3), ("rto_started", 4)],
        second=[("dispatched", 1), ("attempt_failed", 3), ("delivered", 4)],
        silent=[("dispatched", 1), ("rto_started", 5)],
        on_its_way=[("dispatched", 1), ("out_for_delivery", 2)],
        cancelled=[("cancelled", 1)],
    ))  # fmt: skip
    assert seen == {
        "taken": (True, False),
        "refused": (True, True),
        "second": (True, True),
        "silent": (True, True),
        "on_its_way": (False, False),
        "cancelled": (False, False),
    }


def test_every_order_is_asked_at_the_same_age_counted_from_dispatch():
    made = history(
        slow=[("dispatched", 6), ("attempt_failed", 10)],
        late=[("dispatched", 1), ("attempt_failed", 6.1)],
        edge=[("dispatched", 1), ("attempt_failed", 6)],
    )
    found, seen = asked(made)
    assert (found.by_dispatch, seen) == (True, {"slow": (True, True), "late": (False, False), "edge": (True, True)})
    _, early = asked(made, T0 + 10 * DAY)
    assert early["slow"] == (False, False)  # its failure is known, its horizon is not over: others' failures are not


def test_without_a_dispatch_the_clock_starts_at_the_order():
    found, seen = asked(history(a=[("attempt_failed", 4)], b=[("attempt_failed", 6)]))
    assert (found.by_dispatch, seen) == (False, {"a": (True, True), "b": (False, False)})


def test_what_a_correction_took_back_counts_for_nothing():
    wrong = [("dispatched", 1), ("delivered", 2), ("correction", 3, '{"voids": "a-1"}'), ("attempt_failed", 4)]
    made = history(a=wrong, b=[("dispatched", 1), ("delivered", 2)])
    assert asked(made)[1] == {"a": (True, True), "b": (True, False)}


def test_a_history_of_final_statuses_tells_of_no_attempts():
    assert not first_attempts(history(a=[("delivered", 4)], b=[("rto_started", 6)]), LATER, HORIZON).told


def test_another_mix_is_no_excess_and_more_failures_at_equal_scores_are():
    rng = np.random.default_rng(2)
    p = rng.beta(2, 5, 20_000)
    measured = yardstick(p, rng.random(len(p)) < 0.1 + 0.8 * p)
    risky = rng.beta(4, 4, 3_000)
    same = measured.excess(risky, rng.random(len(risky)) < 0.1 + 0.8 * risky)
    assert same.share == pytest.approx(0.5, abs=0.03)
    assert abs(same.difference) < 2.5 * same.sd
    worse = measured.excess(risky, rng.random(len(risky)) < 0.2 + 0.8 * risky)
    assert worse.difference == pytest.approx(0.1, abs=0.03)
    assert worse.difference > 5 * worse.sd


def test_the_standard_deviation_is_that_of_repeated_trials():
    rng = np.random.default_rng(4)
    found = []
    for _ in range(300):
        p, now = rng.random(400), rng.random(200)
        found.append(yardstick(p, rng.random(400) < p).excess(now, rng.random(200) < now))
    assert np.std([one.difference for one in found]) == pytest.approx(np.mean([one.sd for one in found]), rel=0.12)
