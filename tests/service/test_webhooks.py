"""News that couriers push: only with a good signature, only now, only once; and nothing is told to whoever has none."""

import base64
import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from data.contract import SECOND
from data.errors import UsageError
from serving.access import Access
from serving.clock import Clock
from serving.web.http import Refusal
from serving.web.webhook_keys import MOST_LIVE, WebhookKeys
from serving.web.webhooks import WINDOW, delivered
from tests.helpers.installation import NOW, SHOP, Installation, an_order, place, rfc3339, served
from tests.helpers.signing import signature
from tests.helpers.signing import signed as headers_of
from tests.service.test_bento import missing

PATH = f"/v1/webhooks/{SHOP}/bluedart"
PAGE = Path(__file__).parents[2] / "docs" / "api.md"


@dataclass(frozen=True)
class Post:
    """A service, and the secrets it knows."""

    client: httpx.Client
    keys: WebhookKeys
    secret: str

    def __call__(self, events: Any, **changed: Any) -> httpx.Response:
        body, headers = signed(self.secret, events, **changed)
        return self.client.post(changed.get("path", PATH), content=body, headers=headers)


def signed(
    secret: str, events: Any, message_id: str = "msg_1", moment: int = NOW // SECOND, **_: Any
) -> tuple[bytes, dict[str, str]]:
    body = json.dumps({"events": events}).encode()
    return body, headers_of(secret, body, message_id, moment)


def event(event_id: str, kind: str = "delivered", **more: Any) -> dict[str, Any]:
    return {"event_id": event_id, "order_id": "o-1", "type": kind, "happened_at": rfc3339(NOW)} | more


