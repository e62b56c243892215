"""Acknowledged news is kept, once, and the state says so: after a kill -9 of the writer over both stores, and of the
server. RTO_KILL_TRIALS=500 for a release. What a file's syncing is worth only a power cut shows: `test_power_cut.py`."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from data import segments
from data.history import Told
from data.keeping.database import immediate, open_database, scalar
from data.keeping.server import server_url
from data.pool import Pool
from features import store as kept_state
from features.catalog import kept_sums
from features.rebuild import verify
from serving import ledger
from tests.faults.telling_process import N_ORDERS
from tests.helpers.commands import ROOT
from tests.helpers.histories import T0, order_columns, rows_of
from tests.helpers.servers import Server, kept_on, started

TRIALS = int(os.environ.get("RTO_KILL_TRIALS", "3"))
_AGAIN = 12  # so many pieces of news before the first that was not acknowledged are told again


def shop(folder: Path) -> Pool:
    """A pool with orders, and a state built for them."""
    pool = Pool(folder, "shop")
    connection = open_database(pool.database)
    kept_state.reset(connection, kept_sums())
    with immediate(connection):
        for i in range(N_ORDERS):
            row = {"order_id": f"o{i}", "merchant_id": "m1", "placed_at": T0, "payment_method": "cod", "phone": i % 7,
                   "amount_minor": 50_000.0, "pincode": "800001", "district": "D", "state": "S"}  # fmt: skip
            [columns] = rows_of(order_columns([row]))
            ledger.place(connection, columns, Told("m1", f"o{i}", "shop", f"p{i}", "placed", T0, T0, live=True))
    connection.close()
    return pool


class Teller:
    """Starts processes that tell, and kills them."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.faults.telling_process"]
        pipe = subprocess.PIPE
        self.parent = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, cwd=ROOT, text=True)
        self.pid = 0

    def _line(self) -> str:
        assert self.parent.stdout is not None
        return self.parent.stdout.readline().strip()

    def start(self, pool: Pool, kind: str, first: int) -> None:
        """Tell from `first` on."""
        assert self.parent.stdin is not None
        url = server_url()
        self.parent.stdin.write("\t".join([str(pool.database), kind, str(first), *([url] if url else [])]) + "\n")
        self.parent.stdin.flush()
        self.pid = int(self._line().removeprefix("pid "))

    def acknowledged(self, n: int) -> list[int]:
        """The next n numbers; fewer if it ends by itself."""
        found: list[int] = []
        while len(found) < n and (line := self._line()) != "ended":
            found.append(int(line))
        if len(found) < n:
            self.pid = 0
        return found

    def kill(self) -> list[int]:
        """Kill it where it stands; what it had acknowledged until then."""
        if not self.pid:
            return []
        with suppress(ProcessLookupError):  # its server was gone, and it ended by itself
            os.kill(self.pid, signal.SIGKILL)
        return self.acknowledged(sys.maxsize)


@pytest.fixture(scope="module")
def teller():
    made = Teller()
    with made.parent:
        yield made
        made.parent.kill()


def killed_after(teller: Teller, pool: Pool, kind: str, n: int, first: int) -> list[int]:
    """Tell from `first` on, kill right after so many acknowledgements; all that was acknowledged."""
    teller.start(pool, kind, first)
    return teller.acknowledged(n) + teller.kill()


def counted(pool: Pool) -> "Counter[int]":
    """How often each number is in the ledger."""
    connection = open_database(pool.database, read_only=True)
    rows = connection.execute("SELECT event_id FROM news WHERE source = 'courier'").fetchall()
    connection.close()
    return Counter(int(name[1:].partition("-")[0]) for (name,) in rows)


def trials(teller: Teller, pool: Pool, kind: str, n: int) -> "tuple[set[int], Counter[int]]":
    rng, told, first = random.Random(7), set[int](), 0
    for _ in range(n):
        told |= set(killed_after(teller, pool, kind, rng.randint(_AGAIN, 150), max(first - _AGAIN, 0)))
        first = max(told) + 1
    return told, counted(pool)


def test_news_acknowledged_before_a_kill_9_is_kept_and_counted_once_and_the_state_verifies(
    teller: Teller, store: str, tmp_path: Path
):
    pool = shop(tmp_path)
    told, found = trials(teller, pool, "careful", TRIALS)
    assert told <= set(found)
    assert set(found.values()) == {1}
    connection = open_database(pool.database, read_only=True)
    assert verify(connection, segments.load_history(pool)) == []
    connection.close()


def test_the_kill_catches_news_that_is_told_again_without_its_key(teller: Teller, tmp_path: Path):
    _, found = trials(teller, shop(tmp_path), "no_key", 2)
    assert 2 in found.values()


@pytest.mark.parametrize(("kind", "lost"), [("careful", False), ("not_synced", True)])
def test_a_kill_9_of_the_server_loses_only_what_was_acknowledged_before_it_was_on_disk(
    teller: Teller, own_server: Server, tmp_path: Path, kind: str, lost: bool
):
    with kept_on(own_server):
        pool, told = shop(tmp_path), list[int]()
        for trial in range(5 if lost else 1):
            told += until_the_server_is_killed(teller, own_server, pool, kind, trial * 100_000)
            if gone := set(told) - set(counted(pool)):
                break
        assert bool(gone) is lost
        if not lost:
            connection = open_database(pool.database, read_only=True)
            assert verify(connection, segments.load_history(pool)) == []
            assert scalar(connection, "SELECT COUNT(*) FROM news") == len(set(told) | set(counted(pool))) + N_ORDERS
            connection.close()


def until_the_server_is_killed(teller: Teller, server: Server, pool: Pool, kind: str, first: int) -> list[int]:
    teller.start(pool, kind, first)
    told = teller.acknowledged(150)
    server.kill_9()
    time.sleep(0.1)
    told += teller.kill()
    server.start()
    return told


@pytest.fixture(scope="module")
def own_server():
    """One that may be killed."""
    with started() as running:
        yield running
