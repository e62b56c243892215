"""Shapes of the answers, for the OpenAPI document. `/v1` only ever grows: a caller must bear with fields it does not know."""

from typing import Any

from data.contract import Action
from serving.decisions.holdout import HOLDOUT, POLICY
from serving.policies.choosing import DECIDED_BY
from serving.resilience.ladder import CAUSES
from serving.scores.reason_wording import GROUPS

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_WHOLE: Schema = {"type": "integer"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_ACTION: Schema = {"enum": [a.name.lower() for a in Action]}


def _of(**properties: Schema) -> Schema:
    """An object that always holds these."""
    return {"type": "object", "required": list(properties), "properties": properties}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


ERROR = _of(
    error=_of(
        code=_TEXT,
        message=_TEXT,
        field=_TEXT_OR_NULL | {"description": "which part of the request, as /order/placed_at"},
        request_id=_TEXT,
    )
)
"""A test order's error holds `"test": true` besides."""
TAKEN = {
    "type": "object",
    "required": ["status", "known_at"],
    "properties": {
        "order_id": _TEXT,
        "event_id": _TEXT,
        "status": {"enum": ["accepted", "duplicate"]},
        "known_at": _TIME | {"description": "when it was told for the first time, by the server's clock"},
    },
}
DELIVERED = _of(accepted=_WHOLE, duplicates=_WHOLE, unknown_fields=_WHOLE)
_RISK = _of(
    p_rto=_SHARE | {"description": "if paid in cash, unless the order is prepaid; to 0.001"},
    p_rto_if_prepaid=_or_null(_SHARE),
    tier=_TEXT,
    evidence=_of(level={"enum": ["thin", "some", "good"]}, buyer_outcomes=_WHOLE, place_outcomes=_WHOLE),
)
_ADVICE = _of(
    action=_ACTION,
    runner_up=_or_null(_ACTION),
    decided_by={"enum": list(DECIDED_BY)},
    because=_or_null(_of(name=_TEXT, text=_TEXT_OR_NULL))
    | {"description": "which rule, list or cap decided, and a word on it; null where money or the default did"},
    summary=_TEXT,
)
_WORTH = _of(
    action=_ACTION,
    expected_value_minor=_WHOLE,
    expected_value_low_minor=_WHOLE | {"description": "between this and high it lies by the effects' own intervals"},
    expected_value_high_minor=_WHOLE,
    cost_minor=_WHOLE,
    assumes={"type": "object"},
)
_REASON = _of(
    code=_TEXT,
    group={"enum": list(GROUPS)},
    bucket=_TEXT,
    direction={"enum": ["raises", "lowers"]},
    impact={"type": "number"},
    text=_TEXT,
)
_MODEL = _of(
    name=_TEXT_OR_NULL,
    version=_TEXT_OR_NULL,
    digest=_TEXT,
    features=_TEXT_OR_NULL,
    trained_through=_TEXT,
    policy=_TEXT_OR_NULL,
)
KEPT_DECISION = _of(
    decision_id=_TEXT,
    order_id=_TEXT_OR_NULL | {"description": "as sent, or the order that the checkout became"},
    checkout_id=_TEXT_OR_NULL,
    stage={"enum": ["checkout", "placed", "dispatch"]},
    status={"enum": ["scored", "rules_only", "fallback", "not_evaluated"]},
    rung={
        "enum": ["full", "order_only", "rules", "default"],
        "description": "how much of the ladder stood: order_only is a risk without history; rules and default mean no risk "
        "was worked out",
    },
    scored_at=_TIME,
    risk=_or_null(_RISK),
    recommendation=_ADVICE,
    actions=_list_of(_WORTH) | {"description": "worth most first; empty where no costs are known"},
    reasons=_list_of(_REASON),
    buyer_text=_TEXT | {"description": "what may be shown to the buyer; empty: nothing to say"},
    currency=_TEXT_OR_NULL,
    model=_or_null(_MODEL),
    warnings=_list_of(_of(code=_TEXT, text=_TEXT)),
    logged={"type": "boolean", "description": "false: not yet known to be on disk, or a dry run"},
    request_id=_TEXT,
)
"""A decision as it is kept, and as one result of a batch."""
KEPT_DECISION["properties"]["test"] = {"const": True, "description": "there on a forced answer, and only there"}
KEPT_DECISION["properties"]["degraded"] = {
    "enum": [None, *CAUSES],
    "description": "why the full rung did not answer; null where it did, or where there is no model",
}
KEPT_DECISION["properties"]["experiment"] = _or_null(_of(arm={"enum": [POLICY, HOLDOUT]}, propensity=_SHARE)) | {
    "description": "the arm of the holdout and the chance of what is advised; null where nothing was drawn"
}
_TOOK: Schema = {
    "elapsed_ms": {"type": "number", "description": "on the server, from the body read to the answer made"}
}
DECISION = {
    "type": "object",
    "required": [*KEPT_DECISION["required"], *_TOOK],
    "properties": KEPT_DECISION["properties"] | _TOOK,
}
DECISIONS = _of(decisions=_list_of({"$ref": "#/components/schemas/KeptDecision"}))
BATCH = _of(
    results={
        "type": "array",
        "items": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("KeptDecision", "Error")]},
        "description": "one for each order, in their order: a decision, or an error with a field as /orders/3/placed_at",
    },
    request_id=_TEXT,
    elapsed_ms=_TOOK["elapsed_ms"],
)
MODEL = {
    "type": "object",
    "required": ["status", "model"],
    "properties": {"status": {"enum": ["serving", "not_evaluated"]},
                   "model": _or_null({"type": "object", "required": ["name", "version", "digest"]})},
}  # fmt: skip

