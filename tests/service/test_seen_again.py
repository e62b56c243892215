"""`rto state verify --decisions`: what decisions saw is recomputed from the ledger as it was at their moment."""

from datetime import date
from typing import Any

import httpx
import orjson
import pytest

from data.errors import Exit
from features.catalog import FEATURES
from features.layout import Layout
from features.sources import Most
from features.store import Store, pack, unpack
from serving import ledger
from serving.keeping.kept_decisions import Span
from serving.keeping.seen_again import saw_again
from tests.helpers.commands import rto
from tests.helpers.installation import (
    OTHER_SHOP,
    SHOP,
    Installation,
    an_order,
    another_order,
    ask,
    moved,
    place,
    served,
    silent,
    tell,
)

BUYER = {"phone": "+919000090055"}


def score(client: httpx.Client, order: dict[str, Any], **more: Any) -> str:
    answer = client.post("/v1/score", json=ask(order) | more).json()
    assert answer["status"] == "scored", answer
    return str(answer["decision_id"])


def live(client: httpx.Client, number: int) -> list[str]:
    """Decisions with news between them: before an order, of that order (it must not see itself), and after its outcome."""
    order = an_order(order_id=f"v-{number}", customer=BUYER)
    found = [score(client, an_order(customer=BUYER))]
    place(client, order)
    found.append(score(client, {"order_id": f"v-{number}"}, stage="dispatch"))
    moved_to = {"address": {"line1": "9 Park Street", "pincode": "700016"}}
    tell(client, f"v-{number}", "address_corrected", details=moved_to)
    tell(client, f"v-{number}", "rto_started", reason="refused")
    return [*found, score(client, an_order(customer=BUYER)), score(client, another_order())]


@pytest.fixture
def made(store: str, own: Installation) -> Installation:
    return own if store == "sqlite" else moved(own)


def verified(made: Installation, merchant: str = SHOP, day: str | None = None) -> dict[str, Any]:
    on = None if day is None else date.fromisoformat(day)
    return saw_again(made.pool, [Span.of_days(made.pool.merchants()[merchant], on, on)], silent).as_dict()


def damage(made: Installation, kind: str, key: str) -> None:
    """One order more than there ever was, in every count of a key."""
    with made.database(read_only=False) as connection:
        layout: Layout = Store(connection).layouts[kind]
        found = connection.execute("SELECT folded FROM state WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        values, grid = unpack(found[0], layout)
        sql = "UPDATE state SET folded = ? WHERE kind = ? AND key = ?"
        connection.execute(sql, (pack([v + 1.0 for v in values], grid), kind, key))


def test_decisions_saw_what_the_ledger_says_and_damage_is_found(made: Installation):
    with served(made) as client:
        ids = live(client, 1)
        made.rebuild()  # copies of imports are numbered anew: decisions before and after are of two builds
        ids += live(client, 2)
    told = verified(made)
    assert (told["decisions"], told["compared"], told["differing"]) == (len(ids), len(ids), 0), told
    assert told["out_of_reach"] == told["not_made"] == []
    assert verified(made, day="2025-10-10")["decisions"] == len(ids)
    assert verified(made, day="2025-10-09")["decisions"] == verified(made, OTHER_SHOP)["decisions"] == 0

    with made.database() as connection:
        kept = ledger.decision(connection, SHOP, ids[-2])
    assert kept is not None
    phone = str(orjson.loads(kept["made_from"]["columns"])["phone"])
    damage(made, "phone", phone)
    with served(made) as client:
        saw_damage = score(client, an_order(customer=BUYER))
        score(client, another_order())
    told = verified(made)
    assert (told["compared"], told["differing"]) == (len(ids) + 2, 1)
    wrong = {one["name"]: one for one in told["features"] if one["mismatch"] + one["missing"] + one["extra"]}
    assert all(one["decision_ids"] == [saw_damage] for one in wrong.values())
    assert {"buyer_delivered_count", "phone_placed_1d"} <= set(wrong), wrong
    assert all("phone" in read_by(name) for name in wrong), "nothing but what the damaged key feeds"


def read_by(name: str) -> str:
    source = FEATURES[name].source
    return " ".join(source.handles) if isinstance(source, Most) else repr(source)


def test_the_command_says_by_its_status_what_it_found(own: Installation):
    with served(own) as client, own.database(read_only=False) as connection:
        score(client, an_order())
        connection.execute("DROP TRIGGER decisions_are_immutable")
        connection.execute("UPDATE decisions SET body = json_set(body, '$.made_from.x[0]', 7)")
    ran = rto(own, "state", "verify", "--decisions", "--day", "2025-10-10")
    assert (ran.returncode, ran.stderr.split()[0]) == (Exit.CHECK_FAILED, "STATE004")
    assert "buyer_delivered_count" in ran.stdout
    [bundle] = own.pool.bundles.glob("1-*")
    bundle.rename(own.home / "aside")
    ran = rto(own, "state", "verify", "--decisions", "--json")
    told = orjson.loads(ran.stdout)
    assert (ran.returncode, told["compared"], told["not_made"][0]["decisions"]) == (Exit.DATA, 0, 1)
    assert ran.stderr.startswith("STATE005")
