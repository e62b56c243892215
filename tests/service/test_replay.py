"""Decisions made again from the ledger: over HTTP and by `rto replay`, byte for byte; and what a person decides over HTTP."""

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from data.errors import Exit
from serving import ledger
from serving.keeping.replay_day import replay_day
from serving.keeping.replaying import as_bytes
from tests.helpers.commands import rto
from tests.helpers.installation import (
    OTHER_SHOP,
    SHOP,
    HurriedClock,
    Installation,
    an_order,
    another_order,
    ask,
    place,
    served,
    silent,
    tell,
    wait_for,
)
from tests.service.test_policies_served import RULES, publish

MINE = {"merchant_id": SHOP}
DAY = "2025-10-10"
KINDS: dict[str, dict[str, Any]] = {
    "an order with its reasons": ask(an_order(checkout_id="c-1"), explain=9),
    "one a rule decides": ask(another_order(checkout_id="c-2")),
    "a paid one": ask(an_order(payment_method="prepaid")),
    "without costs": ask(an_order(currency="USD")),
    "too dear": ask(an_order(amount_minor=10**12)),
    "before dispatch": ask({"order_id": "o-1"}) | {"stage": "dispatch"},
    "of one who has bought here": ask(an_order(customer={"phone": "+919000090055"}), explain=20),
    "of nobody known": ask({"placed_at": "2025-10-09T21:14:05+05:30"}, explain=0),
}


