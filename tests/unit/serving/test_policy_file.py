"""A policy as written: what is left out is as shipped, what cannot be meant is refused with the field and the way out."""

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from data.contract import Action
from data.errors import Exit, PlanError
from serving.decisions.default_costs import ITEMS
from serving.decisions.policy import default_policy
from serving.policies.policy_file import Named, draft, money_of, read_toml
from serving.policies.policy_rules import caps_of, rules_of

POLICY = default_policy("INR")
assert POLICY is not None
NAMED = Named("acme", "INR", "policy.toml")


def money(text: str, named: Named = NAMED):
    return money_of(read_toml(text, named.where), named)[0]


def test_the_draft_says_what_is_shipped_with_the_source_of_every_number():
    text = draft(NAMED)
    assert replace(money(text).economics, version="inr-defaults-2") == POLICY.economics
    assert money(text).effects == POLICY.effects
    for item in ITEMS:
        assert item.source in text
    live = re.sub(
        r"^# (\[effects|version|cause_mix|paying|reached|cancels|repaired|pays|delivered)", r"\1", text, flags=re.M
    )
    effects = money(live).effects
    assert effects.version == "mine-1"
    assert (
        replace(
            effects,
            version="effects-2",
            rows=tuple(replace(r, assumed=r.action != Action.ALLOW_COD) for r in effects.rows),
        )
        == POLICY.effects
    )
    for mark in ("[[rules]]", "[[lists]]", "[caps]", "[caps.prepaid_only]", "[economics.by_category.shoes]"):
        assert f"# {mark}" in text, "what can be said later is shown"
    whole = "\n".join(
        line.removeprefix("# ") if not line.startswith(("# The", "# Try", "# What", "# your")) else line
        for line in text.splitlines()
    )
    assert len(rules_of(read_toml(whole, "policy.toml"), NAMED)) == 1, "and can be read once the marks are taken away"


def test_what_is_left_out_is_as_shipped():
    found = money(
        '[economics]\nmargin_share = 0.3\n[effects]\nversion = "mine"\n[effects.confirm_call.reached]\ngood = [0.5, 0.4, 0.6]'
    )
    assert found.economics.margin_share == Fraction(3, 10)
    assert found.economics.forward_minor == 75_00
    call = {row.action: row for row in found.effects.rows}[Action.CONFIRM_CALL]
    assert (call.reached.good, call.reached.fake) == (Fraction(1, 2), 0)
    assert {one.part for one in call.ranges} == {"reached", "cancels", "repaired"}
    assert call.assumed


def test_other_goods_may_have_other_costs():
    said = read_toml(
        "[economics]\nmargin_share = 0.3\n[economics.by_category.Shoes]\nmargin_share = 0.6", "policy.toml"
    )
    whole, parts = money_of(said, NAMED)
    assert (whole.economics.margin_share, parts["shoes"].economics.margin_share) == (Fraction(3, 10), Fraction(6, 10))


def test_what_is_not_offered_is_not_weighed():
    assert money('offered = ["confirm_call"]').sums(False, "checkout").actions == (
        Action.ALLOW_COD,
        Action.CONFIRM_CALL,
    )


REFUSED = [
    ("[economics]\nmargin_share = ", "POLICY001", "policy.toml"),
    ("[economics]\nmarign_share = 0.4", "POLICY002", "policy.toml, economics.marign_share"),
    ("[economics]\nforward_minor = 75.5", "POLICY002", "policy.toml, economics.forward_minor"),
    ('[economics]\nmargin_share = "45"', "POLICY002", "policy.toml, economics.margin_share"),
    ("[caps.prepaid_only]\nshare = true", "POLICY002", "policy.toml, caps.prepaid_only.share"),
    ('offered = ["refund"]', "POLICY002", "policy.toml, offered.0"),
    ('offered = ["allow_cod", "allow_cod"]', "POLICY003", "policy.toml, offered"),
    ('[economics]\nunusual = ["rent"]', "POLICY003", "policy.toml, economics.unusual"),
    ("[economics]\nmargin_share = -0.1", "MONEY001", "economics acme, margin_share"),
    ("[economics]\nforward_minor = -1", "MONEY002", "economics acme, forward_minor"),
    ("[economics]\nforward_minor = 75", "MONEY007", "policy.toml, economics.forward_minor"),
    ("[economics]\nmargin_share = 45", "MONEY007", "policy.toml, economics.margin_share"),
    ("[economics.by_category.shoes]\nreverse_minor = 999999", "MONEY007", "policy.toml, economics.reverse_minor"),
    ('[effects]\nversion = "m"\ncause_mix = { fake = 0.5 }', "MONEY003", "effects m, cause_mix"),
    ('[effects]\nversion = "m"\n[effects.confirm_call]\ncancels = { fake = 0.9 }\nrepaired = { fake = 0.2 }', "MONEY003", "effects m, confirm_call, fake"),
    ('[effects]\nversion = "m"\n[effects.confirm_call]\nreached = { fake = [0.5, 0.6, 0.7] }', "MONEY003", "effects m, confirm_call.reached, fake"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "where"), REFUSED, ids=[f"{code} {where}" for _, code, where in REFUSED])
def test_what_cannot_be_meant_is_refused_with_where_expected_and_what_to_do(text: str, code: str, where: str):
    with pytest.raises(PlanError) as refused:
        money(text)
    error = refused.value
    assert (error.code, error.where) == (code, where)
    assert error.got
    assert error.expected
    assert error.exit_status == Exit.PLAN


def test_what_is_past_belief_can_be_meant_if_it_is_said_twice():
    assert money('[economics]\nforward_minor = 75\nunusual = ["forward_minor"]').economics.forward_minor == 75
    assert money("[economics]\nforward_minor = 0").economics.forward_minor == 0, "somebody else pays"


def test_of_another_currency_every_item_must_be_told():
    with pytest.raises(PlanError, match=r"MONEY008 economics acme, margin_share"):
        money("", Named("acme", "IDR", "policy.toml"))
    every = "\n".join(
        f"{item.name} = {float(item.default) if item.name.endswith('_share') else item.default}" for item in ITEMS
    )
    assert money(f"[economics]\n{every}", Named("acme", "JPY", "policy.toml")).economics.minor_per_major == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[[rules]]\nid = "a"\nwhen = "value >"\nthen = "allow_cod"', "RULE001"),
        ('[[rules]]\nid = "a"\nwhen = "value > 1"\nthen = "allow_cod"\n' * 2, "RULE005"),
        ('offered = ["confirm_call"]\n[[rules]]\nid = "a"\nwhen = "value > 1"\nthen = "prepaid_only"', "RULE005"),
        ("[caps.prepaid_only]\nshare = 8", "CAP001"),
    ],
)
def test_rules_and_caps_that_cannot_be_kept_are_refused(text: str, code: str):
    said = read_toml(text, "policy.toml")
    with pytest.raises(PlanError) as refused:
        _ = (rules_of(said, NAMED), caps_of(said, NAMED))
    assert refused.value.code == code
