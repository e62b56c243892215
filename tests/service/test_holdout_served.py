"""The holdout in the running service: one arm for a checkout at every stage, never of who is listed, kept, replayed, read back."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
from click.testing import CliRunner

from data.contract import DAY, HOUR
from data.errors import RtoError
from serving import ledger
from serving.calling.queueing import Wanted, queue
from serving.cli import rto
from serving.keeping.replaying import replayed
from serving.policies.policy_shelf import policies_of
from serving.scores.score_file import published
from tests.helpers.installation import NOW, SHOP, Installation, SetClock, an_order, place, rfc3339, served, tell
from tests.service.test_policies_served import RULES, advice, listed, publish
from training.held_out import counts_for, history_to_learn_from

LISTED = '[[rules]]\nid = "app"\nwhen = "channel = app"\nthen = "allow_cod"\n[experiment]\nholdout = 0.4\n'
CHECKOUTS = 100
TOLD, LATER = NOW + 5 * DAY, NOW + 90 * DAY


def drawn(own: Installation) -> list[dict[str, Any]]:
    """Answers to checkouts, each asked again when it has become an order, which then ends: every third comes back."""
    found = []
    with served(own) as client:
        for i in range(CHECKOUTS):
            asked = advice(client, order=an_order(checkout_id=f"c-{i}"))
            if asked["recommendation"]["action"] == "allow_cod" or i % 2:  # who is refused cash leaves, half the time
                place(client, an_order(order_id=f"o-{i}", checkout_id=f"c-{i}"))
                again = advice(client, order={"order_id": f"o-{i}"}, stage="dispatch")
                assert again["experiment"]["arm"] == asked["experiment"]["arm"]
                assert again["recommendation"]["decided_by"] == asked["recommendation"]["decided_by"]
            found.append(asked)
    with served(own, SetClock(TOLD)) as client:
        for order_id in (by_arm(found, "holdout"), by_arm(found, "policy")):  # by mistake, and rightly
            tell(client, order_id, "no_reply", happened_at=rfc3339(NOW + HOUR))
        for i in range(CHECKOUTS):
            tell(client, f"o-{i}", "dispatched", happened_at=rfc3339(NOW + DAY))
            tell(client, f"o-{i}", "rto_started" if i % 3 == 0 else "delivered", happened_at=rfc3339(NOW + 4 * DAY))
    with served(own, SetClock(LATER)) as client:
        place(client, an_order(order_id="o-late"))  # so that the others are old
    return found


def by_arm(found: list[dict[str, Any]], arm: str) -> str:
    """An order of that arm which was placed."""
    return next(f"o-{i}" for i, one in enumerate(found) if i % 2 and one["experiment"]["arm"] == arm)


def told_by(own: Installation, *words: str) -> dict[str, Any]:
    """What a command answers; where it refuses, with which code and exit status."""
    at = {"RTO_HOME": str(own.home), "RTO_MLRUNS": str(own.mlruns)}
    done = CliRunner().invoke(rto, ["experiment", *words, "--merchant", SHOP, "--json"], env=at)
    if isinstance(done.exception, RtoError):
        return {"refused": (done.exception.code, int(done.exception.exit_status))}
    assert done.exit_code == 0, done.exception
    return dict(json.loads(done.stdout))


def test_who_is_held_out_is_shipped_in_the_same_arm_at_every_stage_and_savings_are_read_from_it(own: Installation):
    assert told_by(own, "savings")["refused"] == ("EXP003", 2)
    publish(own, RULES + LISTED)
    assert told_by(own, "power")["refused"] == ("EXP004", 2)
    answers = drawn(own)
    held = [one for one in answers if one["experiment"]["arm"] == "holdout"]
    assert 0.25 < len(held) / CHECKOUTS < 0.55
    assert {(a["recommendation"]["action"], a["recommendation"]["decided_by"]) for a in held} == {
        ("allow_cod", "holdout")
    }
    assert {a["experiment"]["propensity"] for a in held} == {0.4}
    rest = [one for one in answers if one["experiment"]["arm"] == "policy"]
    assert {(a["recommendation"]["action"], a["experiment"]["propensity"]) for a in rest} == {("prepaid_only", 0.6)}
    bundle, shop = published(own.pool), policies_of(own.pool).published[SHOP]
    with own.database() as connection:
        kept = ledger.decision(connection, SHOP, held[0]["decision_id"])
    assert kept is not None
    assert replayed(kept, bundle, shop)["recommendation"] == held[0]["recommendation"]

    learned = history_to_learn_from(own.pool)
    counts = dict(zip(learned.orders["order_id"].tolist(), np.array(learned.stands_for).tolist(), strict=True))
    became = {f"o-{i}": one for i, one in enumerate(answers) if f"o-{i}" in counts}
    told = {counts.pop(order) for order, one in became.items() if one in held}
    assert told == {counts_for(np.full(len(held), 0.4))[0]}
    assert 1 < told.pop() < 1 / 0.4
    assert set(counts.values()) == {1.0}

    told = told_by(own, "savings")
    assert "arms" in told, told
    assert told["arms"] == {"holdout": len(held), "policy": len(rest)}, told
    assert told["saving_per_checkout"]["low_minor"] < told["saving_per_checkout"]["value_minor"] < 0, (
        "refusing lost money"
    )
    assert told["good_buyers_refused"]["share"] == 1.0
    assert told["held_out_contacted"] == 1
    assert told_by(own, "evaluate", "confirm_call")["refused"] == ("EXP002", 14)
    assert set(told_by(own, "power", "--find", "5")["checkouts_by_holdout"]) >= {"0.05", "0.4"}


def test_paid_orders_and_the_listed_are_never_held_out(own: Installation):
    listed(own, "phone", "9000090001", "reseller 7")
    publish(own, '[[lists]]\nname = "phone"\neffect = "block"\n[experiment]\nholdout = 0.49\n')
    with served(own) as client:
        for i in range(20):
            blocked = advice(client, order=an_order(checkout_id=f"c-{i}"))
            assert (blocked["recommendation"]["decided_by"], blocked["experiment"]) == ("block_list", None)
            paid = advice(client, order=an_order(checkout_id=f"c-{i}", payment_method="prepaid"))
            assert paid["experiment"] is None


def test_the_queue_ranks_waiting_cash_orders_by_saving_within_capacity_and_names_nobody(own: Installation):
    with served(own) as client:
        for i in range(6):
            place(client, an_order(order_id=f"q-{i}", amount_minor=60_000 + 40_000 * i))
            advice(client, order={"order_id": f"q-{i}"}, stage="dispatch")
        tell(client, "q-5", "confirmed")
        tell(client, "q-4", "dispatched")
    with own.database() as connection:
        wanted = Wanted(SHOP, "confirm_call", 3, 7, NOW + DAY, "https://shop.example/{order_id}")
        rows = queue(connection, wanted)
        every = queue(connection, replace(wanted, most=100))
    assert [one["order_id"] for one in rows] == ["q-3", "q-2", "q-1"]
    assert [one["rank"] for one in rows] == [1, 2, 3]
    assert {one["order_id"] for one in every} <= {"q-0", "q-1", "q-2", "q-3"}, (
        "who was tried or has left is asked no more"
    )
    assert [one["saving_minor"] for one in every] == sorted((one["saving_minor"] for one in every), reverse=True)
    assert rows[0]["link"] == "https://shop.example/q-3"
    assert "9000090001" not in json.dumps(rows)
    assert "Asha" not in json.dumps(rows)
