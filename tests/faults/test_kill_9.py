"""Acknowledged news is kept, once, and the state says so: after a kill -9 of the writer over both stores, and of the
server. RTO_KILL_TRIALS=500 for a release; a power cut cannot be made here, so the syncing of SQLite has no control:
what stands for it is the writer that acknowledges before its commit (`test_writer.py`)."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from data import segments
from data.database import immediate, open_database, scalar
from data.history import Told
from data.pool import Pool
from data.server import server_url
from features import store as kept_state
from features.catalog import needed_sums
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
    kept_state.reset(connection, needed_sums())
    with immediate(connection):
        for i in range(N_ORDERS):
            row = {"order_id": f"o{i}", "merchant_id": "m1", "placed_at": T0, "payment_method": "cod", "phone": i % 7,
                   "amount_minor": 50_000.0, "pincode": "800001", "district": "D", "state": "S"}  # fmt: skip
            [columns] = rows_of(order_columns([row]))
            ledger.place(connection, columns, Told("m1", f"o{i}", "shop", f"p{i}", "placed", T0, T0, live=True))
    connection.close()
    return pool


def start(pool: Pool, kind: str, first: int) -> "subprocess.Popen[str]":
    url = server_url()
    arguments = [sys.executable, "-m", "tests.faults.telling_process", str(pool.database), kind, str(first)]
    return subprocess.Popen(
        arguments + ([url] if url else []), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, text=True
    )


def acknowledged(process: "subprocess.Popen[str]", n: int) -> list[int]:
    assert process.stdout is not None
    return [int(line) for line in (process.stdout.readline() for _ in range(n)) if line.endswith("\n")]


def killed_after(pool: Pool, kind: str, n: int, first: int) -> list[int]:
    """Tell from `first` on, kill right after so many acknowledgements; all that was acknowledged."""
    with start(pool, kind, first) as process:
        told = acknowledged(process, n)
        process.kill()
        assert process.stdout is not None
        told += [int(line) for line in process.stdout if line.endswith("\n")]
    return told


def counted(pool: Pool) -> "Counter[int]":
    """How often each number is in the ledger."""
    connection = open_database(pool.database, read_only=True)
    rows = connection.execute("SELECT event_id FROM news WHERE source = 'courier'").fetchall()
    connection.close()
    return Counter(int(name[1:].partition("-")[0]) for (name,) in rows)


def trials(pool: Pool, kind: str, n: int) -> "tuple[set[int], Counter[int]]":
    rng, told, first = random.Random(7), set[int](), 0
    for _ in range(n):
        told |= set(killed_after(pool, kind, rng.randint(_AGAIN, 150), max(first - _AGAIN, 0)))
        first = max(told) + 1
    return told, counted(pool)


def test_news_acknowledged_before_a_kill_9_is_kept_and_counted_once_and_the_state_verifies(store: str, tmp_path: Path):
    pool = shop(tmp_path)
    told, found = trials(pool, "careful", TRIALS)
    assert told <= set(found)
    assert set(found.values()) == {1}
    connection = open_database(pool.database, read_only=True)
    assert verify(connection, segments.load_history(pool)) == []
    connection.close()


def test_the_kill_catches_news_that_is_told_again_without_its_key(tmp_path: Path):
    _, found = trials(shop(tmp_path), "no_key", 2)
    assert 2 in found.values()


@pytest.mark.parametrize(("kind", "lost"), [("careful", False), ("not_synced", True)])
def test_a_kill_9_of_the_server_loses_only_what_was_acknowledged_before_it_was_on_disk(
    own_server: Server, tmp_path: Path, kind: str, lost: bool
):
    with kept_on(own_server):
        pool, told = shop(tmp_path), list[int]()
        for trial in range(5 if lost else 1):
            told += until_the_server_is_killed(own_server, pool, kind, trial * 100_000)
            if gone := set(told) - set(counted(pool)):
                break
        assert bool(gone) is lost
        if not lost:
            connection = open_database(pool.database, read_only=True)
            assert verify(connection, segments.load_history(pool)) == []
            assert scalar(connection, "SELECT COUNT(*) FROM news") == len(set(told) | set(counted(pool))) + N_ORDERS
            connection.close()


def until_the_server_is_killed(server: Server, pool: Pool, kind: str, first: int) -> list[int]:
    with start(pool, kind, first) as process:
        told = acknowledged(process, 150)
        server.kill_9()
        time.sleep(0.1)
        process.kill()
        assert process.stdout is not None
        told += [int(line) for line in process.stdout if line.endswith("\n")]
    server.start()
    return told


@pytest.fixture(scope="module")
def own_server():
    """One that may be killed."""
    with started() as running:
        yield running
