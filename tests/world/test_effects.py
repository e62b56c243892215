"""Does every action have one well-defined outcome for every order, and does its chance come out on average?"""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from data.contract import Action
from data.world.chances import cause_chances, p_rto, shocked
from data.world.effect_plan import Asking, Contact, EffectPlan
from data.world.effects import (
    BACK,
    CALLED_OFF,
    CANCELLED,
    KEPT,
    LOST,
    UNPAID,
    chances_under,
    outcome_under,
    potential_of,
    table_of,
)
from data.world.outcomes import CAUSES, Logits, base_logits, draw_luck
from data.world.streams import sigmoid
from data.world.visits import SOCIAL
from tests.helpers.worlds import network

PLAN = EffectPlan()
AFTER_ALL = network().preset.causes.delivered_after_all
ACTED = [action for action in Action if action != Action.ALLOW_COD]


@pytest.fixture(scope="module")
def truth():
    return network().truth


@pytest.fixture(scope="module")
def open_to(truth):
    """Cash orders that are neither cancelled nor lost whatever is done."""
    return truth["cod"].to_numpy() & np.isin(truth["ends_if_shipped"].to_numpy(), (KEPT, BACK))


def test_just_shipping_is_what_the_world_itself_did(truth):
    shipped = outcome_under(truth, Action.ALLOW_COD, PLAN)
    told = np.array(["delivered", "rto", "called_off", "unpaid", "cancelled", "lost"], object)[shipped.outcome]
    assert (told == truth["outcome"].to_numpy(zero_copy_only=False)).all()
    assert not shipped.answered.any()
    assert not shipped.paid.any()


@pytest.mark.parametrize("action", Action)
def test_the_chance_of_every_end_is_its_share_within_three_standard_errors(truth, open_to, action):
    chance = chances_under(truth, action, PLAN, AFTER_ALL)[open_to]
    outcome = outcome_under(truth, action, PLAN).outcome[open_to]
    assert chance.sum(axis=1) == pytest.approx(1.0)
    for end in (KEPT, BACK, CALLED_OFF, UNPAID):
        p = chance[:, end]
        assert (outcome == end).sum() == pytest.approx(p.sum(), abs=3 * np.sqrt((p * (1 - p)).sum()) + 1e-9)


@pytest.mark.parametrize("action", Action)
def test_the_chance_holds_among_the_risky_and_among_the_safe(truth, open_to, action):
    chance, back = chances_under(truth, action, PLAN, AFTER_ALL)[:, BACK], outcome_under(truth, action, PLAN).outcome
    risk = chances_under(truth, Action.ALLOW_COD, PLAN, AFTER_ALL)[:, BACK]
    for part in np.array_split(np.argsort(risk[open_to]), 5):
        rows = np.flatnonzero(open_to)[part]
        p = chance[rows]
        assert (back[rows] == BACK).sum() == pytest.approx(p.sum(), abs=3.5 * np.sqrt((p * (1 - p)).sum()) + 1e-9)


@pytest.mark.parametrize("action", Action)
def test_no_action_makes_a_good_order_come_back(truth, action):
    good = truth["ends_if_shipped"].to_numpy() == KEPT
    assert not (outcome_under(truth, action, PLAN).outcome[good] == BACK).any()


@pytest.mark.parametrize("action", Action)
def test_orders_paid_already_and_orders_cancelled_or_lost_are_as_they_were(truth, action):
    ends, cod = truth["ends_if_shipped"].to_numpy(), truth["cod"].to_numpy()
    outcome = outcome_under(truth, action, PLAN).outcome
    beyond = ~cod | np.isin(ends, (CANCELLED, LOST))
    assert (outcome[beyond] == ends[beyond]).all()


