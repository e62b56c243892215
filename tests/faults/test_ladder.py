"""Whatever hangs or breaks, is a checkout answered in time, from the rung that is left, and does the answer say so?

Each fault is a real one; each has a control: with the deadline, the breaker or the shedding off, the promise is broken.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from prometheus_client import REGISTRY

from data.errors import UsageError
from data.keeping.database import immediate, scalar
from serving.api import Api
from serving.client import Client
from serving.resilience import lane
from serving.resilience.allowance import Allowance
from serving.resilience.ladder import CAUSES
from serving.settings import settings
from tests.helpers.faulty import Disk, faulty_disk, locked_by_somebody
from tests.helpers.installation import (
    PATIENT_S,
    SHOP,
    Installation,
    SetClock,
    an_order,
    another_order,
    ask,
    place,
    running,
    tell,
    wait_for,
)
from training.bundle import read_bundle, rewrite_calibrator, signing_key, write_bundle
from training.calibration import BetaCalibrator

DEADLINE_S = 0.6
"""Longer than is promised: a busy test machine is no slow store."""
QUICK = Allowance(deadline_s=DEADLINE_S)
NEVER = 3_600.0
FAILURES = QUICK.failures


def api_of(own: Installation, allowance: Allowance = QUICK) -> Api:
    return Api(own.home, SetClock(), on_loopback=True, allowance=allowance)


def score(client: httpx.Client, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/score", json=ask(an_order(**more)))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def timed(client: httpx.Client) -> tuple[dict[str, Any], float]:
    started = time.monotonic()
    return score(client), time.monotonic() - started


def counted(rung: str, degraded: str) -> float:
    return REGISTRY.get_sample_value("rto_rungs_total", {"rung": rung, "degraded": degraded}) or 0.0


def until_full(client: httpx.Client, within_s: float = 5.0) -> None:
    """Promised: back at the full rung within five seconds."""
    wait_for(lambda: score(client)["rung"] == "full", within_s)


def decisions(own: Installation) -> int:
    with own.database() as connection:
        return int(scalar(connection, "SELECT COUNT(*) FROM decisions"))


@pytest.fixture
def disk() -> Iterator[Disk]:
    with faulty_disk() as found:
        yield found


@contextmanager
def stalled_disk(own: Installation) -> Iterator[tuple[Api, Any]]:
    with faulty_disk() as disk:
        yield api_of(own), disk.stalled()


@contextmanager
def locked_file(own: Installation) -> Iterator[tuple[Api, Any]]:
    yield api_of(own), locked_by_somebody(own.pool.database)


@pytest.mark.parametrize("fault", [stalled_disk, locked_file])
def test_where_history_hangs_the_order_alone_is_scored_in_time_and_the_store_then_left_alone(
    own: Installation, fault: Callable[[Installation], Any]
):
    with fault(own) as (api, broken), running(api) as client:
        full = score(client)
        assert full["rung"] == "full"
        place(client, another_order(order_id="o-1"))  # what was read before is no longer at hand
        was = [counted("order_only", cause) for cause in CAUSES]
        with broken:
            found = [timed(client) for _ in range(FAILURES + 3)]
            ready = client.get("/readyz").text
            counts = [counted("order_only", cause) for cause in CAUSES]
        until_full(client)
        again = score(client)
    answers = [answer for answer, _ in found]
    assert [one["rung"] for one in answers] == ["order_only"] * len(found)
    causes = [str(one["degraded"]) for one in answers]
    assert causes[:FAILURES] == ["store_slow"] * FAILURES
    assert causes.count("store_left_alone") >= 2, "but for a probe now and then"
    assert max(took for _, took in found) < DEADLINE_S + 0.4
    waited = [one["elapsed_ms"] for one in answers if one["degraded"] == "store_left_alone"]
    assert max(waited) < 1000 * QUICK.full_s, "nobody waits for it any more"
    assert "pools whose database does not answer: 1" in ready
    assert [after - before for after, before in zip(counts, was, strict=True)] == [causes.count(c) for c in CAUSES]
    assert (full["degraded"], again["degraded"]) == (None, None)
    assert again["risk"] == full["risk"], "nothing was lost, nothing counted twice"
    assert [w["code"] for w in answers[0]["warnings"]] == ["order_only"]


def test_control_without_a_deadline_a_checkout_waits_as_long_as_the_disk(own: Installation, disk: Disk):
    with running(api_of(own, replace(QUICK, deadline_s=NEVER, failures=10**9))) as client:
        score(client)
        place(client, another_order(order_id="o-1"))
        with ThreadPoolExecutor(1) as pool, disk.stalled():
            waiting = pool.submit(timed, client)
            time.sleep(2 * DEADLINE_S)
            assert not waiting.done()
            disk.goes_on.set()
            answer, took = waiting.result()
    assert took > DEADLINE_S
    assert answer["rung"] == "full"


def test_control_without_a_breaker_every_checkout_waits_for_the_store(own: Installation, disk: Disk):
    with running(api_of(own, replace(QUICK, deadline_s=0.2, failures=10**9))) as client:
        score(client)
        place(client, another_order(order_id="o-1"))
        with disk.stalled():
            answers = [score(client) for _ in range(FAILURES + 2)]
    assert {one["degraded"] for one in answers} == {"store_slow"}
    assert min(one["elapsed_ms"] for one in answers) > 100


def test_while_history_hangs_everything_else_is_answered_too(own: Installation, disk: Disk):
    with running(api_of(own)) as client:
        kept = score(client)
        place(client, another_order(order_id="o-1"))
        with ThreadPoolExecutor(1) as pool, disk.stalled():
            reading = pool.submit(client.get, f"/v1/decisions/{kept['decision_id']}?merchant_id={SHOP}")
            assert client.get("/livez").text == "ok"
            assert score(client)["rung"] == "order_only"
            assert not reading.done()
            disk.goes_on.set()
            assert reading.result().json()["decision_id"] == kept["decision_id"]


def test_what_the_order_alone_says_knows_nothing_of_the_buyer_and_is_made_again_to_the_byte(own: Installation):
    stranger = {"phone": "+919000090077", "email": "somebody@example.in"}
    with running(api_of(own, replace(QUICK, deadline_s=PATIENT_S))) as client:
        for number in range(3):
            place(client, an_order(order_id=f"o-{number}"))
            tell(client, f"o-{number}", "rto_started", reason="refused")
        known, unknown = score(client), score(client, customer=stranger)
        with own.database(read_only=False) as connection:
            connection.execute("DELETE FROM meta WHERE name = 'sums'")
        alone, other = (
            score(client, checkout_id="c-1"),
            score(client, customer=an_order()["customer"] | {"phone": "+919000090002"}),
        )
        kept = client.get(f"/v1/decisions/{alone['decision_id']}?merchant_id={SHOP}")
        again = client.get(f"/v1/decisions/{alone['decision_id']}/replay?merchant_id={SHOP}")
    assert known["risk"]["p_rto"] > unknown["risk"]["p_rto"]
    assert (alone["rung"], alone["degraded"], alone["logged"]) == ("order_only", "store_failed", True)
    assert alone["risk"] == other["risk"]
    assert alone["reasons"], "and it says why"
    assert not {one["code"] for one in alone["reasons"]} & {"new_customer", "rto_prone_phone", "rto_prone_pincode"}
    assert kept.json()["degraded"] == "store_failed"
    assert (again.headers["rto-replay"], again.content) == ("same", kept.content)


def published(own: Installation, change: Callable[[Any], None]) -> None:
    """The champion's place taken by a bundle that `change` writes."""
    name = "2-changed"
    source = own.pool.bundles / own.pool.champion.read_text().strip()
    change((source, own.pool.bundles / name, signing_key(own.home)))
    own.pool.champion.write_text(name)


