"""The call queue over HTTP and pushed to a dialler: ranked, one merchant's own, signed, and nothing of a person in it."""

import hashlib
import hmac
import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import httpx
import pytest
from click.testing import CliRunner

from data.errors import RtoError
from serving.access import Access
from serving.cli import rto
from serving.clock import Clock
from serving.web.webhook_keys import WebhookKeys
from tests.helpers.installation import SHOP, Installation, an_order, place, rfc3339, served
from tests.service.test_openapi import validator
from tests.service.test_policies_served import advice

SECRET_OF = "dialler"


@pytest.fixture(scope="module")
def waiting(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, httpx.Client]]:
    """An installation with six scored cash orders that wait for dispatch."""
    own = installation.copy(tmp_path_factory.mktemp("queue") / "home")
    with served(own, Clock()) as client:
        for i in range(6):  # by the machine's own clock: `rto queue` reads it too
            place(
                client, an_order(order_id=f"q-{i}", amount_minor=60_000 + 40_000 * i, placed_at=rfc3339(Clock().now()))
            )
            advice(client, order={"order_id": f"q-{i}"}, stage="dispatch")
        yield own, client


def test_the_queue_is_served_ranked_within_the_capacity_in_the_promised_shape(waiting):
    _, client = waiting
    answer = client.get(
        "/v1/queue", params={"merchant_id": SHOP, "capacity": 3, "link": "https://shop.example/{order_id}"}
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    validator("Queue").validate(told)
    savings = [one["saving_minor"] for one in told["orders"]]
    assert (len(savings), savings) == (3, sorted(savings, reverse=True))
    assert told["orders"][0]["link"] == f"https://shop.example/{told['orders'][0]['order_id']}"
    assert "9000090001" not in answer.text
    assert "Asha" not in answer.text


@pytest.mark.parametrize(
    ("query", "field"),
    [({"by": "pigeon"}, "?by"), ({"capacity": "0"}, "?capacity"), ({"days": "1e3"}, "?days"), ({"link": "javascript:1"}, "?link")],
)  # fmt: skip
def test_what_does_not_fit_is_refused(waiting, query, field):
    answer = waiting[1].get("/v1/queue", params={"merchant_id": SHOP, **query})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


def test_a_key_of_another_shop_gets_no_queue(installation: Installation, tmp_path):
    own = installation.copy(tmp_path / "home")
    access = Access(own.home)
    with closing(access.connection):
        keys = [
            access.create(*whose, 1)[1]
            for whose in (("somebody-else", ("report",)), (SHOP, ("score",)), (SHOP, ("report",)))
        ]
    with served(own) as client:
        asked = [
            client.get("/v1/queue", params={"merchant_id": SHOP}, headers={"authorization": f"Bearer {key}"})
            for key in keys
        ]
    assert [one.status_code for one in asked] == [403, 403, 200]


class Dialler(BaseHTTPRequestHandler):
    """Takes what is pushed, as a dialler would, and keeps it."""

    taken: ClassVar[list[tuple[dict[str, str], bytes]]] = []
    status: ClassVar[int] = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.taken.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(self.status)
        self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def dialler() -> Iterator[str]:
    Dialler.taken, Dialler.status = [], 200
    server = HTTPServer(("127.0.0.1", 0), Dialler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/calls"
    server.shutdown()
    thread.join()
    server.server_close()


def pushed(own: Installation, *words: str) -> Any:
    at = {"RTO_HOME": str(own.home), "RTO_MLRUNS": str(own.mlruns)}
    return CliRunner().invoke(rto, ["queue", "--merchant", SHOP, "--json", *words], env=at)


def test_a_dialler_gets_the_queue_with_a_signature_of_each_live_secret(waiting, dialler):
    own, _ = waiting
    keys = WebhookKeys(Access(own.home).connection, own.home)
    secrets = [keys.create(SHOP, SECRET_OF, Clock().now())[1] for _ in range(2)]
    raw = keys.live_alone(SHOP, SECRET_OF)
    keys.connection.close()
    done = pushed(own, "--push", dialler)
    assert done.exit_code == 0, done.exception
    [(headers, body)] = Dialler.taken
    assert [one["order_id"] for one in json.loads(body)["orders"]] == [
        one["order_id"] for one in json.loads(done.stdout)
    ]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mine = {b64encode(hmac.new(one, signed, hashlib.sha256).digest()).decode() for one in raw}
    assert {one.removeprefix("v1,") for one in headers["webhook-signature"].split()} == mine
    other = b64encode(hmac.new(raw[0], signed + b" ", hashlib.sha256).digest()).decode()
    assert other not in mine  # the control: a changed body has another signature
    assert b"9000090001" not in body
    assert not any(secret.encode() in body for secret in secrets)


@pytest.mark.parametrize("status", [302, 401, 503])
def test_what_is_not_taken_is_told_and_no_redirect_is_followed(waiting, dialler, status):
    own, _ = waiting
    keys = WebhookKeys(Access(own.home).connection, own.home)
    if not keys.live_alone(SHOP, "other"):
        keys.create(SHOP, "other", Clock().now())
    keys.connection.close()
    Dialler.status = status
    done = pushed(own, "--push", dialler, "--source", "other")
    assert isinstance(done.exception, RtoError)
    assert (done.exception.code, done.exception.got) == ("QUEUE002", f"status {status}")
    assert len(Dialler.taken) == 1


@pytest.mark.parametrize(
    "url",
    ["http://dialler.example/x", "https://me:secret@dialler.example/", "file:///etc/passwd", "https://", "https://a b/", "ftp://127.0.0.1/"],
)  # fmt: skip
def test_no_address_but_a_safe_one_is_pushed_to(waiting, url):
    done = pushed(waiting[0], "--push", url)
    assert isinstance(done.exception, RtoError)
    assert done.exception.code == "QUEUE001"


def test_without_a_secret_nothing_is_pushed(waiting, dialler):
    done = pushed(waiting[0], "--push", dialler, "--source", "nobody")
    assert isinstance(done.exception, RtoError)
    assert done.exception.code == "QUEUE003"
    assert Dialler.taken == []
