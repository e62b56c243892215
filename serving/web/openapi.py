"""The OpenAPI document: request shapes from the models that check them, answers as promised. `/v1` only ever grows."""

from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving.calling.contacts import ContactIn
from serving.calling.queue_answers import LONGEST_LINK, MOST_CONTACTS, MOST_DAYS, WAYS
from serving.web import shapes
from serving.web.policy_answers import SimulateIn
from serving.web.schema import BatchIn, EventIn, OverrideIn, PlaceIn, ScoreIn, WebhookIn

_REQUESTS: tuple[type[BaseModel], ...] = (
    ScoreIn,
    BatchIn,
    PlaceIn,
    EventIn,
    OverrideIn,
    SimulateIn,
    WebhookIn,
    ContactIn,
)
_ANSWERS = {
    "Error": shapes.ERROR,
    "Decision": shapes.DECISION,
    "KeptDecision": shapes.KEPT_DECISION,
    "Decisions": shapes.DECISIONS,
    "Batch": shapes.BATCH,
    "Taken": shapes.TAKEN,
    "Model": shapes.MODEL,
    "Policies": shapes.POLICIES,
    "Simulation": shapes.SIMULATION,
    "Override": shapes.OVERRIDE,
    "Delivered": shapes.DELIVERED,
    "Queue": shapes.QUEUE,
}
_ERRORS = {
    "400": "malformed JSON, or an Idempotency-Key that is none",
    "401": "no key, or one that is not known",
    "403": "a key of another merchant, or without the scope",
    "404": "no such merchant, or no such order of yours at stage dispatch",
    "413": "a body above 64 KiB (batch: 1 MiB)",
    "415": "a content-type other than application/json",
    "422": "a value that does not fit: `field` says which; or an Idempotency-Key that stood for another request",
    "429": "more orders or news in a second than one merchant may send: wait `retry-after`",
    "500": "an error of ours, logged under the request id",
}
_TRIED = {
    "200": "what it would have done",
    "409": "no past orders are ready to be tried on",
}
_OVERRULED = {"201": "kept; it decides from the next score on"}
_DELIVERED = {
    "200": "kept, or was kept before",
    "409": "this very delivery was taken in before; or an event id was used with other content",
    "503": "not kept: try again",
}
_TAKEN = {
    "201": "kept",
    "200": "was kept before",
    "409": "the id was used with other content",
    "503": "not kept: try again",
}
_CONTACTED = _TAKEN | {
    "409": "no queue ever held the order, the message says why; or the id was used with other content"
}


