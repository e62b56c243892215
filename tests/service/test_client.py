"""Does the client keep a checkout going, whatever is on the other side, and are its examples true?"""

import doctest
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

import serving.client
import serving.client_wire
from serving.client import Client, ConflictError, InvalidError, NotAllowedError, NotFoundError, UnavailableError
from tests.helpers.installation import NOW, OTHER_SHOP, SHOP, Installation, SetClock, an_order, rfc3339, served

CANARY = "Zq7Canary"


def client_of(service: httpx.Client, **more: Any) -> Client:
    """Our client of a service, given the time a busy test machine needs."""
    return Client(str(service.base_url), **({"merchant_id": SHOP, "score_timeout_s": 30.0, "timeout_s": 30.0} | more))


@contextmanager
def server(*answers: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that does one of these with each connection, in turn; what it was sent."""
    listening, heard = socket.create_server(("127.0.0.1", 0)), []

    def serve() -> None:
        for answer in answers:
            try:
                wire, _ = listening.accept()
            except OSError:
                return
            with wire:
                wire.settimeout(10)
                heard.append(_request(wire))
                answer(wire)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", heard
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def key_in(head: bytes) -> bytes:
    """The Idempotency-Key of a request."""
    return head.lower().partition(b"idempotency-key: ")[2].partition(b"\r\n")[0]


def _request(wire: socket.socket) -> bytes:
    """The key and the body of one whole request."""
    head, _, body = _raw_request(wire).partition(b"\r\n\r\n")
    return key_in(head) + b" " + body


def _raw_request(wire: socket.socket) -> bytes:
    """One whole request, by its content-length."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += wire.recv(65_536)
    head, _, body = said.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    while len(body) < length:
        body += wire.recv(65_536)
    return head + b"\r\n\r\n" + body


def says(status: int, body: Any) -> Callable[[socket.socket], None]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    return lambda wire: wire.sendall(head.encode() + content)


def hangs_up(wire: socket.socket) -> None:
    """Close without an answer."""


def drips(wire: socket.socket) -> None:
    """A byte now and then, for a long time."""
    try:
        for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"s" * 200:
            wire.sendall(bytes([byte]))
            time.sleep(0.05)
    except OSError:
        return  # the client has hung up, as it should


ERROR = {"error": {"code": "storage", "message": "later", "field": None, "request_id": "req_1"}}
GOOD = {"status": "scored", "recommendation": {"action": "confirm_call"}}


def test_a_whole_way_from_checkout_to_outcome(own: Installation):
    with served(own) as service:
        shop = client_of(service)
        decision = shop.score(an_order(checkout_id="c-1"))  # type: ignore[arg-type]
        assert (decision["status"], decision["logged"], decision["stage"]) == ("scored", True, "checkout")
        assert shop.place(an_order(order_id="o-1", checkout_id="c-1"))["status"] == "accepted"  # type: ignore[arg-type]
        assert shop.place(an_order(order_id="o-1", checkout_id="c-1"))["status"] == "duplicate"  # type: ignore[arg-type]
        assert shop.event("e-1", "o-1", "rto_started", rfc3339(NOW), reason="refused")["status"] == "accepted"
        again = shop.score({"order_id": "o-1"}, stage="dispatch")
        assert shop.decision(decision["decision_id"] or "")["decision_id"] == decision["decision_id"]
        linked = [d["decision_id"] for d in shop.decisions(order_id="o-1")]
    assert linked == [again["decision_id"], decision["decision_id"]]


def test_a_batch_comes_back_in_order_and_a_refused_one_has_the_default(own: Installation):
    with served(own) as service:
        orders: list[Any] = [an_order(checkout_id="c-1"), an_order(amount_minor=-1), an_order(checkout_id="c-3")]
        answers = client_of(service).score_batch(orders, dry_run=True)
    assert [a["status"] for a in answers] == ["scored", "fallback", "scored"]
    assert [a["checkout_id"] for a in answers] == ["c-1", None, "c-3"]
    assert "/orders/1/amount_minor" in answers[1]["warnings"][0]["text"]


def test_a_score_that_is_refused_does_not_raise_and_says_which_field(shared: httpx.Client, caplog: Any):
    with caplog.at_level(logging.WARNING):
        decision = client_of(shared).score(an_order(channel=f"{CANARY}\x00"))  # type: ignore[arg-type]
    assert (decision["status"], decision["rung"], decision["risk"]) == ("fallback", "client", None)
    assert decision["recommendation"]["action"] == "allow_cod"
    assert decision["warnings"][0]["code"] == "invalid"
    assert "/order/channel" in caplog.text
    assert CANARY not in caplog.text + json.dumps(decision)


@pytest.mark.parametrize("order", [{"placed_at": object()}, {"amount_minor": float("nan")}, None])
def test_not_even_an_order_that_is_none_raises(order: Any):
    decision = Client("http://127.0.0.1:9", merchant_id=SHOP).score(order or {})
    assert decision["status"] == "fallback"


def test_nobody_there_is_the_default_that_was_chosen():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    shop = Client(f"http://127.0.0.1:{port}", merchant_id=SHOP, default_action="confirm_call")
    assert shop.score({"order_id": "o-1"})["recommendation"]["action"] == "confirm_call"
    assert [d["order_id"] for d in shop.score_batch([{"order_id": "o-1"}, {"order_id": "o-2"}])] == ["o-1", "o-2"]
    with pytest.raises(UnavailableError, match="unreachable"):
        shop.decision("dec_1")


@pytest.mark.parametrize("first", [hangs_up, says(503, ERROR), says(200, b"<html>"), says(200, b"{")],
                         ids=["hung up", "503", "no JSON", "half an answer"])  # fmt: skip
def test_one_retry_with_the_same_body(first: Callable[[socket.socket], None]):
    with server(first, says(200, GOOD)) as (url, heard):
        decision = Client(url, merchant_id=SHOP, score_timeout_s=10).score({"order_id": "o-1"})
    assert decision["recommendation"]["action"] == "confirm_call"
    assert len(heard) == 2
    assert heard[0] == heard[1], "the same body under the same key"
    assert len(heard[0].partition(b" ")[0]) == 32


@contextmanager
def cutting_off(upstream: httpx.URL, after: int) -> Iterator[tuple[str, list[bytes]]]:
    """A way to a service on which the first so many answers are lost after the service gave them."""

    def passing(wire: socket.socket, request: bytes, lost: bool) -> None:
        with socket.create_connection((upstream.host, upstream.port or 80)) as there:
            there.sendall(request.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\nconnection: close\r\n", 1))
            said = b"".join(iter(lambda: there.recv(65_536), b""))
        if not lost:
            wire.sendall(said)

    listening, heard = socket.create_server(("127.0.0.1", 0)), []

    def serve() -> None:
        for number in range(after + 1):
            wire, _ = listening.accept()
            with wire:
                raw = _raw_request(wire)
                heard.append(key_in(raw))
                passing(wire, raw, number < after)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", heard
    finally:
        thread.join()
        listening.close()


def test_an_answer_lost_on_the_way_is_given_again_and_the_work_done_once(own: Installation):
    with served(own) as service:
        with cutting_off(service.base_url, 1) as (url, heard):
            shop = Client(url, merchant_id=SHOP, score_timeout_s=30.0)
            decision = shop.score(an_order(checkout_id="c-lost"))  # type: ignore[arg-type]
        kept = client_of(service).decisions(checkout_id="c-lost")
    assert (len(heard), len(set(heard))) == (2, 1)
    assert [one["decision_id"] for one in kept] == [decision["decision_id"]]


def test_and_no_second_retry():
    with server(says(503, ERROR), says(503, ERROR), says(200, GOOD)) as (url, heard):
        decision = Client(url, merchant_id=SHOP, score_timeout_s=10).score({"order_id": "o-1"})
    assert (decision["status"], decision["warnings"][0]["code"], len(heard)) == ("fallback", "storage", 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 422, 500])
def test_what_a_retry_cannot_help_is_not_sent_again(status: int):
    with server(says(status, ERROR), says(200, GOOD)) as (url, heard):
        assert Client(url, merchant_id=SHOP, score_timeout_s=10).score({})["status"] == "fallback"
    assert len(heard) == 1


@pytest.mark.parametrize("slow", [lambda wire: time.sleep(1.5), drips], ids=["silent", "drips"])
def test_a_slow_server_holds_a_checkout_for_300_ms_and_no_longer(slow: Callable[[socket.socket], None]):
    with server(slow) as (url, heard):
        started = time.monotonic()
        decision = Client(url, merchant_id=SHOP).score({"order_id": "o-1"})
        took = time.monotonic() - started
    assert decision["warnings"][0]["code"] == "timeout"
    assert 0.28 < took < 1.0
    assert len(heard) == 1


KINDS = {400: InvalidError, 401: NotAllowedError, 403: NotAllowedError, 404: NotFoundError, 409: ConflictError,
         413: InvalidError, 422: InvalidError, 500: UnavailableError}  # fmt: skip


@pytest.mark.parametrize(("status", "kind"), KINDS.items())
def test_elsewhere_each_status_is_an_error_of_its_own_kind(status: int, kind: type[Exception]):
    with server(says(status, ERROR)) as (url, _), pytest.raises(kind) as caught:
        Client(url, merchant_id=SHOP).place({"order_id": "o-1"})
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, "storage", "req_1")


