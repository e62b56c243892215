"""Slices and fairness of a model card, by hand: who is judged, who is counted together, what is an alarm."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.markets import QUICK_PLAN, small_market
from training.card import model_card
from training.card_slices import FEWEST, Ground, alarms, by_slice, fairness, grounds
from training.clusters import Clusters
from training.run import train
from training.slices import Slicing

KEYS = ("payment", "buyer", "evidence", "tier", "state", "merchant", "category")


def ground(p, y, state, names=("GOA", "BIHAR")) -> Ground:
    n = len(p)
    none = Slicing("", "Other", (), np.full(n, -1), "not applicable: told by nobody")
    told = {key: replace(none, key=key) for key in KEYS}
    told["state"] = Slicing("state", "State", names, np.asarray(state))
    own = Clusters(np.arange(n), np.zeros(n, dtype=np.int64))
    return Ground("COD only", np.asarray(p, float), np.asarray(y, float), own, told)


def part(parts, key):
    return next(one for one in parts if one["key"] == key)


def harsh_market() -> Ground:
    """1,000 orders in each of two states. The riskiest 160 are all Bihar's, and 100 of them were delivered."""
    state = np.repeat([0, 1], 1_000)
    p = np.concatenate([np.linspace(0.10, 0.30, 1_000), np.linspace(0.10, 0.30, 840), np.full(160, 0.6)])
    y = np.zeros(2_000)
    y[:200] = 1
    y[1_000:1_140] = 1
    y[1_900:1_960] = 1
    return ground(p, y, state)


def test_of_good_buyers_the_share_that_would_be_refused_by_hand():
    found = fairness(harsh_market())
    assert (found["refused_share"], found["threshold"]) == (0.08, pytest.approx(0.324))
    assert found["every"] | {"good_refused_ends": None} == {
        "n": 2_000, "selected": 0.08, "n_good": 1_600, "good_refused": 100 / 1_600, "good_refused_ends": None, "harsh": False,
    }  # fmt: skip
    goa, bihar = part(found["by"], "state")["slices"]
    assert (goa["selected"], goa["good_refused"], goa["harsh"]) == (0.0, 0.0, False)
    assert (bihar["selected"], bihar["good_refused"], bihar["harsh"]) == (0.16, 100 / 800, True)
    assert part(found["by"], "tier")["note"] == "not applicable: told by nobody"


def test_a_slice_whose_risk_was_overstated_beyond_chance_is_an_alarm_and_a_small_difference_is_none():
    state = np.repeat([0, 1], 1_000)
    y = np.concatenate([np.arange(1_000) % 10 < 1, np.arange(1_000) % 100 < 31]).astype(float)
    made = ground(np.full(2_000, 0.3), y, state)
    goa, bihar = part(by_slice(made, made), "state")["slices"]
    assert (goa["said"], goa["came"], goa["alarm"]) == (pytest.approx(0.3), 0.1, "overstated")
    assert (bihar["came"], bihar["alarm"]) == (pytest.approx(0.31), "")
    said = alarms({"slices": by_slice(made, made), "fairness": fairness(made)})
    assert said == ["State, GOA: risk overstated (10.0% came, 30.0% said)"]


def test_small_slices_are_counted_together_and_not_judged():
    state = np.repeat([0, 1, 2], [100, FEWEST - 1, 10])
    made = ground(np.full(159, 0.3), np.arange(159) % 3 == 0, state, ("GOA", "BIHAR", "ASSAM"))
    told = part(by_slice(made, made), "state")
    assert [one["name"] for one in told["slices"]] == ["GOA"]
    assert told["not_shown"] == {"slices": 2, "orders": FEWEST + 9}
    few = ground(np.full(9, 0.3), np.zeros(9), np.zeros(9, dtype=int))
    assert part(by_slice(few, few), "state")["note"] == f"not applicable: no slice has {FEWEST} orders"


def test_a_card_tells_slices_of_cash_and_payment_of_all_and_says_where_there_are_none():
    history = small_market()
    outcome = train(history, QUICK_PLAN, None, lambda *_: None)
    card = model_card(outcome, QUICK_PLAN, {"name": "rto-risk-acme"})
    told = {one["key"]: one for one in card.as_dict()["slices"]}
    assert tuple(told) == KEYS
    assert {key: one["of"] for key, one in told.items()} == dict.fromkeys(KEYS, "COD only") | {"payment": "all orders"}
    scopes = {scope["name"]: scope for scope in card.as_dict()["scopes"]}
    judged, not_shown = sum(one["n"] for one in told["state"]["slices"]), told["state"]["not_shown"]["orders"]
    assert judged + not_shown == scopes["COD only"]["n"]
    assert judged > not_shown
    assert scopes["COD only"]["sure"]["auc"]["value"] == pytest.approx(scopes["COD only"]["models"]["model"]["auc"])
    assert told["merchant"]["note"] == "not applicable: one merchant for all orders"
    page = replace(card, drawn={}).html()
    assert "Not applicable: one merchant for all orders." in page
    assert "of all good buyers would be refused" in page

    orders = {**history.orders, "payment_method": np.full(len(history), None, dtype=object)}
    blind = replace(outcome, rows=replace(outcome.rows, orders=orders))
    every, cash = grounds(blind)
    assert cash is every
