"""Our answer in Shopify's order-risk fields: does it say what we said, within what Shopify takes?"""

import doctest
from typing import Any

import httpx
import jsonschema
import pytest

from data.contract import Action
from serving.web import shopify
from tests.helpers.installation import an_order, ask

RISK_LEVELS = ("HIGH", "LOW", "MEDIUM", "NONE", "PENDING")
RECOMMENDATIONS = ("ACCEPT", "CANCEL", "INVESTIGATE", "NONE")
INPUT = {
    "type": "object", "additionalProperties": False, "required": ["orderId", "riskLevel", "facts"],
    "properties": {
        "orderId": {"type": "string", "pattern": r"^gid://shopify/Order/\d+$"},
        "riskLevel": {"enum": list(RISK_LEVELS)},
        "facts": {"type": "array", "maxItems": 20, "items": {
            "type": "object", "additionalProperties": False, "required": ["description", "sentiment"],
            "properties": {"description": {"type": "string", "minLength": 1, "maxLength": 256},
                           "sentiment": {"enum": ["NEGATIVE", "NEUTRAL", "POSITIVE"]}}}},
    },
}  # fmt: skip
"""`OrderRiskAssessmentCreateInput` of the Admin API 2026-10, as its reference has it."""


def input_of(decision: dict[str, Any], order_id: str | int = 450_789_469) -> dict[str, Any]:
    """What would be sent, checked against what Shopify takes."""
    sent: dict[str, Any] = shopify.assessment(decision, order_id)["orderRiskAssessmentInput"]
    jsonschema.validate(sent, INPUT)
    return sent


@pytest.mark.parametrize(("tier", "level"), [("low", "LOW"), ("medium", "MEDIUM"), ("high", "HIGH")])
def test_the_tier_is_the_level(shared: httpx.Client, tier: str, level: str):
    decision = shared.post("/v1/score", json=ask(an_order(), test=tier)).json()
    assert input_of(decision)["riskLevel"] == level


def test_reasons_are_facts_in_their_order_and_say_which_way_they_push(shared: httpx.Client):
    decision = shared.post("/v1/score", json=ask(an_order(), explain=20)).json()
    sent = input_of(decision, "gid://shopify/Order/7")
    assert sent["orderId"] == "gid://shopify/Order/7"
    first, *rest = sent["facts"]
    assert f"{100 * decision['risk']['p_rto']:.0f} %" in first["description"]
    assert decision["recommendation"]["summary"] in first["description"]
    assert [one["description"] for one in rest] == [one["text"] for one in decision["reasons"]][:19]
    told = [(one["direction"], fact["sentiment"]) for one, fact in zip(decision["reasons"], rest, strict=False)]
    assert set(told) == {("raises", "NEGATIVE"), ("lowers", "POSITIVE")}


@pytest.mark.parametrize("status", ["not_evaluated", "fallback"])
def test_without_a_risk_there_is_no_level_and_no_recommendation(shared: httpx.Client, status: str):
    decision = shared.post("/v1/score", json=ask(an_order(), test=status)).json()
    sent = input_of(decision)
    assert (sent["riskLevel"], [one["sentiment"] for one in sent["facts"]]) == ("NONE", ["NEUTRAL"])
    assert shopify.recommendation(decision) == "NONE"


@pytest.mark.parametrize("action", [one.name.lower() for one in Action])
def test_no_action_of_ours_is_told_to_cancel(shared: httpx.Client, action: str):
    decision = shared.post("/v1/score", json=ask(an_order(), test=action)).json()
    told = shopify.recommendation(decision)
    assert told == ("ACCEPT" if action == "allow_cod" else "INVESTIGATE")
    assert told in RECOMMENDATIONS


def test_what_is_longer_than_shopify_takes_is_cut_and_says_so(shared: httpx.Client):
    decision = shared.post("/v1/score", json=ask(an_order(), explain=1)).json()
    many = decision | {"reasons": [{"direction": "raises", "text": "x" * 400}] * 30}
    sent = input_of(many)
    assert len(sent["facts"]) == 20
    assert sent["facts"][1]["description"].endswith("x…")


def test_its_example_is_true():
    done = doctest.testmod(shopify)
    assert (done.failed, done.attempted > 2) == (0, True)
