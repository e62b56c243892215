"""The report over HTTP: page and downloads, whose they are, and when they are made anew."""

import csv
import io
import re
from html import unescape

import httpx
import openpyxl
import pytest

from data.contract import DAY
from serving.reports.wording import ACTIONS
from tests.helpers.installation import (
    NOW,
    OTHER_SHOP,
    SHOP,
    HurriedClock,
    Installation,
    SetClock,
    an_order,
    ask,
    place,
    rfc3339,
    served,
    tell,
)
from tests.service.test_policies_served import publish

CANARY = "CANARY-of-the-other-shop"


def table(client: httpx.Client, name: str, merchant: str = SHOP, **query: str) -> list[dict[str, str]]:
    answer = client.get(f"/reports/{merchant}.csv", params={"table": name} | query)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def summary(client: httpx.Client, merchant: str = SHOP, **query: str) -> dict[str, str]:
    return {row["figure"]: row["value"] for row in table(client, "summary", merchant, **query)}


def marked(order_id: str) -> dict[str, object]:
    goods = [{"sku": CANARY, "category": CANARY, "quantity": 1, "price_minor": 145_000}]
    return an_order(order_id=order_id, channel=CANARY, campaign=CANARY, courier=CANARY, line_items=goods)


def test_a_report_shows_no_order_of_another_merchant_in_any_form(client: httpx.Client):
    before = summary(client, **{"from": "all"})
    for i in range(3):
        assert place(client, marked(f"{CANARY}-{i}"), OTHER_SHOP).status_code == 201
        assert client.post("/v1/score", json=ask(marked(f"{CANARY}-{i}"), OTHER_SHOP)).status_code == 200
    place(client, an_order(order_id="mine"))
    assert CANARY in client.get(f"/reports/{OTHER_SHOP}").text
    page = client.get(f"/reports/{SHOP}?from=all").text
    book = client.get(f"/reports/{SHOP}.xlsx?from=all").content
    assert CANARY not in page
    assert OTHER_SHOP not in page
    cells = {
        str(c)
        for sheet in openpyxl.load_workbook(io.BytesIO(book))
        for row in sheet.iter_rows(values_only=True)
        for c in row
    }
    assert not [c for c in cells if CANARY in c or OTHER_SHOP in c]
    assert int(summary(client, **{"from": "all"})["orders shipped or still open"]) == 1 + int(
        before["orders shipped or still open"]
    )
    assert {row["low"] for row in table(client, "tier_weeks")} != set()  # open orders of this shop only
    assert not [row for row in table(client, "tiers") if int(row["orders"])]  # its ledger holds no decision


def test_a_report_counts_the_same_in_every_form(shared: httpx.Client):
    states = table(shared, "state", **{"from": "all"})
    whole = states[-1]
    assert whole["state"] == "(all)"
    assert sum(int(row["came_back"]) for row in states[:-1]) == int(whole["came_back"])
    assert summary(shared, **{"from": "all"})["all: came_back"] == whole["came_back"]
    book = openpyxl.load_workbook(io.BytesIO(shared.get(f"/reports/{SHOP}.xlsx?from=all").content))
    assert [str(c.value) for c in list(book["state"].rows)[-1][1:3]] == [whole["known_outcome"], whole["came_back"]]
    page = shared.get(f"/reports/{SHOP}?from=all").text
    assert f"{int(whole['came_back']):,} of {int(whole['known_outcome']):,}" in page


def test_the_last_ninety_days_unless_others_are_asked_for_and_the_period_is_always_said(shared: httpx.Client):
    newest, everything = summary(shared), summary(shared, **{"from": "all"})
    assert int(newest["orders shipped or still open"]) < int(everything["orders shipped or still open"])
    assert everything["period"] == "the whole history"
    some = shared.get(f"/reports/{SHOP}?from=2025-08-01&to=2025-08-31").text
    assert "period: 1 Aug 2025 to 31 Aug 2025" in some
    weeks = table(shared, "weeks", **{"from": "2025-08-04", "to": "2025-08-10"})
    assert [row["week_of"] for row in weeks] == ["2025-08-04"]


@pytest.mark.parametrize("query", ["from=yesterday", "to=2025-02-30", "from=2025-03-01&to=2025-02-01"])
def test_days_that_are_none_are_refused(shared: httpx.Client, query: str):
    for form in ("", ".csv", ".xlsx"):
        answer = shared.get(f"/reports/{SHOP}{form}?{query}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")


def test_a_table_that_is_not_there_is_404_and_lists_those_that_are(shared: httpx.Client):
    answer = shared.get(f"/reports/{SHOP}.csv?table=../secrets")
    assert (answer.status_code, answer.json()["error"]["field"]) == (404, "?table")
    assert "pincode" in answer.text
    assert "secrets" not in answer.text


def test_page_and_files_carry_headers_that_keep_them_harmless(shared: httpx.Client):
    page = shared.get(f"/reports/{SHOP}")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert policy.split("; frame")[0] in unescape(page.text)
    assert "<script" not in page.text
    for form, kind in ((".csv", "text/csv; charset=utf-8"), (".xlsx", "spreadsheetml.sheet")):
        answer = shared.get(f"/reports/{SHOP}{form}")
        assert kind in answer.headers["content-type"]
        assert answer.headers["content-disposition"].startswith("attachment; filename=")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "no-store" in answer.headers["cache-control"]