@pytest.fixture(scope="module")
def home(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    own = installation.copy(tmp_path_factory.mktemp("replay") / "home")
    publish(own, RULES)
    return own


@pytest.fixture(scope="module")
def client(home: Installation) -> Iterator[httpx.Client]:
    with served(home, HurriedClock()) as found:
        place(found, an_order(order_id="o-1"))
        place(found, an_order(order_id="o-2", customer={"phone": "+919000090055"}))
        tell(found, "o-2", "delivered")
        yield found


@pytest.fixture(scope="module")
def answers(client: httpx.Client) -> dict[str, dict[str, Any]]:
    return {name: client.post("/v1/score", json=body).json() for name, body in KINDS.items()}


def again(client: httpx.Client, decision_id: str, verb: str = "POST", **more: Any) -> httpx.Response:
    return client.request(verb, f"/v1/decisions/{decision_id}/replay", params=MINE, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_a_decision_comes_out_again_byte_for_byte(client: httpx.Client, answers: dict[str, Any], kind: str):
    told = {name: value for name, value in answers[kind].items() if name != "elapsed_ms"}
    kept = client.get(f"/v1/decisions/{told['decision_id']}", params=MINE)
    for verb in ("GET", "POST"):
        found = again(client, told["decision_id"], verb)
        assert (found.status_code, found.headers["rto-replay"]) == (200, "same"), found.text
        assert found.content == kept.content == as_bytes(told)


def test_what_was_kept_otherwise_comes_out_otherwise(home: Installation, client: httpx.Client, answers: dict[str, Any]):
    """The control: a row of the model's that was tampered with no longer gives the answer."""
    decision_id = answers["an order with its reasons"]["decision_id"]
    changed = "UPDATE decisions SET body = json_set(body, '$.made_from.x', json(?)) WHERE decision_id = ?"
    with home.database() as connection:
        kept = ledger.decision(connection, SHOP, decision_id)
    assert kept is not None
    x = kept["made_from"]["x"]
    other = [None if v is None else v + 3.0 for v in x]
    with home.database(read_only=False) as connection:
        trigger = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'decisions_are_immutable'").fetchone()
        connection.execute("DROP TRIGGER decisions_are_immutable")
        connection.execute(changed, (json.dumps(other), decision_id))
    try:
        assert again(client, decision_id).headers["rto-replay"] == "differs"
        found = rto(home, "replay", "--day", DAY, "--merchant", SHOP, "--json")
        assert found.returncode == Exit.CHECK_FAILED
        assert "REPLAY002" in found.stderr
        assert json.loads(found.stdout)["decision_ids"] == [decision_id]
    finally:
        with home.database(read_only=False) as connection:
            connection.execute(changed, (json.dumps(x), decision_id))
            connection.execute(trigger[0])


def test_a_day_is_made_again_and_what_is_gone_is_named(
    home: Installation, client: httpx.Client, answers: dict[str, Any]
):
    found = replay_day(home.pool, [home.pool.merchants()[SHOP]], date.fromisoformat(DAY), silent)
    assert found.n == found.same >= len(answers), found.as_dict()
    [bundle] = home.pool.bundles.glob("1-*")
    aside = home.home / "aside"
    shutil.move(bundle, aside)
    try:
        ran = rto(home, "replay", "--day", DAY, "--merchant", SHOP, "--json")
        assert ran.returncode == Exit.DATA
        digest = answers["a paid one"]["model"]["digest"]
        assert digest in json.loads(ran.stdout)["not_made"][0]["because"]
        with served(home, HurriedClock()) as fresh:
            gone = again(fresh, answers["a paid one"]["decision_id"])
        assert (gone.status_code, gone.json()["error"]["code"]) == (409, "not_replayable")
        assert digest in gone.json()["error"]["message"]
    finally:
        shutil.move(aside, bundle)


def test_without_a_model_and_in_a_fallback_too(home: Installation, tmp_path: Path):
    own = home.copy(tmp_path / "home")
    champion = own.pool.champion.read_text()
    own.pool.champion.unlink()
    with served(own, HurriedClock()) as client:
        by_rule = client.post("/v1/score", json=ask(another_order())).json()
        by_default = client.post("/v1/score", json=ask(an_order(channel="web", amount_minor=None))).json()
        same = [again(client, one["decision_id"]).headers["rto-replay"] for one in (by_rule, by_default)]
    assert {by_rule["status"], by_default["status"]} <= {"rules_only", "not_evaluated"}
    own.pool.champion.write_text(champion)
    with served(own) as client, own.database(read_only=False) as connection:
        client.post("/v1/score", json=ask(an_order()))
        connection.execute("DELETE FROM meta WHERE name = 'sums'")  # nothing can be read any more
        broken = client.post("/v1/score", json=ask(an_order())).json()
        same.append(again(client, broken["decision_id"]).headers["rto-replay"])
    assert (broken["status"], broken["rung"]) == ("scored", "order_only")
    assert same == ["same"] * 3


OVERRULE = {"action": "allow_cod", "reason": "known to us", "by": "asha"}


def test_a_person_decides_over_http(client: httpx.Client, answers: dict[str, Any]):
    one = answers["one a rule decides"]
    path = f"/v1/decisions/{one['decision_id']}/override"
    kept = client.post(path, json=MINE | OVERRULE)
    assert (kept.status_code, kept.json()["checkout_id"], kept.json()["about"]) == (201, "c-2", "order")
    asked = KINDS["one a rule decides"]

    def decided_by() -> str:
        return str(client.post("/v1/score", json=asked).json()["recommendation"]["decided_by"])

    wait_for(lambda: decided_by() == "override")
    after = client.post("/v1/score", json=asked).json()
    assert again(client, after["decision_id"]).headers["rto-replay"] == "same"
    assert again(client, one["decision_id"]).headers["rto-replay"] == "same", "what was decided before stays as it was"
    bad = client.post(path, json=MINE | OVERRULE | {"reason": "call +91 98765 43210"})
    assert (bad.status_code, bad.json()["error"]["code"], bad.json()["error"]["field"]) == (422, "OVR002", "/reason")
    nobody = answers["of nobody known"]["decision_id"]
    about_nobody = client.post(f"/v1/decisions/{nobody}/override", json=MINE | OVERRULE)
    assert (about_nobody.status_code, about_nobody.json()["error"]["code"]) == (422, "OVR001")
    assert client.post(path, json=MINE | {"action": "allow_cod", "by": "asha"}).status_code == 422, "a reason is needed"


def test_anothers_decision_and_none_at_all_are_the_same_404(client: httpx.Client, answers: dict[str, Any]):
    theirs = {"merchant_id": OTHER_SHOP}
    found = []
    for decision_id in (answers["a paid one"]["decision_id"], "dec_none"):
        for verb, path, more in (
            ("POST", "replay", {"params": theirs}),
            ("POST", "override", {"json": theirs | OVERRULE}),
        ):
            answer = client.request(verb, f"/v1/decisions/{decision_id}/{path}", **more)
            found.append((answer.status_code, answer.text.replace(answer.headers["x-request-id"], "")))
    assert {status for status, _ in found} == {404}
    assert found[:2] == found[2:]
