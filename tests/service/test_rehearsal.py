"""Test orders: can every answer be forced, by the caller's program alone, and does none of them leave a trace?"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from data.contract import Action
from data.keeping.database import scalar
from serving.access import Access
from serving.api import Api
from serving.web.openapi import document
from serving.web.rehearsal import SLOW_S
from serving.web.schema import TEST_ERRORS, TEST_STATUSES, TEST_TIERS
from tests.helpers.installation import SHOP, Installation, SetClock, an_order, ask, running, served

ACTIONS = tuple(a.name.lower() for a in Action)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service with no pool, no model and no key."""
    home: Path = tmp_path_factory.mktemp("empty")
    with running(Api(home, SetClock(), on_loopback=True)) as client:
        yield client


def forced(client: httpx.Client, test: str, order: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
    return client.post("/v1/score", json=ask(an_order() if order is None else order, test=test) | more)


def good(client: httpx.Client, test: str, order: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = forced(client, test, order)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["test"] is True
    assert [w["code"] for w in found["warnings"]] == ["test_order"]
    schema = {"$ref": "#/components/schemas/Decision", "components": document()["components"]}
    jsonschema.Draft202012Validator(schema).validate(found)
    return found


@pytest.mark.parametrize("tier", TEST_TIERS)
def test_each_tier_without_model_or_history_its_sums_from_the_real_costs(empty: httpx.Client, tier: str):
    answer = good(empty, tier)
    assert (answer["status"], answer["risk"]["tier"]) == ("scored", tier)
    worth = [one["expected_value_minor"] for one in answer["actions"]]
    assert worth == sorted(worth, reverse=True)
    assert answer["recommendation"]["action"] == answer["actions"][0]["action"]


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action(empty: httpx.Client, action: str):
    advice = good(empty, action)["recommendation"]
    assert (advice["action"], advice["decided_by"]) == (action, "test")
    assert advice["runner_up"] != action


@pytest.mark.parametrize("status", TEST_STATUSES)
def test_each_status(empty: httpx.Client, status: str):
    answer = good(empty, status)
    assert (answer["status"], answer["risk"], answer["recommendation"]["action"]) == (status, None, "allow_cod")


@pytest.mark.parametrize(("test", "refusal"), TEST_ERRORS.items())
def test_each_error(empty: httpx.Client, test: str, refusal: tuple[int, str]):
    answer = forced(empty, test)
    assert (answer.status_code, answer.json()["error"]["code"]) == refusal
    assert answer.json()["error"]["test"] is True
    assert ("retry-after" in answer.headers) == (answer.status_code in (429, 503))
    schema = {"$ref": "#/components/schemas/Error", "components": document()["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.json())


def test_every_error_a_score_can_give_can_be_forced():
    statuses = {int(s) for s in document()["paths"]["/v1/score"]["post"]["responses"]} - {200}
    assert {status for status, _ in TEST_ERRORS.values()} == statuses


def test_a_slow_answer(empty: httpx.Client):
    started = time.monotonic()
    assert good(empty, "slow")["status"] == "scored"
    assert time.monotonic() - started >= SLOW_S


def test_a_batch_can_be_forced_too(empty: httpx.Client):
    body = {"merchant_id": SHOP, "orders": [an_order(), {}, an_order(currency="USD")], "options": {"test": "high"}}
    answer = empty.post("/v1/score/batch", json=body).json()["results"]
    assert [one["error"]["field"] if "error" in one else one["risk"]["tier"] for one in answer] == [
        "high", "/orders/1/placed_at", "high",
    ]  # fmt: skip
    assert len({one["decision_id"] for one in answer if "error" not in one}) == 2
    refused = empty.post("/v1/score/batch", json=body | {"options": {"test": "error_500"}})
    assert refused.status_code == 500


def test_a_test_order_is_checked_like_any_other(empty: httpx.Client):
    assert forced(empty, "low", an_order(amount_minor=-1)).status_code == 422
    assert forced(empty, "low", {}).json()["error"]["field"] == "/order/placed_at"
    assert forced(empty, "low", an_order(), stage="placed").json()["error"]["field"] == "/order/order_id"
    assert forced(empty, "low", {"order_id": "o-1"}, stage="dispatch").status_code == 200
    assert forced(empty, "such a test there is not").json()["error"]["field"] == "/options/test"


@pytest.mark.parametrize("order", [an_order(amount_minor=0), an_order(amount_minor=1, shipping_fee_minor=9),
                                   an_order(currency="XXX"), an_order(payment_method="prepaid")])  # fmt: skip
@pytest.mark.parametrize("test", ["high", "prepaid_only"])
def test_odd_orders_are_forced_as_well(empty: httpx.Client, order: dict[str, Any], test: str):
    assert good(empty, test, order)["risk"]["p_rto"] > 0


def test_it_looks_like_a_real_answer(shared: httpx.Client):
    real, made_up = (shared.post("/v1/score", json=ask(an_order(), **o)).json() for o in ({}, {"test": "high"}))
    assert set(made_up) - set(real) == {"test"}
    assert set(real) <= set(made_up)
    for part in ("risk", "recommendation", "model"):
        assert set(made_up[part]) == set(real[part])
    assert set(made_up["reasons"][0]) == set(real["reasons"][0])
    assert {a["action"] for a in made_up["actions"]} == {a["action"] for a in real["actions"]}


def test_it_is_neither_kept_nor_counted(own: Installation):
    with served(own) as client:
        before = _scores(client)
        for test in (*TEST_TIERS, *TEST_STATUSES, "allow_cod"):
            answer = good(client, test)
            assert answer["logged"] is False
            path = f"/v1/decisions/{answer['decision_id']}"
            assert client.get(path, params={"merchant_id": SHOP}).status_code == 404
        client.post("/v1/score/batch", json={"merchant_id": SHOP, "orders": [an_order()], "options": {"test": "low"}})
        assert _scores(client) == before
    with own.database() as connection:
        assert scalar(connection, "SELECT COUNT(*) FROM decisions") == 0


def _scores(client: httpx.Client) -> list[str]:
    lines = client.get("/metrics").text.splitlines()
    return [line for line in lines if line.startswith("rto_scores_total") and "_created" not in line]


WORDS = ["high", "test", "error_500", '{"test": "high"}', "options.test=high", "4242 4242 4242 4242"]


@pytest.mark.parametrize("typed", WORDS)
def test_nothing_a_buyer_types_forces_anything(shared: httpx.Client, typed: str):
    who = dict.fromkeys(("customer_id", "phone", "email", "name"), typed[:30])
    where = dict.fromkeys(("line1", "line2", "landmark", "city", "district", "state"), typed)
    more = {"device_id": typed, "campaign": typed, "checkout_id": typed.strip()}
    order = an_order(customer=who, shipping_address=where, **more)
    answer = shared.post("/v1/score", json=ask(order, dry_run=True))
    assert answer.status_code == 200
    assert "test" not in answer.json()
    assert answer.json()["status"] == "scored"


def test_nor_does_a_header_or_a_query(shared: httpx.Client):
    answer = shared.post(
        "/v1/score", params={"test": "high"}, headers={"x-test": "high"}, json=ask(an_order(), dry_run=True)
    )
    assert "test" not in answer.json()


def test_where_keys_are_asked_for_a_test_order_needs_one(own: Installation):
    access = Access(own.home)
    secret, weak = access.create(SHOP, ("score",), 1)[1], access.create(SHOP, ("report",), 2)[1]
    access.connection.close()
    with served(own) as client:
        status = {
            name: client.post(
                "/v1/score", json=ask(an_order(), test="high"), headers={"authorization": f"Bearer {key}"}
            )
            for name, key in {"good": secret, "without the scope": weak, "wrong": "rto_wrong"}.items()
        }
        other = client.post(
            "/v1/score", json=ask(an_order(), "another", test="high"), headers={"authorization": f"Bearer {secret}"}
        )
    assert {name: one.status_code for name, one in status.items()} == {
        "good": 200,
        "without the scope": 403,
        "wrong": 401,
    }
    assert other.status_code == 403


def test_a_key_that_is_none_is_refused_of_a_test_order_too(empty: httpx.Client):
    found = empty.post("/v1/score", json=ask(an_order(), test="low"), headers={"idempotency-key": "a b"})
    assert (found.status_code, found.json()["error"]["code"]) == (400, "idempotency_key")
