"""Does a score answer as documented, and does it move by what was told, and by nothing else?"""

import math
import shutil
from typing import Any

import httpx
import pytest

from data.contract import DAY, SECOND
from data.keeping.database import scalar
from data.places import load_register
from data.segments import load_history
from features.rebuild import verify
from serving import ledger
from serving.decisions.policy import default_policy, evaluate
from serving.scores.reason_wording import GROUPS, WORDING
from serving.scores.reasons import OF_WRITING
from tests.helpers.installation import (
    NOW,
    SHOP,
    HurriedClock,
    Installation,
    SetClock,
    an_order,
    another_order,
    ask,
    p_rto,
    place,
    rfc3339,
    served,
    tell,
)

KEYS = {"decision_id", "status", "rung", "scored_at", "logged", "risk", "recommendation", "actions", "reasons", "experiment", "buyer_text", "model",
        "warnings", "request_id", "elapsed_ms", "currency", "order_id", "checkout_id", "stage", "degraded"}  # fmt: skip


def scored(client: httpx.Client, order: dict[str, Any], **options: Any) -> dict[str, Any]:
    answer = client.post("/v1/score", json=ask(order, **options))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def row_seen(made: Installation, decision_id: str) -> list[float]:
    """The features a decision saw, NaN as None."""
    with made.database() as connection:
        found = ledger.decision(connection, SHOP, decision_id)
    assert found is not None
    return list(found["made_from"]["x"])


def test_an_answer_holds_every_promised_key(shared: httpx.Client):
    answer = scored(shared, an_order(checkout_id="c-1"))
    assert set(answer) == KEYS
    assert (answer["status"], answer["rung"], answer["logged"], answer["warnings"]) == ("scored", "full", True, [])
    assert set(answer["risk"]) == {"p_rto", "p_rto_if_prepaid", "tier", "evidence"}
    assert set(answer["risk"]["evidence"]) == {"level", "buyer_outcomes", "place_outcomes"}
    assert set(answer["recommendation"]) == {"action", "runner_up", "decided_by", "because", "summary"}
    assert {frozenset(a) for a in answer["actions"]} == {
        frozenset(
            {
                "action",
                "expected_value_minor",
                "expected_value_low_minor",
                "expected_value_high_minor",
                "cost_minor",
                "assumes",
            }
        )
    }
    assert {frozenset(r) for r in answer["reasons"]} == {
        frozenset({"code", "group", "bucket", "direction", "impact", "text"})
    }
    assert set(answer["model"]) == {"name", "version", "digest", "features", "trained_through", "policy"}
    assert None not in answer["model"].values()


def test_the_risk_is_told_to_a_thousandth_and_money_follows_from_the_told_number(shared: httpx.Client):
    answer, policy = scored(shared, an_order()), default_policy("INR")
    risk, told = answer["risk"], {a["action"]: a["expected_value_minor"] for a in answer["actions"]}
    assert risk["p_rto"] == round(risk["p_rto"], 3)
    assert policy is not None
    values = evaluate(risk["p_rto"], risk["p_rto_if_prepaid"], 149_900 - 4_900, policy)
    assert told == {v.action.name.lower(): v.expected_value_minor for v in values}


def test_the_action_worth_most_is_the_one_recommended(shared: httpx.Client):
    answer = scored(shared, an_order())
    worth = [a["expected_value_minor"] for a in answer["actions"]]
    assert worth == sorted(worth, reverse=True)
    assert answer["recommendation"]["action"] == answer["actions"][0]["action"]
    assert answer["recommendation"]["runner_up"] == answer["actions"][1]["action"]


def test_a_prepaid_order_is_told_its_risk_as_prepaid(shared: httpx.Client):
    cash, paid = (scored(shared, an_order(payment_method=m))["risk"] for m in ("cod", "prepaid"))
    assert paid["p_rto"] == paid["p_rto_if_prepaid"] == cash["p_rto_if_prepaid"] < cash["p_rto"]


