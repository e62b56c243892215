"""Acknowledged means kept: after a kill -9, on a full disk, beside a locked database, and when a caller hangs up."""

import asyncio
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import pytest

from data.keeping.database import Connection, immediate, open_database, scalar
from data.keeping.one_moment import one_moment
from serving.api import Api
from serving.keeping.writer import Busy, Writer
from tests.helpers.commands import ROOT
from tests.helpers.installation import (
    PATIENT_S,
    POOL,
    Installation,
    SetClock,
    an_order,
    ask,
    place,
    running,
    tell,
    wait_for,
)

TRIALS = 20


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with what the writing process writes into."""
    path = tmp_path / "store.sqlite"
    connection = open_database(path)
    connection.execute("CREATE TABLE written (n INTEGER); CREATE TABLE counted (n INTEGER)")
    connection.execute("INSERT INTO counted VALUES (0)")
    connection.close()
    return path


def killed_after(database: Path, kind: str, n_acknowledged: int, first: int) -> list[int]:
    """Start the writing process, kill it right after so many acknowledgements; returns all it acknowledged."""
    arguments = [sys.executable, "-m", "tests.faults.writing_process", str(database), kind, str(first)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(n_acknowledged)]
        process.kill()
        lines += process.stdout.readlines()
    return [int(line) for line in lines if line.endswith("\n")]


def kept(database: Path) -> list[int]:
    """What is there after the crash, once it was checked to be whole."""
    connection = open_database(database)
    assert scalar(connection, "PRAGMA integrity_check") == "ok"
    numbers = [row[0] for row in connection.execute("SELECT n FROM written ORDER BY n")]
    assert scalar(connection, "SELECT n FROM counted") == len(numbers)
    connection.close()
    return numbers


def test_nothing_acknowledged_is_lost_or_written_twice_by_kill_9(database: Path):
    rng, acknowledged = random.Random(7), []
    for trial in range(TRIALS):
        acknowledged += killed_after(database, "careful", rng.randint(1, 200), trial * 1_000_000)
        found = kept(database)
        assert set(acknowledged) <= set(found)
        assert len(found) == len(set(found))
    assert len(acknowledged) > TRIALS


def test_the_kill_catches_a_writer_that_acknowledges_before_the_commit(database: Path):
    lost = [
        n
        for trial in range(3)
        for n in killed_after(database, "hasty", 5, trial * 1_000_000)
        if n not in kept(database)
    ]
    assert lost


@pytest.fixture
def writer(database: Path) -> Iterator[Writer]:
    made = Writer(lambda: open_database(database))
    yield made
    made.close()


def numbers(database: Path) -> list[int]:
    connection = open_database(database, read_only=True)
    found = [row[0] for row in connection.execute("SELECT n FROM written ORDER BY n")]
    connection.close()
    return found


def add(number: int) -> Any:
    return lambda connection: connection.execute("INSERT INTO written VALUES (?)", (number,)) and None


def add_and_fail(number: int) -> Any:
    def job(connection: Connection) -> None:
        connection.execute("INSERT INTO written VALUES (?)", (number,))
        raise ValueError(number)

    return job


@contextmanager
def held_up(writer: Writer) -> Iterator[None]:
    """The writer is busy: what is submitted inside waits, and then shares one transaction."""
    gate, entered = threading.Event(), threading.Event()

    def wait(_: Connection) -> None:
        entered.set()
        gate.wait()

    writer.submit(wait)
    entered.wait()
    try:
        yield
    finally:
        gate.set()


def together(writer: Writer, jobs: list[Any]) -> list["Future[Any]"]:
    """Submit jobs so that one transaction holds them all."""
    with held_up(writer):
        return [writer.submit(job) for job in jobs]


def test_a_job_that_fails_undoes_only_itself(writer: Writer, database: Path):
    good, bad, also_good = together(writer, [add(1), add_and_fail(2), add(3)])
    assert good.result(PATIENT_S) is None
    assert also_good.result(PATIENT_S) is None
    with pytest.raises(ValueError, match="2"):
        bad.result(PATIENT_S)
    assert numbers(database) == [1, 3]


@dataclass(frozen=True)
class Adding:
    """Work that is done with others of its kind: odd numbers are refused, a negative one breaks it all. Its answer: how
    many were done in one go."""

    number: int

    def __call__(self, connection: Connection) -> int:
        [found] = self.together(connection, [self])
        if isinstance(found, Exception):
            raise found
        return found

    @staticmethod
    def together(connection: Connection, jobs: "Sequence[Adding]") -> "list[int | Exception]":
        good = [job.number for job in jobs if job.number % 2 == 0]
        connection.executemany("INSERT INTO written VALUES (?)", ((number,) for number in good))
        if min(good, default=0) < 0:
            raise ValueError("negative")
        return [len(jobs) if job.number % 2 == 0 else KeyError(job.number) for job in jobs]


def test_work_of_one_kind_is_done_in_one_go_and_each_is_told_its_own_end(writer: Writer, database: Path):
    two, one, other, four = together(writer, [Adding(2), Adding(1), add(3), Adding(4)])
    assert [two.result(PATIENT_S), other.result(PATIENT_S), four.result(PATIENT_S)] == [3, None, 3]
    with pytest.raises(KeyError, match="1"):
        one.result(PATIENT_S)
    assert numbers(database) == [2, 3, 4]


def test_one_that_breaks_what_is_done_together_undoes_only_itself(writer: Writer, database: Path):
    two, bad, four = together(writer, [Adding(2), Adding(-2), Adding(4)])
    assert [two.result(PATIENT_S), four.result(PATIENT_S)] == [1, 1]
    with pytest.raises(ValueError, match="negative"):
        bad.result(PATIENT_S)
    assert numbers(database) == [2, 4]


def test_a_commit_that_fails_fails_all_its_jobs_and_none_after_them(writer: Writer, database: Path):
    def promise_broken(connection: Connection) -> None:
        connection.execute("INSERT INTO owed VALUES (1)")  # deferred: only the commit finds out

    writer.submit(
        lambda c: (
            c.execute(
                "CREATE TABLE lent (id INTEGER PRIMARY KEY);"
                "CREATE TABLE owed (id INTEGER REFERENCES lent DEFERRABLE INITIALLY DEFERRED)"
            )
            and None
        )
    ).result(PATIENT_S)
    writer._connection.execute("PRAGMA foreign_keys = ON")
    for future in together(writer, [add(1), promise_broken]):
        with pytest.raises(apsw.ConstraintError):
            future.result(PATIENT_S)
    assert writer.submit(add(2)).result(PATIENT_S) is None
    assert numbers(database) == [2]


def test_a_caller_that_hangs_up_does_not_stop_the_writer(writer: Writer, database: Path):
    with held_up(writer):
        hung_up, patient = writer.submit(add(1)), writer.submit(add(2))
        hung_up.cancel()
    assert hung_up.cancelled()
    assert patient.result(PATIENT_S) is None
    assert writer.submit(add(3)).result(PATIENT_S) is None
    assert numbers(database) == [2, 3]


def test_a_writer_that_cannot_open_says_so_at_once(tmp_path: Path):
    (tmp_path / "store.sqlite").write_bytes(b"no database " * 100)
    with pytest.raises(Exception, match="DB004"):
        Writer(lambda: open_database(tmp_path / "store.sqlite"))


def test_a_closed_writer_takes_nothing_and_can_be_closed_again(writer: Writer, database: Path):
    last = writer.submit(add(1))
    writer.close()
    writer.close()
    assert last.result(PATIENT_S) is None
    with pytest.raises(Busy):
        writer.submit(add(2))
    assert numbers(database) == [1]


def test_what_nobody_waits_for_is_gathered_and_never_left_behind(writer: Writer, database: Path):
    commits: list[int] = []
    hook = writer._connection.set_commit_hook
    writer.submit(lambda _: hook(lambda: bool(commits.append(1)))).result(PATIENT_S)
    before = len(commits)
    for number in range(200):
        writer.leave(add(number))
    assert writer.submit(add(200)).result(PATIENT_S) is None  # is not kept waiting until they are all there
    writer.leave(add(201))
    writer.close()
    assert numbers(database) == list(range(202))
    assert len(commits) - before < 20


def test_what_is_left_is_written_though_nothing_else_comes(writer: Writer, database: Path):
    writer.leave(add(1))
    wait_for(lambda: numbers(database) == [1])


def test_more_jobs_than_there_is_room_for_are_refused(writer: Writer):
    with held_up(writer), pytest.raises(Busy):
        [writer.submit(lambda _: None) for _ in range(10_000)]


@pytest.fixture
def api(own: Installation) -> Api:
    return Api(own.home, SetClock(), on_loopback=True, log_patience_s=PATIENT_S)


def most_pages(api: Api, n_pages: int) -> None:
    """As if the disk ended there."""
    writer = api.desks.desks[POOL].writer
    writer.submit(lambda connection: scalar(connection, f"PRAGMA max_page_count = {n_pages}")).result(PATIENT_S)


def decisions(own: Installation) -> int:
    with own.database() as connection:
        return int(scalar(connection, "SELECT COUNT(*) FROM decisions"))


def test_on_a_full_disk_scores_are_answered_and_news_is_refused_and_neither_after_it(own: Installation, api: Api):
    with running(api) as client:
        place(client, an_order(order_id="o-1"))
        most_pages(api, 1)  # no less than there are: the next page does not fit
        refused = [tell(client, "o-1", "out_for_delivery", f"e{n}") for n in range(160)][-1]
        for _ in range(3):  # what little room is left goes to the first of them
            score = client.post("/v1/score", json=ask(an_order())).json()
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "storage")
        assert refused.headers["retry-after"]
        assert (score["status"], score["logged"]) == ("scored", False)
        most_pages(api, 2**30)
        assert tell(client, "o-1", "out_for_delivery", "e159").json()["status"] == "accepted"
        assert client.post("/v1/score", json=ask(an_order())).json()["logged"] is True


def test_a_database_that_somebody_else_locks_does_not_hold_up_a_checkout(own: Installation):
    api = Api(own.home, SetClock(), on_loopback=True, log_patience_s=0.01)
    with running(api) as client, own.database(read_only=False) as other:
        before = decisions(own)
        with immediate(other):
            score = client.post("/v1/score", json=ask(an_order())).json()
            assert (score["status"], score["logged"]) == ("scored", False)
        wait_for(lambda: decisions(own) == before + 1)


def test_a_locked_database_refuses_news_and_keeps_none_of_it(own: Installation, api: Api):
    api.desks.desks[POOL].writer._connection.set_busy_timeout(50)
    with running(api) as client, own.database(read_only=False) as other:
        with immediate(other):
            answer = tell(client, "o-1", "delivered", "e1")
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage")
        assert tell(client, "o-1", "delivered", "e1").json()["status"] == "accepted"


def test_what_is_read_for_one_score_is_of_one_moment(own: Installation):
    with own.database() as reader, own.database(read_only=False) as other:
        count = "SELECT COUNT(*) FROM meta"
        with one_moment(reader):
            before = scalar(reader, count)
            other.execute("INSERT INTO meta VALUES ('meanwhile', '')")
            assert scalar(reader, count) == before
        assert scalar(reader, count) == before + 1


def test_a_loop_is_woken_once_for_all_that_a_commit_holds(database: Path):
    async def told() -> tuple[list[int], int]:
        loop, wakes = asyncio.get_running_loop(), list[int]()
        writer, begun, go_on = Writer(lambda: open_database(database)), threading.Event(), threading.Event()

        def first(_: Connection) -> int:
            begun.set()
            assert go_on.wait(PATIENT_S)
            return 0

        held = writer.submit(first)
        await asyncio.to_thread(begun.wait, PATIENT_S)
        call, loop.call_soon_threadsafe = loop.call_soon_threadsafe, None  # type: ignore[method-assign, assignment]

        def counted(callback: Any, *arguments: Any, context: Any = None) -> Any:
            wakes.append(1)
            return call(callback, *arguments, context=context)

        loop.call_soon_threadsafe = counted  # type: ignore[method-assign, assignment]
        waiting = [asyncio.ensure_future(writer.kept(lambda _, n=n: n)) for n in range(5)]
        gone = asyncio.ensure_future(
            writer.kept(lambda connection: connection.execute("INSERT INTO written VALUES (7)"))
        )
        await asyncio.sleep(0)
        gone.cancel()
        go_on.set()
        found = await asyncio.gather(*waiting)
        assert held.result() == 0
        loop.call_soon_threadsafe = call  # type: ignore[method-assign]
        await asyncio.to_thread(writer.close)
        return found, len(wakes)

    assert asyncio.run(told()) == ([0, 1, 2, 3, 4], 1)
    rows = open_database(database).execute("SELECT n FROM written").fetchall()
    assert rows == [(7,)], "who hung up does not undo what was asked"