def test_the_links_of_the_page_lead_to_answers_of_the_same_period(shared: httpx.Client):
    page = shared.get(f"/reports/{SHOP}?from=2025-08-01&to=2025-08-31").text
    links = [unescape(link) for link in re.findall(r'href="([^"]+)"', page)]
    assert len(links) > 10
    assert all(link.startswith("./") for link in links)
    for link in links:
        assert shared.get(f"/reports/{link[2:]}").status_code == 200, link
    assert [link for link in links if ".csv" in link and "from=2025-08-01&to=2025-08-31" not in link] == []


def test_an_answer_is_kept_for_a_minute_but_not_past_news_or_a_decision(own: Installation):
    clock = SetClock()
    with served(own, clock) as client:

        def made() -> str:
            found = re.search(r"<dt>Made</dt><dd>(.*?)\. History", client.get(f"/reports/{SHOP}").text)
            assert found is not None
            return found[1]

        first = made()
        clock.at += 7_200_000_000
        assert made() == first
        place(client, an_order(order_id="new"))
        second = made()
        assert second != first
        clock.at += 7_200_000_000
        client.post("/v1/score", json=ask(an_order(placed_at=rfc3339(clock.at))))
        assert made() != second


def test_an_answer_is_made_anew_after_its_time(own: Installation):
    clock = HurriedClock()
    clock._looked = 0.0
    with served(own, clock) as client:
        first = client.get(f"/reports/{SHOP}").text
        clock._looked += 100
        clock.at += 7_200_000_000
        assert client.get(f"/reports/{SHOP}").text != first


def test_decisions_and_their_outcomes_are_in_the_report(client: httpx.Client):
    order = an_order(order_id="o-9", placed_at=rfc3339(NOW - 1_000_000))
    client.post("/v1/score", json=ask(order))
    client.post("/v1/score", json=ask(order))
    place(client, order)
    tell(client, "o-9", "action_taken", details={"action": "confirm_call"})
    tell(client, "o-9", "switched_to_prepaid")
    assert int(summary(client)["orders or checkouts decided on"]) == 1  # both decisions are of one order
    done = {row["action"]: row["orders"] for row in table(client, "actions")}
    assert done["Call to confirm"] == "1"
    assert done["switched_to_prepaid"] == "1"
    assert "1 order or checkout was decided on in the period, too few" in client.get(f"/reports/{SHOP}").text
    assert all(" " in row["reason"] and "_" not in row["reason"] for row in table(client, "reasons"))


def test_open_orders_are_advised_as_placed_already(own: Installation):
    """Checkout is over: nobody can be asked to pay online only, whatever a rule would ask there."""
    publish(own, '[[rules]]\nid = "all"\nwhen = "value > 0"\nthen = "prepaid_only"\n')
    with served(own) as client:
        order = an_order(order_id="o-1")
        asked = {s: client.post("/v1/score", json=ask(order) | {"stage": s}).json() for s in ("checkout", "placed")}
        assert asked["checkout"]["recommendation"]["action"] == "prepaid_only"
        place(client, order)
        rows = {row["order_id"]: row["advice"] for row in table(client, "open_orders")}
        assert len(rows) > 5
        assert set(rows.values()) <= {ACTIONS[a] for a in ("confirm_message", "confirm_call", "prepaid_nudge")}
        assert rows.get("o-1", ACTIONS["allow_cod"]) == ACTIONS[asked["placed"]["recommendation"]["action"]]


def test_one_test_order_months_later_neither_hides_that_the_news_is_old_nor_is_in_the_report(own: Installation):
    clock = SetClock()
    with served(own, clock) as client:
        before = summary(client)
        assert before["orders or checkouts decided on"] == "0"
        clock.at = NOW + 60 * DAY
        order = an_order(order_id="test-1", placed_at=rfc3339(clock.at))
        assert client.post("/v1/score", json=ask(order)).status_code == 200
        place(client, order)
        assert summary(client) == before
        assert re.search(
            r"Nothing is known after [89] Oct 2025, 6[12] days before", client.get(f"/reports/{SHOP}").text
        )
        tell(client, "test-1", "dispatched")
        assert "Nothing is known after" not in client.get(f"/reports/{SHOP}").text
        assert summary(client)["orders or checkouts decided on"] == "1"


HOSTILE = ["<script>alert(1)</script>", "\"'><b>x", "\u202egnp.exe", "=cmd|' /C calc'!A0", "👩‍👩‍👧 🧵", "z" * 200]


def test_hostile_words_in_orders_are_words_on_the_page_and_text_in_files(client: httpx.Client):
    for i, bad in enumerate(HOSTILE):
        goods = [{"sku": bad, "category": bad, "quantity": 1, "price_minor": 145_000}]
        where = {"line1": "1", "city": bad, "state": bad, "district": bad, "pincode": "800001", "country": "IN"}
        order = an_order(
            order_id=f"h{i}", line_items=goods, channel=bad, campaign=bad, courier=bad, shipping_address=where,
            placed_at=rfc3339(NOW - 60 * DAY),
        )  # fmt: skip
        assert place(client, order).status_code == 201
        tell(client, f"h{i}", "delivered")
    page = client.get(f"/reports/{SHOP}?from=all").text
    assert "&lt;script&gt;" in page
    assert "<b>x" not in page
    assert "<script" not in page
    assert "\u202e" not in page
    for name in ("category", "sku", "channel", "campaign"):
        answer = client.get(f"/reports/{SHOP}.csv", params={"table": name, "from": "all"})
        assert "'=cmd" in answer.text
        assert all(not line.startswith(("=", "+", "-", "@", '"=')) for line in answer.text.splitlines())
