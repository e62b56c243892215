"""Does a run learn from the past alone, the same way every time, from whatever a shop happens to know?"""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from data import contract
from data.contract import DAY, NewsType
from data.errors import TooLittleHistory
from data.history import History
from features.assemble import matrix
from features.catalog import FEATURES, FromOrder, Level
from tests.helpers.markets import QUICK_PLAN, small_market
from training.bundle import read_bundle, signing_key, write_bundle
from training.order_only import with_order_only
from training.rows import build_rows
from training.run import Outcome, fit_twin, prepaid_known, train

MARKET = small_market(1_500)


def silent(*_) -> None:
    """Progress nobody looks at."""


def trained(history: History, until: int | None = None, **changes) -> Outcome:
    return train(history, QUICK_PLAN.model_copy(update=changes), until, silent)


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return trained(MARKET)


def news_types(history: History, swap: np.ndarray) -> History:
    """The history with delivered and RTO exchanged where `swap` (k,) says so."""
    kinds = history.news["type"].copy()
    delivered, back = kinds == NewsType.DELIVERED, kinds == NewsType.RTO_STARTED
    kinds[swap & delivered], kinds[swap & back] = NewsType.RTO_STARTED, NewsType.DELIVERED
    kinds[swap & (history.news["type"] == NewsType.RTO_RECEIVED)] = NewsType.CONFIRMED
    return replace(history, news=history.news | {"type": kinds})


def with_column(history: History, **columns: np.ndarray) -> History:
    return replace(history, orders=history.orders | columns)


def parts(outcome: Outcome) -> tuple:
    """Everything the judged twin is made of."""
    twin = outcome.twin
    line = twin.model.linear.as_dict() if twin.model.linear else None
    names = [f.name for f in twin.design.features]
    return twin.shape, bytes(twin.model.booster.save_raw()), line, twin.calibrator, twin.design.shrinkage, names


def test_the_same_history_plan_and_seed_give_the_same_bundle_to_the_byte(outcome, tmp_path) -> None:
    again = trained(MARKET)
    key = signing_key(tmp_path)
    digests = {write_bundle(tmp_path / str(i), o.bundle, o.golden, key) for i, o in enumerate((outcome, again))}
    assert len(digests) == 1
    for name, p in outcome.predictions.items():
        np.testing.assert_array_equal(p, again.predictions[name])


def told_late(history: History, rows: range, known_at: int) -> History:
    """The history with the fate of some old orders told only at `known_at`."""
    owner = np.repeat(np.arange(len(history)), np.diff(history.start))
    fates = (NewsType.DELIVERED, NewsType.RTO_STARTED, NewsType.RTO_RECEIVED)
    moved = np.isin(owner, rows) & np.isin(history.news["type"], fates)
    return replace(history, news=history.news | {"known_at": np.where(moved, known_at, history.news["known_at"])})


def test_what_happens_after_the_cut_never_reaches_the_judged_model(outcome) -> None:
    """Every fate told after the cut turned round, of old orders too, and a column that gives the future away."""
    history = told_late(MARKET, range(100, 400, 40), outcome.rows.moments.cut + 5 * DAY)
    plain = trained(history)
    rows = plain.rows
    assert np.isnan(rows.y_past[100:400:40]).all()
    poisoned = news_types(history, history.news["known_at"] > rows.moments.cut)
    young = MARKET.orders["placed_at"] >= rows.moments.cut
    leak = np.where(young, np.nan_to_num(rows.y, nan=0.0) * 9 + 1, MARKET.orders["n_units"])
    leaked = trained(with_column(poisoned, n_units=leak))
    assert leaked.rows.moments == rows.moments
    assert (leaked.rows.y[rows.blocks.test] != rows.y[rows.blocks.test]).all()
    assert parts(leaked) == parts(plain)


def test_a_leak_within_the_past_would_be_seen(outcome) -> None:
    """The negative control: the same column given away before the cut changes the twin, and is found."""
    y = np.nan_to_num(outcome.rows.y, nan=0.0)
    leaked = trained(with_column(MARKET, n_units=y * 9 + 1))
    assert parts(leaked) != parts(outcome)
    assert leaked.scopes[0].metrics["model"].auc > 0.99


