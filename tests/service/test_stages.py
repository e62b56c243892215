"""Before the payment is chosen, after, and before dispatch: what is asked for, what is scored, and what is linked?"""

import math
from typing import Any

import httpx
import pytest

from data.keeping.database import scalar
from serving import ledger
from serving.web.stages import as_it_stands
from tests.helpers.installation import (
    NOW,
    OTHER_SHOP,
    SHOP,
    Installation,
    an_order,
    another_order,
    ask,
    place,
    rfc3339,
    served,
    tell,
)

PLACED = {"order_id": "o-1", "checkout_id": "c-1"}


def at(client: httpx.Client, stage: str, order: dict[str, Any], merchant_id: str = SHOP) -> httpx.Response:
    return client.post("/v1/score", json=ask(order, merchant_id) | {"stage": stage})


def good(client: httpx.Client, stage: str, order: dict[str, Any]) -> dict[str, Any]:
    answer = at(client, stage, order)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["stage"] == stage
    return found


def without(order: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name not in names}


LACKING = {
    "no time at checkout": ("checkout", without(an_order(), "placed_at"), 422, "/order/placed_at"),
    "no order id once placed": ("placed", an_order(), 422, "/order/order_id"),
    "no time once placed": ("placed", without(an_order(**PLACED), "placed_at"), 422, "/order/placed_at"),
    "no payment once placed": ("placed", without(an_order(**PLACED), "payment_method"), 422, "/order/payment_method"),
    "payment open once placed": ("placed", an_order(**PLACED, payment_method="undecided"), 422, "/order/payment_method"),
    "no order id at dispatch": ("dispatch", an_order(), 422, "/order/order_id"),
    "an order nobody knows at dispatch": ("dispatch", {"order_id": "never"}, 404, "/order/order_id"),
    "the same, payment open": (
        "dispatch", an_order(order_id="never", payment_method="undecided"), 422, "/order/payment_method",
    ),
    "a stage that is none": ("delivered", an_order(**PLACED), 422, "/stage"),
}  # fmt: skip


@pytest.mark.parametrize(("stage", "order", "status", "field"), LACKING.values(), ids=LACKING.keys())
def test_what_a_stage_needs_is_asked_for_by_its_field(
    shared: httpx.Client, stage: str, order: dict[str, Any], status: int, field: str
):
    answer = at(shared, stage, order)
    assert (answer.status_code, answer.json()["error"]["field"]) == (status, field)
    batch = shared.post("/v1/score/batch", json={"merchant_id": SHOP, "stage": stage, "orders": [order]})
    if field != "/stage":
        error = batch.json()["results"][0]["error"]
        assert error["field"] == field.replace("/order/", "/orders/0/")
        assert error["code"] == answer.json()["error"]["code"]


def test_at_checkout_the_payment_may_be_open_and_is_then_read_as_cash(shared: httpx.Client):
    assert good(shared, "checkout", an_order(payment_method="undecided"))["status"] == "scored"


def test_once_placed_the_order_is_scored_as_sent_and_does_not_see_itself(client: httpx.Client):
    before = good(client, "placed", an_order(**PLACED))
    place(client, an_order(**PLACED))
    tell(client, "o-1", "rto_started", reason="refused")
    assert good(client, "placed", an_order(**PLACED))["risk"] == before["risk"]


def test_before_dispatch_the_order_id_is_enough(client: httpx.Client):
    place(client, an_order(**PLACED))
    whole = good(client, "placed", an_order(**PLACED))
    short = good(client, "dispatch", {"order_id": "o-1"})
    assert (short["risk"], short["order_id"], short["warnings"]) == (whole["risk"], "o-1", [])


def test_a_courier_named_at_dispatch_is_taken_and_changes_nothing(client: httpx.Client):
    place(client, an_order(**PLACED))
    plain = good(client, "dispatch", {"order_id": "o-1"})
    with_courier = good(client, "dispatch", {"order_id": "o-1", "courier": "Slow Express"})
    assert (with_courier["risk"], with_courier["warnings"]) == (plain["risk"], [])


