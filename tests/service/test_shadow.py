"""A challenger beside the champion: is it scored on what was really asked, kept, compared, and never in anybody's way?"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from data.contract import DAY
from data.errors import Exit, UsageError
from serving.clock import Clock
from serving.commands.shadow_commands import shadow_group
from serving.shadow.shadow_watch import Shadows
from serving.shadow.shadowing import Challenger, Follower
from tests.helpers.bundles import another
from tests.helpers.installation import (
    NOW,
    SHOP,
    Installation,
    SetClock,
    an_order,
    another_order,
    ask,
    place,
    served,
    tell,
    wait_for,
)
from training.bundle import rewrite_calibrator, signing_key
from training.calibration import BetaCalibrator

SAME, BOLDER, BROKEN = "2-same", "3-bolder", "4-broken"


@pytest.fixture(scope="module")
def home(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """With three challengers: the champion again, one that sees more risk, one whose probabilities are none."""
    made = installation.copy(tmp_path_factory.mktemp("shadow") / "home")
    another(made, SAME, "same")
    source = made.pool.bundles / made.pool.champion.read_text().strip()
    for name, calibrator in ((BOLDER, BetaCalibrator(c=2.0)), (BROKEN, BetaCalibrator(a=float("nan")))):
        rewrite_calibrator(source, made.pool.bundles / name, calibrator, {}, signing_key(made.home))
    return made


@pytest.fixture
def own(home: Installation, tmp_path: Path) -> Installation:
    return home.copy(tmp_path / "home")


def put_beside(own: Installation, name: str) -> None:
    """As `rto promote --shadow`, but since ever: the tests' clock stands in the past."""
    own.pool.shadow.write_text(name)
    os.utime(own.pool.shadow, (0, 0))


def asked(client: httpx.Client) -> list[dict[str, Any]]:
    """Decisions on checkouts, an order and a batch; and some that no challenger is asked about."""
    found = [client.post("/v1/score", json=ask(an_order(checkout_id=f"c-{i}"))).json() for i in range(3)]
    found.append(client.post("/v1/score", json=ask(another_order(order_id="o-1"))).json())
    client.post("/v1/score", json=ask(an_order(), dry_run=True))
    client.post("/v1/score", json=ask(an_order(), test="high"))
    return found


def followed(own: Installation) -> int:
    """What a follower scores, from its start until nothing is new."""
    challenger = Challenger.of(own.pool, signing_key(own.home).public_key())
    assert challenger is not None
    with closing(Follower(own.pool, challenger, SetClock())) as follower:
        n = 0
        while done := follower.step():
            n += done
    return n


def kept(own: Installation) -> dict[str, dict[str, Any]]:
    with own.database() as connection:
        return {row[0]: json.loads(row[1]) for row in connection.execute("SELECT decision_id, body FROM shadows")}


def commanded(own: Installation, *arguments: str) -> Result:
    return CliRunner().invoke(shadow_group, arguments, obj=own.session)


def test_the_same_model_in_the_shadow_says_the_same_of_every_decision_once(own: Installation):
    put_beside(own, SAME)
    with served(own) as client:
        answers = asked(client)
        place(client, an_order(order_id="o-2", checkout_id="c-0"))  # it must not see itself afterwards
    assert followed(own) == len(answers)
    assert followed(own) == 0, "once each, also by another process"
    found = kept(own)
    assert {one["decision_id"]: (one["risk"]["p_rto"], one["recommendation"]["action"]) for one in answers} == {
        name: (one["p_rto"], one["action"]) for name, one in found.items()
    }
    assert found[answers[0]["decision_id"]]["news_since"] > 0


def test_a_bolder_challenger_is_compared_by_risk_advice_and_outcome(own: Installation):
    put_beside(own, BOLDER)
    with served(own) as client:
        answers = asked(client)
        for number in range(3):
            place(client, an_order(order_id=f"p-{number}", checkout_id=f"c-{number}"))
            tell(client, f"p-{number}", "rto_started" if number else "delivered", reason="refused" if number else None)
    followed(own)
    report = json.loads(commanded(own, "report", "--merchant", SHOP, "--json").stdout)
    assert (report["decisions"], report["failed"], report["challenger"]) == (len(answers), {}, BOLDER)
    assert report["risk"]["difference"]["p5"] > 0
    assert report["advice"]["changed"] == sum(one["decisions"] for one in report["advice"]["changes"]) > 0
    assert (report["outcomes"]["orders"], report["outcomes"]["rto"]) == (3, 2)
    assert report["outcomes"]["challenger"]["n"] == 3
    assert "3 orders with a known outcome, 2 RTO" in commanded(own, "report", "--merchant", SHOP).stdout
    assert commanded(own, "stop").exit_code == 0
    none = commanded(own, "report", "--merchant", SHOP).exception
    assert isinstance(none, UsageError)
    assert (none.code, none.exit_status) == ("SHADOW001", Exit.USAGE)
    assert commanded(own, "report", "--merchant", SHOP, "--bundle", BOLDER).exit_code == 0


def test_one_that_breaks_is_kept_as_that_and_asked_once(own: Installation):
    put_beside(own, BROKEN)
    with served(own) as client:
        n = len(asked(client))
    assert (followed(own), followed(own)) == (n, 0)
    assert {"failed" in one for one in kept(own).values()} == {True}


@contextmanager
def watched(own: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shadows]:
    """The process beside the service, as the service starts it."""
    monkeypatch.setenv("RTO_HOME", str(own.home))
    shadows = Shadows(own.home, Clock())
    try:
        yield shadows
    finally:
        shadows.close()


def test_its_process_follows_the_service_and_its_end_is_not_the_services(
    own: Installation, monkeypatch: pytest.MonkeyPatch
):
    put_beside(own, SAME)
    with served(own) as client, watched(own, monkeypatch) as shadows:
        first = asked(client)
        wait_for(lambda: len(kept(own)) == len(first))
        [process] = shadows._processes.values()
        os.kill(process.pid, signal.SIGKILL)
        again = client.post("/v1/score", json=ask(an_order(checkout_id="c-0"))).json()
        wait_for(lambda: not shadows._processes)
        own.pool.shadow.write_text("no-such-bundle")
        assert client.post("/v1/score", json=ask(an_order())).json()["rung"] == "full"
    assert again["risk"] == first[0]["risk"]
    process.wait()


def test_where_none_is_named_nobody_runs_and_decisions_of_before_are_not_its_own(
    own: Installation, monkeypatch: pytest.MonkeyPatch
):
    with served(own) as client, watched(own, monkeypatch) as shadows:
        asked(client)
        assert not shadows._processes
    own.pool.shadow.write_text(SAME)
    after = (NOW + DAY) / 1e6
    os.utime(own.pool.shadow, (after, after))
    assert followed(own) == 0