def test_the_stand_in_of_the_order_alone_sees_no_history_and_comes_back_from_the_bundle(outcome, tmp_path) -> None:
    alone = outcome.bundle.order_only
    assert alone is not None
    assert all(isinstance(feature.source, FromOrder | Level) for feature in alone.features)
    x = matrix(outcome.rows.orders, {}, alone.shrinkage, alone.features)
    told, constant = outcome.bundle.about["order_only"]["all orders"], outcome.scopes[0].metrics["constant"]
    assert told["log_loss"] < constant.log_loss, "what the order says is worth something"
    key = signing_key(tmp_path)
    write_bundle(tmp_path / "bundle", outcome.bundle, outcome.golden, key)
    again = read_bundle(tmp_path / "bundle", key.public_key()).order_only
    assert again is not None
    np.testing.assert_array_equal(again.probability(x), alone.probability(x))
    parts, base = again.contributions(x)
    np.testing.assert_allclose(parts.sum(axis=1) + base, again.margin(x), atol=1e-9)


def test_the_stand_in_learns_by_how_many_each_order_stands_for(outcome) -> None:
    rows, twin = outcome.rows, outcome.twin.design
    plain, heavy = (
        with_order_only(outcome.bundle, replace(rows, weight=weight), twin, twin).order_only
        for weight in (np.ones(len(rows.y)), 1 + 4 * rows.y)
    )
    margins = [one.margin(matrix(rows.orders, {}, one.shrinkage, one.features)) for one in (plain, heavy)]
    assert (margins[1] - margins[0]).mean() > 0.5, "each return counts for five"


def test_blocks_come_in_order_with_the_gap_between_past_and_test(outcome) -> None:
    blocks, placed_at, moments = outcome.rows.blocks, MARKET.orders["placed_at"], outcome.rows.moments
    edges = [placed_at[b].max() for b in (blocks.trees, blocks.early_stop, blocks.calibrate)]
    assert edges == sorted(edges)
    assert edges[-1] <= moments.cut - moments.matures_in
    assert placed_at[blocks.test].min() >= moments.cut
    assert blocks.gap.sum() > 0
    assert not np.isnan(outcome.rows.y_past[blocks.train]).any()


def test_nothing_known_after_until_is_used(tmp_path) -> None:
    moment = int(MARKET.orders["placed_at"][0]) + 110 * DAY
    whole = trained(MARKET, until=moment)
    cut_off = trained(up_to(MARKET, moment))
    assert parts(whole) == parts(cut_off)
    assert whole.counts == cut_off.counts
    key = signing_key(tmp_path)
    digests = {write_bundle(tmp_path / str(i), o.bundle, o.golden, key) for i, o in enumerate((whole, cut_off))}
    assert len(digests) == 1


def up_to(history: History, moment: int) -> History:
    """What was known at a moment: orders placed and news told by then."""
    n = int((history.orders["placed_at"] <= moment).sum())
    owner = np.repeat(np.arange(len(history)), np.diff(history.start))
    kept = (history.news["known_at"] <= moment) & (owner < n)
    start = np.searchsorted(owner[kept], np.arange(n + 1))
    orders, news = ({k: v[:n] for k, v in history.orders.items()}, {k: v[kept] for k, v in history.news.items()})
    return History(orders, history.corrected, start, news, history.named.filter(pa.array(kept)), moment)


def test_the_model_beats_the_constant_and_is_no_worse_than_its_line(outcome) -> None:
    metrics = outcome.scopes[0].metrics
    assert metrics["model"].auc > 0.7
    assert metrics["model"].log_loss < metrics["constant"].log_loss - 0.02
    assert metrics["model"].log_loss < metrics["logistic regression"].log_loss + 0.01
    assert [s.name for s in outcome.scopes] == ["all orders", "COD only"]


def test_the_served_twin_is_refitted_on_everything_matured(outcome) -> None:
    assert outcome.bundle.about["trained_through"] > outcome.rows.moments.cut
    assert outcome.bundle.about["calibrated_through"] > outcome.bundle.about["trained_through"]
    assert outcome.bundle.calibrator != outcome.twin.calibrator  # the newest outcomes move it
    assert outcome.bundle.model.n_trees == outcome.twin.shape.n_trees
    assert len(outcome.golden) == 200


