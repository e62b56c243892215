"""Economics and effect tables that cannot be meant are refused with the field and the way out."""

from dataclasses import fields, replace
from fractions import Fraction

import pytest

from data.contract import Action
from data.errors import Exit, PlanError
from serving.decisions.default_effects import DEFAULT_EFFECTS
from serving.decisions.economics import LARGEST_MINOR, Economics, default_economics
from serving.decisions.effects import Effect, Effects, PerCause, outcomes, shares

RUPEES = default_economics("INR")
SHARES = [f.name for f in fields(Economics) if f.name.endswith("_share")]
AMOUNTS = [f.name for f in fields(Economics) if f.name.endswith("_minor")]


def test_costs_are_known_for_rupees_only():
    assert RUPEES.currency == "INR"
    assert default_economics("USD") is None


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("value", [Fraction(-1, 100), Fraction(101, 100), 0.45, 45])
def test_a_share_is_an_exact_number_from_0_to_1(name, value):
    with pytest.raises(PlanError, match=f"MONEY001 economics inr-defaults-2, {name}") as refused:
        replace(RUPEES, **{name: value})
    assert refused.value.to_do
    assert refused.value.exit_status == Exit.PLAN


@pytest.mark.parametrize("name", AMOUNTS)
@pytest.mark.parametrize("value", [-1, 40.0, True, None, LARGEST_MINOR + 1])
def test_an_amount_is_a_whole_number_of_minor_units_not_below_0(name, value):
    with pytest.raises(PlanError, match=f"MONEY002 economics inr-defaults-2, {name}"):
        replace(RUPEES, **{name: value})


@pytest.mark.parametrize("value", [0, 7, 100.0])
def test_a_currency_has_a_known_number_of_minor_units(value):
    with pytest.raises(PlanError, match="minor_per_major"):
        replace(RUPEES, minor_per_major=value)


@pytest.mark.parametrize(("value_minor", "fee"), [(100_00, 35_00), (1750_00, 35_00), (1800_00, 36_00), (74550, 35_00)])
def test_the_cash_fee_is_the_larger_of_its_two_parts(value_minor, fee):
    assert RUPEES.cod_fee(value_minor) == fee


@pytest.mark.parametrize(("value_minor", "charged"), [(498_99, 49_00), (499_00, 0)])
def test_delivery_is_free_from_the_threshold_on(value_minor, charged):
    assert RUPEES.shipping_charged(value_minor) == charged


def test_a_discount_is_never_more_than_the_order():
    assert RUPEES.discount(Action.PREPAID_NUDGE, 30_00) == 30_00
    assert RUPEES.discount(Action.PREPAID_NUDGE, 300_00) == 40_00
    assert RUPEES.discount(Action.PREPAID_ONLY, 300_00) == 0


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (4000, "Rs 40"),
        (4050, "Rs 40.50"),
        (-7500, "-Rs 75"),
        (123456700, "Rs 1,234,567"),
        (Fraction(4473, 2), "Rs 22.365"),
    ],
)
def test_amounts_are_written_for_people(amount, text):
    assert RUPEES.text(amount) == text


def test_amounts_of_other_currencies_carry_their_code():
    assert replace(RUPEES, currency="JPY", minor_per_major=1).text(4000) == "JPY 4,000"


@pytest.mark.parametrize("name", [f.name for f in fields(Economics)])
def test_the_digest_changes_with_every_field(name):
    value = getattr(RUPEES, name)
    other = {"version": "v2", "currency": "XXX", "minor_per_major": 10}.get(name)
    changed = replace(RUPEES, **{name: other or value + (Fraction(1, 10**9) if name in SHARES else 1)})
    assert changed.digest() != RUPEES.digest()
    assert replace(changed, **{name: value}).digest() == RUPEES.digest()


def with_row(**changes: object) -> Effects:
    """The default effects with the call's row changed."""
    rows = tuple(
        replace(r, ranges=(), **changes) if r.action is Action.CONFIRM_CALL else r for r in DEFAULT_EFFECTS.rows
    )
    return replace(DEFAULT_EFFECTS, rows=rows)


@pytest.mark.parametrize(
    ("build", "where"),
    [
        (lambda: with_row(reached=shares("0 0 1.2 0 0 0")), "confirm_call.reached, address"),
        (lambda: with_row(cancels=shares("0 -.1 0 0 0 0")), "confirm_call.cancels, refusal"),
        (lambda: with_row(cancels=PerCause(fake=0.5)), "confirm_call.cancels, fake"),
        (lambda: with_row(cancels=shares("0 0 .7 0 0 0")), "confirm_call, address"),
        (lambda: with_row(pays=shares(".8 0 0 0 0 0")), "confirm_call, fake"),
        (lambda: with_row(repaired=shares("0 0 0 0 0 .1")), "confirm_call.repaired, good"),
        (lambda: with_row(delivered_if_paid=shares("0 0 0 0 0 .9")), "confirm_call.delivered_if_paid, good"),
        (lambda: replace(DEFAULT_EFFECTS, cause_mix=shares(".15 .52 .10 .20 .02 0")), "cause_mix"),
        (lambda: replace(DEFAULT_EFFECTS, cause_mix=shares(".15 .52 .10 .20 .02 .01")), "cause_mix"),
        (
            lambda: replace(DEFAULT_EFFECTS, paying_causal_share=Fraction(2), paying_causal_range=None),
            "paying_causal_share",
        ),
        (lambda: replace(DEFAULT_EFFECTS, rows=DEFAULT_EFFECTS.rows[1:]), "rows"),
        (lambda: replace(DEFAULT_EFFECTS, rows=()), "rows"),
        (lambda: replace(DEFAULT_EFFECTS, rows=DEFAULT_EFFECTS.rows * 2), "rows"),
        (lambda: replace(DEFAULT_EFFECTS, rows=(Effect(Action.ALLOW_COD, cod_withdrawn=True),)), "allow_cod"),
    ],
)
def test_effects_that_are_no_shares_of_the_orders_are_refused(build, where):
    with pytest.raises(PlanError, match=f"MONEY003 effects effects-2, {where}:"):
        build()


@pytest.mark.parametrize("q", [None, Fraction(0), Fraction(1, 50), Fraction(9, 10)])
@pytest.mark.parametrize("row", DEFAULT_EFFECTS.rows, ids=lambda row: row.action.name.lower())
def test_every_order_ends_in_exactly_one_way(row, q):
    for thousandths in range(0, 1001, 50):
        ends = vars(outcomes(Fraction(thousandths, 1000), q, row.action, DEFAULT_EFFECTS))
        assert sum(ends.values()) == 1
        assert min(ends.values()) >= 0


def test_every_effect_but_plain_shipping_is_marked_as_assumed():
    assert [row.action for row in DEFAULT_EFFECTS.rows if not row.assumed] == [Action.ALLOW_COD]