def test_what_ifs_share_their_luck_so_a_stronger_request_loses_the_same_buyers_and_more(truth, open_to):
    nudged, asked, part = (
        outcome_under(truth, action, PLAN).paid[open_to]
        for action in (Action.PREPAID_NUDGE, Action.PREPAID_ONLY, Action.PARTIAL_PREPAID)
    )
    assert (nudged <= asked).all()
    assert (asked <= part).all()
    assert nudged.sum() < asked.sum() < part.sum()
    message, call = (outcome_under(truth, a, PLAN).answered for a in (Action.CONFIRM_MESSAGE, Action.CONFIRM_CALL))
    assert (message <= call).all()


def test_a_what_if_reads_nothing_but_the_truth_as_written(truth, tmp_path):
    pq.write_table(truth, tmp_path / "truth.parquet")
    for action in Action:
        one, two = (outcome_under(t, action, PLAN) for t in (truth, pq.read_table(tmp_path / "truth.parquet")))
        for name in ("outcome", "cause", "answered", "paid"):
            assert np.array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("action", ACTED)
def test_each_action_works_by_cause_as_the_plan_says(truth, open_to, action):
    cause, done = truth["cause_if_shipped"].to_numpy(), outcome_under(truth, action, PLAN)
    way = PLAN.of(action)
    for number in range(len(CAUSES)):
        rows = open_to & (cause == number)
        error = 4 * 0.5 / np.sqrt(rows.sum())
        if isinstance(way, Contact):
            stopped = way.answers[number] * way.calls_off[number]
            assert done.answered[rows].mean() == pytest.approx(way.answers[number], abs=error)
            assert (done.outcome[rows] == CALLED_OFF).mean() == pytest.approx(stopped, abs=error)
        else:
            assert done.paid[rows].mean() == pytest.approx(way.pays[number], abs=error)
            left = 0 if way.cash_still_allowed else 1 - way.pays[number]
            assert (done.outcome[rows] == UNPAID).mean() == pytest.approx(left, abs=error)


@pytest.mark.parametrize("action", Action)
def test_a_table_of_chances_adds_up_and_a_good_order_never_comes_back(action):
    table = table_of(PLAN, action, AFTER_ALL)
    assert table.sum(axis=1) == pytest.approx(1.0)
    assert (table >= 0).all()
    assert table[0, BACK] == 0


def test_uplift_is_not_risk(truth, open_to):
    """The riskiest orders are not those a call helps most: fakes are called off, but hardly any courier's fault is."""
    saved = {}
    for number, name in enumerate(CAUSES):
        rows = open_to & (truth["cause_if_shipped"].to_numpy() == number)
        shipped, called = (outcome_under(truth, a, PLAN).outcome[rows] for a in (Action.ALLOW_COD, Action.CONFIRM_CALL))
        saved[name] = ((shipped == BACK) & (called == KEPT)).mean()
    assert saved["address"] > 0.3
    assert saved["fake"] == saved["courier"] == 0 < saved["refusal"] < saved["unreachable"] < saved["address"]


def test_an_ask_that_allows_cash_loses_nobody():
    for action in ACTED:
        way = PLAN.of(action)
        assert not isinstance(way, Asking) or way.cash_still_allowed is (action == Action.PREPAID_NUDGE)
    assert (outcome_under(network().truth, Action.PREPAID_NUDGE, PLAN).outcome != UNPAID).all()


# --- the chances by cause --------------------------------------------------------------------------------------------


def test_the_closed_form_is_the_share_of_each_cause_among_many_lives_of_one_order():
    plan, lives = network().preset.causes, 400_000
    one = Logits(*(np.full(lives, logit) for logit in (-2.0, -0.7, -2.2, -0.3)), courier=np.full(lives, 0.02))
    share = np.array([[0.2, 0.5, 0.3]])
    bucket = np.random.default_rng(5).choice(3, size=lives, p=share[0])
    fate = draw_luck(11, lives).fate(plan, one, bucket)
    single = Logits(one.fake[:1], one.refusal[:1], one.address[:1], one.attempt[:1], one.courier[:1])
    exact = cause_chances(single, share, plan)[0]
    drawn = np.bincount(fate.cause, minlength=6) / lives
    assert drawn == pytest.approx(exact, abs=3.5 * 0.5 / np.sqrt(lives))
    back = (fate.cause > 0) & ~fate.after_all
    assert back.mean() == pytest.approx(p_rto(exact[None], plan)[0], abs=3.5 * 0.5 / np.sqrt(lives))


