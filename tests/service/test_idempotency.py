"""Idempotency-Key: the same call twice is one piece of work and one answer, whatever happened in between."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from data.contract import DAY
from serving.access import USUAL_SCOPES, Access
from serving.web import once
from tests.helpers.bundles import another
from tests.helpers.installation import (
    NOW,
    OTHER_SHOP,
    SHOP,
    HurriedClock,
    Installation,
    an_order,
    another_order,
    ask,
    rfc3339,
    served,
)

NEWS = {"merchant_id": SHOP, "event_id": "e-1", "order_id": "o-1", "type": "delivered", "happened_at": rfc3339(NOW)}
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "score": ("/v1/score", ask(an_order(checkout_id="c-1"))),
    "dry-run": ("/v1/score", ask(an_order(), dry_run=True)),
    "batch": ("/v1/score/batch", {"merchant_id": SHOP, "orders": [an_order(), {"amount_minor": -1}, another_order()]}),
    "orders": ("/v1/orders", {"merchant_id": SHOP, "order": an_order(order_id="o-1")}),
    "events": ("/v1/events", NEWS),
}


def call(client: httpx.Client, name: str, key: str | None, **more: Any) -> httpx.Response:
    path, body = CALLS[name]
    return client.post(path, json=body | more, headers={} if key is None else {"idempotency-key": key})


def kept(made: Installation, table: str = "decisions") -> int:
    with made.database() as connection:
        return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


@pytest.fixture(scope="module")
def home(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return installation.copy(tmp_path_factory.mktemp("once") / "home")


@pytest.fixture(scope="module")
def client(home: Installation) -> Iterator[httpx.Client]:
    with served(home, HurriedClock()) as found:
        yield found


def promote_another(own: Installation) -> None:
    """The same trees under another name and digest: what answers says so."""
    another(own, "2-again", "again")
    own.pool.champion.write_text("2-again")


def test_the_same_key_is_the_same_answer_across_a_restart_and_another_model(installation: Installation, tmp_path: Any):
    own = installation.copy(tmp_path / "home")
    with served(own, HurriedClock()) as client:
        first = {name: call(client, name, f"k-{name}") for name in CALLS}
        again = {name: call(client, name, f"k-{name}") for name in CALLS}
    promote_another(own)
    with served(own, HurriedClock()) as client:
        later = {name: call(client, name, f"k-{name}") for name in CALLS}
        fresh = call(client, "score", None).json()
    for name in CALLS:
        assert first[name].status_code in (200, 201), first[name].text
        assert "idempotent-replayed" not in first[name].headers
        for repeated in (again[name], later[name]):
            assert (repeated.status_code, repeated.content) == (first[name].status_code, first[name].content), name
            assert repeated.headers["idempotent-replayed"] == "true"
    assert fresh["model"]["name"] == "again", "another model answers by now"
    assert kept(own) == 1 + 2 + 1
    decision_id = first["score"].json()["decision_id"]
    assert first["score"].json()["logged"]
    with own.database() as connection:
        said = [one for (one,) in connection.execute("SELECT body FROM answered")]
        asked = json.dumps(list(connection.execute("SELECT key, asked FROM answered")))
    assert any(decision_id in one for one in said)
    assert "9000090001" not in asked + "".join(said)


def test_without_a_key_a_call_sent_twice_is_two_decisions(home: Installation, client: httpx.Client):
    """The control."""
    before = kept(home)
    ids = {call(client, "score", None).json()["decision_id"] for _ in range(2)}
    assert len(ids) == kept(home) - before == 2


def test_a_key_with_another_body_or_route_is_refused(client: httpx.Client):
    assert call(client, "score", "k-1").status_code == 200
    for other in (
        call(client, "score", "k-1", stage="placed"),
        call(client, "batch", "k-1"),
        call(client, "orders", "k-1"),
    ):
        assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    path, body = CALLS["score"]
    spaced = json.dumps(dict(reversed(body.items())), indent=3)
    headers = {"idempotency-key": "k-1", "content-type": "application/json"}
    assert client.post(path, content=spaced, headers=headers).headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("key", ["", "k" * 256, "a b"])
def test_what_is_no_key_is_refused(client: httpx.Client, key: str):
    found = call(client, "score", key)
    assert (found.status_code, found.json()["error"]["code"]) == (400, "idempotency_key")


def test_calls_at_the_same_time_do_the_work_once(home: Installation, client: httpx.Client):
    before = kept(home)
    with ThreadPoolExecutor(8) as many:
        found = list(many.map(lambda _: call(client, "batch", "k-many"), range(8)))
    assert {one.status_code for one in found} == {200}
    assert len({one.content for one in found}) == 1
    assert sum("idempotent-replayed" not in one.headers for one in found) == 1
    assert kept(home) - before == 2


def test_a_refusal_leaves_the_key_free(client: httpx.Client):
    dispatch = {"/v1/score": ask({"order_id": "o-9"}) | {"stage": "dispatch"}}
    [(path, body)] = dispatch.items()
    headers = {"idempotency-key": "k-9"}
    assert client.post(path, json=body, headers=headers).status_code == 404
    client.post("/v1/orders", json={"merchant_id": SHOP, "order": an_order(order_id="o-9")})
    assert client.post(path, json=body, headers=headers).status_code == 200


def test_a_day_later_the_key_is_new_and_what_expired_is_cleared(installation: Installation, tmp_path: Any):
    own = installation.copy(tmp_path / "home")
    clock = HurriedClock()
    with served(own, clock) as client:
        first = [call(client, "score", f"k-{i}").json()["decision_id"] for i in range(3)]
        clock.at += DAY - 60_000_000
        assert call(client, "score", "k-0").json()["decision_id"] == first[0]
        clock.at += 120_000_000
        assert call(client, "score", "k-0").json()["decision_id"] != first[0]
    assert kept(own, "answered") == 1


def test_merchants_have_keys_of_their_own(installation: Installation, tmp_path: Any):
    own = installation.copy(tmp_path / "home")
    access = Access(own.home)
    keys = {shop: access.create(shop, USUAL_SCOPES, 1)[1] for shop in (SHOP, OTHER_SHOP)}
    access.connection.close()
    with served(own) as client:
        found = [
            client.post("/v1/score", json=ask(an_order(), shop), headers={"authorization": f"Bearer {keys[shop]}", "idempotency-key": "k"})
            for shop in (SHOP, OTHER_SHOP)
        ]  # fmt: skip
    assert [one.status_code for one in found] == [200, 200]
    assert len({one.json()["decision_id"] for one in found}) == 2


def test_of_two_processes_the_second_gives_the_answer_of_the_first(own: Installation):
    """Both looked before either had written: what is in the database by then decides."""
    asked = once.Asked(SHOP, "key:k", "digest", NOW)
    with own.database(read_only=False) as connection:
        once.keep(connection, asked, (200, b"{}"))
        with pytest.raises(once.Repeated) as found:
            once.keep(connection, asked, (200, b'{"other": 1}'))
    assert found.value.said == (200, b"{}")
