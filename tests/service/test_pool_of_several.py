"""Merchants of one pool: what is one of them told of a buyer whom only another one knows?"""

import json
from typing import Any

import httpx
from click.testing import CliRunner

from data.contract import DAY
from data.keeping import journal
from features.catalog import CATALOG, counting_others
from features.store import Store
from serving import ledger
from serving.commands.pool_commands import strangers_command
from serving.scores.batch import evidence_of
from tests.helpers.installation import (
    NOW,
    OTHER_SHOP,
    SHOP,
    HurriedClock,
    Installation,
    an_order,
    ask,
    place,
    rfc3339,
    served,
    tell,
)
from tests.service.test_policies_served import publish

KNOWN, STRANGER = "+919000090011", "+919000090012"
TIMES = 6
COUNTED: dict[str, set[bool]] = {feature.reason: set() for feature in CATALOG}
for feature in CATALOG:
    COUNTED[feature.reason] |= set(counting_others((feature.name,)))
ONLY_OTHERS = {code for code, kinds in COUNTED.items() if kinds == {True}}
"""Reasons that can come of nothing but a buyer's orders at every merchant of the pool."""
RULE = '[[rules]]\nid = "record"\nwhen = "buyer_outcomes >= 1 or buyer_rto >= 1"\nthen = "confirm_call"\n'


def at(phone: str, **more: Any) -> dict[str, Any]:
    """An order of somebody who tells a phone and nothing else of a person."""
    return an_order(customer={"phone": phone}, shipping_address={"pincode": "800001", "state": "Bihar"}) | more


def refused_at_the_other(client: httpx.Client) -> None:
    """KNOWN refuses parcels of the other shop."""
    for i in range(TIMES):
        order = at(KNOWN, order_id=f"r-{i}", placed_at=rfc3339(NOW - (20 + i) * DAY))
        assert place(client, order, OTHER_SHOP).status_code == 201
        assert tell(client, f"r-{i}", "rto_started", merchant_id=OTHER_SHOP, reason="refused").status_code == 201


def scored(client: httpx.Client, phone: str, merchant: str = SHOP) -> dict[str, Any]:
    answer = client.post("/v1/score", json=ask(at(phone, checkout_id="c"), merchant, explain=20))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_of_a_buyer_known_to_another_merchant_only_the_risk_tells(own: Installation):
    publish(own, RULE)
    with served(own) as client:
        before = scored(client, KNOWN)
        refused_at_the_other(client)
        known, stranger, there = scored(client, KNOWN), scored(client, STRANGER), scored(client, KNOWN, OTHER_SHOP)
    with own.database() as connection:
        kept = ledger.decision(connection, SHOP, known["decision_id"])
        assert kept is not None
        readings = Store(connection).readings(journal.unpacked(kept["made_from"]["columns"]), NOW)
    assert there["risk"]["evidence"]["buyer_outcomes"] == TIMES
    assert evidence_of(readings, [True]).of(0)["buyer_outcomes"] == TIMES, (
        "the control: the pool's count would have told"
    )
    assert known["risk"]["p_rto"] > stranger["risk"]["p_rto"], "the model does use the pool"
    assert known["risk"]["evidence"] == stranger["risk"]["evidence"] == before["risk"]["evidence"]
    assert known["risk"]["evidence"]["buyer_outcomes"] == 0
    assert kept["made_from"]["record"] == [0, 0]
    assert known["recommendation"]["because"] is None, "no rule can be written on what others know"
    told, own = (
        {one["code"] for answer in some for one in answer["reasons"]} for some in ((known, stranger), (there,))
    )
    assert not told & ONLY_OTHERS, "nor is a reason told that others' orders of the buyer gave"
    assert own & ONLY_OTHERS, "who knows the buyer itself is told why"


def test_where_strangers_are_kept_apart_not_even_the_risk_tells(own: Installation):
    """Until the merchant has an outcome of its own: then the pool counts for it."""
    own.pool.keep_strangers_apart(True)
    hidden = ("decision_id", "request_id", "elapsed_ms", "scored_at")
    with served(own) as client:
        refused_at_the_other(client)
        known, stranger = (scored(client, phone) for phone in (KNOWN, STRANGER))
        assert {k: v for k, v in known.items() if k not in hidden} == {
            k: v for k, v in stranger.items() if k not in hidden
        }
        place(client, at(KNOWN, order_id="m-1", placed_at=rfc3339(NOW - 9 * DAY)))
        assert scored(client, KNOWN)["risk"] == known["risk"], (
            "an order alone tells nothing: who asks could have made it up"
        )
        tell(client, "m-1", "rto_started", reason="refused")
        after = scored(client, KNOWN)
    assert after["risk"]["evidence"]["buyer_outcomes"] == 1
    assert after["risk"]["p_rto"] > known["risk"]["p_rto"]


def test_apart_is_set_by_command_and_noticed(own: Installation):
    with served(own, HurriedClock()) as client:
        refused_at_the_other(client)
        shared = scored(client, KNOWN)["risk"]["p_rto"]
        said = CliRunner().invoke(strangers_command, ["apart", "--json"], obj=own.session)
        assert json.loads(said.output) == {"pool": "demo", "strangers": "apart"}
        apart = scored(client, KNOWN)["risk"]["p_rto"]
        assert apart == scored(client, STRANGER)["risk"]["p_rto"] < shared
    assert (
        json.loads(CliRunner().invoke(strangers_command, ["shared", "--json"], obj=own.session).output)["strangers"]
        == "shared"
    )
    assert not own.pool.strangers_apart