def test_an_undecided_order_is_told_its_risk_as_cash(shared: httpx.Client):
    cash, undecided = (scored(shared, an_order(payment_method=m))["risk"] for m in ("cod", "undecided"))
    assert undecided == cash


@pytest.mark.parametrize("wanted", [0, 1, 5, 20])
def test_as_many_reasons_as_wanted_strongest_first(shared: httpx.Client, wanted: int):
    reasons = scored(shared, an_order(), explain=wanted)["reasons"]
    assert len(reasons) == len({r["group"] for r in reasons}) <= wanted
    assert (
        len(reasons) == wanted or wanted > len(GROUPS) - 3
    )  # the demo's market tells no links of one group or another
    assert all(r["code"] in GROUPS[r["group"]].codes and r["code"] in WORDING for r in reasons)
    assert all(r["direction"] == ("raises" if r["impact"] > 0 else "lowers") for r in reasons if r["impact"])


@pytest.mark.parametrize("wanted", [-1, 21])
def test_more_reasons_than_there_may_be_are_refused(shared: httpx.Client, wanted: int):
    answer = shared.post("/v1/score", json=ask(an_order(), explain=wanted))
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "/options/explain")


def test_of_a_stranger_nothing_is_said_about_earlier_orders(shared: httpx.Client):
    bare = {name: an_order()[name] for name in ("placed_at", "payment_method")}  # little else is left to be a reason
    stranger = scored(shared, bare | {"customer": {"phone": "+919000090077"}}, explain=20)["reasons"]
    assert not [
        r["text"]
        for r in stranger
        if "came back before" in r["text"] or ("arrive" in r["text"] and r["bucket"] == "customer")
    ]
    texts = {r["code"]: r["text"] for r in scored(shared, bare, explain=20)["reasons"]}
    absent = {code: text for code, text in texts.items() if text.endswith("was given")}
    names = {"phone": "phone", "email": "e-mail", "device": "device", "address": "address", "ip": "network address",
             "customer": "customer number"}  # fmt: skip
    assert absent
    written = {(code, f"No {name} was given") for code, (_, name) in OF_WRITING.items()}
    assert absent.items() <= written | {(f"rto_prone_{key}", f"No {name} was given") for key, name in names.items()}
    assert not [text for text in texts.values() if text.endswith("yet") and "taken" not in text]


def test_of_a_place_without_orders_it_is_said_that_those_around_it_speak(
    shared: httpx.Client, installation: Installation
):
    delivered_to = set(installation.orders()["pincode"].to_pylist())
    unknown = [p for p in load_register().pincode.tolist() if p not in delivered_to]
    told = {False: said_of_pincodes(shared, sorted(delivered_to)[:60]), True: said_of_pincodes(shared, unknown[::300])}
    assert all(told.values())
    assert {"around this PIN code" in text for text in told[True]} == {True}
    assert [text for text in told[False] if "around" not in text]  # of a place without an outcome yet it is said too


def said_of_pincodes(client: httpx.Client, pincodes: list[str]) -> list[str]:
    """What is told where the PIN code itself is the strongest reason of the place."""
    orders = [an_order(shipping_address={"line1": "12 MG Road", "pincode": pincode}) for pincode in pincodes]
    reasons = [r for order in orders for r in scored(client, order, explain=20)["reasons"]]
    return [r["text"] for r in reasons if r["code"] == "rto_prone_pincode"]


def test_a_buyer_is_told_what_to_mend_and_nothing_of_why(shared: httpx.Client):
    careless = an_order(shipping_address={"line1": "asdf qwerty", "pincode": "560001"})
    answer = scored(shared, careless, explain=20)
    mended = GROUPS["address_quality"].buyer
    told = {r["group"]: r for r in answer["reasons"]}
    assert told["address_quality"]["direction"] == "raises"
    assert mended in answer["buyer_text"]
    assert mended not in scored(shared, careless, explain=0)["buyer_text"]
    for word in ("risk", "came back", "RTO", "refus", "history", "other"):
        assert word not in answer["buyer_text"]