@cache
def document() -> dict[str, Any]:
    """The document that `/openapi.json` serves."""
    _, schemas = models_json_schema([(m, "validation") for m in _REQUESTS], ref_template="#/components/schemas/{model}")
    known = schemas["$defs"] | _ANSWERS
    known["ScoreIn"] = known["ScoreIn"] | {"allOf": _BY_STAGE}
    known["EventIn"] = known["EventIn"] | {"allOf": _BY_TYPE}
    return {
        "openapi": "3.1.0",
        "info": {"title": "RTO risk", "version": "1", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "security": [{"bearer": []}, {"basic": []}],
        "paths": _paths(),
        "components": {
            "schemas": known,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _at(stages: list[str], **needs: Any) -> dict[str, Any]:
    """What an order needs at some stages."""
    said = {"properties": {"stage": {"enum": stages}}} | ({} if "checkout" in stages else {"required": ["stage"]})
    told = {name: {"not": {"type": "null"}} for name in needs["required"]}
    order = needs | {"properties": told | needs.get("properties", {})}
    return {"if": said, "then": {"properties": {"order": order}}}


_BY_STAGE = [
    _at(["checkout"], required=["placed_at"]),
    _at(
        ["placed"],
        required=["order_id", "placed_at", "payment_method"],
        properties={"payment_method": {"enum": ["cod", "prepaid"]}},
    ),
    _at(["dispatch"], required=["order_id"]),
]


def _told(name: str) -> dict[str, Any]:
    """Details in which something is told."""
    return {"type": "object", "required": [name], "properties": {name: {"not": {"type": "null"}}}}


_NEEDED = {"correction": "voids", "address_corrected": "address", "action_taken": "action"}
_BY_TYPE = [
    {
        "if": {"properties": {"type": {"const": kind}}},
        "then": {"required": ["details"], "properties": {"details": _told(needed)}},
    }
    for kind, needed in _NEEDED.items()
]


def _paths() -> dict[str, Any]:
    scored = {"200": "the decision"}
    batch = {"200": "a result for each order, in their order"}
    of_one = ["merchant_id", "checkout_id", "order_id"]
    return {
        "/v1/score": {"post": _post("score", "Score one order", ScoreIn, scored, "Decision")},
        "/v1/score/batch": {"post": _post("score_batch", "Score up to 200 orders", BatchIn, batch, "Batch")},
        "/v1/orders": {"post": _post("place", "Take in a placed order", PlaceIn, _TAKEN, "Taken")},
        "/v1/events": {"post": _post("event", "Take in one piece of news", EventIn, _TAKEN, "Taken")},
        "/v1/webhooks/{merchant_id}/{source}": {"post": _webhook()},
        "/v1/decisions": {
            "get": _get("decisions", "Decisions on a checkout or order", query=of_one, shape="Decisions")
        },
        "/v1/decisions/{decision_id}": {
            "get": _get("decision", "A decision as answered", "decision_id", ["merchant_id"], "KeptDecision")
        },
        "/v1/decisions/{decision_id}/replay": {
            verb: _replay(name) for verb, name in (("get", "replay"), ("post", "replay_posted"))
        },
        "/v1/decisions/{decision_id}/override": {
            "post": _post(
                "override", "Decide otherwise about an order or its buyer", OverrideIn, _OVERRULED, "Override"
            )
            | {"parameters": [_in_path("decision_id"), _KEY]}
        },
        "/v1/queue": {"get": _get("queue", "Whom to call or message today", None, _QUEUED, "Queue")},
        "/v1/queue/outcomes": {
            "post": _post("contacted", "Take in what came of a contact", ContactIn, _CONTACTED, "Taken")
        },
        "/v1/policies": {
            "get": _get("policies", "What decides now, and every version", None, ["merchant_id"], "Policies")
        },
        "/v1/policies/simulate": {
            "post": _post("simulate", "Try a policy on past orders", SimulateIn, _TRIED, "Simulation")
        },
        "/v1/model": {"get": _get("model", "Which model answers, and its evidence", None, ["merchant_id"], "Model")},
        "/reports/{merchant_id}": {
            "get": _get("report", "The merchant's report (HTML)", "merchant_id", ["from", "to"])
        },
        "/reports/{merchant_id}.csv": {
            "get": _get("report_csv", "One table of it (CSV)", "merchant_id", ["from", "to", "table"])
        },
        "/reports/{merchant_id}.xlsx": {
            "get": _get("report_xlsx", "All its tables (Excel)", "merchant_id", ["from", "to"])
        },
        "/livez": {"get": _probe("livez", "Is the process alive?")},
        "/readyz": {"get": _probe("readyz", "Does every pool with a published model serve?")},
        "/metrics": {"get": _probe("metrics", "Prometheus metrics")},
    }


_KEY = {
    "name": "Idempotency-Key", "in": "header", "description": "the same key and body within 24 h: the same answer, byte for byte",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}  # fmt: skip


def _post(name: str, summary: str, model: type[BaseModel], good: dict[str, str], shape: str) -> dict[str, Any]:
    body = {"required": True, "content": _json(model.__name__)}
    responses = _responses(good | _ERRORS, shape)
    if model in (ScoreIn, BatchIn):
        forced = {"409": "only asked for by a test order", "503": "only asked for by a test order"}
        responses |= _responses(forced)
    said = {"operationId": name, "summary": summary, "requestBody": body, "responses": responses}
    return said if model is SimulateIn else said | {"parameters": [_KEY]}


def _json(shape: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}}


_DAY = "the first or last local day of orders, as 2026-02-28; from=all: the whole history; neither: the last 90 days"
_QUEUED = ["merchant_id", "by", "capacity", "days", "link"]
_QUERY = {
    "by": "call (if not said) or message",
    "capacity": "contacts of the day, 100 if not said",
    "days": "orders of the last so many days, 7 if not said",
    "link": "your own page of an order, with {order_id} in it",
    "from": _DAY,
    "to": _DAY,
    "table": "which table; summary if not named",
    "merchant_id": "needed only where no key says who is calling",
    "checkout_id": "decisions on this checkout and the order it became",
    "order_id": "decisions on this order and the checkout it came from; one of the two, not both",
}


_SHAPES: dict[str, dict[str, Any]] = {
    "by": {"enum": list(WAYS)},
    "capacity": {"type": "integer", "minimum": 1, "maximum": MOST_CONTACTS},
    "days": {"type": "integer", "minimum": 1, "maximum": MOST_DAYS},
    "link": {"type": "string", "pattern": "^(https?://.*)?$", "maxLength": LONGEST_LINK},
    "from": {"type": "string", "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2}|all)$"},
    "to": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
}
"""Of query parameters that are not any text."""


def _get(
    name: str, summary: str, in_path: str | None = None, query: list[str] | None = None, shape: str | None = None
) -> dict[str, Any]:
    parameters = [_in_path(in_path)] if in_path else []
    text = {"type": "string"}
    parameters += [
        {"name": one, "in": "query", "description": _QUERY[one], "schema": _SHAPES.get(one, text)}
        for one in query or ()
    ]
    errors = {k: v for k, v in _ERRORS.items() if k in ("401", "403", "422", "500")} | {"404": "none of yours"}
    responses = _responses({"200": "as asked"} | errors | {"503": "the disk does not answer: try again"}, shape)
    return {"operationId": name, "summary": summary, "parameters": parameters, "responses": responses}


def _webhook() -> dict[str, Any]:
    """Signed news: no key, a signature."""
    said = _post("webhook", "Take in news that a courier signs", WebhookIn, _DELIVERED, "Delivered")
    said["responses"] = {k: v for k, v in said["responses"].items() if k != "403"}
    signed = ("webhook-id", "webhook-timestamp", "webhook-signature")
    headers = [{"name": n, "in": "header", "required": True, "schema": {"type": "string"}} for n in signed]
    return said | {"security": [], "parameters": [_in_path("merchant_id"), _in_path("source"), *headers]}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _replay(name: str) -> dict[str, Any]:
    said = _get(name, "A decision made again from what was kept", "decision_id", ["merchant_id"], "KeptDecision")
    said["responses"] |= _responses({"409": "the model or policy it was made with is gone: the message names it"})
    said["responses"]["200"]["headers"] = {
        "rto-replay": {"schema": {"enum": ["same", "differs"]}, "description": "as it was answered, byte for byte?"}
    }
    return said


def _probe(name: str, summary: str) -> dict[str, Any]:
    """A route of plain text, about nobody."""
    texts = {"200": "yes"} | ({"503": "not yet"} if name == "readyz" else {})
    return {
        "operationId": name,
        "summary": summary,
        "security": [],
        "responses": {k: {"description": v} for k, v in texts.items()},
    }


def _responses(texts: dict[str, str], shape: str | None = None) -> dict[str, Any]:
    """shape: of a good answer, where it is JSON that is promised to keep its shape."""

    def content(status: str) -> dict[str, Any]:
        name = shape if status < "400" else "Error"
        return {"content": _json(name)} if name else {}

    return {status: {"description": text} | content(status) for status, text in sorted(texts.items())}
