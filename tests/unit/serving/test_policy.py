"""The action worth most is advised, ties go to the gentler, and more risk never earns a gentler action."""

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from data.contract import Action
from data.errors import PlanError
from serving.decisions.default_effects import DEFAULT_EFFECTS
from serving.decisions.economics import Economics
from serving.decisions.effects import HARSHNESS, Effect
from serving.decisions.explain import break_even, explain, explain_prepaid, ships_up_to
from serving.decisions.policy import (
    ActionValue,
    Policy,
    TierCuts,
    decide,
    default_policy,
    evaluate,
    evaluate_prepaid,
    risk,
    tier_of,
    to_minor,
)
from serving.decisions.stages import CHECKOUT, DISPATCH, PLACED, STAGES, default_at, offered

POLICY = default_policy("INR")
ROWS = {row.action: row for row in DEFAULT_EFFECTS.rows}
THOUSANDTHS = st.integers(0, 1000).map(lambda k: k / 1000)
VALUES = st.integers(1_00, 100_000_00)


def advice(p: float, q: float | None, value_minor: int, policy: Policy = POLICY, stage: str = CHECKOUT) -> Action:
    return decide(evaluate(p, q, value_minor, policy, stage), Action.ALLOW_COD).action


def ratio(low: int, high: int) -> st.SearchStrategy[Fraction]:
    return st.integers(low, high).map(lambda n: Fraction(n, 1000))


def economics() -> st.SearchStrategy[Economics]:
    """Merchants of every kind; hardly any of them is refused by `Policy`."""
    return st.builds(
        Economics,
        version=st.just("drawn"),
        currency=st.just("INR"),
        margin_share=ratio(50, 900),
        forward_minor=st.integers(0, 300_00),
        reverse_minor=st.integers(0, 300_00),
        packaging_minor=st.integers(0, 60_00),
        handling_minor=st.integers(0, 100_00),
        damage_share=ratio(0, 300),
        cod_fee_minor=st.integers(0, 100_00),
        cod_fee_share=ratio(0, 50),
        gateway_fee_share=ratio(0, 40),
        call_cost_minor=st.integers(0, 80_00),
        message_cost_minor=st.integers(0, 10_00),
        nudge_discount_minor=st.integers(0, 150_00),
        advance_minor=st.integers(0, 400_00),
        advance_kept_share=ratio(0, 1000),
        shipping_charged_minor=st.integers(0, 120_00),
        shipping_free_from_minor=st.integers(0, 1500_00),
        ltv_minor=st.integers(0, 300_00),
        goodwill_minor=st.integers(0, 300_00),
    )


def accepted(e: Economics) -> Policy:
    try:
        return Policy(e, DEFAULT_EFFECTS)
    except PlanError:
        assume(False)
        raise


@pytest.mark.parametrize("value", [*range(100, 1000, 150), 499, *range(1000, 10001, 1500)])
@pytest.mark.parametrize("q", [None, 0.0, 0.05])
def test_more_risk_never_earns_a_gentler_action_with_the_default_costs(value, q):
    start = 50 if q else 0
    ranks = [HARSHNESS[advice(k / 1000, q, value * 100)] for k in range(start, 1001, 10)]
    assert ranks == sorted(ranks)


@settings(suppress_health_check=[HealthCheck.filter_too_much], deadline=None, max_examples=60)
@given(
    e=economics(),
    risks=st.lists(THOUSANDTHS, min_size=3, max_size=3).map(sorted),
    value_minor=VALUES,
    told=st.booleans(),
    stage=st.sampled_from(STAGES),
)
def test_more_risk_never_earns_a_gentler_action_with_any_costs_accepted(e, risks, value_minor, told, stage):
    q, p, more = risks
    policy, value = accepted(e), max(value_minor, e.forward_minor)
    calm, worse = (advice(risk_, q if told else None, value, policy, stage) for risk_ in (p, more))
    assert HARSHNESS[worse] >= HARSHNESS[calm]


def unchecked(e: Economics, effects=DEFAULT_EFFECTS) -> Policy:
    """A policy that leaves nothing out."""
    policy = object.__new__(Policy)
    vars(policy).update(economics=e, effects=effects, left_out=())
    return policy


def test_rows_that_do_not_go_from_gentle_to_harsh_are_refused():
    swapped = tuple(DEFAULT_EFFECTS.rows[i] for i in (0, 3, 1, 2, 4, 5))
    with pytest.raises(PlanError, match=r"MONEY003 .*rows: got \['ALLOW_COD', 'CONFIRM_CALL'"):
        replace(DEFAULT_EFFECTS, rows=swapped)