def test_what_is_sent_beside_the_id_of_a_kept_order_is_not_read_and_the_answer_says_so(client: httpx.Client):
    place(client, an_order(**PLACED))
    kept = good(client, "dispatch", {"order_id": "o-1"})
    other = good(client, "dispatch", another_order(order_id="o-1"))
    assert other["risk"] == kept["risk"]
    assert [w["code"] for w in other["warnings"]] == ["kept_order_scored"]


def test_an_order_told_only_at_dispatch_is_scored_as_sent(shared: httpx.Client):
    sent = good(shared, "dispatch", an_order(order_id="elsewhere"))
    assert sent["risk"] == good(shared, "checkout", an_order())["risk"]
    assert sent["warnings"] == []


def test_an_order_paid_online_since_is_scored_as_prepaid(client: httpx.Client):
    prepaid = good(client, "checkout", an_order(payment_method="prepaid"))["risk"]["p_rto"]
    place(client, an_order(**PLACED))
    cash = good(client, "dispatch", {"order_id": "o-1"})["risk"]["p_rto"]
    tell(client, "o-1", "switched_to_prepaid", "e-1")
    paid = good(client, "dispatch", {"order_id": "o-1"})["risk"]["p_rto"]
    assert paid == prepaid < cash
    tell(client, "o-1", "correction", "e-2", details={"voids": "e-1"})
    assert good(client, "dispatch", {"order_id": "o-1"})["risk"]["p_rto"] == cash


def test_a_corrected_address_is_scored_at_its_new_place_and_not_by_the_old_text(own: Installation):
    where = {"line1": "7 Anna Salai", "city": "Chennai", "state": "Tamil Nadu", "pincode": "600002"}
    with served(own) as client:
        place(client, an_order(**PLACED, origin_pincode="560001"))
        place(client, an_order(order_id="o-2", origin_pincode="560001", shipping_address=where))
        tell(client, "o-1", "address_corrected", details={"address": where})
    with own.database() as connection:
        moved, fresh = (as_it_stands(connection, SHOP, order_id) for order_id in ("o-1", "o-2"))
    assert moved is not None
    assert fresh is not None
    place_columns = ("pincode", "district", "state", "address", "distance_km")
    assert [moved[name] for name in place_columns] == [fresh[name] for name in place_columns]
    assert all(math.isnan(moved[n]) for n in ("address_length", "address_has_landmark", "place_mismatch"))
    assert moved["amount_minor"] == fresh["amount_minor"]


def test_an_order_imported_and_never_told_live_is_known_at_dispatch(own: Installation):
    with own.database() as connection:
        order_id = scalar(connection, "SELECT order_id FROM orders WHERE merchant_id = ? LIMIT 1", (SHOP,))
    with served(own) as client:
        assert good(client, "dispatch", {"order_id": order_id})["status"] == "scored"


def test_another_shops_order_is_not_there(client: httpx.Client):
    place(client, an_order(**PLACED))
    theirs, never = (at(client, "dispatch", {"order_id": name}, OTHER_SHOP) for name in ("o-1", "never"))
    told = [{k: v for k, v in one.json()["error"].items() if k != "request_id"} for one in (theirs, never)]
    assert theirs.status_code == never.status_code == 404
    assert told[0] == told[1]


# --- checkouts and the orders they became -----------------------------------------------------------------------------


def decisions(client: httpx.Client, merchant_id: str = SHOP, **which: str) -> list[str]:
    answer = client.get("/v1/decisions", params={"merchant_id": merchant_id} | which)
    assert answer.status_code == 200, answer.text
    return [one["decision_id"] for one in answer.json()["decisions"]]


