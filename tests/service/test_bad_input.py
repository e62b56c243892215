"""What no caller should send: is it refused as documented, and does nothing of it come back or reach a log?"""

import re
import socket
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from serving.web.http import refusal_of
from tests.helpers.installation import NOW, PATIENT_S, SHOP, Process, an_order, ask, rfc3339, settled

CANARY = "Zq7Canary"
JSON = {"content-type": "application/json"}
DEEP = 100_000


def body(**changes: Any) -> bytes:
    """A request to score, its order changed."""
    return orjson.dumps(ask(an_order(**changes)))


def raw(name: str, value: str) -> bytes:
    """The same with one member of the order written as it stands."""
    return orjson.dumps(ask(an_order(**{name: "@"}))).replace(b'"@"', value.encode())


def nested(path: str, value: Any) -> bytes:
    """A request to score with one value set, however deep."""
    request: dict[str, Any] = ask(an_order())
    at: Any = request
    *way, last = path.split("/")
    for part in way:
        at = at[int(part)] if isinstance(at, list) else at.setdefault(part, {})
    at[last] = value
    return orjson.dumps(request)


NO_JSON = {
    "NaN": raw("amount_minor", "NaN"),
    "Infinity": raw("amount_minor", "Infinity"),
    "minus Infinity": raw("amount_minor", "-Infinity"),
    "1e999": raw("amount_minor", "1e999"),
    "nothing": b"",
    "no JSON": f"{CANARY}".encode(),
    "cut short": body()[:-1],
    "two documents": body() + body(),
    "a lone surrogate": raw("channel", rf'"{CANARY}\ud800"'),
    "bad UTF-8": raw("channel", f'"{CANARY}@"').replace(b"@", b"\xff\xfe"),
    "a byte order mark": b"\xef\xbb\xbf" + body(),
    "UTF-16": body().decode().encode("utf-16"),
    "deep lists": b"[" * 30_000 + b"]" * 30_000,
    "deep lists, just not too deep for one reader": b"[" * 1_000 + b"]" * 1_000 + b"x",
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a raw control character": raw("channel", f'"{CANARY}\x00"'),
}