def test_where_two_actions_would_break_the_promise_the_harsher_is_not_offered():
    # a small cart that hardly earns: asking for all of it is worth more than asking for a part, but for risky buyers
    thin = replace(
        POLICY.economics, margin_share=Fraction("0.298"), ltv_minor=0, goodwill_minor=30_00, advance_minor=199_00,
        advance_kept_share=Fraction(1), nudge_discount_minor=100_00,
    )  # fmt: skip
    policy, value = Policy(thin, DEFAULT_EFFECTS), 223_70
    [one] = [o for o in policy.left_out if o.first <= value <= o.last]
    assert (one.action, one.gentler) == (Action.PREPAID_ONLY, Action.PARTIAL_PREPAID)
    for at, offered_there in ((value, False), (one.last, False), (one.last + 1, True)):
        assert (Action.PREPAID_ONLY in [v.action for v in evaluate(0.4, None, at, policy)]) == offered_there
    without_the_check = unchecked(thin)
    found = [advice(k / 1000, None, value, without_the_check) for k in range(0, 1001, 10)]
    assert list(dict.fromkeys(found))[-2:] == [Action.PREPAID_ONLY, Action.PARTIAL_PREPAID]


def test_the_promise_is_checked_with_a_known_risk_if_prepaid_too():
    # if paying itself changed nothing, every would-be RTO who takes the offer would cost the payment fee as well
    useless = replace(DEFAULT_EFFECTS, paying_causal_share=Fraction(0), paying_causal_range=None)
    with pytest.raises(PlanError, match=r"MONEY004 .*prepaid_nudge is worth more than plain shipping"):
        Policy(replace(POLICY.economics, nudge_discount_minor=0), useless)


def test_costs_under_which_a_delivery_loses_more_than_an_rto_are_refused():
    absurd = replace(POLICY.economics, cod_fee_minor=900_00)
    with pytest.raises(PlanError, match=r"MONEY004 .*at an order value of Rs"):
        Policy(absurd, DEFAULT_EFFECTS)


@settings(deadline=None, max_examples=40)
@given(e=economics(), p=THOUSANDTHS, q=st.none() | THOUSANDTHS, value_minor=VALUES)
def test_the_lines_add_up_to_the_value_shown(e, p, q, value_minor):
    policy = unchecked(e)
    for value in evaluate(p, q, value_minor, policy):
        terms = explain(p, q, value_minor, value.action, policy)
        assert sum(term.minor for term in terms) == value.expected_value_minor


@given(p=THOUSANDTHS, value_minor=VALUES)
def test_the_lines_of_a_prepaid_order_add_up_too(p, value_minor):
    (value,) = evaluate_prepaid(p, value_minor, POLICY)
    assert sum(term.minor for term in explain_prepaid(p, value_minor, POLICY)) == value.expected_value_minor


def test_a_line_names_its_multiplication():
    terms = {term.name: term for term in explain(0.41, None, 745_00, Action.ALLOW_COD, POLICY)}
    assert terms["reverse shipping"].formula == "0.41 come back x -Rs 65"
    assert terms["reverse shipping"].minor == -26_65
    assert terms["rounding"].minor == -1


def test_actions_come_gentle_to_harsh_with_what_they_cost():
    told = [(v.action.name.lower(), v.cost_minor, v.summary) for v in evaluate(0.41, None, 745_00, POLICY)]
    assert told == [
        ("allow_cod", 0, "Ship cash on delivery"),
        ("prepaid_nudge", 40_00, "Offer Rs 40 off for paying online"),
        ("confirm_message", 1_00, "Ask by message before dispatch"),
        ("confirm_call", 18_00, "Call before dispatch"),
        ("partial_prepaid", 0, "Ask for Rs 99 up front, the rest in cash"),
        ("prepaid_only", 0, "Ask for payment up front"),
    ]


def test_assumed_shares_say_whether_the_risk_if_prepaid_was_known():
    unknown, known = (evaluate(0.41, q, 745_00, POLICY) for q in (None, 0.03))
    assert unknown[1].assumes == {
        "takeup": 0.1563,
        "takeup_good": 0.2,
        "takeup_rto": 0.0935,
        "rto_after_paying_declared": 0.248,
    }
    assert known[1].assumes["paying_causal_share"] == 0.85
    assert "rto_after_paying_declared" not in known[1].assumes
    assert unknown[3].assumes == {"rto_cancelled": 0.1748, "rto_repaired": 0.1134, "good_cancelled": 0.015}
    assert known[4].assumes == unknown[4].assumes == {  # of a part payment the risk if prepaid says nothing
        "takeup": 0.4347, "takeup_good": 0.55, "takeup_rto": 0.2689, "rto_after_paying_declared": 0.44,
    }  # fmt: skip
    assert unknown[0].assumes == {}


