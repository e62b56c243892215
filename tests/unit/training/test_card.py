"""Cards say where data came from and how a model did; figures that do not exist say so; nothing on a page can run."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from data.expectations import CheckReport, CheckResult
from data.expectations import Outcome as Found
from data.segments import Segment
from tests.helpers.markets import QUICK_PLAN, small_market
from training.card import Card, data_card, model_card
from training.card_page import utc
from training.run import train

HISTORY = small_market()
NASTY = '<script>alert("x")</script>.csv'


def silent(what: str, done: int, of: int) -> None:
    """Progress nobody looks at."""


@pytest.fixture(scope="module")
def outcome():
    return train(HISTORY, QUICK_PLAN, None, silent)


def segment(**more) -> Segment:
    files = [{"name": "orders.csv", "sha256": "ab" * 32}]
    manifest = {"files": files, "n_rows": 1_612, "n_orders": 1_500, "refused": {"DQ003": 12}, "mapping": "amazon-in"}
    return Segment(Path("000001-0123456789"), manifest | {"exported_at": HISTORY.known_through} | more)


def data(outcome, *, history=HISTORY, segments=None, checks=None) -> Card:
    return data_card(history, outcome, [segment()] if segments is None else segments, checks)


def model(outcome, **identity) -> Card:
    return model_card(outcome, QUICK_PLAN, {"name": "rto-risk-acme"} | identity)


class Elements(HTMLParser):
    """Every tag of a page with its attributes, and its text without the style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += "" if self.tags[-1:] and self.tags[-1][0] == "style" else f" {data}"


def text(card: Card) -> str:
    """What the page says; its pictures left out, which take long to draw."""
    return Elements(replace(card, drawn={}).html()).text


def without(outcome, column: str, missing: object):
    """The same run, told that no order had a value in `column`."""
    empty = np.full(len(HISTORY), missing, dtype=HISTORY.orders[column].dtype)
    orders = {**HISTORY.orders, column: empty}
    return replace(outcome, rows=replace(outcome.rows, orders=orders)), replace(HISTORY, orders=orders)


@pytest.mark.parametrize("make", [data, model])
def test_a_card_is_strict_json_and_names_its_kind(make, outcome):
    card = make(outcome)
    assert json.loads(json.dumps(card.as_dict(), allow_nan=False))["card"] == f"{make.__name__}_card"


