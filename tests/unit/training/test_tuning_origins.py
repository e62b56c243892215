"""Origins to tune on lie in the past of `rto train`, never see its test, and judge a plan as `rto train` would fit it."""

from dataclasses import replace

import numpy as np
import pytest

from data.contract import DAY, NewsType
from data.errors import TooLittleHistory
from features.labels import labels_at, maturity
from tests.helpers.markets import QUICK_PLAN, small_market
from training.evaluation import losses
from training.plan import Plan
from training.remembered import remembering
from training.rows import build_rows
from training.run import fit_twin
from training.trees import probability
from training.tuning_origins import Origins

HISTORY = small_market(1_300)
N_ORIGINS = 3


def silent(*_) -> None:
    """Progress nobody looks at."""


@pytest.fixture(scope="module")
def rows():
    return build_rows(HISTORY, QUICK_PLAN, None, silent)


@pytest.fixture(scope="module")
def origins(rows):
    return Origins(HISTORY, rows, QUICK_PLAN, N_ORIGINS)


def test_no_origin_looks_at_an_order_of_the_untouched_test_or_of_its_gap(rows, origins):
    for origin in origins.rows:
        used = np.flatnonzero(origin.blocks.train | origin.blocks.test)
        assert not (rows.blocks.test | rows.blocks.gap)[used].any()
        assert (rows.orders["placed_at"][used] < rows.moments.cut - origins.rows[-1].moments.matures_in).all()


def test_each_origin_learns_a_whole_gap_before_what_it_judges(rows, origins):
    for origin in origins.rows:
        blocks, moments, placed_at = origin.blocks, origin.moments, origin.orders["placed_at"]
        assert moments.matures_in == maturity(labels_at(HISTORY, moments.cut), rows.orders["placed_at"]) > 5 * DAY
        assert placed_at[blocks.train].max() <= moments.cut - moments.matures_in
        assert placed_at[blocks.test].min() >= moments.cut


def test_origins_judge_every_matured_order_of_the_newer_half_once(rows, origins):
    judged = np.concatenate([np.flatnonzero(origin.blocks.test) for origin in origins.rows])
    placed_at, last = rows.orders["placed_at"], origins.rows[-1].blocks.test
    there = ~np.isnan(labels_at(HISTORY, rows.moments.cut).y)
    end = placed_at[: len(last)][last].max()
    wanted = there & (placed_at >= origins.rows[0].moments.cut) & (placed_at <= end)
    assert judged.tolist() == np.flatnonzero(wanted).tolist()
    matured = there & (placed_at <= rows.moments.cut - maturity(labels_at(HISTORY, rows.moments.cut), placed_at))
    assert len(judged) == pytest.approx(matured.sum() / 2, rel=0.05)
    assert all(origin.moments.cut % DAY == 0 for origin in origins.rows)


def test_what_is_told_after_the_cut_of_train_moves_no_loss(rows, origins):
    """Every outcome told after the cut turned round: the labels of the test change, the origins do not."""
    late = HISTORY.news["known_at"] > rows.moments.cut
    kind = HISTORY.news["type"].copy()
    turned = {NewsType.DELIVERED: NewsType.RTO_STARTED, NewsType.RTO_STARTED: NewsType.DELIVERED,
              NewsType.RTO_RECEIVED: NewsType.DELIVERED}  # fmt: skip
    for one, other in turned.items():
        kind[late & (HISTORY.news["type"] == one)] = other
    poisoned = replace(HISTORY, news=HISTORY.news | {"type": kind})
    changed = build_rows(poisoned, QUICK_PLAN, None, silent)
    assert changed.moments == rows.moments
    assert np.mean(changed.y[rows.blocks.test] != rows.y[rows.blocks.test]) > 0.5
    again = Origins(poisoned, changed, QUICK_PLAN, N_ORIGINS)
    for origin in (0, N_ORIGINS - 1):
        assert again.losses(QUICK_PLAN, origin).orders.tolist() == origins.losses(QUICK_PLAN, origin).orders.tolist()


def test_an_origin_judges_what_a_whole_training_of_its_past_gives(origins):
    """Its own orders alone, a kept design and remembered lines change nothing to the last bit."""
    origin = origins.rows[1]
    twin, test = fit_twin(origin, QUICK_PLAN), origin.blocks.test
    p = twin.calibrator.apply(probability(twin.model.margin(twin.design.x[test])))
    of_rto, of_delivered = losses(p)
    loss = np.where(origin.y[test] == 1, of_rto, of_delivered)
    with remembering():
        for _ in range(2):
            found = origins.losses(QUICK_PLAN, 1)
            assert found.orders.sum() == pytest.approx(loss.sum(), abs=1e-9)
            assert found.cod.sum() == pytest.approx(loss[origin.is_cod[test]].sum(), abs=1e-9)
    days = origins.days[1]
    assert (days.orders.sum(), days.cod.sum()) == (test.sum(), origin.is_cod[test].sum())
    assert len(found.orders) == len(days.day)


def test_a_plan_that_asks_for_another_design_gets_one(origins):
    trees = QUICK_PLAN.trees.model_copy(update={"max_trees": 1})
    blind = Plan(linear_penalties=(30.0,), trees=trees, leave_out=tuple(_telling()))
    assert origins.losses(blind, 0).orders.sum() > origins.losses(QUICK_PLAN, 0).orders.sum() + 1
    shifted = QUICK_PLAN.model_copy(update={"calibrate_share": 0.3})
    assert origins.losses(shifted, 0).orders.sum() != origins.losses(QUICK_PLAN, 0).orders.sum()


def _telling() -> list[str]:
    from features.catalog import FEATURES

    return [name for name in FEATURES if "rto" in name or "count" in name or name == "is_cod"]


@pytest.mark.parametrize(
    ("n", "n_origins", "told"),
    [(1_300, 10, "origin 1 of 10: got 45 orders to judge, .*expected  at least 100 and 200.*--origins 2"),
     (330, 2, "origin 1 of 2, block early_stop: got .*at least 20")],
)  # fmt: skip
def test_a_history_too_short_for_its_origins_is_refused(n, n_origins, told):
    history = small_market(n)
    rows = build_rows(history, QUICK_PLAN, None, silent)
    with pytest.raises(TooLittleHistory, match=f"(?s)TUNE001 .*{told}"):
        Origins(history, rows, QUICK_PLAN, n_origins)


def test_an_origin_with_one_outcome_is_refused(rows):
    """Nothing came back in the oldest third: the first origin cannot learn what does."""
    early = HISTORY.news["happened_at"] < np.quantile(HISTORY.orders["placed_at"], 0.45)
    kind = HISTORY.news["type"].copy()
    kind[early & np.isin(kind, [NewsType.RTO_STARTED, NewsType.RTO_RECEIVED])] = NewsType.DELIVERED
    history = replace(HISTORY, news=HISTORY.news | {"type": kind})
    with pytest.raises(TooLittleHistory, match=r"(?s)TUNE001 origin 1 of 3, block .*both outcomes"):
        Origins(history, build_rows(history, QUICK_PLAN, None, silent), QUICK_PLAN, N_ORIGINS)