def test_an_order_already_paid_for_is_shipped():
    values = evaluate_prepaid(0.9, 745_00, POLICY)
    decision = decide(values, Action.PREPAID_ONLY)
    assert [v.action for v in values] == [Action.ALLOW_COD]
    assert (decision.action, decision.runner_up) == (Action.ALLOW_COD, None)
    assert decision.summary == "Ship, it is paid for"


def worth_of(action: Action, exact: Fraction) -> ActionValue:
    return ActionValue(action, to_minor(exact), 0, {}, action.name, exact)


def test_the_best_is_advised_and_the_second_named():
    values = tuple(worth_of(a, Fraction(n)) for a, n in zip(HARSHNESS, (5, 9, 7, 1, 0, 2), strict=True))
    decision = decide(values, Action.ALLOW_COD)
    assert (decision.action, decision.runner_up) == (Action.PREPAID_NUDGE, Action.CONFIRM_MESSAGE)
    assert (decision.decided_by, decision.summary, decision.values) == ("expected_value", "PREPAID_NUDGE", values)


def test_a_tie_goes_to_the_gentler_and_the_harsher_is_second():
    values = [worth_of(a, Fraction(7, 3)) for a in HARSHNESS]
    decision = decide(values, Action.PREPAID_ONLY)
    assert (decision.action, decision.runner_up) == (Action.ALLOW_COD, Action.PREPAID_NUDGE)


def test_a_tie_is_exact_through_the_whole_sum():
    # a call that changes nothing and costs nothing is worth exactly a shipment, at every risk
    effects = replace(DEFAULT_EFFECTS, rows=(ROWS[Action.ALLOW_COD], Effect(Action.CONFIRM_CALL)))
    policy = Policy(replace(POLICY.economics, call_cost_minor=0), effects)
    assert {advice(k / 1000, None, 333_33, policy) for k in range(0, 1001, 7)} == {Action.ALLOW_COD}


def test_less_than_a_minor_unit_decides_before_rounding():
    values = [worth_of(Action.ALLOW_COD, Fraction(100)), worth_of(Action.PREPAID_ONLY, Fraction(401, 4))]
    assert values[0].expected_value_minor == values[1].expected_value_minor
    assert decide(values, Action.ALLOW_COD).action is Action.PREPAID_ONLY


@pytest.mark.parametrize(("exact", "minor"), [("0.5", 1), ("0.49", 0), ("-0.5", 0), ("-0.51", -1), ("7", 7)])
def test_money_is_rounded_to_the_nearest_minor_unit_halves_up(exact, minor):
    assert to_minor(Fraction(exact)) == minor


def test_without_costs_the_merchants_default_is_advised():
    assert default_policy("USD") is None
    decision = decide((), Action.PREPAID_NUDGE)
    assert (decision.action, decision.decided_by, decision.runner_up) == (Action.PREPAID_NUDGE, "default", None)
    assert decision.summary == "Offer a discount for paying online"


@given(k=st.integers(0, 1000))
def test_a_rounded_risk_is_read_exactly(k):
    assert risk(k / 1000) == Fraction(k, 1000)


@pytest.mark.parametrize("p", [-0.001, 1.001, float("nan"), float("inf")])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(PlanError, match="MONEY005 risk"):
        evaluate(p, None, 745_00, POLICY)
    with pytest.raises(PlanError, match="MONEY005 risk"):
        evaluate(0.5, p, 745_00, POLICY)


@pytest.mark.parametrize("value_minor", [0, -1, 745.0, None, 10**12 + 1])
def test_an_order_without_a_usable_value_is_refused(value_minor):
    for call in (evaluate, explain):
        with pytest.raises(PlanError, match="MONEY005 value of the order"):
            call(0.5, None, value_minor, *([Action.ALLOW_COD] if call is explain else []), POLICY)


def test_a_risk_if_prepaid_above_the_risk_means_paying_does_not_help():
    same, above = (evaluate(0.2, q, 745_00, POLICY) for q in (0.2, 0.7))
    assert [v.exact for v in same] == [v.exact for v in above]