def test_a_score_leaves_no_trace_of_a_person(own: Installation):
    with own.database() as connection:
        before = scalar(connection, "SELECT COUNT(*) FROM pseudonyms")
        with served(own) as client:
            assert scored(client, an_order())["status"] == "scored"
        assert scalar(connection, "SELECT COUNT(*) FROM pseudonyms") == before


def test_a_dry_run_is_answered_and_not_kept(client: httpx.Client):
    answer = scored(client, an_order(), dry_run=True)
    assert answer["logged"] is False
    found = client.get(f"/v1/decisions/{answer['decision_id']}", params={"merchant_id": SHOP})
    assert found.status_code == 404


def test_a_decision_is_kept_as_it_was_answered(client: httpx.Client):
    answer = scored(client, an_order())
    found = client.get(f"/v1/decisions/{answer['decision_id']}", params={"merchant_id": SHOP})
    assert found.json() == {k: v for k, v in answer.items() if k != "elapsed_ms"}


def test_a_second_score_of_a_placed_order_does_not_see_itself(own: Installation):
    order = an_order(order_id="o-1")
    with served(own) as client:
        before = scored(client, order)
        assert place(client, order).status_code == 201
        tell(client, "o-1", "dispatched")
        tell(client, "o-1", "rto_started", reason="refused")
        after = scored(client, order)
        apart = scored(client, an_order())
    assert row_seen(own, after["decision_id"]) == row_seen(own, before["decision_id"])
    assert row_seen(own, apart["decision_id"]) != row_seen(own, before["decision_id"])


def test_an_outcome_moves_a_related_buyers_score_and_not_an_unrelated_one(client: httpx.Client):
    before, apart_before = p_rto(client, an_order()), p_rto(client, another_order())
    place(client, an_order(order_id="o-1"))
    tell(client, "o-1", "rto_started", reason="refused")
    after, apart_after = p_rto(client, an_order()), p_rto(client, another_order())
    assert after > before + 0.02
    assert math.isclose(apart_after, apart_before, abs_tol=0.0015)  # one step of rounding: shares of all orders moved


def test_news_may_come_before_its_order(client: httpx.Client):
    before = p_rto(client, an_order())
    assert tell(client, "o-1", "rto_started", reason="refused").status_code == 201
    assert p_rto(client, an_order()) == before
    assert place(client, an_order(order_id="o-1")).status_code == 201
    assert p_rto(client, an_order()) > before + 0.02


def test_an_rto_the_courier_caused_does_not_raise_the_buyers_risk(client: httpx.Client):
    elsewhere = another_order()["shipping_address"]  # a place's record is moved by what its couriers do
    place(client, an_order(order_id="o-1", shipping_address=elsewhere))
    placed = p_rto(client, an_order())
    tell(client, "o-1", "rto_started", reason="no_attempt")
    courier = p_rto(client, an_order())
    tell(client, "o-1", "correction", details={"voids": "o-1-rto_started"})
    tell(client, "o-1", "rto_started", "again", reason="refused")
    refused = p_rto(client, an_order())
    assert courier <= placed + 0.005
    assert courier < refused - 0.02  # the parcel is under way in neither


def test_a_correction_takes_an_outcome_back_exactly(own: Installation):
    with served(own) as client:
        place(client, an_order(order_id="o-1"))
        before = scored(client, an_order())
        tell(client, "o-1", "rto_started", reason="refused")
        moved = scored(client, an_order())
        tell(client, "o-1", "correction", details={"voids": "o-1-rto_started"})
        after = scored(client, an_order())
    assert moved["risk"]["p_rto"] != before["risk"]["p_rto"]
    assert after["risk"] == before["risk"]
    assert row_seen(own, after["decision_id"]) == row_seen(own, before["decision_id"])


def test_a_correction_may_void_what_another_source_told(client: httpx.Client):
    place(client, an_order(order_id="o-1"))
    before = p_rto(client, an_order())
    tell(client, "o-1", "rto_started", "e1", reason="refused", source="courier")
    tell(client, "o-1", "correction", "e2", details={"voids": "e1"})
    assert p_rto(client, an_order()) != before
    tell(client, "o-1", "correction", "e3", details={"voids": "e1", "source": "courier"})
    assert p_rto(client, an_order()) == before