_CONTACT = _of(
    rank=_WHOLE,
    order_id=_TEXT,
    saving_minor=_WHOLE | {"description": "what the contact is expected to earn beyond shipping as ordered"},
    currency=_TEXT,
    p_rto=_SHARE,
    buyer_delivered=_WHOLE,
    buyer_rto=_WHOLE,
    reasons=_list_of(_TEXT),
    link=_TEXT_OR_NULL,
    decision_id=_TEXT,
    asked_at=_TIME | {"description": "when it was scored"},
)
QUEUE = _of(
    merchant_id=_TEXT,
    by={"enum": ["call", "message"]},
    capacity=_WHOLE,
    days=_WHOLE,
    made_at=_TIME,
    orders=_list_of(_CONTACT),
)
OVERRIDE = _of(
    override_id=_TEXT,
    kind={"enum": ["override", "appeal"]},
    action=_ACTION,
    about={"enum": ["order", "buyer"]},
    reason=_TEXT,
    by=_TEXT,
    made_at=_TIME,
    until=_TIME | {"description": "it holds no more from then on"},
    decision_id=_TEXT,
    order_id=_TEXT_OR_NULL,
    checkout_id=_TEXT_OR_NULL,
)
_COUNTS = _of(orders=_WHOLE, delivered=_WHOLE, rto=_WHOLE, unknown=_WHOLE)
_DIFFERENCE = _of(
    difference_minor=_WHOLE,
    low_minor=_WHOLE,
    high_minor=_WHOLE,
    per_1000_orders_minor=_WHOLE,
    expected_by_risk_minor=_WHOLE,
    of_it_known_minor=_WHOLE,
)
SIMULATION = _of(
    merchant_id=_TEXT,
    days=_WHOLE,
    cash_orders=_COUNTS,
    touched=_COUNTS | {"description": "orders whose advice differs from the live policy's"},
    money=_of(currency=_TEXT_OR_NULL, against_live=_DIFFERENCE, against_shipping=_DIFFERENCE),
    actions=_list_of({"type": "object"}),
    changes=_list_of({"type": "object"}),
    decided_by={"type": "object"},
    refused={"type": "object"},
    caps=_list_of({"type": "object"}),
    findings=_list_of({"type": "object"}),
    examples=_list_of({"type": "object"}),
)
POLICIES = _of(
    live=_of(policy_id=_TEXT, digest=_TEXT, version=_or_null(_WHOLE), default=_ACTION, offered=_list_of(_ACTION)),
    versions=_list_of(_of(version=_WHOLE, published_at=_TIME, note=_TEXT, live={"type": "boolean"})),
)
