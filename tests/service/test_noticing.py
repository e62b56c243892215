"""What is imported while the service runs: is it noticed without a restart, and is nobody hurt meanwhile?"""

import os
import shutil
from pathlib import Path

import httpx
import pytest

from data.imports.importing import Request, import_files
from data.pool import Pool
from data.segments import list_segments
from features.rebuild import rebuild
from serving.clock import Clock
from serving.desk import Desks
from tests.helpers.installation import (
    NOW,
    POOL,
    SHOP,
    HurriedClock,
    Installation,
    SetClock,
    an_order,
    ask,
    place,
    rfc3339,
    served,
    silent,
)

NEW = "new-shop"


def some_orders(folder: Path, merchant: str, n: int = 3, first: int = 0) -> Path:
    rows = [f"n{i},{merchant},2025-09-0{1 + i % 9}T10:00:00Z,49900,cod,800001" for i in range(first, first + n)]
    path = folder / f"{merchant}-{first}.csv"
    path.write_text("\n".join(["order_id,merchant_id,placed_at,amount_minor,payment_method,pincode", *rows]) + "\n")
    return path


def imported(made: Installation, pool: str, merchant: str, first: int = 0) -> None:
    """An import as the command does it, beside a running service."""
    file = some_orders(made.home, merchant, first=first)
    import_files(made.home, Request([file], "native", None, pool, None, False), silent)


def warned(client: httpx.Client, merchant: str = SHOP) -> list[str]:
    answer = client.post("/v1/score", json=ask(an_order(), merchant, dry_run=True))
    assert answer.status_code == 200, answer.text
    return [w["code"] for w in answer.json()["warnings"]]


def test_a_pool_imported_meanwhile_is_served(own: Installation):
    with served(own, HurriedClock()) as client:
        assert client.post("/v1/score", json=ask(an_order(), NEW)).status_code == 404
        imported(own, NEW, NEW)
        answer = client.post("/v1/score", json=ask(an_order(), NEW)).json()
        assert (answer["status"], answer["logged"]) == ("not_evaluated", True)
        assert place(client, an_order(order_id="o-1"), NEW).status_code == 201
        assert client.get(f"/reports/{NEW}").status_code == 200


def test_a_pool_without_a_model_does_not_take_a_serving_one_out_of_rotation(own: Installation):
    with served(own, HurriedClock()) as client:
        imported(own, NEW, NEW)
        ready = client.get("/readyz")
        assert (ready.status_code, ready.text.splitlines()[0]) == (200, "ready")
        assert "pools without a model: 1" in ready.text
        assert NEW not in ready.text
        own.pool.champion.write_text("no such bundle")
    with served(own, HurriedClock()) as client:
        assert client.get("/readyz").status_code == 503


def test_a_merchant_imported_into_a_pool_meanwhile_is_served_and_told_that_the_state_lags(own: Installation):
    with served(own, HurriedClock()) as client:
        assert warned(client) == []
        imported(own, POOL, NEW)
        assert warned(client) == ["state_stale"]
        assert warned(client, NEW) == ["state_stale"]
        assert "pools with an import not in the online state: 1" in client.get("/readyz").text
        assert client.get("/readyz").status_code == 200
        with own.database(read_only=False) as connection:
            rebuild(connection, own.pool, silent)
        assert warned(client) == warned(client, NEW) == []
        assert client.get("/readyz").text == "ready"


def test_the_warning_stands_in_each_answer_of_a_batch_and_in_the_kept_decision(own: Installation):
    with served(own, HurriedClock()) as client:
        imported(own, POOL, NEW)
        body = {"merchant_id": SHOP, "orders": [an_order(), an_order(currency="USD")]}
        found = client.post("/v1/score/batch", json=body).json()["results"]
        kept = client.get(f"/v1/decisions/{found[0]['decision_id']}", params={"merchant_id": SHOP}).json()
    assert [[w["code"] for w in one["warnings"]] for one in found] == [
        ["state_stale"],
        ["economics_missing", "state_stale"],
    ]
    assert kept["warnings"] == found[0]["warnings"]


