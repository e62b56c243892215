"""Does each origin know only what was known at it, and does the report say what was judged, and what could not be?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from data.contract import DAY, NewsType
from data.errors import TooLittleHistory
from data.history import History
from features.labels import labels_at, maturity
from tests.helpers.markets import QUICK_PLAN, small_market
from training.backtest import WEEKLY, Backtest, backtest
from training.backtest_figures import figures
from training.beside import Beside
from training.card_page import page
from training.evaluation import measure
from training.origins import BacktestPlan, cuts_of, day_of, rows_at
from training.rows import build_rows
from training.run import fit_twin, predict_test
from training.weekly import Refresh, weekly

MARKET = small_market(1_500, merchants=("acme", "bell", "corner"))
ASKED = BacktestPlan(span_days=15, weekly_days=21, window_days=28)


def silent(*_) -> None:
    """Progress nobody looks at."""


def half_told() -> Beside:
    """Another's word: 0.3 on every second order, nothing on the rest."""
    return Beside("other", np.where(np.arange(len(MARKET)) % 2, 0.3, np.nan))


@pytest.fixture(scope="module")
def rows():
    return build_rows(MARKET, QUICK_PLAN, None, silent)


@pytest.fixture(scope="module")
def found() -> Backtest:
    return backtest(MARKET, QUICK_PLAN, ASKED, None, (half_told(),), silent)


@pytest.fixture(scope="module")
def told(found) -> dict:
    return figures(found)


def turned_after(history: History, moment: int) -> History:
    """Every fate told after a moment turned round: delivered came back, and what came back was delivered."""
    kinds, late = history.news["type"].copy(), history.news["known_at"] > moment
    delivered, back = kinds == NewsType.DELIVERED, kinds == NewsType.RTO_STARTED
    kinds[late & delivered], kinds[late & back] = NewsType.RTO_STARTED, NewsType.DELIVERED
    kinds[late & (history.news["type"] == NewsType.RTO_RECEIVED)] = NewsType.CONFIRMED
    return replace(history, news=history.news | {"type": kinds})


# origins


def test_origins_are_a_span_apart_and_the_last_judged_order_is_just_mature(rows, found):
    cuts = cuts_of(rows, ASKED)
    assert np.diff(cuts).tolist() == [15 * DAY] * 3
    end = rows.moments.until - rows.moments.matures_in
    assert 0 <= end - (cuts[-1] + 21 * DAY) < DAY
    assert [one.about["cut"] for one in found.origins] == [day_of(cut) for cut in cuts]


def test_an_origin_sees_its_past_a_gap_and_its_test_and_nothing_else(rows):
    cut, placed_at = cuts_of(rows, ASKED)[1], rows.orders["placed_at"]
    at = rows_at(rows, MARKET, cut, 21, QUICK_PLAN)
    known = labels_at(MARKET, cut)
    assert at.moments.matures_in == maturity(known, placed_at) > 0
    own = placed_at[: len(at.y)]
    assert own.max() < cut + 21 * DAY <= placed_at[len(at.y)]
    assert own[at.blocks.train].max() <= cut - at.moments.matures_in
    assert own[at.blocks.test].min() >= cut
    np.testing.assert_array_equal(at.y_past, known.y[: len(at.y)])
    assert not np.isnan(at.y[at.blocks.test]).any()


def test_what_is_told_after_an_origin_never_reaches_its_model(rows):
    """The negative control stands in test_run.py: a leak within the past changes the twin."""
    cut = cuts_of(rows, ASKED)[0]
    turned = turned_after(MARKET, cut)
    twins = []
    for history in (MARKET, turned):
        at = rows_at(build_rows(history, QUICK_PLAN, None, silent), history, cut, 15, QUICK_PLAN)
        twins.append((at, fit_twin(at, QUICK_PLAN)))
    (plain, one), (spoilt, other) = twins
    assert (plain.y[plain.blocks.test] != spoilt.y[spoilt.blocks.test]).all()
    assert bytes(one.model.booster.save_raw()) == bytes(other.model.booster.save_raw())
    assert (one.shape, one.calibrator, one.design.shrinkage) == (other.shape, other.calibrator, other.design.shrinkage)
    assert one.model.linear.as_dict() == other.model.linear.as_dict()


def test_an_origin_is_the_same_training_as_any_other(rows, found):
    """Its predictions are those of a twin fitted by hand on its rows."""
    cut = cuts_of(rows, ASKED)[2]
    at = rows_at(rows, MARKET, cut, 15, QUICK_PLAN)
    by_hand = predict_test(at, fit_twin(at, QUICK_PLAN))
    np.testing.assert_array_equal(found.origins[2].at, np.flatnonzero(at.blocks.test))
    for name, p in by_hand.items():
        np.testing.assert_array_equal(found.origins[2].said[name], p)


def test_a_calibrator_of_a_week_knows_no_outcome_told_after_the_week_began(rows):
    cut = cuts_of(rows, ASKED)[0]
    at = rows_at(rows, MARKET, cut, 21, QUICK_PLAN)
    twin, said = fit_twin(at, QUICK_PLAN), []
    for history in (MARKET, turned_after(MARKET, cut + 7 * DAY)):
        weeks, p = weekly(history, at, twin, Refresh(28, 21))
        week = (at.orders["placed_at"][weeks] - cut) // (7 * DAY)
        said.append([p[week == k] for k in range(3)])
    for k in (0, 1):
        np.testing.assert_array_equal(said[0][k], said[1][k])
    assert np.abs(said[0][2] - said[1][2]).max() > 1e-6  # the third week knows some of what was turned


