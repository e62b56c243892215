"""Personal values are planted wherever they can be told: is any of them found in what is kept?"""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from data.imports.importing import Request, import_files
from data.keeping.database import open_database
from data.pool import Pool
from features.rebuild import rebuild
from tests.helpers.installation import (
    NOW,
    SHOP,
    Installation,
    Process,
    an_order,
    ask,
    place,
    rfc3339,
    served,
    settled,
    silent,
    tell,
)

CANARIES = {
    "customer_id": "cust-Zq01xK", "phone": "+919812345607", "email": "zq03.canary@example.in", "name": "Zqofour Canary",
    "line1": "Zqofive House 77", "line2": "Zqosix Lane", "landmark": "near Zqoseven Mandir", "city": "Zqoeightpur",
    "device_id": "dev-Zq09xK", "ip": "203.0.113.187",
}  # fmt: skip
"""A value nobody else has for every personal column."""
AS_KEPT = [
    *CANARIES.values(), "9812345607", "zq03.canary", "Zqofour", "ZQOFIVE", "zqofive house", "zqosix", "zqoseven",
    "Zqoeight", "zqoeight", "ZQOEIGHT",
]  # fmt: skip


def canary_order(**more: Any) -> dict[str, Any]:
    who = {name: CANARIES[name] for name in ("customer_id", "phone", "email", "name")}
    where = {name: CANARIES[name] for name in ("line1", "line2", "landmark", "city")}
    near = {"device_id": CANARIES["device_id"], "ip": CANARIES["ip"]}
    return an_order(customer=who, shipping_address=where | {"state": "Bihar", "pincode": "800001"}, **near, **more)


def found_in(folder: Path) -> list[str]:
    """Which personal value stands in which file, in whatever spelling. Digests of values count as well."""
    plain = [value.encode() for value in AS_KEPT]
    hashed = [hashlib.sha256(v.encode()).hexdigest().encode() for v in CANARIES.values()]
    hashed += [hashlib.sha256(v.encode()).digest() for v in CANARIES.values()]
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    return [f"{p.name}: {w!r}" for p in files for w in (*plain, *hashed) if w in p.read_bytes()]


def use_every_door(client: httpx.Client) -> None:
    """Scores, orders and news that are taken in, and ones that are refused, all full of personal values."""
    assert client.post("/v1/score", json=ask(canary_order(), explain=20)).status_code == 200
    assert place(client, canary_order(order_id="o-1", placed_at=rfc3339(NOW))).status_code in (200, 201)
    moved = {
        "line1": CANARIES["line1"],
        "landmark": CANARIES["landmark"],
        "city": CANARIES["city"],
        "pincode": "560001",
    }
    assert tell(client, "o-1", "address_corrected", details={"address": moved}).status_code == 201
    assert tell(client, "o-1", "rto_started", reason="refused").status_code == 201
    assert place(client, canary_order(order_id="o-1", amount_minor=1)).status_code == 409
    for name, value in CANARIES.items():
        assert client.post("/v1/score", json=ask(an_order(**{name: [value]}))).status_code == 422
        assert client.post("/v1/score", json={"merchant_id": SHOP, value: value, "order": {}}).status_code == 422
    batch = {"merchant_id": SHOP, "orders": [canary_order(), canary_order(amount_minor=-1), canary_order(channel=[1])]}
    assert client.post("/v1/score/batch", json=batch).status_code == 200
    for name, value in CANARIES.items():
        assert client.post("/v1/score/batch", json=batch | {name: value}).status_code == 422
    forced = {"merchant_id": SHOP, "order": canary_order(), "options": {"test": "high"}}
    assert client.post("/v1/score", json=forced).json()["test"] is True
    again = {"merchant_id": SHOP, "stage": "dispatch", "order": canary_order(order_id="o-1")}
    assert client.post("/v1/score", json=again).status_code == 200
    query = {"merchant_id": SHOP, "checkout_id": CANARIES["email"], CANARIES["phone"]: CANARIES["name"]}
    assert client.get("/v1/decisions", params=query).json() == {"decisions": []}
    assert client.get(f"/reports/{SHOP}").status_code == 200


def test_the_service_keeps_no_personal_value(own: Installation):
    shutil.rmtree(own.market)
    with served(own) as client:
        use_every_door(client)
        assert found_in(own.home) == []
    assert found_in(own.home) == []


def test_the_real_process_writes_no_personal_value_to_its_log(process: Process):
    use_every_door(process.client)
    assert "/v1/orders" in settled(process.log)
    assert found_in(process.log.parent) == []


def test_the_search_finds_what_is_there(own: Installation):
    (own.home / "leak.txt").write_text(f"x{CANARIES['phone']}x")
    assert found_in(own.home) == ["leak.txt: b'+919812345607'", "leak.txt: b'9812345607'"]


@pytest.mark.parametrize("bad", [False, True])
def test_an_import_keeps_no_personal_value(tmp_path: Path, bad: bool):
    names = ["order_id", "merchant_id", "placed_at", "amount_minor", "payment_method", *CANARIES, "state", "pincode"]
    rows = [f"o{n},m,2025-01-0{n}T10:00:00Z,100,cod,{','.join(CANARIES.values())},Bihar,800001" for n in (1, 2)]
    if bad:
        rows.append(rows[0].replace("o1,", "o3,").replace("2025-01-01T", "2025-31-01T"))
    orders, news = tmp_path / "in" / "orders.csv", tmp_path / "in" / "news.csv"
    orders.parent.mkdir()
    orders.write_text("\n".join([",".join(names), *rows]) + "\n")
    news.write_text(
        "event_id,order_id,merchant_id,type,happened_at,known_at\n"
        "e1,o1,m,rto_started,2025-01-05T10:00:00Z,2025-01-05T11:00:00Z\n"
        "e2,o2,m,delivered,2025-01-05T10:00:00Z,2025-01-05T11:00:00Z\n"
    )
    home = tmp_path / "home"
    summary = import_files(home, Request([orders, news], "native", None, "m", None, bad), silent)
    pool = Pool(home, "m")
    connection = open_database(pool.database)
    rebuild(connection, pool, silent)
    connection.close()
    assert summary["n_orders"] == 2
    assert bool(summary["refused"]) == bad
    assert found_in(home) == []