def breaks(where: Any) -> None:
    """Signed by us and sound, but for a calibrator that turns every probability into none."""
    source, folder, key = where
    rewrite_calibrator(source, folder, BetaCalibrator(a=float("nan")), {}, key)


def of_before(where: Any) -> None:
    """As an earlier version wrote it."""
    source, folder, key = where
    write_bundle(folder, replace(read_bundle(source, key.public_key()), order_only=None), np.zeros((0, 0)), key)


def test_a_model_that_raises_is_stood_in_for_and_takes_no_store_away(own: Installation):
    published(own, breaks)
    with running(api_of(own, replace(QUICK, deadline_s=PATIENT_S))) as client:
        answers = [score(client) for _ in range(FAILURES + 1)]
    assert {(one["rung"], one["degraded"]) for one in answers} == {("order_only", "failed")}, "no order opens a breaker"
    assert all(one["logged"] for one in answers)


@pytest.mark.parametrize("why", ["a bundle of before", "an order that only the store knows"])
def test_the_last_rung_is_the_merchants_default(own: Installation, why: str):
    if why == "a bundle of before":
        published(own, of_before)
    order = {"order_id": "o-1"} if why != "a bundle of before" else an_order()
    with running(api_of(own, replace(QUICK, deadline_s=PATIENT_S))) as client:
        place(client, an_order(order_id="o-1"))
        with own.database(read_only=False) as connection:
            connection.execute("DELETE FROM meta WHERE name = 'sums'")
        stage = "dispatch" if "order_id" in order else "checkout"
        answer = client.post("/v1/score", json=ask(order) | {"stage": stage}).json()
    told = (answer["status"], answer["rung"], answer["degraded"], answer["risk"])
    assert told == ("fallback", "default", "store_failed", None)
    assert answer["recommendation"]["action"] == "allow_cod"


