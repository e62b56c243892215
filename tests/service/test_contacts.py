"""What came of contacts: over HTTP and from a CSV, only of orders a queue may have held, and told twice it is told once."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from data.errors import RtoError
from serving.cli import rto
from serving.clock import Clock
from tests.helpers.installation import SHOP, Installation, an_order, place, rfc3339, served
from tests.service.test_openapi import validator
from tests.service.test_policies_served import advice, publish

ALL_HELD = "[experiment]\nholdout = 0.49\n"


def a_call(order_id: str, outcome: str = "confirmed", **changes: str) -> dict[str, str]:
    return {
        "merchant_id": SHOP,
        "order_id": order_id,
        "outcome": outcome,
        "contacted_at": rfc3339(Clock().now()),
    } | changes


@pytest.fixture(scope="module")
def waiting(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, httpx.Client]]:
    """Scored cash orders that wait for dispatch (`w-0` to `w-7`), one never scored, one that was paid for."""
    own = installation.copy(tmp_path_factory.mktemp("contacts") / "home")
    with served(own, Clock()) as client:
        now = {"placed_at": rfc3339(Clock().now())}
        for i in range(8):
            place(client, an_order(order_id=f"w-{i}", **now))
            advice(client, order={"order_id": f"w-{i}"}, stage="dispatch")
        place(client, an_order(order_id="unscored", **now))
        place(client, an_order(order_id="paid", payment_method="prepaid", **now))
        advice(client, order={"order_id": "paid"}, stage="dispatch")
        yield own, client


def queued(client: httpx.Client) -> set[str]:
    return {one["order_id"] for one in client.get("/v1/queue", params={"merchant_id": SHOP}).json()["orders"]}


def test_an_outcome_is_kept_once_and_takes_the_order_off_the_queue(waiting):
    _, client = waiting
    assert "w-0" in queued(client)
    call = a_call("w-0")
    answers = [client.post("/v1/queue/outcomes", json=call) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 200]
    validator("Taken").validate(answers[0].json())
    assert "w-0" not in queued(client)
    other = client.post("/v1/queue/outcomes", json=call | {"outcome": "no_reply"})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "DQ014")


@pytest.mark.parametrize(
    ("order_id", "why"),
    [("nobody", "no such order"), ("unscored", "never scored"), ("paid", "not ordered with cash")],
)
def test_an_order_that_no_queue_held_is_refused_with_why_and_is_no_news_then(waiting, order_id, why):
    own, client = waiting
    answer = client.post("/v1/queue/outcomes", json=a_call(order_id))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (409, "never_queued", "/order_id")
    assert why in error["message"]
    assert "/v1/events" in error["message"]
    with own.database() as connection:
        sql = "SELECT count(*) FROM news WHERE order_id = ? AND type = 'confirmed'"
        assert connection.execute(sql, (order_id,)).fetchone()[0] == 0


def filled(own: Installation, tmp_path: Path, fill: dict[str, tuple[str, str]], more: list[dict[str, str]]) -> Path:
    """The CSV of `rto queue`, filled in by order."""
    path = tmp_path / "today.csv"
    assert ran(own, "queue", "--out", str(path))[0] == 0
    with path.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    for row in rows:
        row["outcome"], row["contacted_at"] = fill.get(row["order_id"], ("", ""))
    with path.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows([*rows, *more])
    return path


def ran(own: Installation, *words: str) -> tuple[Any, Any]:
    """Exit status, or code of what it is refused with; and what it told."""
    at = {"RTO_HOME": str(own.home), "RTO_MLRUNS": str(own.mlruns)}
    done = CliRunner().invoke(rto, [words[0], *words[1:], "--merchant", SHOP, "--json"], env=at)
    if isinstance(done.exception, RtoError):
        return done.exception.code, done.exception
    assert done.exit_code == 0, done.exception
    return 0, json.loads(done.stdout)


def test_a_filled_in_queue_goes_back_as_a_file_all_or_nothing_and_twice_is_once(waiting, tmp_path):
    own, client = waiting
    now = rfc3339(Clock().now())[:16].replace("T", " ") + "Z"
    fill = {"w-2": ("no_reply", now), "w-3": ("cancelled", now)}
    path = filled(own, tmp_path, fill, [{"order_id": "nobody", "outcome": "confirmed", "contacted_at": now}])
    code, error = ran(own, "contacts", str(path))
    assert (code, error.where.split(",")[1]) == ("QUEUE005", " order_id")
    assert {"w-2", "w-3"} <= queued(client)  # nothing was taken in
    _, told = ran(own, "contacts", str(path), "--skip-bad-rows")
    assert (told["accepted"], told["duplicates"], told["refused"]) == (2, 0, 1)
    assert told["outcomes"] == {"no_reply": 1, "cancelled": 1}
    assert told["without_outcome"] >= 1
    assert not {"w-2", "w-3"} & queued(client)
    _, again = ran(own, "contacts", str(path), "--skip-bad-rows")
    assert (again["accepted"], again["duplicates"]) == (0, 2)


@pytest.mark.parametrize(
    ("outcome", "at", "column"),
    [("married", "2026-01-02 10:00", "outcome"), ("confirmed", "yesterday", "contacted_at"),
     ("confirmed", "2199-01-01 10:00", "contacted_at"), ("confirmed", "", "contacted_at")],
)  # fmt: skip
def test_a_row_that_does_not_fit_is_refused_by_its_column(waiting, tmp_path, outcome, at, column):
    own, _ = waiting
    code, error = ran(own, "contacts", str(filled(own, tmp_path, {"w-4": (outcome, at)}, [])))
    assert (code, error.where.split(", ")[1]) == ("QUEUE005", column)


@pytest.mark.parametrize("text", [b"a,b\n1,2\n", b"", b"order_id,outcome,contacted_at\n\xff\xfe,x,y\n"])
def test_a_file_that_is_no_queue_is_refused(waiting, tmp_path, text):
    path = tmp_path / "other.csv"
    path.write_bytes(text)
    assert ran(waiting[0], "contacts", str(path))[0] == "QUEUE004"
    assert ran(waiting[0], "contacts", str(tmp_path / "gone.csv"))[0] == "QUEUE004"


def test_who_is_held_out_was_on_no_queue(installation: Installation, tmp_path):
    own = installation.copy(tmp_path / "home")
    publish(own, ALL_HELD)
    with served(own, Clock()) as client:
        arms = {}
        for i in range(12):
            place(client, an_order(order_id=f"h-{i}", placed_at=rfc3339(Clock().now())))
            arms[f"h-{i}"] = advice(client, order={"order_id": f"h-{i}"}, stage="dispatch")["experiment"]["arm"]
        answers = {order: client.post("/v1/queue/outcomes", json=a_call(order)) for order in arms}
    refused = {order for order, one in answers.items() if one.status_code == 409 and "held out" in one.text}
    assert refused == {order for order, arm in arms.items() if arm == "holdout"}
    assert 0 < len(refused) < len(arms)