@given(p=THOUSANDTHS, value_minor=VALUES)
def test_a_smaller_risk_if_prepaid_is_never_worse(p, value_minor):
    q = round(p / 2, 3)
    half, none = (evaluate(p, risk_, value_minor, POLICY) for risk_ in (q, 0.0))
    assert all(lower.exact >= higher.exact for lower, higher in zip(none, half, strict=True))


@pytest.mark.parametrize("value_minor", [200_00, 745_00, 5000_00])
def test_a_break_even_is_the_first_thousandth_that_beats_shipping(value_minor):
    for action, p in break_even(POLICY, value_minor).items():
        before, at = ({v.action: v.exact for v in evaluate(x, None, value_minor, POLICY)} for x in (p - 0.001, p))
        assert at[action] > at[Action.ALLOW_COD]
        assert before[action] <= before[Action.ALLOW_COD]


def test_an_action_too_dear_for_any_risk_has_no_break_even():
    dear = Policy(replace(POLICY.economics, call_cost_minor=900_00), DEFAULT_EFFECTS)
    assert break_even(dear, 745_00)[Action.CONFIRM_CALL] is None


def test_an_action_that_changes_nothing_never_beats_shipping():
    effects = replace(DEFAULT_EFFECTS, rows=(ROWS[Action.ALLOW_COD], Effect(Action.CONFIRM_CALL)))
    policy = Policy(replace(POLICY.economics, call_cost_minor=0), effects)
    assert break_even(policy, 745_00) == {Action.CONFIRM_CALL: None}


def test_shipping_that_always_loses_is_worth_it_at_no_risk():
    losing = Policy(replace(POLICY.economics, margin_share=Fraction(0), ltv_minor=0), DEFAULT_EFFECTS)
    assert ships_up_to(losing, 745_00) is None


@pytest.mark.parametrize(("p", "tier"), [(0, "low"), (0.199, "low"), (0.2, "medium"), (0.399, "medium"), (0.4, "high")])
def test_a_risk_on_a_cut_belongs_to_the_higher_tier(p, tier):
    assert tier_of(p) == tier


def test_tiers_can_be_cut_elsewhere_but_not_upside_down():
    assert tier_of(0.15, TierCuts(0.1, 0.3)) == "medium"
    with pytest.raises(PlanError, match="MONEY006 tiers"):
        TierCuts(0.4, 0.2)


def test_the_version_names_both_parts_and_the_digest_covers_them():
    assert POLICY.version == "inr-defaults-2+effects-2"
    dearer = Policy(replace(POLICY.economics, forward_minor=76_00), DEFAULT_EFFECTS)
    kinder = Policy(POLICY.economics, replace(DEFAULT_EFFECTS, paying_causal_share=Fraction("0.8")))
    assert len({POLICY.digest(), dearer.digest(), kinder.digest(), default_policy("INR").digest()}) == 3


def test_deciding_needs_no_data_frame_and_no_model():
    code = (
        "import sys, serving.decisions.explain; print({'pandas', 'sklearn', 'xgboost', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("value", [200_00, 499_00, 745_00, 5000_00])
@pytest.mark.parametrize("stage", STAGES)
def test_more_risk_never_earns_a_gentler_action_at_any_stage(stage, value):
    ranks = [HARSHNESS[advice(k / 1000, None, value, stage=stage)] for k in range(0, 1001, 10)]
    assert ranks == sorted(ranks)


def test_a_stage_takes_away_what_can_no_longer_be_done_and_shipping_never():
    every = tuple(Action)
    assert offered(CHECKOUT, every) == every
    assert set(every) - set(offered(PLACED, every)) == {Action.PARTIAL_PREPAID, Action.PREPAID_ONLY}
    assert set(offered(PLACED, every)) - set(offered(DISPATCH, every)) == {Action.PREPAID_NUDGE}
    told = [a.action for a in evaluate(0.4, None, 745_00, POLICY, DISPATCH)]
    assert told == [Action.ALLOW_COD, Action.CONFIRM_MESSAGE, Action.CONFIRM_CALL]
    with pytest.raises(KeyError):
        offered("later", every)


@pytest.mark.parametrize("stage", STAGES)
def test_a_default_that_is_not_offered_any_more_becomes_shipping(stage):
    for action in Action:
        kept = default_at(stage, action)
        assert kept == (action if action in offered(stage, tuple(Action)) else Action.ALLOW_COD)
