"""Another model while the service answers: tried aside, swapped without a lost request, and the old one back at once."""

import json
import shutil
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.helpers.bundles import another, sign
from tests.helpers.installation import Installation, an_order, ask, served
from tests.service.test_noticing import HurriedClock
from training.bundle import signing_key

PATIENCE_S = 60.0


def model_of(client: httpx.Client) -> str:
    answer = client.post("/v1/score", json=ask(an_order())).json()
    assert answer["status"] == "scored"
    return str(answer["model"]["name"])


def until(client: httpx.Client, name: str) -> list[str]:
    """What answered until this model did."""
    found, end = [model_of(client)], time.monotonic() + PATIENCE_S
    while found[-1] != name and time.monotonic() < end:
        found.append(model_of(client))
    return found


def test_the_old_model_answers_until_the_new_one_is_read_and_a_rollback_waits_for_nothing(own: Installation):
    first = own.pool.champion.read_text()
    another(own, "2-second", "2-second")
    with served(own, HurriedClock()) as client:
        before = model_of(client)
        own.pool.champion.write_text("2-second")
        assert model_of(client) == before, "the first that asks does not wait for it"
        assert until(client, "2-second")[-1] == "2-second"
        own.pool.champion.write_text(first)
        assert model_of(client) == before


def test_no_request_fails_while_models_are_swapped_under_load(own: Installation):
    first = own.pool.champion.read_text()
    another(own, "2-second", "2-second")
    statuses: list[int] = []
    with served(own, HurriedClock()) as client:
        model_of(client)
        done = threading.Event()

        def load() -> None:
            with httpx.Client(base_url=client.base_url, timeout=30, trust_env=False) as own_client:
                while not done.is_set():
                    statuses.append(own_client.post("/v1/score", json=ask(an_order())).status_code)

        thread = threading.Thread(target=load)
        thread.start()
        own.pool.champion.write_text("2-second")
        until(client, "2-second")
        for number in range(100):
            own.pool.champion.write_text(first if number % 2 else "2-second")
            model_of(client)
        done.set()
        thread.join()
    assert set(statuses) == {200}
    assert len(statuses) > 20


def wrong_golden(folder: Path) -> None:
    """Signed with the right key, and it does not say what it was saved with."""
    golden = json.loads((folder / "golden.json").read_text())
    golden["margins"][0] += 1.0
    (folder / "golden.json").write_text(json.dumps(golden))


def test_one_that_the_canary_refuses_never_serves_and_the_next_good_one_does(
    own: Installation, caplog: pytest.LogCaptureFixture
):
    source = own.pool.bundles / own.pool.champion.read_text().strip()
    shutil.copytree(source, own.pool.bundles / "2-bad")
    wrong_golden(own.pool.bundles / "2-bad")
    sign(own.pool.bundles / "2-bad", signing_key(own.home))
    another(own, "3-good", "3-good")
    with served(own, HurriedClock()) as client:
        before = model_of(client)
        own.pool.champion.write_text("2-bad")
        end = time.monotonic() + PATIENCE_S
        while "bundle 2-bad refused" not in caplog.text and time.monotonic() < end:
            assert model_of(client) == before
        assert "MODEL005" in caplog.text
        assert model_of(client) == before
        own.pool.champion.write_text("3-good")
        assert set(until(client, "3-good")) <= {before, "3-good"}
        assert model_of(client) == "3-good"
