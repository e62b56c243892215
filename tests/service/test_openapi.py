"""Does the document say what the service does?"""

import json
from typing import Any

import httpx
import jsonschema
import pytest
from starlette.routing import Route

from data.contract import NewsType, Reason
from serving.api import Api
from serving.clock import Clock
from serving.web.openapi import document
from serving.web.schema import BatchIn, EventIn, PlaceIn, ScoreIn
from tests.helpers.installation import NOW, SHOP, Installation, an_order, ask, place, rfc3339

MODELS = {"ScoreIn": ScoreIn, "BatchIn": BatchIn, "PlaceIn": PlaceIn, "EventIn": EventIn}
EVENT = {"merchant_id": SHOP, "event_id": "e", "order_id": "o", "type": "delivered", "happened_at": rfc3339(NOW)}
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "an order to score": ("ScoreIn", ask(an_order(), explain=3, dry_run=True)),
    "an order of which only the time is known": ("ScoreIn", ask({"placed_at": rfc3339(NOW)})),
    "an order once placed": ("ScoreIn", ask(an_order(order_id="o-1")) | {"stage": "placed"}),
    "an order before dispatch": ("ScoreIn", ask({"order_id": "o-1"}) | {"stage": "dispatch"}),
    "a batch": ("BatchIn", {"merchant_id": SHOP, "stage": "dispatch", "orders": [{"order_id": "o-1"}, an_order()]}),
    "a test order": ("ScoreIn", ask(an_order(), test="high")),
    "a placed order": ("PlaceIn", {"merchant_id": SHOP, "order": an_order(order_id="o-1")}),
    "an outcome": ("EventIn", EVENT | {"type": "rto_started", "reason": "refused", "source": "courier"}),
    "a correction": ("EventIn", EVENT | {"type": "correction", "details": {"voids": "e-1"}}),
}


def validator(name: str) -> Any:
    """Checks against one shape of the document."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
    return jsonschema.Draft202012Validator(schema)


def test_routes_served_are_the_routes_in_the_document(own: Installation):
    api = Api(own.home, Clock(), on_loopback=True)
    served = {(r.path, verb.lower()) for r in api.app().routes if isinstance(r, Route) for verb in r.methods or ()}
    api.desks.close()
    api.access.connection.close()
    said = {(path, verb) for path, item in document()["paths"].items() for verb in item}
    assert {one for one in served if one[1] != "head"} - {("/openapi.json", "get")} == said


def test_every_reference_in_the_document_leads_somewhere():
    schemas = document()["components"]["schemas"]

    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            return [part["$ref"], *references([])] if "$ref" in part else references(list(part.values()))
        return [r for one in part for r in references(one)] if isinstance(part, list) else []

    assert {r.removeprefix("#/components/schemas/") for r in references(document())} <= set(schemas)


@pytest.mark.parametrize("name", [*MODELS, "Error", "Decision", "KeptDecision", "Decisions", "Batch", "Taken", "Model"])
def test_every_shape_is_a_valid_json_schema(name: str):
    jsonschema.Draft202012Validator.check_schema(document()["components"]["schemas"][name])


@pytest.mark.parametrize(("name", "example"), GOOD.values(), ids=GOOD.keys())
def test_good_requests_fit_the_document_and_the_service(name: str, example: dict[str, Any]):
    validator(name).validate(example)
    MODELS[name].model_validate_json(json.dumps(example))


@pytest.mark.parametrize(("name", "example"), GOOD.values(), ids=GOOD.keys())
def test_an_unknown_field_fits_neither(name: str, example: dict[str, Any]):
    assert not validator(name).is_valid(example | {"surprise": 1})


def test_the_document_knows_every_type_of_news_and_every_reason():
    event = document()["components"]["schemas"]["EventIn"]["properties"]
    assert set(event["type"]["enum"]) == {t.name.lower() for t in NewsType} - {"placed"}
    [reasons] = [one["enum"] for one in event["reason"]["anyOf"] if "enum" in one]
    assert set(reasons) == {r.name.lower() for r in Reason} - {"none"}


LACKING = {
    "no time at checkout": ask({"order_id": "o-1"}),
    "payment open once placed": ask(an_order(order_id="o-1", payment_method="undecided")) | {"stage": "placed"},
    "no payment once placed": ask({"order_id": "o-1", "placed_at": rfc3339(NOW)}) | {"stage": "placed"},
    "no order id once placed": ask(an_order()) | {"stage": "placed"},
    "no order id at dispatch": ask(an_order()) | {"stage": "dispatch"},
}


@pytest.mark.parametrize("example", LACKING.values(), ids=LACKING.keys())
def test_what_a_stage_lacks_fits_neither_the_document_nor_the_service(shared: httpx.Client, example: dict[str, Any]):
    assert not validator("ScoreIn").is_valid(example)
    assert shared.post("/v1/score", json=example).status_code == 422


BAD = {
    400: ("POST", "/v1/score", {"content": b"{", "headers": {"content-type": "application/json"}}),
    401: ("POST", "/v1/score", {"json": {}, "headers": {"authorization": "Bearer wrong"}}),
    404: ("GET", "/v1/decisions/none", {"params": {"merchant_id": SHOP}}),
    405: ("GET", "/v1/score", {}),
    413: ("POST", "/v1/score", {"content": b" " * 70_000}),
    415: ("POST", "/v1/score", {"content": b"{}"}),
    422: ("POST", "/v1/score", {"json": {}}),
}


@pytest.mark.parametrize(("status", "request_"), BAD.items())
def test_every_refusal_has_the_documented_shape_and_status(shared: httpx.Client, status: int, request_: Any):
    verb, path, more = request_
    answer = shared.request(verb, path, **more)
    assert answer.status_code == status
    validator("Error").validate(answer.json())
    item = document()["paths"].get(path, document()["paths"]["/v1/decisions/{decision_id}"])
    assert status == 405 or str(status) in item[verb.lower()]["responses"]


def test_answers_fit_the_document(client: httpx.Client):
    validator("Decision").validate(client.post("/v1/score", json=ask(an_order())).json())
    validator("Decision").validate(client.post("/v1/score", json=ask(an_order(currency="USD"))).json())
    validator("Taken").validate(place(client, an_order(order_id="o-1", checkout_id="c-1")).json())
    dispatch = client.post("/v1/score", json=ask({"order_id": "o-1"}) | {"stage": "dispatch"}).json()
    validator("Decision").validate(dispatch)
    batch = {"merchant_id": SHOP, "orders": [an_order(), {}, an_order(currency="USD")]}
    validator("Batch").validate(client.post("/v1/score/batch", json=batch).json())
    mine = {"merchant_id": SHOP}
    kept = client.get(f"/v1/decisions/{dispatch['decision_id']}", params=mine).json()
    validator("KeptDecision").validate(kept)
    linked = client.get("/v1/decisions", params=mine | {"checkout_id": "c-1"}).json()
    assert linked == {"decisions": [kept]}
    validator("Decisions").validate(linked)
    validator("Model").validate(client.get("/v1/model", params=mine).json())
    validator("Taken").validate(client.post("/v1/events", json=EVENT).json())
    assert client.get("/openapi.json").json() == document()