def test_averages_over_an_orders_luck_are_exact_to_a_millionth():
    plan, logits = network().preset.causes, np.array([-6.123, -1.5007, 0.3331, 2.2])
    nodes, weights = np.polynomial.hermite_e.hermegauss(90)
    weights = weights / weights.sum()
    q = sigmoid(logits[:, None] + plan.unreachable_shock * nodes)
    average = shocked(plan)
    for times in range(3):
        assert average.missing(logits, times) == pytest.approx(q**times * (1 - q) @ weights, abs=1e-6)
    assert average.missing(logits, 3) == pytest.approx(q**3 @ weights, abs=1e-6)
    refused = sigmoid(logits[:, None] + plan.refusal_shock * nodes) @ weights
    assert average.refused(logits) == pytest.approx(refused, abs=1e-6)


def test_the_mean_chance_of_each_cause_is_its_share(truth):
    ended = np.isin(truth["ends_if_shipped"].to_numpy(), (KEPT, BACK))
    for number, name in enumerate(CAUSES[1:], start=1):
        what = {"refusal": "refusal", "none": None}.get(name, name)
        p = truth[f"p_{what}"].to_numpy()[ended]
        happened = (truth["cause_if_shipped"].to_numpy()[ended] == number).sum()
        assert happened == pytest.approx(p.sum(), abs=3 * np.sqrt((p * (1 - p)).sum()))


# --- interactions ----------------------------------------------------------------------------------------------------


def refusal_and_fake(**changes):
    """The two logits of a few orders of the network, all made alike in what is not told."""
    inner, few = network().inner, slice(0, 2_000)
    visits = replace(
        inner.orders.visits,
        **{
            k: np.full_like(getattr(inner.orders.visits, k), v)
            for k, v in changes.items()
            if hasattr(inner.orders.visits, k)
        },
    )
    baskets = replace(
        inner.orders.baskets,
        **{
            k: np.full_like(getattr(inner.orders.baskets, k), v)
            for k, v in changes.items()
            if hasattr(inner.orders.baskets, k)
        },
    )
    base = base_logits(inner.market, replace(inner.orders, visits=visits, baskets=baskets), inner.transit)
    return base.logits.refusal[few], base.logits.fake[few]


@pytest.mark.parametrize(
    ("which", "one", "other"),
    [
        (0, {"discount_share": (0.1, 0.5)}, {"n_prior": (0, 20)}),
        (0, {"list_value": (1_998, 2_000)}, {"new_to_merchant": (False, True)}),
        (1, {"night": (False, True)}, {"new_phone": (False, True)}),
    ],
)
def test_two_things_together_do_more_than_each_alone(which, one, other):
    (a, (a0, a1)), (b, (b0, b1)) = *one.items(), *other.items()
    always = {"source": SOCIAL}
    corners = [[refusal_and_fake(**always, **{a: x, b: y})[which] for y in (b0, b1)] for x in (a0, a1)]
    twice = corners[1][1] - corners[1][0] - corners[0][1] + corners[0][0]
    assert np.abs(twice).min() > 0.3


def test_history_saturates():
    first, second, tenth, hundredth = (refusal_and_fake(n_prior=n)[0] for n in (0, 1, 9, 99))
    assert (np.abs(first - second) > np.abs(tenth - hundredth)).mean() > 0.9


def test_the_truth_says_what_each_order_would_have_been(truth):
    before = potential_of(truth)
    assert (before.cause[before.ends == BACK] > 0).all()
    assert (before.cause[(before.ends == KEPT) & ~before.after_all] == 0).all()