GONE = {
    "payment": {"payment_method": None},
    "phone and buyer": {"phone": -1, "email": -1, "customer_id": -1, "device_id": -1},
    "address": {"address": -1, "pincode": None, "district": None, "state": None,
                "address_words": np.nan, "address_length": np.nan},
    "amount": {"amount_minor": np.nan, "discount_minor": np.nan, "shipping_fee_minor": np.nan},
}  # fmt: skip


def without(history: History, *what: str) -> History:
    columns = dict(history.orders)
    for name, value in (pair for w in what for pair in GONE[w].items()):
        columns[name] = np.full(len(history), value, dtype=columns[name].dtype)
    return replace(history, orders=columns)


@pytest.mark.parametrize("what", [(name,) for name in GONE] + [tuple(GONE)], ids=", ".join)
def test_a_history_that_lacks_columns_still_trains(what: tuple[str, ...]) -> None:
    found = trained(without(MARKET, *what))
    assert all(np.isfinite(p).all() and ((p > 0) & (p < 1)).all() for p in found.predictions.values())
    names = {f.name for f in found.bundle.features}
    assert names
    if "payment" in what:
        assert "is_cod" not in names
        assert not prepaid_known(found.rows)
        assert [s.name for s in found.scopes] == ["all orders"]
    if "amount" in what:
        assert "amount" not in names


def test_a_history_of_order_ids_and_times_alone_ends_in_a_refusal_or_a_constant() -> None:
    kept = {"order_id", "merchant_id", "placed_at"}
    bare = {name: column if name in kept else np.full(len(MARKET), -1 if name in contract.TOKEN_COLUMNS else
            np.nan if name in contract.KEPT_NUMBERS else None, dtype=column.dtype)
            for name, column in MARKET.orders.items()}  # fmt: skip
    found = trained(replace(MARKET, orders=bare))
    model, constant = (found.scopes[0].metrics[m].log_loss for m in ("model", "constant"))
    assert model < constant + 0.02


def test_too_few_orders_are_refused_with_what_is_needed() -> None:
    with pytest.raises(TooLittleHistory, match=r"(?s)TRAIN002 history: got \d+ matured orders.*at least 200.*longer"):
        trained(small_market(120))


@pytest.mark.parametrize("kind", [NewsType.DELIVERED, NewsType.RTO_STARTED])
def test_one_outcome_alone_is_refused(kind: NewsType) -> None:
    kinds = MARKET.news["type"].copy()
    kinds[np.isin(kinds, [NewsType.DELIVERED, NewsType.RTO_STARTED, NewsType.RTO_RECEIVED])] = kind
    with pytest.raises(TooLittleHistory, match=r"(?s)TRAIN003 history: got .*both outcomes.*mapping"):
        trained(replace(MARKET, news=MARKET.news | {"type": kinds}))


def test_a_history_without_any_outcome_is_refused() -> None:
    kinds = np.full_like(MARKET.news["type"], NewsType.CONFIRMED)
    kinds[MARKET.news["type"] == NewsType.PLACED] = NewsType.PLACED
    with pytest.raises(TooLittleHistory, match="got 0 matured orders"):
        trained(replace(MARKET, news=MARKET.news | {"type": kinds}))


def test_features_left_out_by_the_plan_are_out_of_the_bundle() -> None:
    found = trained(MARKET, leave_out=("is_cod", "state=BIHAR"))
    names = {f.name for f in found.bundle.features}
    assert not names & {"is_cod", "state=BIHAR"}
    assert "state=DELHI" in names


def test_calibration_uses_the_block_that_no_tree_saw(outcome) -> None:
    rows = build_rows(MARKET, QUICK_PLAN, None, silent)
    spoilt = rows.y_past.copy()
    spoilt[rows.blocks.calibrate] = 1 - spoilt[rows.blocks.calibrate]
    twin = fit_twin(replace(rows, y_past=spoilt), QUICK_PLAN)
    assert bytes(twin.model.booster.save_raw()) == bytes(outcome.twin.model.booster.save_raw())
    assert twin.calibrator != outcome.twin.calibrator


def test_every_feature_of_the_bundle_is_in_the_catalog_or_a_level(outcome) -> None:
    assert all(f.name in FEATURES or "=" in f.name for f in outcome.bundle.features)