def test_the_same_order_again_is_a_duplicate_and_another_content_a_conflict(client: httpx.Client):
    first, again = place(client, an_order(order_id="o-1")), place(client, an_order(order_id="o-1"))
    assert (first.status_code, first.json()["status"]) == (201, "accepted")
    assert (again.status_code, again.json()) == (200, first.json() | {"status": "duplicate"})
    other = place(client, an_order(order_id="o-1", amount_minor=1))
    assert (other.status_code, other.json()["error"]["code"]) == (409, "DQ008")


def test_the_same_event_again_is_a_duplicate_and_another_content_a_conflict(client: httpx.Client):
    place(client, an_order(order_id="o-1"))
    first, again = (tell(client, "o-1", "rto_started", "e1", reason="refused") for _ in range(2))
    assert (first.status_code, first.json()["status"]) == (201, "accepted")
    assert (again.status_code, again.json()) == (200, first.json() | {"status": "duplicate"})
    other = tell(client, "o-1", "delivered", "e1")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "DQ014")


def test_an_event_a_little_ahead_of_our_clock_is_still_a_duplicate_when_told_again(client: httpx.Client):
    ahead = rfc3339(NOW + 60 * SECOND)
    told = [tell(client, "o-1", "delivered", "e1", happened_at=ahead).json()["status"] for _ in range(2)]
    assert told == ["accepted", "duplicate"]


def test_a_duplicate_moves_nothing(client: httpx.Client):
    place(client, an_order(order_id="o-1"))
    tell(client, "o-1", "rto_started", reason="refused")
    once = p_rto(client, an_order())
    place(client, an_order(order_id="o-1"))
    tell(client, "o-1", "rto_started", reason="refused")
    assert p_rto(client, an_order()) == once


def test_the_kept_state_equals_a_fold_of_everything_after_live_news(own: Installation):
    with served(own) as client:
        for number, kind in enumerate(("rto_started", "delivered", "cancelled")):
            place(client, an_order(order_id=f"o-{number}"))
            tell(client, f"o-{number}", kind)
        tell(client, "o-1", "address_corrected", details={"address": {"line1": "1 New Road", "pincode": "560001"}})
    with own.database() as connection:
        assert verify(connection, load_history(own.pool)) == []


def test_without_costs_for_the_currency_the_risk_is_told_and_the_default_recommended(shared: httpx.Client):
    answer = scored(shared, an_order(currency="USD"))
    assert [w["code"] for w in answer["warnings"]] == ["economics_missing"]
    assert answer["risk"]["p_rto"] > 0
    assert (answer["actions"], answer["recommendation"]["action"]) == ([], "allow_cod")
    assert answer["recommendation"]["decided_by"] == "default"


def test_without_an_amount_no_money_is_invented(shared: httpx.Client):
    order = an_order()
    del order["amount_minor"], order["line_items"]
    answer = scored(shared, order)
    assert [w["code"] for w in answer["warnings"]] == ["amount_missing"]
    assert answer["risk"]["p_rto"] > 0
    assert answer["actions"] == []


def test_the_worth_of_all_goods_stands_for_an_amount_that_is_not_told(shared: httpx.Client):
    told = an_order(line_items=[{"quantity": 2, "price_minor": 60_000}, {"sku": "LAMP-2", "price_minor": 30_000}])
    told["amount_minor"] = 150_000
    untold = {name: value for name, value in told.items() if name != "amount_minor"}
    for name in ("risk", "actions"):
        assert scored(shared, untold)[name] == scored(shared, told)[name]
    untold["line_items"] = [*told["line_items"], {"sku": "SHOE-9"}]
    assert [w["code"] for w in scored(shared, untold)["warnings"]] == ["amount_missing"]


def test_an_order_of_which_nothing_is_known_but_its_time_is_scored(shared: httpx.Client):
    answer = scored(shared, {"placed_at": rfc3339(NOW)})
    assert answer["status"] == "scored"


