"""From one order to a decision: features at a moment, risk, reasons, expected money. No HTTP, no clock of its own."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from data import journal
from data.contract import Action, Payment
from data.database import Connection
from features.assemble import matrix, with_payment
from features.contribution import Measure
from features.layout import Readings
from features.store import Store
from serving import ledger
from serving.decisions.policy import (
    ActionValue,
    Decision,
    Policy,
    decide,
    default_policy,
    evaluate,
    evaluate_prepaid,
    tier_of,
)
from serving.reasons import reasons
from training.bundle import Bundle

_THIN, _SOME = 5.0, 50.0  # outcomes behind an estimate, by buyer and by place


@dataclass(frozen=True, slots=True)
class Ask:
    """One order to score. columns: as kept (`data/arrival.py`), pseudonyms only.  own_counts: reasons may count."""

    merchant_id: str
    columns: dict[str, Any]
    decision_id: str
    at: int
    order_id: str | None = None
    checkout_id: str | None = None
    explain: int = 5
    own_counts: bool = False
    default: Action = Action.ALLOW_COD
    stage: str = "checkout"


@dataclass(frozen=True, slots=True)
class Scored:
    """answer: what the caller is told.  made_from: what it takes to make it again; never told.  policy: its version."""

    answer: dict[str, Any]
    made_from: dict[str, Any]
    warnings: list[dict[str, str]] = field(default_factory=list)
    policy: str | None = None


def score(connection: Connection, bundle: Bundle | None, ask: Ask) -> Scored:
    """Score one order from the kept state. Without a bundle: the merchant's default, status `not_evaluated`."""
    made_from: dict[str, Any] = {
        "merchant_id": ask.merchant_id,
        "order_id": ask.order_id,
        "checkout_id": ask.checkout_id,
        "scored_at": ask.at,
        "folded_through": journal.last_seq(connection),
        "columns": journal.packed(ask.columns),
    }
    if bundle is None:
        warning = {"code": "no_model", "text": "no model has been promoted: rto train, then rto promote"}
        return Scored(_by_default("not_evaluated", ask), made_from, [warning])
    store = Store(connection)
    store.require(bundle.sums)
    readings = store.readings(ask.columns, ask.at, ledger.stands(connection, ask.merchant_id, ask.order_id))
    return _evaluate(bundle, readings, ask, made_from)


def fallback(ask: Ask) -> Scored:
    """The merchant's default where nothing could be read or computed. Needs no state, no model and no columns."""
    made_from = {"merchant_id": ask.merchant_id, "order_id": ask.order_id, "checkout_id": ask.checkout_id,
                 "scored_at": ask.at, "folded_through": 0, "columns": None}  # fmt: skip
    warning = {"code": "fallback", "text": "the risk could not be worked out: this is the default, for any order"}
    return Scored(_by_default("fallback", ask), made_from, [warning])


def _by_default(status: str, ask: Ask) -> dict[str, Any]:
    return _answer(status, None, decide((), ask.default), [], ask.columns.get("currency"))


def _evaluate(bundle: Bundle, readings: Readings, ask: Ask, made_from: dict[str, Any]) -> Scored:
    table = journal.as_table([ask.columns])
    prepaid = ask.columns["payment_method"] == Payment.PREPAID
    rows = {
        method: matrix(with_payment(table, method), readings, bundle.shrinkage, bundle.features)
        for method in (Payment.COD, Payment.PREPAID)
    }
    x = rows[Payment.PREPAID if prepaid else Payment.COD]
    p_rto = probability(bundle, x)
    if_prepaid = probability(bundle, rows[Payment.PREPAID]) if bundle.prepaid_known else None
    values, warnings = _worth(p_rto, if_prepaid, prepaid, ask)
    decision = decide(values, ask.default)
    why = reasons(bundle, x, readings, ask.explain, ask.own_counts)
    risk = {
        "p_rto": p_rto,
        "p_rto_if_prepaid": if_prepaid,
        "tier": tier_of(p_rto),
        "evidence": _evidence(readings),
    }
    made_from |= {"x": x[0].tolist(), "features": list(bundle.model.names), "bundle": bundle.digest}
    currency = ask.columns["currency"]
    policy, made_from["policy"] = policy_for(currency), _policy_digest(currency)
    answer = _answer("scored", risk, decision, why, currency)
    return Scored(answer, made_from, warnings, policy.version if policy else None)


def probability(bundle: Bundle, x: "np.ndarray[Any, Any]") -> float:
    """The risk as it is told: rounded to 0.001. Money is computed from the rounded value, so sums check by hand."""
    return round(float(bundle.probability(x)[0]), 3)


def _worth(
    p_rto: float, if_prepaid: float | None, prepaid: bool, ask: Ask
) -> tuple[tuple[ActionValue, ...], list[dict[str, str]]]:
    policy, value = policy_for(ask.columns["currency"]), goods_value(ask.columns)
    if policy is None:
        return (), [
            {"code": "economics_missing", "text": f"no costs are known for {ask.columns['currency'] or 'no currency'}"}
        ]
    if value < 1:
        return (), [{"code": "amount_missing", "text": "without an amount no action can be weighed in money"}]
    if prepaid:
        return evaluate_prepaid(p_rto, value, policy), []
    return evaluate(p_rto, if_prepaid, value, policy), []


@cache
def policy_for(currency: str | None) -> Policy | None:
    """The policy of a currency; None where its costs are not known."""
    return default_policy(currency) if currency else None


@cache
def _policy_digest(currency: str | None) -> str | None:
    policy = policy_for(currency)
    return None if policy is None else policy.digest()


def goods_value(columns: dict[str, Any]) -> int:
    """Value of the goods in minor units, without the delivery fee; 0 where unknown."""
    amount, fee = columns["amount_minor"], columns["shipping_fee_minor"]
    if amount != amount:
        return 0
    return int(amount - (fee if fee == fee else 0.0))


def _evidence(readings: Readings) -> dict[str, Any]:
    """How many outcomes stand behind the number: of the buyer, and of the place (recent ones count most)."""
    buyer = max(_told(readings, "phone"), _told(readings, "customer"), _told(readings, "address"))
    place = _told(readings, "pincode")
    level = "good" if buyer >= _THIN else "some" if buyer > 0 or place >= _SOME else "thin"
    return {"level": level, "buyer_outcomes": int(buyer), "place_outcomes": round(place)}


def _told(readings: Readings, key: str) -> float:
    found = [v[0] for one, v in readings.items() if one.key == key and one.measure == Measure.KNOWN]
    return float(max([v for v in found if v == v], default=0.0))


def _answer(
    status: str, risk: dict[str, Any] | None, decision: Decision, why: list[dict[str, Any]], currency: str | None
) -> dict[str, Any]:
    return {
        "status": status,
        "rung": "full" if status == "scored" else "default",
        "risk": risk,
        "recommendation": {
            "action": decision.action.name.lower(),
            "runner_up": decision.runner_up.name.lower() if decision.runner_up is not None else None,
            "decided_by": decision.decided_by,
            "summary": decision.summary,
        },
        "actions": [_action(value) for value in sorted(decision.values, key=lambda v: -v.exact)],
        "reasons": why,
        "currency": currency,
    }


def _action(value: ActionValue) -> dict[str, Any]:
    return {
        "action": value.action.name.lower(),
        "expected_value_minor": value.expected_value_minor,
        "cost_minor": value.cost_minor,
        "assumes": value.assumes,
    }