@pytest.mark.parametrize("make", [data, model])
def test_a_page_runs_nothing_and_fetches_nothing(make, outcome):
    found = Elements(make(outcome).html())
    assert not {"script", "link", "iframe", "object", "form", "base"} & {tag for tag, _ in found.tags}
    assert not [a for _, attributes in found.tags for a in attributes if a in ("href", "style") or a[:2] == "on"]
    images = [attributes for tag, attributes in found.tags if tag == "img"]
    assert len(images) == 2
    assert all(one["src"].startswith("data:image/svg+xml;base64,") and one["alt"] for one in images)
    policy = next(a["content"] for _, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_names_from_outside_are_escaped(outcome):
    hostile = segment(files=[{"name": NASTY, "sha256": None}], note=NASTY, refused={NASTY: 1})
    cards = data(outcome, segments=[hostile]), model(outcome, digest=NASTY)
    pages = [replace(card, drawn={}).html() for card in cards]
    assert not [page for page in pages if "<script" in page]
    assert pages[0].count("&lt;script&gt;") == 3


def test_the_data_card_counts_where_orders_came_from(outcome):
    values = data(outcome, segments=[segment(), segment(refused={"DQ003": 1, "DQ007": 2})]).as_dict()
    assert values["refused"] == {"DQ003": 13, "DQ007": 2}
    assert values["imports"][0]["files"] == [{"name": "orders.csv", "sha256": "ab" * 32}]
    assert values["imports"][0]["exported_at"] == utc(HISTORY.known_through)
    assert values["merchants"] == {"acme": 1_500}
    assert sum(values["payment"].values()) == values["orders"] == 1_500


def test_rto_shares_are_those_of_matured_orders_alone(outcome):
    values = data(outcome).as_dict()
    everyone, cod, prepaid = values["rto"]
    assert everyone["matured"] == cod["matured"] + prepaid["matured"] == outcome.counts["matured"]
    assert everyone["rto"] == outcome.counts["rto"]
    assert outcome.counts["matured"] < outcome.counts["with_outcome"]
    assert prepaid["rto_share"] < everyone["rto_share"] < cod["rto_share"]


def test_columns_are_told_to_be_absent_or_partly_missing(outcome):
    some = HISTORY.orders["pincode"].copy()
    some[:300] = None
    card = data(outcome, history=replace(HISTORY, orders={**HISTORY.orders, "pincode": some}))
    assert card.as_dict()["partly_missing"] == {"pincode": 0.2}
    assert {"email", "promised_at", "courier"} <= set(card.as_dict()["absent_columns"])
    assert "pincode 20.0 %" in text(card)


def test_without_payment_methods_the_shares_by_payment_are_not_applicable(outcome):
    told, history = without(outcome, "payment_method", None)
    card = data(told, history=history)
    assert [row["rto_share"] is None for row in card.as_dict()["rto"]] == [False, True, True]
    assert "cash on delivery 0 0 not applicable not applicable" in text(card)


@pytest.mark.parametrize(
    ("delays", "said"),
    [
        ({"rto_started": 14.0}, "rto started: told 14 days after the order"),
        ({}, "none: the files tell when each outcome was known"),
        (None, "declared delays not applicable"),
    ],
)
def test_declared_delays_are_said(outcome, delays, said):
    assert said in text(data(outcome, segments=[segment(delays=delays)]))


def test_a_history_told_live_has_no_files(outcome):
    assert "No file was imported: every order came in live." in text(data(outcome, segments=[]))


def test_failed_checks_are_shown_and_unrun_ones_are_not_applicable(outcome):
    results = (CheckResult("DQ101", Found.FAILED, 1_500, 30, 0.02), CheckResult("DQ102", Found.PASSED, 1_500, 0, 0.0))
    card = data(outcome, checks=CheckReport(results).as_dict())
    assert [check["code"] for check in card.as_dict()["checks"]["failed"]] == ["DQ101"]
    assert "1 passed, 1 failed, 0 were not applicable" in text(card)
    assert "30 of 1,500 rows (2.0 %)." in text(card)
    assert "no checks were run" in text(data(outcome, checks=None))


def test_the_model_card_shows_every_model_for_all_orders_and_for_cash_alone(outcome):
    scopes = model(outcome).as_dict()["scopes"]
    assert [scope["name"] for scope in scopes] == ["all orders", "COD only"]
    for scope, judged in zip(scopes, outcome.scopes, strict=True):
        assert {n: m["auc"] for n, m in scope["models"].items()} == {n: m.auc for n, m in judged.metrics.items()}
        assert set(scope["model_minus"]) == {"constant", "logistic regression"}
        assert sum(b["n"] for b in scope["reliability"]) == scope["n"]
    told, (naive_low, naive_high) = scopes[0]["sure"]["auc"], scopes[0]["model_intervals"]["auc"]
    page, (low, high) = text(model(outcome)), told["ends"]
    assert f"AUC {told['value']:.3f} {low:.3f} to {high:.3f}" in page
    assert f"AUC {naive_low:.3f} to {naive_high:.3f}" not in page  # one figure has one interval


def test_blocks_add_up_to_every_labelled_order_between_them(outcome):
    blocks = {block["name"]: block for block in model(outcome).as_dict()["blocks"]}
    assert list(blocks) == ["trees", "early_stop", "calibrate", "gap", "test"]
    assert {name: block["n"] for name, block in blocks.items()} == {name: outcome.counts[name] for name in blocks}
    assert blocks["test"]["positives"] == outcome.scopes[0].metrics["model"].positives
    assert blocks["gap"]["positives"] is None
    assert blocks["calibrate"]["placed_to"] < blocks["gap"]["placed_to"] < blocks["test"]["placed_from"]


def test_features_are_read_or_left_out_and_never_both(outcome):
    values = model(outcome).as_dict()
    read = {feature["name"] for feature in values["features"]}
    assert "phone_rto_rate" in read
    assert {"device_rto_rate", "promised_days"} <= set(values["never_vary"])
    assert not read & set(values["never_vary"])
    assert "a buyer who refused parcels tends to refuse again" in text(model(outcome))


def test_a_feature_left_out_by_the_plan_is_not_blamed_on_the_data(outcome):
    plan = QUICK_PLAN.model_copy(update={"leave_out": ("promised_days",)})
    values = model_card(outcome, plan, {}).as_dict()
    assert values["left_out_by_plan"] == ["promised_days"]
    assert "promised_days" not in values["never_vary"]


def test_figures_that_do_not_exist_are_not_applicable(outcome):
    whole = outcome.scopes[0]
    blind = replace(whole.metrics["model"], auc=None)
    scope = replace(whole, auc=None, against={"constant": {}}, metrics={"model": blind})
    said = text(model(replace(outcome, scopes=(scope,))))
    assert "lift at 10 % model not applicable" in said
    assert "constant not applicable not applicable not applicable not applicable" in said
    assert "Cash on delivery only: not applicable" in said


@pytest.mark.parametrize(("known", "said"), [(True, "Enough prepaid"), (False, "Too few prepaid")])
def test_the_card_says_whether_prepaid_can_be_answered(outcome, known, said):
    assert said in text(model(replace(outcome, bundle=replace(outcome.bundle, prepaid_known=known))))


def test_the_limits_are_on_the_page(outcome):
    said = text(model(outcome))
    assert "Made-up markets are not your shop" in said
    assert "Judged is a twin" in said
    assert re.search(r"p_rto is the risk that the parcel comes back if it is sent as cash on delivery", said)
