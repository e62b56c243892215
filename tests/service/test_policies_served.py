"""A merchant's policy in the running service: noticed, followed, counted, overruled, replayed; tried out without going live."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from data.contract import DAY, Action
from data.errors import DataError
from serving import ledger
from serving.decisions.shop import shipped
from serving.desk import as_served
from serving.keeping.replaying import as_bytes, replayed
from serving.policies.list_import import ListFile, import_list
from serving.policies.overriding import Decided, override
from serving.policies.past_making import past_of
from serving.policies.policy_hand import Hand
from serving.policies.policy_shelf import policies_of
from serving.policies.policy_store import PolicyStore
from serving.scores.score_file import published
from serving.web.openapi import document
from tests.helpers.installation import (
    NOW,
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
    wait_for,
)

RULES = """
[economics]
margin_share = 0.5
[[rules]]
id = "patna"
when = "district = Patna and channel = web"
then = "prepaid_only"
"""


def hand(own: Installation) -> Hand:
    return Hand(own.pool, own.pool.merchants()[SHOP])


def publish(own: Installation, text: str) -> None:
    """As the commands do it, its caps without a price."""
    of, bundle = hand(own), published(own.pool)
    draft = of.draft_of(text, "policy.toml")
    draft.ready()
    of.store.keep_trial(
        SHOP, draft.digest, {"at": NOW, "days": 90, "bundle": bundle.digest, "result": {}, "prices": [], "tiers": {}}
    )
    of.publish(draft, bundle.digest, NOW)


def advice(
    client: httpx.Client, merchant: str = SHOP, order: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    answer = client.post("/v1/score", json=ask(order or an_order(), merchant) | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def policy_of(client: httpx.Client) -> str:
    return str(advice(client)["model"]["policy"])


def test_a_published_policy_is_noticed_and_followed_by_its_merchant_alone(own: Installation):
    with served(own, HurriedClock()) as client:
        assert policy_of(client) == shipped("INR").policy_id
        before = advice(client)
        publish(own, RULES)
        wait_for(lambda: policy_of(client) == f"{SHOP}@1")
        told, other = advice(client), advice(client, OTHER_SHOP)
        assert told["recommendation"] == {
            "action": "prepaid_only", "runner_up": told["actions"][0]["action"], "decided_by": "rule",
            "because": {"name": "patna", "text": 'when district = "Patna" and channel = "web" then prepaid_only'},
            "summary": "Ask for payment up front",
        }  # fmt: skip
        assert told["risk"] == before["risk"]
        assert told["actions"][0]["expected_value_minor"] > before["actions"][0]["expected_value_minor"], (
            "half of it is margin"
        )
        assert all(
            a["expected_value_low_minor"] <= a["expected_value_minor"] <= a["expected_value_high_minor"]
            for a in told["actions"]
        )
        assert other["recommendation"]["decided_by"] == "expected_value"
        assert advice(client, order=another_order())["recommendation"]["decided_by"] == "expected_value"
        publish(own, "[economics]\nmargin_share = 0.4\n")
        wait_for(lambda: policy_of(client) == f"{SHOP}@2")
        PolicyStore(own.pool).undo(SHOP)
        wait_for(lambda: policy_of(client) == f"{SHOP}@1")


def test_a_version_that_cannot_be_read_leaves_the_old_one_deciding_and_says_so(own: Installation):
    publish(own, RULES)
    store = PolicyStore(own.pool)

    def warned(client: httpx.Client) -> bool:
        return "policy_unreadable" in [w["code"] for w in advice(client)["warnings"]]

    with served(own, HurriedClock()) as client:
        assert policy_of(client) == f"{SHOP}@1", "what is published decides from the first order on"
        live = store.live_file.read_text()
        for broken in (json.dumps({SHOP: json.loads(live)[SHOP] | {"version": 7}}), "{"):
            store.live_file.write_text(broken)
            wait_for(lambda: warned(client))
            assert policy_of(client) == f"{SHOP}@1"
            store.live_file.write_text(live)
            wait_for(lambda: not warned(client))
    store.live_file.write_text("{")
    with served(own) as client:
        assert (policy_of(client), warned(client)) == (shipped("INR").policy_id, True), "the sale goes on"


def test_rules_hold_without_a_model(own: Installation):
    publish(own, RULES)
    own.pool.champion.unlink()
    with served(own) as client:
        told = advice(client)
        assert (told["status"], told["rung"], told["risk"], told["model"]) == ("rules_only", "rules", None, None)
        assert told["recommendation"]["action"] == "prepaid_only"
        assert advice(client, order=another_order())["status"] == "not_evaluated"


def listed(own: Installation, kind: str, value: str, label: str) -> None:
    path = own.home / "list.csv"
    path.write_text(f"value,label\n{value},{label}\n")
    with own.database(read_only=False) as connection:
        import_list(connection, own.pool, own.pool.merchants()[SHOP], ListFile(path, kind, kind, False), NOW, silent)
    path.unlink()


@pytest.mark.parametrize(
    ("kind", "value"),
    [("phone", "9000090001"), ("email", "Asha.Rao77@example.in"), ("pincode", "800 001"), ("sku", "shoe-9")],
)
def test_who_and_what_is_listed_is_recognised_though_never_seen_before(own: Installation, kind: str, value: str):
    listed(own, kind, value, "reseller 7")
    publish(own, f'[[lists]]\nname = "{kind}"\neffect = "block"\n')
    with served(own) as client:
        told = advice(client)["recommendation"]
        assert (told["action"], told["decided_by"], told["because"]) == (
            "prepaid_only",
            "block_list",
            {"name": kind, "text": "reseller 7"},
        )
        assert advice(client, order=another_order())["recommendation"]["decided_by"] == "expected_value"
        place(client, an_order(order_id="o-1"))
        kept = advice(client, order={"order_id": "o-1"}, stage="dispatch")["recommendation"]
        assert (kept["action"], kept["decided_by"]) == ("confirm_call", "block_list"), (
            "the order as kept, what can still be done"
        )


CAPPED = """
[caps.prepaid_only]
share = 0.34
[[rules]]
id = "all"
when = "value > 0"
then = "prepaid_only"
"""


def some(client: httpx.Client, first: int, n: int, **options: Any) -> list[str]:
    orders = [an_order(checkout_id=f"c-{i}") for i in range(first, first + n)]
    body = {"merchant_id": SHOP, "orders": orders, "options": options}
    found = client.post("/v1/score/batch", json=body).json()["results"]
    return [one["recommendation"]["decided_by"] for one in found]


def test_a_cap_is_counted_over_answers_and_restarts(own: Installation):
    listed(own, "phone", "9000090002", "never again")
    publish(own, CAPPED + '[[lists]]\nname = "phone"\neffect = "block"\n')
    with served(own) as client:
        assert some(client, 0, 9) == ["cap", "cap", "rule"] * 3
        assert some(client, 0, 9) == ["cap", "cap", "rule"] * 3, "asked again, each finds its own place"
        assert some(client, 9, 3, dry_run=True) == ["cap", "cap", "cap"], "what is not kept is not counted"
        told = advice(client, order=an_order(checkout_id="c-9"))["recommendation"]
        assert told["because"] == {"name": "prepaid_only.share", "text": None}
    with served(own) as client:
        assert some(client, 10, 2) == ["cap", "rule"], "twelve orders, the fourth refusal"
        for i in range(3):
            blocked = advice(client, order=another_order(checkout_id=f"b-{i}"))["recommendation"]
            assert (blocked["action"], blocked["decided_by"]) == ("prepaid_only", "block_list"), "no cap limits a list"
        assert some(client, 12, 1) == ["rule"], (
            "sixteen orders: lists use no cap up, and the fifth refusal has its place"
        )


def test_a_person_decides_over_everything_for_an_order_or_a_buyer(own: Installation):
    publish(own, RULES)
    place_first = an_order(order_id="o-1", checkout_id="c-1")
    with served(own, HurriedClock()) as client:
        place(client, place_first)
        decision = advice(client, order=an_order(checkout_id="c-1"))
        assert decision["recommendation"]["action"] == "prepaid_only"
        one = override(
            hand(own), decision["decision_id"], Decided(Action.ALLOW_COD, "known to us", "asha", 30, False, False), NOW
        )
        wait_for(
            lambda: advice(client, order=an_order(checkout_id="c-1"))["recommendation"]["decided_by"] == "override"
        )
        assert advice(client, order=an_order(checkout_id="c-2"))["recommendation"]["decided_by"] == "rule"
        override(
            hand(own),
            decision["decision_id"],
            Decided(Action.CONFIRM_CALL, "appeal granted", "asha", 30, True, True),
            NOW + 1,
        )
        wait_for(
            lambda: advice(client, order=an_order(checkout_id="c-2"))["recommendation"]["decided_by"] == "override"
        )
        assert advice(client, order=an_order(checkout_id="c-1"))["recommendation"]["action"] == "confirm_call", (
            "the newer one"
        )
    assert (one.holds(NOW), one.holds(NOW + 30 * DAY)) == (True, False)
    assert "9000090001" not in (PolicyStore(own.pool).of(SHOP) / "overrides.jsonl").read_text()
    for bad, code in (
        (("none", "x"), "OVR001"),
        ((decision["decision_id"], "call +91 98765 43210"), "OVR002"),
    ):
        with pytest.raises(Exception, match=code):
            override(hand(own), bad[0], Decided(Action.ALLOW_COD, bad[1], "asha", 30, False, False), NOW)


@contextmanager
def decided_under(own: Installation, text: str) -> Iterator[list[dict[str, Any]]]:
    """Decisions of every kind, as kept."""
    publish(own, text)
    with served(own) as client:
        place(client, an_order(order_id="o-1"))
        ids = [
            advice(client, order=order, stage=stage)["decision_id"]
            for order, stage in ((an_order(), "checkout"), (another_order(), "checkout"), (an_order(payment_method="prepaid"), "checkout"),
                                 ({"order_id": "o-1"}, "dispatch"), (an_order(amount_minor=9_900_000), "checkout"), (an_order(currency="USD"), "checkout"))
        ]  # fmt: skip
    with own.database() as connection:
        found = [ledger.decision(connection, SHOP, one) for one in ids]
    yield [one for one in found if one is not None]


def test_a_decision_can_be_made_again_from_what_is_kept_of_it(own: Installation):
    listed(own, "phone", "9000090001", "reseller 7")
    text = (
        RULES
        + CAPPED.replace("[caps", "\n[caps")
        + '[[lists]]\nname = "phone"\neffect = "block"\nchannels = ["app"]\n[caps.confirm_message]\na_day = 0\n'
    )
    with decided_under(own, text) as kept:
        bundle = as_served(published(own.pool), own.pool.champion.read_text().strip())
        shop = policies_of(own.pool).published[SHOP]
        assert len(kept) == 6
        for one in kept:
            again, answer = replayed(one, bundle, shop), one["answer"]
            assert again["recommendation"] == answer["recommendation"]
            assert again["actions"] == answer["actions"]
            assert as_bytes(again) == as_bytes(answer)
        assert {one["answer"]["recommendation"]["decided_by"] for one in kept} >= {"rule", "cap", "expected_value"}
        with pytest.raises(DataError, match="REPLAY001 replay, policy"):
            replayed(kept[0], bundle, shipped("INR"))
        del kept[0]["made_from"]["beside"]
        with pytest.raises(DataError, match="REPLAY003"):
            replayed(kept[0], bundle, shop)


def tried(client: httpx.Client, policy: dict[str, Any], days: int = 90) -> httpx.Response:
    return client.post("/v1/policies/simulate", json={"merchant_id": SHOP, "policy": policy, "days": days})


def test_a_policy_is_read_and_tried_over_http_and_nothing_goes_live(own: Installation):
    policy = {
        "economics": {"margin_share": 0.3},
        "rules": [{"id": "far", "when": {"trait": "state", "op": "=", "value": "Bihar"}, "then": "prepaid_only"}],
    }
    with served(own) as client:
        none = tried(client, policy)
        assert (none.status_code, none.json()["error"]["code"]) == (409, "not_prepared")
        past_of(own.pool, published(own.pool), NOW, silent)
        found = tried(client, policy)
        assert found.status_code == 200, found.text
        told = found.json()
        schema = {"$ref": "#/components/schemas/Simulation", "components": document()["components"]}
        jsonschema.Draft202012Validator(schema).validate(told)
        assert told["decided_by"]["rule"] > 0
        assert told["cash_orders"]["orders"] > tried(client, policy, 30).json()["cash_orders"]["orders"] > 0
        for bad, code, field in (
            ({"economics": {"forward_minor": -1}}, "policy_refused", "/policy"),
            ({"economics": {"rent_minor": 1}}, "invalid", "/policy/economics"),
            ({"rules": [{"id": "a", "when": "phone = 9000090001", "then": "allow_cod"}]}, "policy_refused", "/policy"),
            ({"lists": [{"name": "nobody", "effect": "block"}]}, "policy_refused", "/policy"),
        ):
            refused = tried(client, bad)
            assert (refused.status_code, refused.json()["error"]["code"], refused.json()["error"]["field"]) == (
                422,
                code,
                field,
            )
            assert "9000090001" not in refused.text
        live = client.get("/v1/policies", params={"merchant_id": SHOP}).json()
        schema = {"$ref": "#/components/schemas/Policies", "components": document()["components"]}
        jsonschema.Draft202012Validator(schema).validate(live)
        assert (live["live"]["policy_id"], live["versions"]) == (shipped("INR").policy_id, [])
        assert live["live"]["economics"]["margin_share"] == str(Fraction(9, 20))
        assert {row["action"] for row in live["live"]["effects"]["rows"]} == {a.name.lower() for a in Action}


def test_a_key_reads_its_own_policy_only(own: Installation):
    from serving.access import Access

    access = Access(own.home)
    _, secret = access.create(OTHER_SHOP, ("report",), NOW)
    _, scoring = access.create(SHOP, ("score",), NOW)
    access.connection.close()
    with served(own) as client:
        for key, merchant, status in ((secret, SHOP, 403), (secret, OTHER_SHOP, 200), (scoring, SHOP, 403)):
            headers = {"authorization": f"Bearer {key}"}
            assert client.get("/v1/policies", params={"merchant_id": merchant}, headers=headers).status_code == status


def test_past_orders_are_made_ready_once_for_a_model_and_an_import(own: Installation):
    bundle = published(own.pool)
    first = past_of(own.pool, bundle, NOW, silent)
    assert past_of(own.pool, bundle, NOW + DAY, silent).folder == first.folder
    about = json.loads((first.folder / "about.json").read_text())
    (first.folder / "about.json").write_text(json.dumps(about | {"bundle": "sha256:other"}))
    again = past_of(own.pool, bundle, NOW + 1, silent)
    assert again.folder != first.folder
    assert not first.folder.exists()
    assert Path(again.folder / "k.npy").exists()
