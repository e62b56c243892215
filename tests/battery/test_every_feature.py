"""Does every feature of the catalog keep the promises that all features make?"""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import contract
from data.contract import DAY
from data.history import History, Told
from features.assemble import matrix
from features.catalog import (
    CATALOG,
    FEATURES,
    LEVELLED,
    Feature,
    FromOrder,
    Rate,
    Sum,
    feature_named,
    fingerprint,
    level_feature,
    needed_sums,
)
from features.keys import KINDS
from features.order import ORDER_FEATURES
from features.rates import Shrinkage
from features.replay import replay
from features.sources import Historical, Link
from serving.scores.reason_wording import WORDING
from tests.helpers.histories import T0, history_of, order_columns, worlds
from tests.helpers.markets import small_market
from training.plan import Plan, TreePlan
from training.trees import Model, Sample, Shape, fit_shape, probability

FLAT = Shrinkage.flat(0.25)
LEVELS = tuple(level_feature(column, "X") for column in LEVELLED)
EVERY = (*CATALOG, *LEVELS)
each = pytest.mark.parametrize("feature", EVERY, ids=lambda f: f.name)
in_history = pytest.mark.parametrize(
    "feature", [f for f in CATALOG if isinstance(f.source, Historical)], ids=lambda f: f.name
)


def column(feature: Feature, history: History, shrinkage: Shrinkage = FLAT) -> np.ndarray:
    """(n,) the feature as trained on, for each order of the history."""
    return matrix(history.orders, replay(history, needed_sums((feature,))), shrinkage, (feature,))[:, 0]


@each
def test_it_says_its_unit_its_reason_and_why(feature: Feature) -> None:
    assert feature.unit.strip()
    assert len(feature.why) > 5
    assert feature.reason in WORDING
    assert feature.monotone in (-1, 0, 1)
    assert feature.scale in ("linear", "log", "logit")


@each
def test_its_name_is_its_own_and_finds_it(feature: Feature) -> None:
    assert [f.name for f in EVERY].count(feature.name) == 1
    assert re.fullmatch(r"[a-z][a-z0-9_]*(=.+)?", feature.name)
    assert feature_named(feature.name) == feature


@each
def test_its_source_exists(feature: Feature) -> None:
    if isinstance(feature.source, FromOrder):
        assert feature.source.name in ORDER_FEATURES
    for one in needed_sums((feature,)):
        assert one.key in KINDS


@each
def test_it_reads_nothing_that_is_known_only_after_checkout(feature: Feature) -> None:
    read = (
        set()
        if not isinstance(feature.source, Historical)
        else {c for s in needed_sums((feature,)) for c in KINDS[s.key].columns}
    )
    late = {name for name, stage in contract.ORDER_STAGE.items() if stage > contract.Stage.CHECKOUT}
    assert not read & late


@each
def test_without_any_history_it_is_missing_or_zero_or_the_prior(feature: Feature) -> None:
    bare = history_of([{"order_id": "o1", "merchant_id": "m1", "placed_at": T0}], [])
    [value] = column(feature, bare)
    allowed = (0.0, 0.25) if isinstance(feature.source, Rate) else (0.0,)
    assert np.isnan(value) or value in allowed


@each
def test_of_no_orders_it_is_an_empty_column(feature: Feature) -> None:
    assert column(feature, history_of([], [])).shape == (0,)


@each
@given(world=worlds(), cut=st.integers(0, 60))
@settings(max_examples=4)
def test_news_known_later_never_moves_it(feature: Feature, world, cut: int) -> None:
    rows, told = world
    moment = T0 + cut * DAY // 4
    whole, past = history_of(rows, told), history_of(rows, [t for t in told if t.known_at < moment])
    young = whole.orders["placed_at"] <= moment
    np.testing.assert_array_equal(column(feature, whole)[young], column(feature, past)[young])


@in_history
def test_an_outcome_told_in_time_does_move_what_counts_outcomes(feature: Feature) -> None:
    """The negative control of the test above: every history feature reacts to news known before the order."""
    link = feature.source if isinstance(feature.source, Link) else None
    row = dict.fromkeys((*contract.TOKEN_COLUMNS,), 5) | dict.fromkeys(contract.KEPT_TEXT, "x") | {
        "amount_minor": 90_000.0, "merchant_id": "m1", "payment_method": "cod"}  # fmt: skip
    rows = [row | {"order_id": f"o{i}", "placed_at": T0 + 600_000_000 * i} for i in range(8)]
    if link:
        rows[0][link.measure] = 6
    told = [Told("m1", r["order_id"], "s", f"{r['order_id']}p", "placed", r["placed_at"], r["placed_at"]) for r in rows]
    ends = ("rto_started", "delivered", "cancelled", "rto_started", "rto_started", "switched_to_prepaid",
            "delivered")  # fmt: skip
    told += [
        Told("m1", f"o{i}", "s", f"e{i}", kind, T0 + 3_000_000_000 + i, T0 + 3_000_000_000 + i)
        for i, kind in enumerate(ends)
    ]
    for i, (order, reason) in enumerate((("o3", "unreachable"), ("o4", "bad_address"))):
        at = T0 + 2_900_000_000 + i
        told.append(Told("m1", order, "s", f"f{i}", "attempt_failed", at, at, reason))
    told.append(
        Told("m1", "o4", "s", "a", "action_taken", T0 + 1, T0 + 3_000_000_000, None, '{"action": "prepaid_only"}')
    )
    assert column(feature, history_of(rows, told))[-1] != column(feature, history_of(rows, []))[-1]


