"""Many orders in one request: is each answered as if it were asked alone, and does a bad one stay alone?"""

import threading
import time
from typing import Any

import httpx
import orjson
import pytest

from data.keeping.database import scalar
from serving.resilience import moment
from serving.web.schema import MOST_ORDERS
from tests.helpers.installation import (
    NOW,
    PATIENT_S,
    SHOP,
    Installation,
    SetClock,
    an_order,
    another_order,
    ask,
    place,
    rfc3339,
    running,
    served,
    tell,
)

CANARY = "Zq7Canary"
JSON = {"content-type": "application/json"}
CHANGING = ("decision_id", "scored_at", "request_id", "elapsed_ms")


def batch(client: httpx.Client, orders: list[Any], **more: Any) -> httpx.Response:
    return client.post("/v1/score/batch", json={"merchant_id": SHOP, "orders": orders} | more)


def results(client: httpx.Client, orders: list[Any], **more: Any) -> list[dict[str, Any]]:
    answer = batch(client, orders, **more)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def steady(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what differs from call to call."""
    return {name: value for name, value in answer.items() if name not in CHANGING}


def test_each_order_is_answered_as_if_it_were_asked_alone(client: httpx.Client):
    place(client, an_order(order_id="o-1"))
    tell(client, "o-1", "rto_started", reason="refused")
    orders = [
        an_order(order_id="o-1"),
        another_order(checkout_id="c-2"),
        an_order(currency="USD"),
        {"placed_at": rfc3339(NOW)},
    ]
    together = results(client, orders, options={"explain": 3})
    alone = [client.post("/v1/score", json=ask(order, explain=3)).json() for order in orders]
    assert [steady(one) for one in together] == [steady(one) for one in alone]
    assert len({one["decision_id"] for one in together}) == len(orders)


def test_a_bad_order_is_refused_in_its_place_and_the_others_are_answered(shared: httpx.Client):
    where = {"pincode": "5600O1"}
    orders = [an_order(), an_order(amount_minor=-1), another_order(), {}, an_order(shipping_address=where),
              an_order(placed_at=rfc3339(NOW + 400 * 1_000_000)), {CANARY: CANARY}, CANARY, None, 7]  # fmt: skip
    found = results(shared, orders)
    fields = [one["error"]["field"] if "error" in one else one["status"] for one in found]
    assert fields == ["scored", "/orders/1/amount_minor", "scored", "/orders/3/placed_at",
                      "/orders/4/shipping_address/pincode", "/orders/5/placed_at", "/orders/6", "/orders/7", "/orders/8",
                      "/orders/9"]  # fmt: skip
    assert {one["error"]["code"] for one in found if "error" in one} == {"invalid", "in_the_future"}
    assert {frozenset(one["error"]) for one in found if "error" in one} == {
        frozenset({"code", "message", "field", "request_id"})
    }
    assert CANARY not in orjson.dumps(found).decode()


def test_a_batch_of_bad_orders_only_is_still_answered(shared: httpx.Client):
    assert [one["error"]["field"] for one in results(shared, [{CANARY: 1}, 7])] == ["/orders/0", "/orders/1"]


def test_all_decisions_are_kept_each_under_its_own_id(client: httpx.Client):
    found = results(client, [an_order(checkout_id=f"c-{i}") for i in range(20)])
    assert all(one["logged"] for one in found)
    for one in found:
        kept = client.get(f"/v1/decisions/{one['decision_id']}", params={"merchant_id": SHOP})
        assert kept.json() == one


def test_the_decisions_of_a_batch_are_one_job_of_the_writer(own: Installation):
    from serving.api import Api

    api, jobs = Api(own.home, SetClock(), on_loopback=True, log_patience_s=PATIENT_S), []
    for desk in api.desks.desks.values():
        kept = desk.writer.kept
        desk.writer.kept = lambda job, kept=kept: jobs.append(job) or kept(job)  # type: ignore[method-assign]
    with running(api) as client:
        assert len(results(client, [an_order()] * 30)) == 30
    assert len(jobs) == 1


def test_a_dry_run_keeps_nothing(own: Installation):
    with own.database() as connection:
        before = scalar(connection, "SELECT COUNT(*) FROM decisions")
        with served(own) as client:
            found = results(client, [an_order()] * 3, options={"dry_run": True})
        assert not any(one["logged"] for one in found)
        assert scalar(connection, "SELECT COUNT(*) FROM decisions") == before


def test_orders_of_one_batch_do_not_see_each_other(shared: httpx.Client):
    found = results(shared, [an_order(order_id=f"o-{i}") for i in range(5)], options={"dry_run": True})
    assert len({one["risk"]["p_rto"] for one in found}) == 1


def test_an_order_that_breaks_the_scorer_stays_alone(own: Installation, monkeypatch: pytest.MonkeyPatch):
    real = moment.score_many

    def fragile(connection: Any, bundle: Any, asks: Any, counting: Any) -> Any:
        if any(one.checkout_id == "c-1" for one in asks):
            raise ZeroDivisionError
        return real(connection, bundle, asks, counting)

    monkeypatch.setattr(moment, "score_many", fragile)
    monkeypatch.setattr(moment, "score", lambda c, b, ask, counting: fragile(c, b, [ask], counting)[0])
    with served(own) as client:
        found = results(client, [an_order(checkout_id=f"c-{i}") for i in range(3)])
    assert [one["rung"] for one in found] == ["full", "default", "full"]
    assert [one["degraded"] for one in found] == [None, "failed", None]
    assert [one["logged"] for one in found] == [True, True, True]


def test_a_state_that_cannot_be_read_stops_no_sale(own: Installation):
    with served(own) as client:
        assert results(client, [an_order()])[0]["status"] == "scored"
        with own.database(read_only=False) as connection:
            connection.execute("DELETE FROM meta WHERE name = 'sums'")
        found = results(client, [an_order(), another_order()])
    assert [(one["rung"], one["degraded"]) for one in found] == [("order_only", "store_failed")] * 2


def test_without_a_model_each_is_answered_by_default(own: Installation):
    own.pool.champion.unlink()
    with served(own) as client:
        found = results(client, [an_order(), another_order()])
    assert [one["status"] for one in found] == ["not_evaluated"] * 2


def test_as_many_as_there_may_be_and_not_one_more(shared: httpx.Client):
    small = {"placed_at": rfc3339(NOW)}
    assert len(results(shared, [small] * MOST_ORDERS, options={"dry_run": True})) == MOST_ORDERS
    answer = batch(shared, [small] * (MOST_ORDERS + 1))
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "/orders")


WHOLE = {
    "no orders": ({"orders": []}, "/orders"),
    "orders that are no list": ({"orders": {}}, "/orders"),
    "no merchant": ({"merchant_id": None}, "/merchant_id"),
    "an unknown stage": ({"stage": CANARY}, "/stage"),
    "an unknown option": ({"options": {CANARY: 1}}, "/options"),
    "an unknown field": ({CANARY: CANARY}, "/"),
    "one order as in a single call": ({"order": {}}, "/"),
}


@pytest.mark.parametrize(("change", "field"), WHOLE.values(), ids=WHOLE.keys())
@pytest.mark.parametrize("orders", [[], [{"amount_minor": -1}]], ids=["alone", "beside a bad order"])
def test_what_is_wrong_with_the_batch_refuses_all_of_it(
    shared: httpx.Client, change: dict[str, Any], field: str, orders: list[Any]
):
    body = {"merchant_id": SHOP, "orders": [*orders, an_order()]} | change
    answer = shared.post("/v1/score/batch", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
    assert CANARY not in answer.text


def test_its_limit_of_a_body_is_its_own(shared: httpx.Client):
    sent = orjson.dumps({"merchant_id": SHOP, "orders": [an_order()], "options": {"dry_run": True}})
    fits, above = sent + b" " * (1_048_576 - len(sent)), sent + b" " * (1_048_577 - len(sent))
    assert shared.post("/v1/score/batch", content=fits, headers=JSON).status_code == 200
    refused = shared.post("/v1/score/batch", content=above, headers=JSON)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_large")
    assert shared.post("/v1/score", content=fits, headers=JSON).status_code == 413


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 400), (b"{", 400), (b"[" * 200_000, 400), (b'{"orders":[],"orders":[]}', 422), (b"[]", 422),
     (b'{"merchant_id":"m","orders":[{"a":1,"a":2}]}', 422), (b'{"merchant_id":"m","orders":[{"amount_minor":NaN}]}', 400)],
)  # fmt: skip
def test_what_is_no_json_is_refused_as_a_whole(shared: httpx.Client, content: bytes, status: int):
    assert shared.post("/v1/score/batch", content=content, headers=JSON).status_code == status
    assert shared.post("/v1/score/batch", content=content).status_code == 415


def test_a_megabyte_of_unknown_fields_is_refused_in_a_moment(shared: httpx.Client):
    order = {f"x{i}": i for i in range(400)}
    started = time.monotonic()
    found = results(shared, [order] * MOST_ORDERS)
    assert [one["error"]["field"] for one in found] == [f"/orders/{i}" for i in range(MOST_ORDERS)]
    assert time.monotonic() - started < 20


def test_single_orders_are_answered_while_a_batch_runs(own: Installation):
    with served(own) as client:
        done = threading.Event()

        def keep_on() -> None:
            with httpx.Client(base_url=client.base_url, timeout=PATIENT_S, trust_env=False) as other:
                results(other, [an_order()] * MOST_ORDERS, options={"dry_run": True, "explain": 20})
            done.set()

        thread = threading.Thread(target=keep_on)
        thread.start()
        answered = 0
        while not done.is_set():
            assert client.post("/v1/score", json=ask(an_order(), dry_run=True)).json()["status"] == "scored"
            answered += not done.is_set()
        thread.join()
    assert answered >= 3
