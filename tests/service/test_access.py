"""Who may do what: keys, scopes, merchants, and the door that is open only at home."""

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from data.errors import Exit
from serving.access import KNOWN_FOR_S, SCOPES, Access, Callers
from serving.clock import Clock
from tests.helpers.commands import rto
from tests.helpers.installation import (
    NOW,
    OTHER_SHOP,
    SHOP,
    Installation,
    an_order,
    ask,
    free_port,
    rfc3339,
    served,
)

ROUTES: dict[str, tuple[str, str, str]] = {
    "score": ("POST", "/v1/score", "score"),
    "batch": ("POST", "/v1/score/batch", "score"),
    "test order": ("POST", "/v1/score", "score"),
    "orders": ("POST", "/v1/orders", "events"),
    "events": ("POST", "/v1/events", "events"),
    "decision": ("GET", "/v1/decisions/dec_1", "score"),
    "replay": ("POST", "/v1/decisions/dec_1/replay", "score"),
    "override": ("POST", "/v1/decisions/dec_1/override", "override"),
    "decisions": ("GET", "/v1/decisions?order_id=o-1", "score"),
    "model": ("GET", "/v1/model", "score"),
    "report": ("GET", f"/reports/{SHOP}", "report"),
    "report as csv": ("GET", f"/reports/{SHOP}.csv?table=state", "report"),
    "report as xlsx": ("GET", f"/reports/{SHOP}.xlsx", "report"),
}
"""Every route that is about a merchant: verb, path, the scope it takes."""
NEWS = {"event_id": "e", "order_id": "o", "type": "delivered", "happened_at": rfc3339(NOW)}
BODIES: dict[str, dict[str, Any]] = {
    "score": ask(an_order()),
    "batch": {"merchant_id": SHOP, "orders": [an_order(), {}]},
    "test order": ask(an_order(), test="high"),
    "orders": {"merchant_id": SHOP, "order": an_order(order_id="o-1")},
    "events": {"merchant_id": SHOP} | NEWS,
    "override": {"merchant_id": SHOP, "action": "allow_cod", "reason": "known", "by": "asha"},
}


@dataclass(frozen=True)
class Guarded:
    """A service with keys: of SHOP with all scopes, of the other shop, one for each scope, one revoked."""

    client: httpx.Client
    access: Access
    keys: dict[str, str]


