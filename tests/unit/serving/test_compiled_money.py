"""Is money in whole numbers the money of the definition, exactly, for every merchant, order and risk?"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.contract import Action
from serving.decisions.compiled import compile_money
from serving.decisions.default_effects import DEFAULT_EFFECTS
from serving.decisions.economics import LARGEST_MINOR, Economics, worth
from serving.decisions.effects import CAUSES, Effect, Effects, PerCause, outcomes, prepaid_outcomes
from serving.decisions.policy import default_policy, to_minor
from serving.scores.weighing import numerators

POLICY = default_policy("INR")
assert POLICY is not None
INR = POLICY.economics
AMOUNTS = st.integers(0, 500_00) | st.integers(0, LARGEST_MINOR)
VALUES = st.integers(1, 3_000_00) | st.integers(1, LARGEST_MINOR)
RISKS = st.integers(0, 1000)


def fractions(most: int = 1) -> st.SearchStrategy[Fraction]:
    return st.fractions(0, most, max_denominator=997)


@st.composite
def merchants(draw: st.DrawFn) -> Economics:
    named = {name: draw(AMOUNTS) for name in vars(INR) if name.endswith("_minor")}
    shares = {name: draw(fractions()) for name in vars(INR) if name.endswith("_share")}
    return replace(INR, **named, **shares)


@st.composite
def tables(draw: st.DrawFn) -> Effects:
    """The declared table, or one of its actions drawn anew with awkward shares."""
    action = draw(st.sampled_from(tuple(Action)[1:]))
    pays = {c: draw(fractions()) / 3 for c in (*CAUSES, "good")}
    some = {c: draw(fractions()) / 3 for c in (*CAUSES, "good")}
    drawn = Effect(
        action,
        reached=PerCause(**some),
        cancels=PerCause(**some),
        repaired=PerCause(**{c: some[c] for c in CAUSES}),
        pays=PerCause(**pays),
        delivered_if_paid=PerCause(**{c: draw(fractions()) for c in CAUSES}, good=Fraction(1)),
        cod_withdrawn=draw(st.booleans()),
    )
    rows = tuple(drawn if row.action == action else row for row in DEFAULT_EFFECTS.rows)
    rows, share = draw(st.sampled_from((rows, DEFAULT_EFFECTS.rows))), draw(fractions())
    return replace(DEFAULT_EFFECTS, rows=rows, paying_causal_share=share, paying_causal_range=None)


def bends(e: Economics) -> list[int]:
    near = [v + d for v in e.pieces() for d in (-1, 0, 1)]
    return [v for v in near if 1 <= v <= LARGEST_MINOR]


@settings(deadline=None, max_examples=50)
@given(e=merchants(), effects=tables(), k=RISKS, q=RISKS, value=VALUES, at_a_bend=st.integers(0, 40))
@example(INR, DEFAULT_EFFECTS, 410, 20, 745_00, 0)
def test_every_sum_is_the_definitions_exactly(e, effects, k, q, value, at_a_bend):
    if at_a_bend < 20:
        value = bends(e)[at_a_bend % len(bends(e))]
    money, p = compile_money(e, effects), Fraction(k, 1000)
    for sums, told in ((money.declared, None), (money.known, Fraction(q, 1000))):
        found = sums.at(k, min(k, q), value)
        wanted = [worth(outcomes(p, told, action, effects), action, value, e) for action in sums.actions]
        assert [Fraction(n, sums.denominator) for n in found] == wanted
        assert [sums.to_minor(n) for n in found] == [to_minor(exact) for exact in wanted]
    [paid] = money.prepaid.at(k, 0, value)
    assert Fraction(paid, money.prepaid.denominator) == worth(prepaid_outcomes(p), Action.ALLOW_COD, value, e)


@settings(deadline=None, max_examples=50)
@given(e=merchants(), effects=tables(), rows=st.lists(st.tuples(RISKS, RISKS, VALUES), min_size=1, max_size=8))
def test_many_orders_at_once_have_the_sums_of_each_alone(e, effects, rows):
    sums = compile_money(e, effects).known
    k, q, values = (list(column) for column in zip(*rows, strict=True))
    j = [min(pair) for pair in zip(k, q, strict=True)]
    together = numerators(sums, k, j, values)
    assert together.tolist() == [sums.at(*order) for order in zip(k, j, values, strict=True)]


def test_usual_orders_fit_into_64_bits_and_the_largest_do_not_overflow():
    sums = POLICY.compiled.known
    assert numerators(sums, [410], [20], [745_00]).dtype == np.int64
    assert numerators(sums, [1000], [1000], [LARGEST_MINOR]).tolist() == [sums.at(1000, 1000, LARGEST_MINOR)]
    assert numerators(replace(sums, denominator=2**70), [1], [1], [1]).dtype == object


def test_the_bound_on_numerators_holds_at_its_corners():
    sums = POLICY.compiled.known
    flat, sloped = sums.largest
    for value in (1, LARGEST_MINOR):
        for k in (0, 1000):
            assert all(abs(n) <= flat + sloped * value for n in sums.at(k, k, value))


@pytest.mark.parametrize("value", [1, 40_00, 499_00, 1750_00, LARGEST_MINOR])
def test_a_tie_of_sums_is_a_tie_in_whole_numbers(value):
    idle = replace(DEFAULT_EFFECTS, rows=(DEFAULT_EFFECTS.rows[0], Effect(Action.CONFIRM_CALL)))
    sums = compile_money(replace(INR, call_cost_minor=0), idle).declared
    for k in range(0, 1001, 37):
        ship, call = sums.at(k, k, value)
        assert ship == call


def test_the_version_and_digest_of_the_default_policy_are_what_they_were():
    assert POLICY.version == "inr-defaults-2+effects-2"
    assert POLICY.digest() == "sha256:3379ea7ef19b9d226a2e9ac2b3f2a5aec1faac46065c1869d2ec5a54e5ada994"