@each
@given(world=worlds(), order=st.randoms(use_true_random=False))
@settings(max_examples=4)
def test_order_of_arrival_does_not_matter_to_it(feature: Feature, world, order) -> None:
    rows, told = world
    straight = column(feature, history_of(rows, told))
    order.shuffle(rows)
    order.shuffle(told)
    np.testing.assert_array_equal(column(feature, history_of(rows, told)), straight)


@cache
def market() -> History:
    return small_market(400)


@each
def test_one_order_alone_gives_what_the_column_gives(feature: Feature) -> None:
    whole = market()
    readings = replay(whole, needed_sums((feature,)))
    bulk = matrix(whole.orders, readings, FLAT, (feature,))[:, 0]
    for i in range(0, len(whole), 40):
        part = slice(i, i + 1)
        orders, own = ({n: c[part] for n, c in columns.items()} for columns in (whole.orders, readings))
        np.testing.assert_array_equal(matrix(orders, own, FLAT, (feature,))[0, 0], bulk[i])


@each
def test_the_fingerprint_follows_its_meaning_not_its_prose(feature: Feature) -> None:
    whole = fingerprint(EVERY)

    def with_it(changed: Feature) -> str:
        return fingerprint(tuple(changed if f is feature else f for f in EVERY))

    assert with_it(replace(feature, why="told otherwise", reason="other", unit="other", monotone=0)) == whole
    other = Sum("phone", KINDS and needed_sums()[0].measure, 77)
    assert len({whole, with_it(replace(feature, source=other)), with_it(replace(feature, name="x")),
                with_it(replace(feature, scale="none")), fingerprint(EVERY[::-1])}) == 5  # fmt: skip


# signs, in a model that was trained on noise: the constraint alone must hold them

SIGNED = tuple(f for f in CATALOG if f.monotone)


@cache
def noise() -> Sample:
    """Rows in which every signed feature pushes against its sign, and a fifth of the values are missing."""
    rng = np.random.default_rng(3)
    x = np.round(np.abs(rng.normal(0.5, 0.4, (2_000, len(CATALOG)))), 3)
    push = sum(-f.monotone * x[:, j] for j, f in enumerate(CATALOG)) / 3
    y = (rng.random(len(x)) < probability(push - np.median(push) + rng.normal(0, 1, len(x)))).astype(float)
    return Sample(np.where(rng.random(x.shape) < 0.2, np.nan, x), y)


@cache
def model(share: float) -> Model:
    plan = Plan(trees=TreePlan(min_child_weight=1.0, learning_rate=0.3))
    return fit_shape(noise(), CATALOG, Shape(4, share, 3.0, 60), plan)


@pytest.mark.parametrize("share", [0.0, 0.4])
@pytest.mark.parametrize("feature", SIGNED, ids=lambda f: f.name)
def test_a_trained_model_never_moves_against_its_sign(feature: Feature, share: float) -> None:
    j = CATALOG.index(feature)
    x = noise().x[:500]
    x = x[~np.isnan(x[:, j])]
    rng = np.random.default_rng(5)
    for size in (1e-3, 0.1, 1.0, 50.0):
        more = x.copy()
        more[:, j] += size * rng.random(len(x))
        moved = (model(share).margin(more) - model(share).margin(x)) * feature.monotone
        assert moved.min() >= -1e-6  # float32 sums of trees


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_without_the_signs_the_same_noise_would_move_against_them(share: float) -> None:
    """The negative control of the test above."""
    free = tuple(replace(f, monotone=0) for f in CATALOG)
    loose = fit_shape(
        noise(), free, Shape(4, share, 3.0, 60), Plan(trees=TreePlan(min_child_weight=1.0, learning_rate=0.3))
    )
    j = CATALOG.index(FEATURES["buyer_refused_count"])
    x = noise().x[:500]
    more = x.copy()
    more[:, j] += 1.0
    assert np.nanmin(loose.margin(more) - loose.margin(x)) < -1e-3


def test_a_level_is_one_zero_or_missing() -> None:
    rows = [{"order_id": "o1", "placed_at": T0, "state": s} for s in ("BIHAR", "DELHI", None)]
    got = matrix(order_columns(rows), {}, FLAT, (level_feature("state", "BIHAR"),))[:, 0]
    np.testing.assert_array_equal(got, [1.0, 0.0, np.nan])
