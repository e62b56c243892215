"""Did the shops act as their policy says, with the chances that were noted, and is what followed the order's own?"""

from dataclasses import replace

import numpy as np
import pytest

from data.contract import Action
from data.errors import PlanError
from data.world.effects import BACK, CALLED_OFF, KEPT, UNPAID, act, outcome_under
from data.world.logging_plan import LoggingPlan
from data.world.policies import GENTLE, decide, old_score, propensities, recommended
from data.world.presets import NETWORK
from data.world.simulate import simulate
from tests.helpers.worlds import UNTIL, network, quiet

POLICIES = ("pincode_rule", "value_rule", "old_model")


@pytest.fixture(scope="module")
def inner():
    return network().inner


@pytest.fixture(scope="module")
def acted():
    """A small market whose shops used the old model and tried things out."""
    logging = LoggingPlan(policy="old_model", explore=0.10)
    return simulate(replace(NETWORK, logging=logging), 20_000, 7, UNTIL, quiet)


def test_without_a_policy_everything_is_shipped_for_certain(inner):
    assert (inner.handling.action == Action.ALLOW_COD).all()
    assert (inner.handling.propensity == 1).all()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_acts_on_some_cash_orders_and_on_no_paid_one(inner, policy):
    logged = decide(inner.market, inner.orders, LoggingPlan(policy=policy))
    acts = logged.action != Action.ALLOW_COD
    assert 0.01 < acts[inner.orders.cod].mean() < 0.25
    assert not acts[~inner.orders.cod].any()
    assert (logged.propensity[~inner.orders.cod] == 1).all()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("explore", [0.0, 0.2])
def test_every_action_is_taken_as_often_as_its_noted_chance(inner, policy, explore):
    plan = LoggingPlan(policy=policy, explore=explore)
    chances = propensities(recommended(inner.market, inner.orders, plan), inner.orders.cod, plan)
    logged = decide(inner.market, inner.orders, plan)
    assert chances.sum(axis=1) == pytest.approx(1.0)
    assert (logged.propensity == chances[np.arange(len(chances)), logged.action]).all()
    assert (logged.propensity > 0).all()
    for action in Action:
        p = chances[:, action]
        assert (logged.action == action).sum() == pytest.approx(p.sum(), abs=3.5 * np.sqrt((p * (1 - p)).sum()) + 1e-9)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_share_of_what_the_policy_would_act_upon_is_shipped(inner, policy):
    plan = LoggingPlan(policy=policy, holdout=0.3)
    wanted = (recommended(inner.market, inner.orders, plan) != Action.ALLOW_COD) & inner.orders.cod
    shipped = decide(inner.market, inner.orders, plan).action[wanted] == Action.ALLOW_COD
    assert shipped.mean() == pytest.approx(0.3, abs=0.03)


def test_only_gentle_actions_are_tried_at_random(inner):
    chances = propensities(np.full(2, int(Action.ALLOW_COD)), np.array([True, False]), LoggingPlan(explore=0.4))
    assert chances[0, list(GENTLE)] == pytest.approx([0.7, 0.1, 0.1, 0.1])
    assert chances[0, [Action.PARTIAL_PREPAID, Action.PREPAID_ONLY]].tolist() == [0, 0]
    assert chances[1].tolist() == [1, 0, 0, 0, 0, 0]


def test_the_rules_do_what_they_are_called(inner):
    dear = recommended(inner.market, inner.orders, LoggingPlan(policy="value_rule")) == Action.PREPAID_ONLY
    assert (dear == (inner.orders.baskets.list_value >= 1_999)).all()
    listed = recommended(inner.market, inner.orders, LoggingPlan(policy="pincode_rule")) == Action.PREPAID_ONLY
    place, geo = inner.orders.visits.place, inner.market.geography
    assert len(np.unique(place[listed])) + len(np.unique(place[~listed])) == len(np.unique(place))
    assert geo.refusal[place[listed]].mean() > geo.refusal[place[~listed]].mean() + 0.2
    assert 0.05 < geo.share[np.unique(place[listed])].sum() <= 0.12


def test_the_old_model_is_harsher_the_higher_its_score(inner):
    plan = LoggingPlan(policy="old_model")
    wanted = recommended(inner.market, inner.orders, plan)
    score, cod = old_score(inner.market, inner.orders, plan), inner.orders.cod
    ladder = (Action.PREPAID_ONLY, Action.CONFIRM_CALL, Action.PREPAID_NUDGE, Action.ALLOW_COD)
    least = [score[cod & (wanted == action)].min() for action in ladder]
    assert least == sorted(least, reverse=True)
    shares = [(wanted[cod] == action).mean() for action in ladder[:3]]
    assert shares == pytest.approx([0.03, 0.05, 0.08], abs=0.005)
    risk = network().truth["p_cod"].to_numpy()
    assert risk[wanted != Action.ALLOW_COD].mean() > risk[cod].mean() + 0.05


def test_what_happened_is_what_the_logged_action_leads_to(acted):
    inner, truth = acted.inner, acted.truth
    done = act(acted.preset.effects, inner.before, inner.handling.action)
    ends = np.array(["delivered", "rto", "cancelled", "cancelled", "cancelled", "lost"], object)[done.outcome]
    assert (ends == truth["outcome"].to_numpy(zero_copy_only=False)).all()
    for action in Action:
        rows = inner.handling.action == action
        assert (outcome_under(truth, action, acted.preset.effects).outcome[rows] == done.outcome[rows]).all()
    assert rows.sum() == (inner.handling.action == Action.PREPAID_ONLY).sum() > 50


def test_shops_see_the_action_and_the_answer(acted):
    """But for what is told after the market's end."""
    handling, kinds = acted.inner.handling, acted.news.to_pandas().type.value_counts()
    happened = {
        "action_taken": handling.action != Action.ALLOW_COD,
        "confirmed": handling.asked & handling.replied,
        "no_reply": handling.asked & ~handling.replied,
        "switched_to_prepaid": handling.switched,
    }
    for kind, who in happened.items():
        assert 30 < kinds[kind] <= who.sum() < kinds[kind] + 10


def test_weighing_by_propensity_finds_what_shipping_everything_would_have_cost(acted):
    """Orders shipped as they were, each counted 1 / propensity, stand for all cash orders."""
    truth, handling = acted.truth, acted.inner.handling
    would, cod = outcome_under(truth, Action.ALLOW_COD, acted.preset.effects).outcome, acted.inner.orders.cod
    among = cod & np.isin(would, (KEPT, BACK))
    weight = among * (handling.action == Action.ALLOW_COD) / handling.propensity
    found, true = (weight @ (would == BACK)) / weight.sum(), (would[among] == BACK).mean()
    naive = (would == BACK)[among & (handling.action == Action.ALLOW_COD)].mean()
    error = np.sqrt((weight**2).sum()) / weight.sum() * 0.5
    assert found == pytest.approx(true, abs=3 * error)
    assert true - naive > 0.005


def test_what_is_stopped_before_dispatch_is_cancelled(acted):
    inner = acted.inner
    done = act(acted.preset.effects, inner.before, inner.handling.action)
    assert (inner.handling.cancelled == np.isin(done.outcome, (CALLED_OFF, UNPAID))).all()
    assert inner.course.cancelled[inner.handling.cancelled].all()
    assert inner.handling.cancelled.sum() > 100


def test_a_policy_that_does_not_exist_is_refused(inner):
    with pytest.raises(PlanError, match="W002 policy: got oracle") as refusal:
        decide(inner.market, inner.orders, LoggingPlan(policy="oracle"))
    assert "old_model" in refusal.value.expected
