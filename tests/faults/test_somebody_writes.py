"""Beside a process that holds the database for long, as a state rebuild does: the service starts, scores and says so."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from data.errors import DataError
from data.keeping import database
from data.keeping.database import immediate, open_database
from tests.helpers.commands import ROOT, command, environment
from tests.helpers.installation import Installation, an_order, ask, served_by_bentoml, tell


@contextmanager
def somebody_writes(path: Path) -> Iterator[None]:
    """Another process holds the write lock of a pool's database inside."""
    arguments = [sys.executable, "-m", "tests.faults.locking_process", str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.stdin.close()


def test_a_service_that_starts_meanwhile_scores_and_refuses_news_until_the_other_has_ended(own: Installation):
    with somebody_writes(own.pool.database), served_by_bentoml(own) as service:
        answer = service.client.post("/v1/score", json=ask(an_order())).json()
        refused = tell(service.client, "o-1", "delivered", "e1")
    assert (answer["status"], answer["logged"]) == ("scored", False)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "storage")


def test_control_alone_it_keeps_what_it_is_told(own: Installation):
    with served_by_bentoml(own) as service:
        assert service.client.post("/v1/score", json=ask(an_order())).json()["logged"]
        assert tell(service.client, "o-1", "delivered", "e1").status_code == 201


def test_a_rebuild_waits_for_the_other_and_then_takes_its_turn(own: Installation):
    arguments = {"env": environment(own.home, own.home / "mlruns"), "text": True, "stderr": subprocess.PIPE}
    with somebody_writes(own.pool.database):
        rebuild = subprocess.Popen(command("state", "rebuild"), stdout=subprocess.PIPE, **arguments)
        assert rebuild.stderr is not None
        said = next(line for line in rebuild.stderr if "waiting" in line)
    _, rest = rebuild.communicate(timeout=120)
    assert "the pool's database is being written to" in said
    assert (rebuild.returncode, "Traceback" in rest) == (0, False)


def test_who_does_not_wait_is_refused_in_words(own: Installation):
    connection = open_database(own.pool.database)
    connection.set_busy_timeout(20)
    with (
        somebody_writes(own.pool.database),
        pytest.raises(DataError, match=r"DB007.*writing now"),
        immediate(connection),
    ):
        raise AssertionError
    with immediate(connection):
        pass
    connection.close()


def test_who_waits_is_refused_in_the_end(own: Installation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "WAIT_SECONDS", 1)
    connection, said = open_database(own.pool.database), []
    connection.set_busy_timeout(20)
    with somebody_writes(own.pool.database):
        with pytest.raises(DataError, match=r"DB007.*for 1 seconds"), immediate(connection, said.append):
            raise AssertionError
        assert len(said) == 1
    connection.close()
