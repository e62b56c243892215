"""The OpenAPI document: request shapes from the models that check them, answers as promised. `/v1` only ever grows."""

from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving.schema import EventIn, PlaceIn, ScoreIn
from serving.shapes import DECISION, ERROR, TAKEN

_ERRORS = {
    "400": "malformed JSON",
    "401": "no key, or one that is not known",
    "403": "a key of another merchant, or without the scope",
    "404": "no such merchant",
    "413": "a body above 64 KiB",
    "415": "a content-type other than application/json",
    "422": "a value that does not fit: `field` says which",
}


@cache
def document() -> dict[str, Any]:
    """The document that `/openapi.json` serves."""
    _, schemas = models_json_schema(
        [(m, "validation") for m in (ScoreIn, PlaceIn, EventIn)], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "RTO risk", "version": "1", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "security": [{"bearer": []}, {"basic": []}],
        "paths": {
            "/v1/score": {"post": _post("score", "Score one order", ScoreIn, {"200": "the decision"})},
            "/v1/orders": {"post": _post("place", "Take in a placed order", PlaceIn, _TAKEN)},
            "/v1/events": {"post": _post("event", "Take in one piece of news", EventIn, _TAKEN)},
            "/v1/decisions/{decision_id}": {"get": _get("decision", "A decision as answered", ["decision_id"])},
            "/v1/model": {"get": _get("model", "Which model answers, and its evidence", [])},
            "/reports/{merchant_id}": {"get": _get("report", "The merchant's report (HTML)", ["merchant_id"])},
            "/reports/{merchant_id}.csv": {"get": _get("report_csv", "One table of it (CSV)", ["merchant_id"])},
            "/reports/{merchant_id}.xlsx": {"get": _get("report_xlsx", "All its tables (Excel)", ["merchant_id"])},
            "/livez": {"get": _get("livez", "Is the process alive?", [])},
            "/readyz": {"get": _get("readyz", "Does every pool have a model?", [])},
            "/metrics": {"get": _get("metrics", "Prometheus metrics", [])},
        },
        "components": {
            "schemas": {**schemas["$defs"], "Error": ERROR, "Decision": DECISION, "Taken": TAKEN},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }


_TAKEN = {
    "201": "kept",
    "200": "was kept before",
    "409": "the id was used with other content",
    "503": "not kept: try again",
}


_DAY = "the first or last local day of orders, as 2026-02-28; from=all: the whole history; neither: the last 90 days"
_REPORT_QUERY = {
    name: {"name": name, "in": "query", "schema": {"type": "string"}, "description": text}
    for name, text in (("from", _DAY), ("to", _DAY), ("table", "which table; summary if not named"))
}
_REPORT_ASKS = {"report": ("from", "to"), "report_csv": ("from", "to", "table"), "report_xlsx": ("from", "to")}


def _post(name: str, summary: str, model: type[BaseModel], good: dict[str, str]) -> dict[str, Any]:
    body = {"required": True, "content": _json(model.__name__)}
    shape = "Decision" if model is ScoreIn else "Taken"
    return {
        "operationId": name,
        "summary": summary,
        "requestBody": body,
        "responses": _responses(good | _ERRORS, shape),
    }


def _json(shape: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}}


def _get(name: str, summary: str, path: list[str]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": p, "in": "path", "required": True, "schema": {"type": "string"}} for p in path
    ]
    if name in ("decision", "model"):
        query = {"name": "merchant_id", "in": "query", "schema": {"type": "string"}}
        parameters.append(query | {"description": "needed only where no key says who is calling"})
    parameters += [_REPORT_QUERY[p] for p in _REPORT_ASKS.get(name, ())]
    errors = {k: v for k, v in _ERRORS.items() if k in ("401", "403", "422")} | {"404": "none of yours"}
    good = {"200": "yes", "503": "not yet"} if name == "readyz" else {"200": "as asked"}
    responses = _responses(good if name in ("livez", "readyz", "metrics") else good | errors)
    return {"operationId": name, "summary": summary, "parameters": parameters, "responses": responses}


def _responses(texts: dict[str, str], shape: str | None = None) -> dict[str, Any]:
    """shape: of a good answer, where it is JSON that is promised to keep its shape."""

    def content(status: str, text: str) -> dict[str, Any]:
        name = shape if status < "400" else None if text == "not yet" else "Error"
        return {"content": _json(name)} if name else {}

    return {status: {"description": text} | content(status, text) for status, text in sorted(texts.items())}