def test_decisions_are_found_by_checkout_and_by_the_order_it_became(client: httpx.Client):
    first = good(client, "checkout", an_order(checkout_id="c-1"))
    again = good(client, "checkout", an_order(checkout_id="c-1", payment_method="prepaid"))
    good(client, "checkout", an_order(checkout_id="c-2"))
    assert decisions(client, checkout_id="c-1") == [again["decision_id"], first["decision_id"]]
    assert decisions(client, order_id="o-1") == []
    place(client, an_order(**PLACED))
    last = good(client, "dispatch", {"order_id": "o-1"})
    linked = [last["decision_id"], again["decision_id"], first["decision_id"]]
    assert decisions(client, checkout_id="c-1") == decisions(client, order_id="o-1") == linked


def test_a_checkout_scored_again_after_it_was_placed_does_not_see_itself_and_names_its_order(client: httpx.Client):
    before = good(client, "checkout", an_order(checkout_id="c-1"))
    place(client, an_order(**PLACED))
    tell(client, "o-1", "rto_started", reason="refused")
    after = good(client, "checkout", an_order(checkout_id="c-1"))
    assert (before["order_id"], after["order_id"]) == (None, "o-1")
    assert after["risk"] == before["risk"]
    assert good(client, "checkout", an_order(checkout_id="c-other"))["risk"] != before["risk"]


def test_an_order_has_one_checkout(own: Installation):
    with served(own) as client:
        assert place(client, an_order(**PLACED)).status_code == 201
        assert place(client, an_order(**PLACED)).json()["status"] == "duplicate"
        other = place(client, an_order(order_id="o-1", checkout_id="c-2"))
        assert (other.status_code, other.json()["error"]["code"]) == (409, "DQ008")
        assert place(client, an_order(order_id="o-1")).json()["status"] == "duplicate"
        refused = place(client, an_order(order_id="o-1", checkout_id="c-1", amount_minor=1))
        assert refused.status_code == 409
    with own.database() as connection:
        assert list(connection.execute("SELECT * FROM checkouts")) == [(SHOP, "o-1", "c-1")]


def test_the_checkout_may_be_told_with_the_order_later(client: httpx.Client):
    first = good(client, "checkout", an_order(checkout_id="c-1"))
    place(client, an_order(order_id="o-1"))
    assert place(client, an_order(**PLACED)).json()["status"] == "duplicate"
    assert decisions(client, order_id="o-1") == [first["decision_id"]]


def test_a_refused_order_leaves_no_link(own: Installation):
    with served(own) as client:
        place(client, an_order(order_id="o-1"))
        assert place(client, an_order(**PLACED, amount_minor=1)).status_code == 409
    with own.database() as connection:
        assert scalar(connection, "SELECT COUNT(*) FROM checkouts") == 0


def test_another_shops_checkout_is_not_there(client: httpx.Client):
    good(client, "checkout", an_order(checkout_id="c-1"))
    place(client, an_order(**PLACED))
    assert decisions(client, OTHER_SHOP, checkout_id="c-1") == decisions(client, OTHER_SHOP, order_id="o-1") == []


@pytest.mark.parametrize("which", [{}, {"checkout_id": "c-1", "order_id": "o-1"}])
def test_one_of_checkout_and_order_must_be_named(shared: httpx.Client, which: dict[str, str]):
    answer = shared.get("/v1/decisions", params={"merchant_id": SHOP} | which)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "/checkout_id")


@pytest.mark.parametrize("odd", ["", "x" * 5_000, "' OR 1=1 --", "\x00", "%00"])
def test_odd_ids_find_nothing(shared: httpx.Client, odd: str):
    assert decisions(shared, checkout_id=odd) == decisions(shared, order_id=odd) == []


def test_the_decision_kept_is_of_the_order_that_stood_then(own: Installation):
    with served(own) as client:
        place(client, an_order(**PLACED))
        tell(client, "o-1", "switched_to_prepaid")
        answer = good(client, "dispatch", {"order_id": "o-1"})
    with own.database() as connection:
        kept = ledger.decision(connection, SHOP, answer["decision_id"])
    assert kept is not None
    assert '"payment_method":"prepaid"' in kept["made_from"]["columns"]
    assert kept["made_from"]["order_id"] == "o-1"
    assert kept["answer"]["scored_at"] >= rfc3339(NOW)[:10]