@pytest.fixture(scope="module")
def post(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    own = installation.copy(tmp_path_factory.mktemp("webhooks") / "home")
    access = Access(own.home)
    keys = WebhookKeys(access.connection, own.home)
    _, secret = keys.create(SHOP, "bluedart", 1)
    with served(own) as client:
        place(client, an_order(order_id="o-1"))
        yield Post(client, keys, secret)
    access.connection.close()


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", {}).get("code", "")


def test_signed_news_counts_once_and_says_who_told_it(post: Post):
    first = post([event("w-1", "dispatched"), event("w-2", weight="2 kg", hub="BOM")])
    assert (first.status_code, first.json()) == (200, {"accepted": 2, "duplicates": 0, "unknown_fields": 2})
    again = post([event("w-1", "dispatched")], message_id="msg_2")
    assert again.json() == {"accepted": 0, "duplicates": 1, "unknown_fields": 0}
    shops_own = {"merchant_id": SHOP, **event("w-2", "lost")}
    assert post.client.post("/v1/events", json=shops_own).json()["status"] == "accepted", "another source, other ids"


def test_the_very_delivery_again_is_refused_and_a_couriers_retry_is_answered_as_before(post: Post):
    news = [event("r-1", "out_for_delivery")]
    first = post(news, message_id="msg_r")
    assert first.json()["accepted"] == 1
    assert code(post(news, message_id="msg_r")) == (409, "replayed")
    retried = post(news, message_id="msg_r", moment=NOW // SECOND + 7)
    assert retried.content == first.content
    assert code(post(news, message_id="msg_r", moment=NOW // SECOND + 7)) == (409, "replayed")
    other = post([event("r-2")], message_id="msg_r", moment=NOW // SECOND + 9)
    assert code(other) == (422, "idempotency_key_reused")


def test_what_is_wrong_with_one_event_refuses_all_and_leaves_the_delivery_free(post: Post):
    bad = post([event("b-1"), event("b-2", happened_at="2035-01-01T00:00:00Z")], message_id="msg_b")
    assert (*code(bad), bad.json()["error"]["field"]) == (422, "in_the_future", "/events/1/happened_at")
    shape = post([event("b-1", "eaten")], message_id="msg_b")
    assert (*code(shape), shape.json()["error"]["field"]) == (422, "invalid", "/events/0/type")
    assert code(post([event("w-1", "lost")], message_id="msg_b")) == (409, "DQ014")
    assert post([event("b-1"), event("b-2")], message_id="msg_b").json()["accepted"] == 2


def forged(post: Post) -> dict[str, httpx.Response]:
    """Deliveries that must not get in."""
    news, old, ahead = [event("f-1")], (NOW - WINDOW) // SECOND - 2, (NOW + WINDOW) // SECOND + 2
    body, headers = signed(post.secret, news, "msg_f")
    stranger = "whsec_" + base64.b64encode(b"x" * 32).decode()

    def sent(path: str = PATH, content: bytes = body, **changed: str | None) -> httpx.Response:
        said = headers | {name.replace("_", "-"): value for name, value in changed.items()}
        return post.client.post(path, content=content, headers={n: v for n, v in said.items() if v is not None})

    return {
        "no signature": sent(webhook_signature=None),
        "no id": sent(webhook_id=None),
        "another id": sent(webhook_id="msg_g"),
        "no time": sent(webhook_timestamp=None),
        "another time": sent(webhook_timestamp=str(NOW // SECOND + 1)),
        "no number for a time": post.client.post(PATH, content=body, headers=headers | {
            "webhook-timestamp": "now", "webhook-signature": "v1," + signature(post.secret, "msg_f", "now", body)}),
        "old": post(news, message_id="msg_f", moment=old),
        "of the future": post(news, message_id="msg_f", moment=ahead),
        "another body": sent(content=body.replace(b"f-1", b"f-2")),
        "another secret": sent(webhook_signature="v1," + signature(stranger, "msg_f", NOW // SECOND, body)),
        "another scheme": sent(webhook_signature=headers["webhook-signature"].replace("v1,", "v1a,")),
        "another source": sent(path=f"/v1/webhooks/{SHOP}/delhivery"),
        "nobody": sent(path="/v1/webhooks/nobody/bluedart"),
        "empty": sent(content=b"", webhook_signature="v1,"),
        "no JSON": sent(content=b"{"),
    }  # fmt: skip


def test_whatever_is_wrong_with_a_signature_is_the_same_401(post: Post):
    found = forged(post)
    told = {name: (one.status_code, one.text.replace(one.headers["x-request-id"], "")) for name, one in found.items()}
    assert {status for status, _ in told.values()} == {401}
    assert len(set(told.values())) == 1, told
    assert post([event("f-1")], message_id="msg_f").json()["accepted"] == 1, "none of them was taken in"


def test_of_two_live_secrets_both_sign_and_a_third_waits(post: Post):
    ids = [post.keys.create(SHOP, "turning", 1) for _ in range(MOST_LIVE)]
    with pytest.raises(UsageError, match="KEY004"):
        post.keys.create(SHOP, "turning", 2)
    path = f"/v1/webhooks/{SHOP}/turning"
    bodies = [signed(secret, [event(f"t-{i}")], f"msg_t{i}") for i, (_, secret) in enumerate(ids)]
    assert [post.client.post(path, content=body, headers=h).status_code for body, h in bodies] == [200, 200]
    post.keys.revoke(ids[0][0], 3)
    body, headers = signed(ids[0][1], [event("t-9")], "msg_t9")
    assert post.client.post(path, content=body, headers=headers).status_code == 401
    both = headers | {
        "webhook-signature": f"{headers['webhook-signature']} v1,{signature(ids[1][1], 'msg_t9', NOW // SECOND, body)}"
    }
    assert post.client.post(path, content=body, headers=both).status_code == 200, "a courier that signs with both"
    assert post.keys.create(SHOP, "turning", 4)[0] not in {one for one, _ in ids}
    with pytest.raises(UsageError, match="KEY001"):
        post.keys.revoke(ids[0][0], 5)


def test_no_secret_is_kept(post: Post):
    raw = base64.b64decode(post.secret.removeprefix("whsec_"))
    files = [path for path in post.keys.home.rglob("*") if path.is_file() and path.name.startswith("access")]
    assert files
    for path in files:
        held = path.read_bytes()
        assert raw not in held
        assert post.secret.encode() not in held


def asked(headers: dict[str, str]) -> Request:
    said = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "headers": said})


def test_signatures_are_those_of_standard_webhooks():
    """The example that the documentation of Standard Webhooks' libraries publishes."""
    secret, body, moment = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}', 1_614_265_330
    headers = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": str(moment),
               "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}  # fmt: skip
    live = [base64.b64decode(secret.removeprefix("whsec_"))]
    assert delivered(asked(headers), body, live, moment * SECOND).message_id == headers["webhook-id"]


def test_of_ten_thousand_altered_deliveries_none_gets_in():
    secret, chance = "whsec_" + base64.b64encode(b"s" * 32).decode(), random.Random(7)
    live = [base64.b64decode(secret.removeprefix("whsec_"))]
    body, headers = signed(secret, [event("m-1")])
    for _ in range(10_000):
        wire = {"body": body, **{name: value.encode() for name, value in headers.items() if name.startswith("webhook")}}
        name = chance.choice(list(wire))
        place_ = chance.randrange(len(wire[name]))
        byte = chance.choice([b for b in range(33, 127) if b != wire[name][place_]])
        wire[name] = wire[name][:place_] + bytes([byte]) + wire[name][place_ + 1 :]
        altered = {n: v.decode() for n, v in wire.items() if n != "body"}
        with pytest.raises(Refusal):
            delivered(asked(altered), wire["body"], live, NOW)


def test_the_example_of_the_page_is_taken_in(installation: Installation, tmp_path: Path):
    if shutil.which("openssl") is None or shutil.which("curl") is None:
        missing("openssl or curl is not installed")
    own = installation.copy(tmp_path / "home")
    access = Access(own.home)
    _, secret = WebhookKeys(access.connection, own.home).create(SHOP, "bluedart", 1)
    [block] = re.findall(r"```text\n(secret=.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    with served(own, Clock()) as client:
        text = block.replace("whsec_...", secret).replace("http://127.0.0.1:3333", str(client.base_url).rstrip("/"))
        done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=60, check=True)
    access.connection.close()
    assert json.loads(done.stdout) == {"accepted": 1, "duplicates": 0, "unknown_fields": 0}
