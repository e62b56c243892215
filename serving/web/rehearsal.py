"""Test orders: answers forced by `options.test`, so that an integrator sees each of them before a buyer does.

Only the option forces: it is set by the program that calls, no word a buyer types can reach it. A forced answer needs
no model and no history, is marked `"test": true`, and is neither kept as a decision nor counted.
"""

import asyncio
import secrets
from dataclasses import replace
from typing import Any

import numpy as np

from data.contract import Action
from serving.decisions.economics import LARGEST_MINOR
from serving.decisions.policy import Decision, Policy, decide, evaluate, in_thousandths, in_words, tier_of
from serving.decisions.shop import ShopPolicy, shipped
from serving.decisions.stages import DISPATCH
from serving.scores.answering import advice
from serving.scores.reason_wording import GROUP_OF, to_buyer
from serving.web import stages
from serving.web.http import Refusal
from serving.web.schema import TEST_ERRORS, TEST_SLOW, TEST_STATUSES, TEST_TIERS, OrderIn

SLOW_S = 2.0
"""How long a test order makes its caller wait: longer than any checkout should."""
_RISKS = {"low": (0.05, 0.01), "medium": (0.3, 0.03), "high": (0.6, 0.05)}
_SOME_GOODS = 100_000  # minor units, where the order has no amount
_WARNING = {"code": "test_order", "text": "options.test forced this answer: nothing was looked up, nothing is kept"}
_MODEL = {"name": "test", "version": "0", "digest": "test", "features": "test", "trained_through": "2000-01-01"}


async def rehearse(test: str) -> None:
    """Wait, or refuse, if that is what the test asks for. Raises the Refusal it names."""
    if test in TEST_ERRORS:
        status, code = TEST_ERRORS[test]
        field = "/options/test" if status in (404, 409, 422) else None
        raise Refusal(status, code, "a test order: options.test asked for this error", field, test=True)
    if test == TEST_SLOW:
        await asyncio.sleep(SLOW_S)


def forced(test: str, stage: str, order: OrderIn, shop: ShopPolicy | None = None) -> dict[str, Any] | Refusal:
    """An answer in the shape of a real one, or the refusal of an order that lacks what its stage needs.

    shop: the policy whose costs the sums are from; else what is shipped."""
    try:
        stages.require(stage, order, kept=stage == DISPATCH)
    except Refusal as refusal:
        return refusal
    ids = {"decision_id": f"dec_test_{secrets.token_hex(12)}", "order_id": order.order_id,
           "checkout_id": order.checkout_id, "stage": stage, "test": True, "warnings": [_WARNING],
           "logged": False, "degraded": None}  # fmt: skip
    currency = order.currency or (shop.currency if shop else None) or "INR"
    return ids | _answer(test, order, currency, shop or shipped(currency))


def _answer(test: str, order: OrderIn, currency: str, shop: ShopPolicy) -> dict[str, Any]:
    policy = shop.money_for(currency, None)
    if test in TEST_STATUSES:
        said = _said(decide((), Action.ALLOW_COD), None, [])
        return {"status": test, "rung": "default", "reasons": [], "buyer_text": "", "model": None,
                "currency": currency} | said  # fmt: skip
    p_rto, if_prepaid = _RISKS[test if test in TEST_TIERS else "low" if test == TEST_SLOW else "medium"]
    values = evaluate(p_rto, if_prepaid, _goods(order), policy) if policy else ()
    decision = decide(values, Action.ALLOW_COD)
    if test not in (*TEST_TIERS, TEST_SLOW):
        decision = _turned(decision, Action[test.upper()])
    risk = {"p_rto": p_rto, "p_rto_if_prepaid": if_prepaid, "tier": tier_of(p_rto),
            "evidence": {"level": "thin", "buyer_outcomes": 0, "place_outcomes": 0}}  # fmt: skip
    why = [_reason(p_rto)]
    more = {
        "reasons": why,
        "buyer_text": to_buyer(decision.action.name.lower(), why),
        "model": _MODEL | {"policy": shop.policy_id},
    }
    worth = [] if policy is None else _worths(decision, policy, (p_rto, if_prepaid, _goods(order)))
    return {"status": "scored", "rung": "full", "currency": currency} | _said(decision, risk, worth) | more


def _goods(order: OrderIn) -> int:
    goods = (order.amount_minor or _SOME_GOODS) - (order.shipping_fee_minor or 0)
    return min(max(goods, 1), LARGEST_MINOR)


def _turned(decision: Decision, to: Action) -> Decision:
    """The same sums, another advice."""
    others = [value.action for value in sorted(decision.values, key=lambda v: -v.exact) if value.action != to]
    return replace(decision, action=to, runner_up=next(iter(others), None), decided_by="test", summary=in_words(to, ""))


def _said(decision: Decision, risk: dict[str, Any] | None, worth: list[dict[str, Any]]) -> dict[str, Any]:
    told = advice(decision.action, decision.runner_up, decision.decided_by, decision.summary, None)
    return {"risk": risk, "recommendation": told, "actions": worth, "experiment": None}


def _worths(decision: Decision, policy: Policy, order: tuple[float, float, int]) -> list[dict[str, Any]]:
    """Every action's money, worth most first. order: its risk, its risk if prepaid, its value."""
    k, q = in_thousandths(order[0]), in_thousandths(order[1])
    p, m, value = (np.array([one]) for one in (k, min(k, q), order[2]))
    offered = [row.action for row in policy.effects.rows]
    down, up = policy.swings(known=True).around(p, m, value, offered)
    place = {action: i for i, action in enumerate(offered)}
    return [
        {
            "action": value.action.name.lower(),
            "expected_value_minor": value.expected_value_minor,
            "expected_value_low_minor": round(float(value.exact) - float(down[0, place[value.action]])),
            "expected_value_high_minor": round(float(value.exact) + float(up[0, place[value.action]])),
            "cost_minor": value.cost_minor,
            "assumes": value.assumes,
        }
        for value in sorted(decision.values, key=lambda v: -v.exact)
    ]


def _reason(p_rto: float) -> dict[str, Any]:
    direction = "raises" if p_rto > _RISKS["low"][0] else "lowers"
    impact = 0.01 if direction == "raises" else -0.01
    text = "A test order: a real one says here what moved its risk"
    return {
        "code": "new_customer",
        "group": GROUP_OF["new_customer"],
        "bucket": "customer",
        "direction": direction,
        "impact": impact,
        "text": text,
    }
