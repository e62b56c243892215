"""The holdout, savings and off-policy evaluation: drawn as declared, true as often as they say, silent without support."""

from fractions import Fraction

import numpy as np
import pytest

from data.errors import GateRefused
from serving.decisions.holdout import HOLDOUT, Experiment
from serving.decisions.off_policy import Logged, Wanted, evaluate
from serving.decisions.savings import checkouts_needed, naive, saving
from tests.helpers.trials import a_log, an_experiment, covered

REPLAYS = 300
BAND = 3.5 * np.sqrt(0.95 * 0.05 / REPLAYS)


def test_as_many_checkouts_are_held_out_as_declared_and_another_name_draws_others():
    ids = [f"c-{i}" for i in range(20_000)]
    one, other = ([Experiment(Fraction(5, 100), name).arm("acme", i) == HOLDOUT for i in ids] for name in "ab")
    assert np.mean(one) == pytest.approx(0.05, abs=0.005)
    assert np.mean(np.logical_and(one, other)) == pytest.approx(0.0025, abs=0.0015)


def test_the_interval_of_savings_holds_the_truth_as_often_as_it_says():
    assert covered(REPLAYS, 7)["savings"] == pytest.approx(0.95, abs=BAND)


@pytest.mark.parametrize("way", ["ips", "snips", "dr"])
def test_the_intervals_of_off_policy_evaluation_hold_the_truth_as_often_as_they_say(way: str):
    assert covered(REPLAYS, 7)[way] == pytest.approx(0.95, abs=BAND)


def test_the_naive_number_is_wrong_where_the_risky_are_acted_on():
    made = an_experiment(np.random.default_rng(1), 40_000)
    found = saving(made.money, made.held)
    acted = made.acted[~made.held]
    wrong = naive(made.money[~made.held], acted)
    assert found.low < made.true_saving < found.high
    assert wrong is not None
    assert wrong < 0 < made.true_saving, "it says that acting loses money, and it earns some"


def test_the_power_calculator_says_how_many_checkouts_find_a_saving_four_times_in_five():
    n, rng = checkouts_needed(1.0, 0.5, 0.2), np.random.default_rng(3)
    held = np.arange(n) < 0.2 * n
    found = [saving(rng.normal(size=n) + 0.5 * ~held, held).low > 0 for _ in range(1_000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.05)


def test_an_arm_with_too_few_known_ends_has_no_saving():
    with pytest.raises(GateRefused, match=r"EXP001 .*29 checkouts held out"):
        saving(np.zeros(1_000), np.arange(1_000) < 29)


@pytest.mark.parametrize(("possible", "n"), [(0.98, 4_000), (1.0, 80)])
def test_without_support_nothing_is_answered(possible: float, n: int):
    log = a_log(np.random.default_rng(5), n)
    wanted = Wanted(log.wanted, log.predicted, log.predicted_done, np.arange(n) < possible * n)
    with pytest.raises(GateRefused, match="EXP002"):
        evaluate(Logged(log.action, log.propensity, log.money), wanted)