def test_real_refusals_are_raised_as_what_they_are(own: Installation):
    with served(own) as service:
        shop = client_of(service)
        shop.place(an_order(order_id="o-1"))  # type: ignore[arg-type]
        with pytest.raises(ConflictError, match="DQ008"):
            shop.place(an_order(order_id="o-1", amount_minor=1))  # type: ignore[arg-type]
        with pytest.raises(NotFoundError):
            shop.decision("dec_never/../x")
        with pytest.raises(InvalidError, match="/happened_at"):
            shop.event("e-1", "o-1", "delivered", "yesterday")
        with pytest.raises(NotAllowedError):
            client_of(service, key="rto_wrong").decision("dec_1")
        with pytest.raises(NotFoundError):
            client_of(service, merchant_id="nobody").place(an_order(order_id="o-2"))  # type: ignore[arg-type]


def test_a_connection_is_kept_and_found_again_after_the_server_dropped_it(own: Installation):
    with served(own) as service:
        shop = client_of(service, merchant_id=OTHER_SHOP)
        assert shop.score(an_order(), dry_run=True)["status"] == "scored"  # type: ignore[arg-type]
        first = shop._wire.of_thread.connections[0].sock
        assert shop.score(an_order(), dry_run=True)["status"] == "scored"  # type: ignore[arg-type]
        assert shop._wire.of_thread.connections[0].sock is first
        first.shutdown(socket.SHUT_RDWR)
        assert shop.score(an_order(), dry_run=True)["status"] == "scored"  # type: ignore[arg-type]
        shop._wire.of_thread.connections[0].close()