def test_looks_are_a_second_apart(own: Installation):
    class Counted(Clock):
        at = 100.0

        def monotonic(self) -> float:
            return self.at

    clock = Counted()
    desks = Desks(own.home, clock)
    try:
        imported(own, NEW, NEW)
        desks.look()
        assert NEW not in desks.desks
        clock.at += 1.0
        desks.look()
        assert NEW in desks.desks
    finally:
        desks.close()


@pytest.mark.parametrize("half_way", ["an empty folder", "segments and no merchants", "a database that is none"])
def test_an_import_half_way_stops_nobody_and_hides_no_other(
    own: Installation, half_way: str, caplog: pytest.LogCaptureFixture
):
    pool = Pool(own.home, "a-pool-half-way")
    with served(own, HurriedClock()) as client, caplog.at_level("ERROR", logger="rto"):
        pool.folder.mkdir(parents=True)
        if half_way != "an empty folder":
            (pool.segments / ".123").mkdir(parents=True)
        if half_way == "a database that is none":
            pool.database.write_bytes(b"no database" * 1_000)
            shutil.copy(own.pool.merchants_file, pool.merchants_file)
        assert warned(client) == []
        assert client.get("/readyz").status_code == 200
        imported(own, POOL, NEW)
        assert warned(client, NEW) == ["state_stale"]
    said = [record for record in caplog.messages if "a-pool-half-way" in record]
    assert bool(said) == (half_way == "a database that is none")
    assert all("DB004" in message for message in said)


def test_what_cannot_be_read_is_looked_at_less_often(own: Installation, caplog: pytest.LogCaptureFixture):
    at, clock = [0.0], SetClock()
    clock.monotonic = lambda: at[0]  # type: ignore[method-assign]
    desks = Desks(own.home, clock)
    try:
        pool = Pool(own.home, "broken")
        pool.folder.mkdir(parents=True)
        pool.database.write_bytes(b"no database" * 1_000)
        shutil.copy(own.pool.merchants_file, pool.merchants_file)
        with caplog.at_level("ERROR", logger="rto"):
            for second in range(1, 31):
                at[0] = float(second)
                desks.look()
    finally:
        desks.close()
    assert len([m for m in caplog.messages if "broken" in m]) == 2


def test_a_pool_that_could_not_be_opened_is_tried_again(own: Installation):
    with served(own, HurriedClock()) as client:
        imported(own, NEW, NEW)
        key = own.home / "keys" / f"{NEW}.token.key"
        away = key.with_suffix(".away")
        key.rename(away)
        assert client.post("/v1/score", json=ask(an_order(), NEW)).status_code == 404
        away.rename(key)
        assert client.post("/v1/score", json=ask(an_order(), NEW)).status_code == 200


def test_the_names_of_segments_are_those_of_the_segments(own: Installation):
    imported(own, POOL, NEW)
    assert own.pool.segment_names() == [s.name for s in list_segments(own.pool)]
    assert len(own.pool.segment_names()) == 2


def test_a_service_that_starts_beside_an_import_half_way_starts(own: Installation):
    Pool(own.home, NEW).folder.mkdir(parents=True)
    with served(own, HurriedClock()) as client:
        assert warned(client) == []
        imported(own, NEW, NEW)
        assert "no_model" in warned(client, NEW)


def test_a_service_that_starts_with_nothing_is_not_ready_and_takes_in_what_comes(tmp_path: Path):
    made = Installation(tmp_path / "home")
    with served(made, HurriedClock()) as client:
        assert (client.get("/readyz").status_code, client.get("/livez").status_code) == (503, 200)
        assert client.post("/v1/score", json=ask(an_order(placed_at=rfc3339(NOW)), NEW)).status_code == 404
        imported(made, NEW, NEW)
        assert client.post("/v1/score", json=ask(an_order(), NEW)).json()["status"] == "not_evaluated"


def test_a_look_costs_next_to_nothing(own: Installation):
    import time

    desks = Desks(own.home, SetClock())
    try:
        [desk] = desks.desks.values()
        took = []
        for _ in range(20):
            started = time.perf_counter()
            desk.look()
            took.append(time.perf_counter() - started)
        assert sorted(took)[10] < 0.01, os.getloadavg()
    finally:
        desks.close()
