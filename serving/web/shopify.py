"""Our answer as Shopify's order risk: level, facts with their sentiment, and what to do. Standard library only: copy it too.

Written for the Admin API's `orderRiskAssessmentCreate` (2026-10): at most 20 facts, each cut at 256 characters by Shopify. The
`provider` is the app whose token sends it and is no field of the input. What Shopify recommends is Shopify's own to say;
`recommendation` is our advice in its words. Never CANCEL: no order is refused by a model alone.

>>> decision = {"status": "scored", "risk": {"p_rto": 0.41, "tier": "high", "evidence": {"level": "thin"}},
...             "recommendation": {"action": "confirm_call", "summary": "Call before dispatch"},
...             "reasons": [{"direction": "raises", "text": "Address names no building"}]}
>>> sent = assessment(decision, 450789469)["orderRiskAssessmentInput"]
>>> sent["orderId"], sent["riskLevel"], recommendation(decision)
('gid://shopify/Order/450789469', 'HIGH', 'INVESTIGATE')
>>> sent["facts"][1]
{'description': 'Address names no building', 'sentiment': 'NEGATIVE'}
"""

from collections.abc import Mapping
from typing import Any

MUTATION = """mutation rtoRisk($orderRiskAssessmentInput: OrderRiskAssessmentCreateInput!) {
  orderRiskAssessmentCreate(orderRiskAssessmentInput: $orderRiskAssessmentInput) {
    orderRiskAssessment { riskLevel provider { title } facts { description sentiment } }
    userErrors { field message }
  }
}"""
"""To be sent with `assessment(...)` as its variables; the token needs the scope `write_orders`."""

MOST_FACTS, LONGEST = 20, 256
LEVELS = {"low": "LOW", "medium": "MEDIUM", "high": "HIGH"}
UNKNOWN_LEVEL = "NONE"
SENTIMENTS = {"raises": "NEGATIVE", "lowers": "POSITIVE"}
ACCEPT, INVESTIGATE, NO_RECOMMENDATION = "ACCEPT", "INVESTIGATE", "NONE"
_DECIDED = ("scored", "rules_only")


def assessment(decision: Mapping[str, Any], order_id: str | int) -> dict[str, Any]:
    """The variables of MUTATION. order_id: Shopify's own, a number or a `gid://shopify/Order/...`.

    Of an order without a risk the level is NONE: nothing is made up.
    """
    risk = decision.get("risk")
    level = LEVELS.get(risk["tier"], UNKNOWN_LEVEL) if risk else UNKNOWN_LEVEL
    gid = str(order_id) if str(order_id).startswith("gid://") else f"gid://shopify/Order/{order_id}"
    return {"orderRiskAssessmentInput": {"orderId": gid, "riskLevel": level, "facts": facts(decision)}}


def facts(decision: Mapping[str, Any]) -> list[dict[str, str]]:
    """What the merchant reads beside the order: risk and advice first, then the reasons as they stand, strongest first."""
    advice, risk = decision["recommendation"]["summary"], decision.get("risk")
    if risk is None:
        return [_fact(f"No risk was worked out. Advice: {advice}", "NEUTRAL")]
    thin = ", on little history" if risk["evidence"]["level"] == "thin" else ""
    first = f"Chance that it comes back undelivered: {100 * risk['p_rto']:.0f} %{thin}. Advice: {advice}"
    sentiment = {"low": "POSITIVE", "high": "NEGATIVE"}.get(risk["tier"], "NEUTRAL")
    told = [_fact(one["text"], SENTIMENTS[one["direction"]]) for one in decision["reasons"]]
    return [_fact(first, sentiment), *told][:MOST_FACTS]


def recommendation(decision: Mapping[str, Any]) -> str:
    """ACCEPT where the advice is to ship as ordered, INVESTIGATE where something is to be asked of the buyer first, NONE where
    nothing decided but the default."""
    if decision["status"] not in _DECIDED:
        return NO_RECOMMENDATION
    return ACCEPT if decision["recommendation"]["action"] == "allow_cod" else INVESTIGATE


def _fact(text: str, sentiment: str) -> dict[str, str]:
    return {"description": text if len(text) <= LONGEST else text[: LONGEST - 1] + "…", "sentiment": sentiment}