def test_a_slow_ledger_is_waited_for_a_few_times_and_keeps_everything_in_the_end(own: Installation):
    with running(api_of(own)) as client:
        score(client)
        before = decisions(own)
        with own.database(read_only=False) as other, immediate(other):
            answers = [score(client) for _ in range(FAILURES + 2)]
        wait_for(lambda: decisions(own) == before + len(answers))
        wait_for(lambda: score(client)["logged"])
    assert not any(one["logged"] for one in answers)
    assert {one["rung"] for one in answers} == {"full"}
    waited = 1000 * QUICK.log_s
    assert min(one["elapsed_ms"] for one in answers[:FAILURES]) >= waited
    assert min(one["elapsed_ms"] for one in answers[FAILURES:]) < waited


RUSH = replace(QUICK, deadline_s=1.5)
PAUSE_S = 0.0015
"""For each page: a score then takes some hundredths of a second, whatever the machine."""


def flood(client: httpx.Client, n: int) -> list[dict[str, Any]]:
    """So many checkouts at the same moment."""
    together = threading.Barrier(n)

    def one(_: int) -> dict[str, Any]:
        with httpx.Client(base_url=client.base_url, timeout=PATIENT_S, trust_env=False) as own_client:
            own_client.get("/livez")
            together.wait()
            return score(own_client)

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(one, range(n)))


@pytest.fixture
def each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is scored together: together a flood of this size is no overload."""
    monkeypatch.setattr(lane, "MOST_TOGETHER", 1)


@pytest.mark.usefixtures("each_alone")
def test_more_than_it_can_do_is_answered_from_the_lowest_rung_at_once_and_the_rest_in_full(
    own: Installation, disk: Disk
):
    with running(api_of(own, RUSH)) as client:
        score(client)
        before = decisions(own)
        with disk.slow(PAUSE_S):
            for _ in range(10):
                score(client)  # how long one takes is learned
            answers = flood(client, 40)
        until_full(client)
        shed = [one for one in answers if one["degraded"] == "overloaded"]
        wait_for(lambda: decisions(own) >= before + 50)
    assert len(shed) > 10
    assert {one["rung"] for one in shed} == {"default"}
    assert any(one["rung"] == "full" for one in answers), "what it can do it does"
    assert sorted(one["elapsed_ms"] for one in shed)[len(shed) // 2] < 200, "with forty clients on the same processor"
    assert max(one["elapsed_ms"] for one in answers) < 1000 * (RUSH.deadline_s + 0.4)


@pytest.mark.usefixtures("each_alone")
def test_control_without_shedding_the_line_grows_past_every_deadline(own: Installation, disk: Disk):
    with running(api_of(own, replace(QUICK, deadline_s=NEVER, sheds=False))) as client:
        score(client)
        with disk.slow(PAUSE_S):
            answers = flood(client, 40)
    assert {one["degraded"] for one in answers} == {None}
    assert max(one["elapsed_ms"] for one in answers) > 1000 * (RUSH.deadline_s + 0.4)


def test_where_not_even_the_last_rung_answers_the_client_decides(own: Installation, disk: Disk):
    with running(api_of(own, replace(QUICK, deadline_s=NEVER))) as client:
        score(client)
        place(client, another_order(order_id="o-1"))
        shop = Client(str(client.base_url), merchant_id=SHOP, default_action="confirm_message")
        with disk.stalled():
            started = time.monotonic()
            decision = shop.score(an_order())  # type: ignore[arg-type]
            took = time.monotonic() - started
        until_full(client, PATIENT_S)
    assert (decision["rung"], decision["warnings"][0]["code"]) == ("client", "timeout")
    assert decision["recommendation"]["action"] == "confirm_message"
    assert 0.28 < took < 1.0


@pytest.mark.parametrize("told", ["9", "60001", "eighty"])
def test_a_deadline_that_is_none_stops_the_start(told: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RTO_DEADLINE_MS", told)
    with pytest.raises(UsageError, match="ENV004"):
        settings()
    monkeypatch.setenv("RTO_DEADLINE_MS", "120")
    assert settings().deadline_s == 0.12


def test_a_batch_is_answered_too_where_history_hangs(own: Installation, disk: Disk):
    with running(api_of(own, replace(QUICK, deadline_s=0.05))) as client:
        score(client)
        place(client, another_order(order_id="o-1"))
        with disk.stalled():
            body = {"merchant_id": SHOP, "orders": [an_order(), another_order()]}
            results = client.post("/v1/score/batch", json=body).json()["results"]
    assert [(one["rung"], one["degraded"]) for one in results] == [("order_only", "store_slow")] * 2