@pytest.fixture(scope="module")
def guarded(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    own = installation.copy(tmp_path_factory.mktemp("guarded") / "home")
    access = Access(own.home)
    keys = {"all": access.create(SHOP, SCOPES, 1)[1], "other": access.create(OTHER_SHOP, SCOPES, 2)[1]}
    keys |= {f"only {scope}": access.create(SHOP, (scope,), 3)[1] for scope in SCOPES}
    revoked_id, keys["revoked"] = access.create(SHOP, SCOPES, 4)
    access.revoke(revoked_id, 5)
    with served(own) as client:
        yield Guarded(client, access, keys)
    access.connection.close()


def call(client: httpx.Client, name: str, key: str | None, **more: Any) -> httpx.Response:
    verb, path, _ = ROUTES[name]
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    url = httpx.URL(path)
    if name in ("decision", "decisions", "model", "replay"):
        url = url.copy_merge_params({"merchant_id": SHOP})
    return client.request(verb, url, json=BODIES.get(name), headers=headers, **more)


def without_ids(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.text.replace(answer.headers["x-request-id"], "")


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("key", [None, "rto_wrong", "revoked", "key in the clear"])
def test_without_a_good_key_every_route_is_401(guarded: Guarded, name: str, key: str | None):
    answer = call(guarded.client, name, guarded.keys.get(key or "", key))
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorised"
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize("name", ROUTES)
def test_another_merchants_key_is_403_on_every_route(guarded: Guarded, name: str):
    answer = call(guarded.client, name, guarded.keys["other"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_does_what_its_scope_says_and_no_more(guarded: Guarded, name: str, scope: str):
    status = call(guarded.client, name, guarded.keys[f"only {scope}"]).status_code
    assert (status == 403) == (scope != ROUTES[name][2])
    assert status != 401


def test_a_merchant_that_is_not_there_and_one_that_is_look_the_same_to_a_key(guarded: Guarded):
    nobody = guarded.client.post("/v1/score", json=ask(an_order(), "nobody"), headers=bearer(guarded.keys["other"]))
    somebody = guarded.client.post("/v1/score", json=ask(an_order(), SHOP), headers=bearer(guarded.keys["other"]))
    assert without_ids(nobody) == without_ids(somebody)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_another_merchants_decision_and_one_that_never_was_are_the_same_404(guarded: Guarded):
    mine = guarded.client.post("/v1/score", json=ask(an_order()), headers=bearer(guarded.keys["all"])).json()
    path = f"/v1/decisions/{mine['decision_id']}"
    assert guarded.client.get(path, headers=bearer(guarded.keys["all"])).status_code == 200
    theirs = guarded.client.get(path, headers=bearer(guarded.keys["other"]))
    never = guarded.client.get("/v1/decisions/dec_never", headers=bearer(guarded.keys["other"]))
    assert theirs.status_code == 404
    assert without_ids(theirs) == without_ids(never)


def test_the_key_is_asked_for_before_the_body_is_read(guarded: Guarded):
    for path in ("/v1/score", "/v1/score/batch", "/v1/orders", "/v1/events"):
        assert guarded.client.post(path, content=b"{").status_code == 401


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_a_browser_opens_the_report_with_merchant_and_key(guarded: Guarded):
    page = guarded.client.get(f"/reports/{SHOP}", headers=basic(SHOP, guarded.keys["all"]))
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "headers",
    [
        basic(SHOP, "wrong"), basic(SHOP, ""), {"authorization": "Basic !!!"}, {"authorization": "Basic /////w=="},
        {"authorization": "Bearer"}, {"authorization": "Digest x"}, {"authorization": b"Bearer \xff"},
    ],
)  # fmt: skip
def test_no_other_credentials_open_the_report(guarded: Guarded, headers: dict[str, Any]):
    assert guarded.client.get(f"/reports/{SHOP}", headers=headers).status_code == 401


def test_a_key_under_another_merchants_name_is_no_key(guarded: Guarded):
    assert guarded.client.get(f"/reports/{SHOP}", headers=basic(OTHER_SHOP, guarded.keys["all"])).status_code == 401


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json"])
def test_what_is_about_nobody_takes_no_key(guarded: Guarded, path: str):
    assert guarded.client.get(path).status_code == 200


def test_a_key_made_counts_from_the_next_request_and_one_revoked_is_none_within_a_second(guarded: Guarded):
    key_id, secret = guarded.access.create(SHOP, SCOPES, 6)
    assert call(guarded.client, "model", secret).status_code == 200
    guarded.access.revoke(key_id, 7)
    time.sleep(KNOWN_FOR_S)
    assert call(guarded.client, "model", secret).status_code == 401


class Ticking(Clock):
    """Whose seconds are told."""

    second = 0.0

    def monotonic(self) -> float:  # type: ignore[override]
        return self.second


def test_a_good_key_is_looked_up_once_a_second_and_is_none_from_the_moment_it_expires(tmp_path: Path):
    clock, access = Ticking(), Access(tmp_path)
    callers, (key_id, lasting) = Callers(access, clock), access.create(SHOP, SCOPES, 1)
    _, brief = access.create(SHOP, SCOPES, 1, expires_at=100)
    assert callers.caller(lasting, 50) is not None
    assert callers.caller(brief, 50) is not None
    access.revoke(key_id, 60)
    assert callers.caller(lasting, 60) is not None  # remembered
    assert callers.caller(brief, 100) is None
    clock.second = KNOWN_FOR_S
    assert callers.caller(lasting, 60) is None
    access.connection.close()


def test_no_key_is_ever_kept_in_clear(guarded: Guarded):
    folder = Path(guarded.access.connection.db_filename("main")).parent
    kept = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    for secret in guarded.keys.values():
        assert secret.encode() not in kept
        assert secret.removeprefix("rto_").encode() not in kept


def test_without_any_key_the_door_is_open_on_loopback(shared: httpx.Client):
    assert call(shared, "model", None).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3333", "127.0.0.1.evil.example", "[2001:db8::1]", ""])
def test_the_open_door_is_shut_to_a_page_that_calls_us_by_another_name(shared: httpx.Client, host: str):
    answer = shared.get("/v1/model", params={"merchant_id": SHOP}, headers={"host": host})
    assert answer.status_code == 401


@pytest.mark.parametrize("host", ["localhost", "localhost:3333", "127.0.0.1", "[::1]:3333"])
def test_the_open_door_knows_the_names_of_this_machine(shared: httpx.Client, host: str):
    answer = shared.get("/v1/model", params={"merchant_id": SHOP}, headers={"host": host})
    assert answer.status_code == 200


def test_revoking_the_last_key_does_not_open_the_door(own: Installation):
    access = Access(own.home)
    key_id, _ = access.create(SHOP, SCOPES, 1)
    access.revoke(key_id, 2)
    access.connection.close()
    with served(own) as client:
        assert call(client, "model", None).status_code == 401


def test_off_loopback_the_service_does_not_start_without_a_key(own: Installation):
    done = rto(own, "serve", "--host", "0.0.0.0", "--port", str(free_port()), patience_s=90)
    assert done.returncode == Exit.USAGE
    assert done.stderr.startswith("SERVE001 --host 0.0.0.0: got no key")
    assert "rto keys create" in done.stderr


def test_off_loopback_a_revoked_key_is_no_key(own: Installation):
    access = Access(own.home)
    access.revoke(access.create(SHOP, SCOPES, 1)[0], 2)
    access.connection.close()
    assert rto(own, "serve", "--host", "0.0.0.0", "--port", str(free_port()), patience_s=90).returncode == Exit.USAGE
