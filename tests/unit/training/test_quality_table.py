"""Does the goal table of `make bench-quality` judge by the right figure, the right way round?"""

from dataclasses import replace

import numpy as np
import pytest

from tests.bench.gibberish import found
from tests.bench.quality_page import page
from tests.bench.quality_table import Goal, goals


def figure(mean: float, low: float, high: float) -> dict:
    return {"mean": mean, "low": low, "high": high, "origins": 4, "by_origin": []}


def told() -> dict:
    """What `rto backtest --json` answers, as far as the table and the page read it."""
    ece = {"mean": 0.011, "low": 0.0, "high": 0.013, "floor_mean": 0.006, "floor_p95": 0.008, "by_fold": []}
    model = dict.fromkeys(
        ("auc", "pr_auc", "log_loss", "brier", "lift_at_10", "slope", "intercept"), figure(0.7, 0.6, 0.8)
    )
    first = {"name": "first orders", "n": 100, "positives": 30, "auc": None, "surplus": None,
             "against": {"oracle": {"auc": figure(-0.012, -0.02, -0.004), "log_loss": None}}}  # fmt: skip
    gone = {
        "auc": figure(-0.009, -0.011, -0.007),
        "log_loss": figure(0.007, 0.005, 0.009),
        "lift_share": figure(0.98, 0.97, 0.99),
    }
    line = {"auc": figure(0.002, -0.001, 0.005), "log_loss": figure(-0.002, -0.003, -0.001), "lift_share": None}
    cod = {
        "name": "COD only", "n": 1_000, "positives": 270, "models": {"model": {"n": 1_000, **model, "ece": ece}},
        "against": {"oracle": {"n": 1_000, **gone}, "logistic regression": {"n": 1_000, **line}},
        "slices": {"buyer": {"title": "Buyer", "note": "", "not_shown": 0, "slices": [first]}},
    }  # fmt: skip
    weekly = {"name": "COD only", "n": 3_000, "models": {"model, recalibrated weekly": {"n": 3_000, "ece": ece}}}
    return {"scopes": [cod], "weekly": [weekly], "origins": [], "plan": {"span_days": 30, "weekly_days": 90}}


NONSENSE = {"score": "address_gibberish", "n_nonsense": 50, "mean": 0.8, "low": 0.7, "high": 0.9}
TRAIN = {"wall_s": 90.0, "cpu_s": 150.0, "peak_gib": 4.2, "n": 500_000}


def test_every_goal_is_judged_by_its_own_figure():
    found = {row.what.split(";")[0].split(" (")[0]: (row.value, row.verdict) for row in goals(told(), NONSENSE, TRAIN)}
    assert found == {
        "AUC gap to the observable oracle": (0.009, "met"),
        "log loss above the oracle": (0.007, "met"),
        "ECE, recalibrated weekly": (0.011, "met"),  # at most 0.008 + 0.004
        "lift at top 10 %, share of the oracle's": (0.98, "met"),
        "first-order AUC gap": (0.012, "met"),
        "log loss against logistic on the same rows, upper end": (-0.001, "met"),
        "AUC against logistic on the same rows, lower end": (-0.001, "missed"),  # the interval holds 0
        "nonsense found at 1 % false alarms": (0.8, "missed"),
        "rto train, wall seconds": (90.0, "met"),
        "rto train, peak GiB": (4.2, "missed"),
    }


@pytest.mark.parametrize(("sign", "verdicts"), [(-1, ["stretch", "met", "missed"]), (1, ["missed", "met", "stretch"])])
def test_a_bound_is_kept_when_it_is_just_reached(sign, verdicts):
    goal, stretch = (0.012, 0.008) if sign < 0 else (0.008, 0.012)
    row = Goal("x", 0.0, None, None, goal, stretch, sign, 1)
    assert [replace(row, value=v).verdict for v in (0.007, 0.012 if sign < 0 else 0.008, 0.013)] == verdicts


def test_the_page_holds_every_goal_and_its_verdict():
    about = {"preset": "network", "orders": 500_000, "seed": 9, "origins": 4, "at": "2026-11-27T10:00:00+00:00", "parameters": "f00d" * 16,
             "cores": 2, "machine": "x86_64", "python": "3.12"}  # fmt: skip
    shown = page(
        {"about": about, "backtest": told(), "gibberish": NONSENSE, "costs": {"train": TRAIN, "simulate": None}}
    )
    for row in goals(told(), NONSENSE, TRAIN):
        assert " | ".join(row.cells()) in shown
    assert "seed 9" in shown
    assert "`f00df00df00d`" in shown  # which market it was: its parameters may move later


def test_as_many_valid_addresses_may_be_suspected_as_the_rate_allows_and_ties_count_against():
    valid = np.array([0.0] * 98 + [0.5, 0.7])
    assert found(np.array([0.4, 0.6, 0.8]), valid) == pytest.approx(2 / 3)  # above 0.5 lies one valid in a hundred
    assert found(np.array([0.4, 0.5, 0.6]), np.array([0.0] * 98 + [0.5, 0.5])) == pytest.approx(1 / 3)