@pytest.mark.parametrize(
    ("asked", "to_do"),
    [
        (BacktestPlan(span_days=60), "22 or less: --span-days"),
        (BacktestPlan(origins=12), "8 or less: --span-days"),
        (BacktestPlan(weekly_days=120), "22 or less: --span-days and --weekly-days"),
    ],
    ids=["long spans", "many origins", "long calibration"],
)
def test_a_history_shorter_than_its_origins_need_is_refused(asked, to_do):
    with pytest.raises(TooLittleHistory, match=rf"(?s)BACK001 history: got 1\d\d days.*more than \d+: .* {to_do}$"):
        backtest(MARKET, QUICK_PLAN, asked, None, (), silent)


def test_an_origin_without_a_past_to_learn_from_is_refused_by_its_name():
    asked = BacktestPlan(origins=8, span_days=15)
    with pytest.raises(TooLittleHistory, match=r"(?s)BACK002 origin \d{4}-\d\d-\d\d, block \w+: got .*--origins"):
        backtest(MARKET, QUICK_PLAN, asked, None, (), silent)


# figures


def test_every_figure_is_the_mean_of_the_origins(found, told):
    y = found.rows.y
    every = told["scopes"][0]
    for name in ("model", "logistic regression", "constant", "payment method"):
        own = [measure(one.said[name], y[one.at]) for one in found.origins]
        assert every["models"][name]["log_loss"]["mean"] == pytest.approx(np.mean([m.log_loss for m in own]))
        assert every["models"][name]["ece"]["mean"] == pytest.approx(np.mean([m.ece for m in own]))
    model = every["models"]["model"]
    for metric in ("auc", "pr_auc", "log_loss", "brier", "lift_at_10", "slope", "intercept", "ece"):
        assert model[metric]["low"] <= model[metric]["high"], metric
    assert every["n"] == sum(len(one.at) for one in found.origins)


def test_cash_orders_stand_beside_all(found, told):
    every, cod = told["scopes"]
    assert (every["name"], cod["name"]) == ("all orders", "COD only")
    assert cod["n"] == sum(int(found.rows.is_cod[one.at].sum()) for one in found.origins)
    assert cod["models"]["payment method"]["auc"]["mean"] == 0.5
    assert cod["models"]["payment method"]["slope"] is None


def test_anothers_word_is_judged_where_it_has_one(found, told):
    every = told["scopes"][0]
    spoken = sum(int((one.at % 2).sum()) for one in found.origins)
    assert every["models"]["other"]["n"] == every["against"]["other"]["n"] == spoken < every["n"]
    odd = [one.at % 2 == 1 for one in found.origins]
    own = [measure(o.said["model"][k], found.rows.y[o.at[k]]).auc for o, k in zip(found.origins, odd, strict=True)]
    assert every["against"]["other"]["auc"]["mean"] == pytest.approx(np.mean(own) - 0.5)


def test_slices_part_the_orders_and_say_where_they_cannot(told):
    every, cod = told["scopes"]
    for key in ("buyer", "evidence", "tier", "state", "merchant", "category", "payment"):
        part = every["slices"][key]
        assert part["note"] or sum(one["n"] for one in part["slices"]) == every["n"], key
    first = every["slices"]["buyer"]["slices"][0]
    assert first["name"] == "first orders"
    assert every["slices"]["evidence"]["slices"][0]["n"] == first["n"]
    [payment] = cod["slices"]["payment"]["slices"]
    assert (payment["name"], payment["n"]) == ("cash on delivery", cod["n"])


@pytest.mark.parametrize(("n_rto", "told"), [(0, False), (9, False), (10, True)])
def test_a_slice_with_hardly_an_outcome_has_no_auc_and_no_gap(found, n_rto, told):
    shop = found.rows.orders["merchant_id"] == "bell"
    y = np.where(shop, 0.0, found.rows.y)
    judged = np.concatenate([one.at for one in found.origins])
    y[judged[shop[judged] & (judged % 2 == 1)][:n_rto]] = 1.0  # of those the other has a word on
    quiet = replace(found.rows, y=y)
    [bell] = [one for one in figures(replace(found, rows=quiet))["scopes"][0]["slices"]["merchant"]["slices"]
              if one["name"] == "bell"]  # fmt: skip
    assert bell["positives"] == n_rto
    assert (bell["auc"] is not None, bell["against"]["other"]["auc"] is not None) == (told, told)
    assert bell["log_loss"]["mean"] > 0


def test_calibration_is_told_of_the_frozen_model_and_of_the_refreshed_one(found, told):
    every, cod = told["weekly"]
    assert list(every["models"]) == ["model", WEEKLY]
    assert every["n"] == sum(len(one.weekly_at) for one in found.origins) > told["scopes"][0]["n"]
    assert cod["models"][WEEKLY]["ece"]["floor_p95"] > cod["models"][WEEKLY]["ece"]["floor_mean"] > 0
    frozen = [o.said["model"][: len(o.at)] for o in found.origins]
    for one, p in zip(found.origins, frozen, strict=True):
        np.testing.assert_array_equal(one.weekly["model"][np.isin(one.weekly_at, one.at)], p)


def test_the_report_is_strict_json_and_makes_a_page(told):
    plain = json.loads(json.dumps(told, allow_nan=False))
    about = {"pool": "acme", "plan": {"span_days": 15, "weekly_days": 21, "window_days": 28}, "beside": ["other"]}
    shown = page(
        "backtest",
        plain | about | {"pictures": dict.fromkeys(("origins", "reliability", "weekly", "slices"), "data:,")},
    )
    assert "Cash on delivery only" in shown
    assert "not applicable" in shown