def test_without_a_model_the_default_is_answered_and_said_to_be_one(own: Installation):
    own.pool.champion.unlink()
    with served(own) as client:
        answer = scored(client, an_order())
        ready = client.get("/readyz")
    assert (answer["status"], answer["rung"], answer["risk"], answer["model"]) == (
        "not_evaluated",
        "default",
        None,
        None,
    )
    assert answer["recommendation"]["action"] == "allow_cod"
    assert [w["code"] for w in answer["warnings"]] == ["no_model"]
    assert ready.status_code == 503


def test_a_state_that_cannot_be_read_does_not_stop_the_sale(own: Installation):
    with served(own) as client:
        assert scored(client, an_order())["status"] == "scored"
        with own.database(read_only=False) as connection:
            connection.execute("DELETE FROM meta WHERE name = 'sums'")
        answer = scored(client, an_order())
    assert (answer["status"], answer["rung"], answer["degraded"]) == ("scored", "order_only", "store_failed")
    assert answer["risk"]["evidence"] == {"level": "thin", "buyer_outcomes": 0, "place_outcomes": 0}
    assert [w["code"] for w in answer["warnings"]] == ["order_only"]


def test_an_altered_bundle_is_refused_and_the_old_one_goes_on(own: Installation):
    name = own.pool.champion.read_text().strip()
    bad = own.pool.bundles / "2-altered"
    shutil.copytree(own.pool.bundles / name, bad)
    (bad / "model.ubj").write_bytes((bad / "model.ubj").read_bytes()[:-1])
    with served(own, HurriedClock()) as client:
        before = scored(client, an_order())
        own.pool.champion.write_text("2-altered")
        after = scored(client, an_order())
    assert after["model"] == before["model"]
    assert after["status"] == "scored"


def test_an_order_seen_by_one_shop_of_the_pool_is_not_the_others(client: httpx.Client):
    place(client, an_order(order_id="o-1"))
    other = client.post("/v1/orders", json={"merchant_id": "volt-gadgets", "order": an_order(order_id="o-1")})
    assert other.status_code == 201


def test_a_moment_a_little_ahead_is_accepted_and_clamped_for_the_fold(own: Installation):
    ahead = NOW + 120 * SECOND
    with served(own) as client:
        assert place(client, an_order(order_id="o-1", placed_at=rfc3339(ahead))).status_code == 201
    with own.database() as connection:
        stands = ledger.stands(connection, SHOP, "o-1")
        columns = scalar(connection, "SELECT placed_at FROM orders WHERE order_id = 'o-1'")
    assert stands is not None
    assert (columns, stands.placed_at) == (ahead, stands.placed_at)
    assert stands.placed_at <= NOW + SECOND


def test_a_moment_more_than_five_minutes_ahead_is_refused(shared: httpx.Client):
    answer = shared.post("/v1/score", json=ask(an_order(placed_at=rfc3339(NOW + 360 * SECOND))))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (422, "in_the_future", "/order/placed_at")


def test_a_moment_before_this_century_is_refused(shared: httpx.Client):
    answer = shared.post("/v1/score", json=ask(an_order(placed_at="1999-12-31T00:00:00Z")))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (422, "too_old", "/order/placed_at")


def test_the_report_is_a_page_of_this_merchant(shared: httpx.Client):
    page = shared.get(f"/reports/{SHOP}")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert SHOP in page.text
    assert "volt-gadgets" not in page.text


def test_the_model_says_how_it_was_judged(shared: httpx.Client):
    model = shared.get("/v1/model", params={"merchant_id": SHOP}).json()
    assert model["status"] == "serving"
    assert set(model) == {"status", "model", "evidence", "counts", "moments", "judged"}


def test_half_lives_are_read_at_the_servers_clock(own: Installation):
    clock = SetClock()
    with served(own, clock) as client:
        for number in range(4):
            place(client, an_order(order_id=f"o-{number}"))
        burst = scored(client, an_order())
        clock.at += 30 * DAY
        later = scored(client, an_order(placed_at=rfc3339(clock.at)))
    assert row_seen(own, later["decision_id"]) != row_seen(own, burst["decision_id"])
