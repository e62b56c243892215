"""The service with its pools on a PostgreSQL server: the same answers, and what happens while the server is not there."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from data import segments
from data.errors import DataError, Exit, UsageError
from data.keeping.backup import back_up
from data.keeping.database import immediate, open_database, scalar
from data.keeping.journal import LIVE
from data.keeping.moving import to_server
from data.keeping.postgres_words import told
from data.keeping.restoring import restore
from data.keeping.schema import SCHEMA_VERSION
from data.keeping.server import keep_on_server
from features.rebuild import verify
from serving.api import Api
from serving.resilience.allowance import Allowance
from tests.helpers.commands import rto
from tests.helpers.installation import (
    NOW,
    PATIENT_S,
    SHOP,
    Installation,
    SetClock,
    an_order,
    ask,
    moved,
    place,
    running,
    served,
    tell,
    wait_for,
)
from tests.helpers.servers import Server, kept_on, started


@pytest.fixture(scope="module")
def mortal() -> Iterator[Server]:
    """A server that tests of this file may stop."""
    with started() as server:
        yield server


@pytest.fixture
def on_server(mortal: Server, own: Installation) -> Iterator[Installation]:
    with kept_on(mortal):
        yield moved(own)


def journey(made: Installation) -> list[object]:
    """Score, place, tell, score again; and, after a restart, the decision again. Only what must not differ by store."""
    with served(made) as client:
        first = client.post("/v1/score", json=ask(an_order(order_id="o-1"))).json()
        place(client, an_order(order_id="o-1"))
        tell(client, "o-1", "rto_started", "e1", reason="refused")
        second = client.post("/v1/score", json=ask(an_order(order_id="o-2"))).json()
        again = tell(client, "o-1", "rto_started", "e1", reason="refused").json()["status"]
    with served(made, SetClock(NOW + 1_000_000)) as client:
        kept = client.get(f"/v1/decisions/{second['decision_id']}?merchant_id={SHOP}").json()
    assert first["logged"] is second["logged"] is True
    alike = ("risk", "recommendation", "actions", "reasons")
    assert {name: kept[name] for name in alike} == {name: second[name] for name in alike}
    return [[one[name] for name in alike] for one in (first, second)] + [again]


def test_on_a_server_every_answer_is_the_one_of_the_file(mortal: Server, own: Installation, tmp_path: Path):
    other = own.copy(tmp_path / "other")
    by_file = journey(own)
    with kept_on(mortal):
        assert journey(moved(other)) == by_file
        assert not other.pool.database.exists()
        with other.database() as connection:
            assert verify(connection, segments.load_history(other.pool)) == []


def test_while_the_server_is_gone_the_sale_goes_on_and_after_it_news_is_kept_once(
    mortal: Server, on_server: Installation
):
    with running(Api(on_server.home, SetClock(), on_loopback=True, log_patience_s=PATIENT_S)) as client:
        place(client, an_order(order_id="o-1"))
        assert client.post("/v1/score", json=ask(an_order())).json()["status"] == "scored"
        mortal.kill_9()
        for _ in range(2):
            score = client.post("/v1/score", json=ask(an_order()))
            assert (score.status_code, score.json()["rung"], score.json()["logged"]) == (200, "order_only", False)
            assert score.json()["degraded"] == "store_failed"
        refused = tell(client, "o-1", "delivered", "e1")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "storage")
        mortal.start()
        end, answers = time.monotonic() + PATIENT_S, [""]
        while (kept := tell(client, "o-1", "delivered", "e1")).status_code == 503 and time.monotonic() < end:
            time.sleep(0.1)
        while answers[-1] != "full" and time.monotonic() < end:  # a server that was gone is not asked again at once
            answers.append(client.post("/v1/score", json=ask(an_order())).json()["rung"])
            time.sleep(0.1)
    assert answers[-1] == "full"
    assert kept.json()["status"] in ("accepted", "duplicate")
    with on_server.database() as connection:
        assert scalar(connection, "SELECT COUNT(*) FROM news WHERE event_id = 'e1'") == 1
        assert verify(connection, segments.load_history(on_server.pool)) == []


def test_while_the_server_stands_still_orders_are_scored_alone_in_time_and_news_is_kept_once_it_moves(
    mortal: Server, on_server: Installation
):
    allowance = Allowance(deadline_s=0.5)
    with running(Api(on_server.home, SetClock(), on_loopback=True, allowance=allowance)) as client:
        place(client, an_order(order_id="o-1"))
        assert client.post("/v1/score", json=ask(an_order())).json()["rung"] == "full"
        with ThreadPoolExecutor(1) as pool:
            with mortal.standing_still():
                answers = [client.post("/v1/score", json=ask(an_order())).json() for _ in range(allowance.failures + 3)]
                telling = pool.submit(tell, client, "o-1", "delivered", "e1")
                assert client.get("/readyz").status_code == 200
            assert telling.result().json()["status"] == "accepted"
        wait_for(lambda: client.post("/v1/score", json=ask(an_order())).json()["rung"] == "full", 5.0)
    assert {one["rung"] for one in answers} == {"order_only"}
    assert {one["degraded"] for one in answers} == {"store_slow", "store_left_alone"}
    assert max(one["elapsed_ms"] for one in answers) < 900
    with on_server.database() as connection:
        kept = {row[0] for row in connection.execute("SELECT decision_id FROM decisions")}
        assert {one["decision_id"] for one in answers} <= kept, "written once it moved, though nobody waited"
        assert scalar(connection, "SELECT COUNT(*) FROM news WHERE event_id = 'e1'") == 1
        assert verify(connection, segments.load_history(on_server.pool)) == []


def test_what_a_server_keeps_is_backed_up_as_a_file_and_comes_back_on_another(
    mortal: Server, on_server: Installation, tmp_path: Path
):
    with served(on_server) as client:
        place(client, an_order(order_id="o-1"))
        client.post("/v1/score", json=ask(an_order()))
    with on_server.database() as connection:
        before = [scalar(connection, f"SELECT COUNT(*) FROM {t}") for t in ("news", "orders", "state", "decisions")]
    backup = back_up(on_server.home, tmp_path / "backups", NOW, lambda *_: None, print)
    home = tmp_path / "new"
    (home / "keys").mkdir(parents=True)
    for key in (on_server.home / "keys").glob("*.key"):
        (home / "keys" / key.name).write_bytes(key.read_bytes())
    with kept_on(mortal):
        restore(backup.folder, home, lambda *_: None)
        new = Installation(home)
        with new.database() as connection:
            after = [scalar(connection, f"SELECT COUNT(*) FROM {t}") for t in ("news", "orders", "state", "decisions")]
            assert verify(connection, segments.load_history(new.pool)) == []
        with served(new) as client:  # rows are numbered on from where they were
            assert place(client, an_order(order_id="o-9", customer={"phone": "+919000090077"})).status_code == 201
        with new.database(read_only=False) as full, pytest.raises(UsageError, match="BK004"):
            to_server(backup.folder / "pools" / new.pool.name / "store.sqlite", full)
    keep_on_server(None)
    restore(backup.folder, prepared(home, tmp_path / "as-file"), lambda *_: None)
    assert Installation(tmp_path / "as-file").pool.database.exists()
    assert after == before


@pytest.mark.parametrize("stopped", ["the folder cannot be put in place", "killed before it was"])
def test_a_restore_to_a_server_that_is_stopped_leaves_nothing_the_next_one_trips_over(
    mortal: Server, on_server: Installation, tmp_path: Path, stopped: str
):
    backup = back_up(on_server.home, tmp_path / "backups", NOW, lambda *_: None, print)
    home = prepared(on_server.home, tmp_path / "new")
    with kept_on(mortal):
        new = Installation(home)
        if stopped == "killed before it was":
            with new.database(read_only=False) as connection:
                to_server(backup.folder / "pools" / new.pool.name / "store.sqlite", connection)
            (home / "pools").rmdir() if (home / "pools").exists() else None
        else:

            def in_the_way(*_: object) -> None:
                (home / "pools" / "somebody").mkdir(parents=True, exist_ok=True)

            with pytest.raises(OSError, match="not empty"):
                restore(backup.folder, home, in_the_way)
            assert [path.name for path in home.iterdir() if path.name != "keys"] == ["pools"]
            with pytest.raises(DataError, match="DB003"):
                open_database(new.pool.database, read_only=True)
            (home / "pools" / "somebody").rmdir()
            (home / "pools").rmdir()
        restore(backup.folder, home, lambda *_: None)
        with new.database() as connection:
            assert verify(connection, segments.load_history(new.pool)) == []
        with served(new) as client:
            assert place(client, an_order(order_id="o-9")).status_code == 201
        with pytest.raises(UsageError, match="BK004"):  # the control: what is in use is never taken away
            restore(backup.folder, prepared(home, tmp_path / "third"), lambda *_: None)


def prepared(home: Path, to: Path) -> Path:
    (to / "keys").mkdir(parents=True)
    for key in (home / "keys").glob("*.key"):
        (to / "keys" / key.name).write_bytes(key.read_bytes())
    return to


def test_tables_of_a_newer_version_are_not_touched(on_server: Installation):
    with on_server.database(read_only=False) as connection:
        connection.execute("UPDATE schema_version SET version = ?", (SCHEMA_VERSION + 1,))
    with pytest.raises(DataError, match="DB001"):
        open_database(on_server.pool.database)


def test_what_was_acknowledged_can_be_neither_changed_nor_deleted_on_a_server(on_server: Installation):
    with served(on_server) as client:
        place(client, an_order(order_id="o-1"))
        client.post("/v1/score", json=ask(an_order()))
    with on_server.database(read_only=False) as connection:
        for change in (
            f"UPDATE news SET known_at = 0 WHERE origin = '{LIVE}'",
            f"DELETE FROM news WHERE origin = '{LIVE}'",
            "DELETE FROM decisions",
            "UPDATE decisions SET body = '{}'",
            "UPDATE orders SET placed_at = 0",
        ):
            with pytest.raises(DataError, match=r"DB010.*(append-only|immutable)"):
                connection.execute(change)


def test_a_reader_writes_nothing_and_who_waits_for_a_turn_is_refused_in_words(on_server: Installation):
    with on_server.database() as reader, pytest.raises(DataError, match=r"DB009.*25006"), immediate(reader):
        reader.execute("INSERT INTO meta VALUES ('a', 'b')")
    with on_server.database(read_only=False) as one, on_server.database(read_only=False) as other:
        other.patience_s = 0.05
        with immediate(one), pytest.raises(DataError, match=r"DB007.*writing now"), immediate(other):
            raise AssertionError
        with immediate(other):
            pass


def test_a_full_server_is_said_without_what_was_written():
    said = told(psycopg.errors.DiskFull("no room for +919000090001"))
    assert (said.code, "+91" in str(said)) == ("DB009", False)


def test_a_server_that_does_not_answer_and_a_url_of_something_else_are_refused(
    own: Installation, monkeypatch: pytest.MonkeyPatch
):
    for url, code, status in (
        ("postgresql://nobody:secret@127.0.0.1:1/none", "DB008", Exit.DATA),
        ("mysql://nobody:secret@127.0.0.1/none", "ENV003", Exit.USAGE),
    ):
        monkeypatch.setenv("RTO_DATABASE_URL", url)
        ran = rto(own, "state", "rebuild")
        assert (ran.returncode, ran.stderr.split()[0], "secret" in ran.stderr) == (status, code, False)
