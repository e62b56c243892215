"""Two runs on the same orders: who is better, by how much beyond chance, and is it cash that says so?"""

import numpy as np
import pandas as pd
import pytest

from data.contract import DAY
from tests.helpers.histories import T0
from training.commands import show_comparison
from training.comparison import compare
from training.evaluation import measure


def judged(n: int = 2_000, error: float = 0.3, seed: int = 1, **columns) -> pd.DataFrame:
    """A run's predictions: the truth's log-odds, blurred by `error`."""
    rng = np.random.default_rng(seed)
    log_odds, uniform, noise = rng.normal(-1, 1.2, n), rng.random(n), rng.normal(0, 1, n)
    said = log_odds + error * noise
    frame = {
        "order_id": [f"o{i}" for i in range(n)], "merchant_id": "acme", "placed_at": T0 + np.arange(n) * DAY // 50,
        "is_cod": np.arange(n) % 3 > 0, "y": (uniform < 1 / (1 + np.exp(-log_odds))).astype(float),
        "buyer": np.arange(n), "p_model": 1 / (1 + np.exp(-said)),
    }  # fmt: skip
    return pd.DataFrame({**frame, **columns})


def repeated(frame: pd.DataFrame, times: int) -> pd.DataFrame:
    """The same orders of the same buyers, several times over, under other ids."""
    copies = [frame.assign(order_id=frame["order_id"] + f"-{k}") for k in range(times)]
    return pd.concat(copies, ignore_index=True)


def width(ends: tuple[float, float, float]) -> float:
    return ends[2] - ends[1]


def test_each_metric_is_the_difference_of_the_two_runs_own():
    one, other = judged(error=0.1), judged(error=0.9)
    found = compare(one, other)
    own = [measure(frame["p_model"], frame["y"]).as_dict() for frame in (one, other)]
    assert (found["one"], found["other"]) == tuple(own)
    for name in ("log_loss", "auc", "pr_auc", "brier", "lift_at_10"):
        mean, low, high = found[name]
        assert mean == pytest.approx(own[0][name] - own[1][name])
        assert low < mean < high
    assert found["log_loss"][2] < 0 < found["auc"][1]


def test_cash_orders_stand_beside_all_and_only_where_there_are_others():
    one, other = judged(error=0.1), judged(error=0.9)
    cash = one["is_cod"]
    found = compare(one, other)["cod"]
    assert {k: found[k] for k in ("n", "auc")} == {k: compare(one[cash], other[cash])[k] for k in ("n", "auc")}
    assert found["n"] == int(cash.sum())
    assert compare(one[cash], other[cash])["cod"] is None


def test_orders_of_one_buyer_are_one_piece_of_evidence():
    one, other = judged(500, 0.1), judged(500, 0.9)
    once, four = compare(one, other)["log_loss"], compare(repeated(one, 4), repeated(other, 4))["log_loss"]
    assert width(four) == pytest.approx(width(once), rel=0.02)
    blind = compare(*(repeated(frame, 4).drop(columns="buyer").assign(placed_at=T0) for frame in (one, other)))
    assert not blind["by_buyer"]
    assert width(blind["log_loss"]) == pytest.approx(width(once) / 2, rel=0.05)


def test_a_run_kept_before_buyers_were_told_apart_takes_the_others_word():
    one, other = judged(500, 0.1, buyer=np.arange(500) // 5), judged(500, 0.9, buyer=np.arange(500) // 5)
    found = [compare(one, other), compare(one.drop(columns="buyer"), other), compare(one, other.drop(columns="buyer"))]
    assert all(one["by_buyer"] and one["log_loss"] == found[0]["log_loss"] for one in found)


def test_it_tells_how_many_orders_only_one_was_judged_on_and_which_outcomes_changed():
    one, other = judged()[:1_500], judged()[500:]
    other = other.assign(y=np.where(np.arange(1_500) < 7, 1 - other["y"], other["y"]))
    found = compare(one, other)
    assert (found["n"], found["only_one"], found["only_other"], found["outcomes_changed"]) == (1_000, 500, 500, 7)
    assert found["log_loss"] == (0.0, 0.0, 0.0)  # both are judged by the outcomes the first knew


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_with_one_outcome_alone_there_is_a_loss_and_no_auc(y):
    found = compare(judged(y=y), judged(error=0.9, y=y))
    assert found["auc"] is None
    assert found["one"]["auc"] is None
    assert found["log_loss"] is not None


def test_a_handful_of_buyers_tell_nothing():
    few = {"buyer": np.arange(2_000) % 4}
    assert compare(judged(error=0.1, **few), judged(error=0.9, **few))["log_loss"] is None


def test_without_an_order_in_common_nothing_is_said():
    found = compare(judged(), judged(merchant_id="other"))
    assert (found["n"], found["log_loss"], found["cod"], found["only_one"]) == (0, None, None, 2_000)


def test_what_is_shown_is_what_was_found(capsys):
    found = compare(judged(error=0.1), judged(error=0.9)[200:])
    show_comparison(found)
    shown = capsys.readouterr()
    for scope in (found, found["cod"]):
        assert f"on {scope['n']:,} test orders of both" in shown.out
        mean, low, high = scope["log_loss"]
        assert f"{mean:+.5f}" in shown.out
        assert f"{low:+.5f} to {high:+.5f}" in shown.out
    assert "COD only" in shown.out
    assert "of one buyer, and of one day" in shown.err
    assert "200 by the first, 0 by the second" in shown.err
    show_comparison(compare(judged(), judged(merchant_id="other")))
    assert "nothing to compare" in capsys.readouterr().out