UNFIT: dict[str, tuple[bytes, str]] = {
    "a list": (b"[]", "/"),
    "a text": (f'"{CANARY}"'.encode(), "/"),
    "nested lists": (b"[" * 900 + b"]" * 900, "/"),
    "text for a number": (body(amount_minor="149900"), "/order/amount_minor"),
    "a truth for a number": (body(amount_minor=True), "/order/amount_minor"),
    "a fraction of a minor unit": (body(amount_minor=1499.5), "/order/amount_minor"),
    "a number beyond all money": (raw("amount_minor", "1" + "0" * 30), "/order/amount_minor"),
    "a number of 5,000 digits": (raw("amount_minor", "-" + "9" * 300), "/order/amount_minor"),
    "a negative amount": (body(amount_minor=-1), "/order/amount_minor"),
    "a negative discount": (body(discount_minor=-1), "/order/discount_minor"),
    "a negative price": (nested("order/line_items/0/price_minor", -1), "/order/line_items/0/price_minor"),
    "a quantity of none": (nested("order/line_items/0/quantity", 0), "/order/line_items/0/quantity"),
    "a number for a text": (body(channel=7), "/order/channel"),
    "a number for a time": (body(placed_at=1_760_000_000), "/order/placed_at"),
    "a time without a zone": (body(placed_at="2026-02-11T21:14:05"), "/order/placed_at"),
    "a time that is none": (body(placed_at=CANARY), "/order/placed_at"),
    "a payment method that is none": (body(payment_method=CANARY), "/order/payment_method"),
    "a currency that is none": (body(currency="inr"), "/order/currency"),
    "null for an order": (orjson.dumps({"merchant_id": SHOP, "order": None}), "/order"),
    "no order": (orjson.dumps({"merchant_id": SHOP}), "/order"),
    "no time": (orjson.dumps({"merchant_id": SHOP, "order": {}}), "/order/placed_at"),
    "an unknown field": (nested(CANARY, CANARY), "/"),
    "an unknown field of the order": (nested(f"order/{CANARY}", CANARY), "/order"),
    "an unknown field of the customer": (nested(f"order/customer/{CANARY}", 1), "/order/customer"),
    "an unknown field of the address": (nested(f"order/shipping_address/{CANARY}", 1), "/order/shipping_address"),
    "an unknown field of a line": (nested(f"order/line_items/0/{CANARY}", 1), "/order/line_items/0"),
    "an unknown option": (nested(f"options/{CANARY}", 1), "/options"),
    "a PIN code with a letter": (nested("order/shipping_address/pincode", "5600O1"), "/order/shipping_address/pincode"),
    "a PIN code that starts with 0": (nested("order/shipping_address/pincode", "060001"), "/order/shipping_address/pincode"),
    "a PIN code in other digits": (nested("order/shipping_address/pincode", "५६०००१"), "/order/shipping_address/pincode"),
    "an origin that is no PIN code": (body(origin_pincode="5600O1"), "/order/origin_pincode"),
    "NUL in a text": (body(channel=f"{CANARY}\x00"), "/order/channel"),
    "NUL in an id": (body(order_id="o\x001"), "/order/order_id"),
    "a separator of keys in a text": (nested("order/line_items/0/sku", "a\x1fb"), "/order/line_items/0/sku"),
    "an empty id": (body(order_id=""), "/order/order_id"),
    "an id with a space around it": (body(order_id=" o-1"), "/order/order_id"),
    "an id too long": (body(order_id="o" * 129), "/order/order_id"),
    "too many lines": (body(line_items=[{}] * 501), "/order/line_items"),
    **{
        f"NUL in {path.rsplit('/', 1)[-1]}": (nested(path, f"{CANARY}\x00"), f"/{path}")
        for path in (
            *(f"order/customer/{name}" for name in ("customer_id", "phone", "email", "name")),
            *(f"order/shipping_address/{name}" for name in ("line1", "line2", "landmark", "city", "district", "state")),
            "order/device_id", "order/ip", "order/campaign", "order/courier", "order/shipping_address/pincode",
        )
    },
}  # fmt: skip


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The error of an answer, after what every error keeps to."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"code", "message", "field", "request_id"}
    assert error["request_id"] == answer.headers["x-request-id"]
    assert CANARY not in answer.text
    return error


@pytest.mark.parametrize("sent", NO_JSON.values(), ids=NO_JSON.keys())
def test_what_is_no_json_is_400(shared: httpx.Client, sent: bytes):
    assert refused(shared.post("/v1/score", content=sent, headers=JSON), 400)["code"] == "malformed"


@pytest.mark.parametrize(("sent", "field"), UNFIT.values(), ids=UNFIT.keys())
def test_what_does_not_fit_is_422_and_names_the_field(shared: httpx.Client, sent: bytes, field: str):
    assert refused(shared.post("/v1/score", content=sent, headers=JSON), 422)["field"] == field


@pytest.mark.parametrize(
    "sent",
    [
        b'{"merchant_id":"a","merchant_id":"b","order":{}}',
        raw("channel", '"web","channel":"app"'),
        raw("channel", '"web","channel":"a\\u003ap"'),
        raw("channel", '"a:b","channel":"a"'),
    ],
    ids=["at the top", "inside", "beside an escaped colon", "beside a colon"],
)
def test_the_same_key_twice_is_422(shared: httpx.Client, sent: bytes):
    assert "twice" in refused(shared.post("/v1/score", content=sent, headers=JSON), 422)["message"]


def test_the_message_about_an_unknown_field_names_those_there_are(shared: httpx.Client):
    sent = nested(f"order/line_items/0/{CANARY}", 1)
    error = refused(shared.post("/v1/score", content=sent, headers=JSON), 422)
    assert error["message"] == "no such field; there are: sku, category, quantity, price_minor"