@pytest.mark.parametrize("url", ["127.0.0.1:3333", "ftp://127.0.0.1", "http://", ""])
def test_an_address_that_is_none_is_refused_at_once(url: str):
    with pytest.raises(ValueError, match="base_url"):
        Client(url, merchant_id=SHOP)


def test_it_needs_nothing_but_the_standard_library():
    import ast
    import sys
    from pathlib import Path

    parts = [ast.parse(Path(str(one.__file__)).read_text()) for one in (serving.client, serving.client_wire)]
    nodes = [node for tree in parts for node in ast.walk(tree)]
    names = {n.name.partition(".")[0] for one in nodes if isinstance(one, ast.Import) for n in one.names}
    names |= {(one.module or "") for one in nodes if isinstance(one, ast.ImportFrom)}
    assert {one.partition(".")[0] for one in names - {"serving.client_wire"}} <= set(sys.stdlib_module_names)


def test_its_examples_are_true(own: Installation):
    """The examples in its docstring, run against a service, at the address it has here and with time to answer."""
    with served(own, SetClock(1_775_000_000_000_000)) as service:
        docstring = (serving.client.__doc__ or "").replace("http://127.0.0.1:3333", str(service.base_url))
        docstring = docstring.replace("key=None)", "key=None, score_timeout_s=30.0)")
        example = doctest.DocTestParser().get_doctest(docstring, {}, "client", None, None)
        assert len(example.examples) > 5
        failed = doctest.DocTestRunner().run(example)
    assert failed.failed == 0


def says_goodbye(wire: socket.socket) -> None:
    """A good answer, after which the server closes, and says so."""
    content = json.dumps(GOOD).encode()
    wire.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(content) + content)


def test_of_several_replicas_the_retry_and_all_that_follows_go_to_one_that_answers():
    with server(hangs_up) as (first, heard), server(*[says_goodbye] * 3) as (second, also):
        shop = Client([first, second], merchant_id=SHOP, score_timeout_s=10.0)
        assert [shop.score({"order_id": "o-1"})["status"] for _ in range(3)] == ["scored"] * 3
    assert (len(heard), len(also)) == (1, 3)
    assert heard[0] == also[0], "the same body under the same key"
    assert also[0] != also[1]


def test_control_one_address_alone_is_asked_twice_and_then_the_client_decides():
    with server(hangs_up, hangs_up) as (only, heard):
        assert Client([only], merchant_id=SHOP, score_timeout_s=10.0).score({"order_id": "o-1"})["status"] == "fallback"
    assert len(heard) == 2


@pytest.mark.parametrize("urls", [[], ["http://127.0.0.1:1", "nowhere"]])
def test_of_several_addresses_each_must_be_one(urls: list[str]):
    with pytest.raises(ValueError, match="base_url"):
        Client(urls, merchant_id=SHOP)