@pytest.mark.parametrize("called", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", None])
def test_what_is_not_called_json_is_415(shared: httpx.Client, called: str | None):
    headers = {} if called is None else {"content-type": called}
    assert refused(shared.post("/v1/score", content=body(), headers=headers), 415)["code"] == "not_json"


@pytest.mark.parametrize("called", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_by_any_spelling_of_its_name_is_read(shared: httpx.Client, called: str):
    assert shared.post("/v1/score", content=body(), headers={"content-type": called}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/events", "/v1/score/batch"])
@pytest.mark.parametrize("sent", [b"", b"{", b"{}", b"[]", raw("amount_minor", "NaN"), body()])
def test_the_other_doors_refuse_as_well(shared: httpx.Client, path: str, sent: bytes):
    answer = shared.post(path, content=sent, headers=JSON)
    refused(answer, answer.status_code if answer.status_code in (400, 422) else 422)


EVENT = {"merchant_id": SHOP, "event_id": "e", "order_id": "o", "type": "delivered", "happened_at": rfc3339(NOW)}
BAD_EVENTS = {
    "a type that is none": ({"type": CANARY}, "/type"),
    "placed is told by /v1/orders": ({"type": "placed"}, "/type"),
    "a reason that is none": ({"reason": CANARY}, "/reason"),
    "a correction of nothing": ({"type": "correction"}, "/details"),
    "a correction that names nothing": ({"type": "correction", "details": {}}, "/details/voids"),
    "an action not named": ({"type": "action_taken", "details": {}}, "/details/action"),
    "no such action": ({"type": "action_taken", "details": {"action": CANARY}}, "/details/action"),
    "no corrected address": ({"type": "address_corrected", "details": {}}, "/details/address"),
    "a corrected PIN code that is none": (
        {"type": "address_corrected", "details": {"address": {"pincode": "5600O1"}}}, "/details/address/pincode",
    ),
    "an unknown detail": ({"details": {CANARY: 1}}, "/details"),
    "six minutes ahead": ({"happened_at": rfc3339(NOW + 360 * 1_000_000)}, "/happened_at"),
    "before this century": ({"happened_at": "1999-01-01T00:00:00Z"}, "/happened_at"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "field"), BAD_EVENTS.values(), ids=BAD_EVENTS.keys())
def test_news_that_does_not_fit_is_422_and_names_the_field(shared: httpx.Client, change: dict[str, Any], field: str):
    assert refused(shared.post("/v1/events", json=EVENT | change), 422)["field"] == field


def test_two_minutes_ahead_is_accepted(shared: httpx.Client):
    sent = body(placed_at=rfc3339(NOW + 120 * 1_000_000))
    assert shared.post("/v1/score", content=sent, headers=JSON).status_code == 200


def test_a_time_at_the_end_of_all_calendars_is_scored(shared: httpx.Client):
    answer = shared.post("/v1/score", content=body(promised_at="9999-12-31T23:59:59-23:59"), headers=JSON)
    assert (answer.status_code, answer.json()["status"]) == (200, "scored")


def big() -> bytes:
    return body(channel=CANARY) + b" " * 10_000_000


def in_chunks() -> Any:
    yield from (big()[i : i + 50_000] for i in range(0, 10_000_000, 50_000))


@pytest.mark.parametrize("content", [big, in_chunks], ids=["with its length", "in chunks"])
def test_a_body_of_10_mb_is_413(shared: httpx.Client, content: Callable[[], Any]):
    assert refused(shared.post("/v1/score", content=content(), headers=JSON), 413)["code"] == "too_large"
    assert shared.get("/livez").status_code == 200


def test_a_body_said_to_be_too_large_is_refused_before_it_is_sent(shared: httpx.Client):
    head = "POST /v1/score HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10000000\r\n\r\n"
    with socket.create_connection((shared.base_url.host, shared.base_url.port or 0), timeout=PATIENT_S) as wire:
        wire.sendall(head.encode())
        assert wire.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_body_of_just_64_kib_is_read(shared: httpx.Client):
    sent = body()
    assert shared.post("/v1/score", content=sent + b" " * (65_536 - len(sent)), headers=JSON).status_code == 200
    assert shared.post("/v1/score", content=sent + b" " * (65_537 - len(sent)), headers=JSON).status_code == 413


def test_an_order_cut_off_by_a_lost_connection_is_not_taken_in(client: httpx.Client):
    order = orjson.dumps({"merchant_id": SHOP, "order": an_order(order_id="cut-off")})
    head = "POST /v1/orders HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as wire:
        wire.sendall(head.encode() + b"transfer-encoding: chunked\r\n\r\n" + f"{len(order):x}\r\n".encode() + order)
    again = client.post("/v1/orders", content=order, headers=JSON)
    assert again.json()["status"] == "accepted"


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/score/", "/v2/score", f"/{CANARY}", "/v1/decisions/", "/docs"])
def test_an_unknown_path_is_404_in_our_shape(shared: httpx.Client, path: str):
    assert refused(shared.get(path), 404)["code"] == "not_found"


@pytest.mark.parametrize(("verb", "path"), [("GET", "/v1/score"), ("POST", "/v1/model"), ("DELETE", "/v1/events")])
def test_another_method_is_405_in_our_shape(shared: httpx.Client, verb: str, path: str):
    answer = shared.request(verb, path)
    assert refused(answer, 405)["code"] == "method_not_allowed"
    assert answer.headers["allow"]


def test_metrics_know_routes_and_never_paths(shared: httpx.Client):
    shared.get(f"/{CANARY}")
    shared.get(f"/v1/decisions/{CANARY}", params={"merchant_id": SHOP})
    metrics = shared.get("/metrics").text
    assert CANARY not in metrics
    assert 'rto_requests_total{route="none",status="404"}' in metrics
    assert 'route="/v1/decisions/{decision_id}"' in metrics


def test_every_answer_keeps_browsers_from_guessing_and_caching(shared: httpx.Client):
    for answer in (shared.get("/livez"), shared.get("/nowhere"), shared.post("/v1/score", content=big(), headers=JSON)):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-request-id"].startswith("req_")


def broken() -> Exception:
    """A failure that holds a value, as failures do, with the place where it happened."""
    try:
        int(CANARY)
    except ValueError as error:
        return error
    raise AssertionError


def test_what_breaks_is_logged_by_its_place_and_never_by_what_it_says(caplog: pytest.LogCaptureFixture):
    with caplog.at_level("INFO", logger="rto"):
        refusal = refusal_of(broken(), "req_1")
    assert (refusal.status, refusal.code) == (500, "internal")
    assert re.search(r'"failed":"ValueError at test_bad_input.py:\d+"', caplog.text)
    assert CANARY not in caplog.text + refusal.message


def test_the_real_process_refuses_the_same_and_logs_nothing_of_a_body(process: Process):
    for sent in NO_JSON.values():
        refused(process.client.post("/v1/score", content=sent, headers=JSON), 400)
    for sent, _ in UNFIT.values():
        refused(process.client.post("/v1/score", content=sent, headers=JSON), 422)
    for content in (big, in_chunks):
        refused(process.client.post("/v1/score", content=content(), headers=JSON), 413)
    refused(process.client.post("/v1/score", content=big(), headers={"content-type": "multipart/form-data"}), 413)
    refused(process.client.post("/v1/score", content=body(channel=CANARY), headers={}), 415)
    refused(process.client.post(f"/{CANARY}", content=body(channel=CANARY), headers=JSON), 404)
    written = settled(process.log)
    assert written.count("/v1/score") > len(NO_JSON) + len(UNFIT)
    for secret in (CANARY, "Asha Rao", "9000090001", "asha.rao77", "12 MG Road", "800001", "149900"):
        assert secret not in written


def test_the_real_process_scores_and_says_that_it_lives_and_is_ready(process: Process):
    answer = process.client.post("/v1/score", json=ask(an_order(), dry_run=True))
    assert (answer.status_code, answer.json()["status"]) == (200, "scored")
    assert [process.client.get(path).status_code for path in ("/livez", "/readyz")] == [200, 200]
    assert "rto_requests_total" in process.client.get("/metrics").text


@pytest.mark.parametrize("path", ["/docs.json", "/static_content/x", "/", "/v1/score/"])
def test_the_real_process_opens_no_door_of_the_framework(process: Process, path: str):
    refused(process.client.get(path), 404)
