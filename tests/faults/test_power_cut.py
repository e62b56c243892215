"""News acknowledged before the power went is kept, once, and the state says so: SQLite on a disk that may forget whatever was
not synced. The power is cut beside the running writer, again and again, while its log is brought into the file and begins
anew. RTO_POWER_CUTS=1000 for a release. The controls acknowledge before the disk has it, and lose news.
"""

import os
import random
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from data import segments
from data.keeping import checkpoints
from data.keeping.database import Connection, open_database, scalar
from data.pool import Pool
from features.rebuild import verify
from serving.keeping.writer import Writer
from tests.faults.telling_process import news
from tests.faults.test_kill_9 import counted, shop
from tests.helpers.power import PowerDisk, power_disk

CUTS = int(os.environ.get("RTO_POWER_CUTS", "6"))
_TELLERS = 4


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[PowerDisk]:
    monkeypatch.setattr(checkpoints, "_ROUND", 40)
    monkeypatch.setattr(checkpoints, "_LONG", 200)
    with power_disk() as found:
        yield found


class Telling:
    """News told by several at once; `acknowledged` are the numbers whose answer has come."""

    def __init__(self, writer: Writer) -> None:
        self.acknowledged: set[int] = set()
        self.ends, self.some = False, threading.Condition()
        self.threads = [threading.Thread(target=self._tell, args=(writer, i)) for i in range(_TELLERS)]
        for thread in self.threads:
            thread.start()

    def _tell(self, writer: Writer, number: int) -> None:
        while not self.ends:
            writer.submit(news(number)).result()
            with self.some:
                self.acknowledged.add(number)
                self.some.notify_all()
            number += _TELLERS

    def after(self, more: int) -> set[int]:
        """What is acknowledged once `more` are."""
        with self.some:
            wanted = len(self.acknowledged) + more
            assert self.some.wait_for(lambda: len(self.acknowledged) >= wanted, timeout=60)
            return set(self.acknowledged)

    def end(self) -> None:
        self.ends = True
        for thread in self.threads:
            thread.join()


@contextmanager
def telling(pool: Pool, synchronous: str) -> Iterator[Telling]:
    def opened() -> Connection:
        connection = open_database(pool.database)
        if synchronous:
            connection.execute(f"PRAGMA synchronous = {synchronous}")
        return connection

    with closing(Writer(opened)) as writer:
        found = Telling(writer)
        try:
            yield found
        finally:
            found.end()


def lost(disk: PowerDisk, pool: Pool, told: Telling, folder: Path, rng: random.Random) -> set[int]:
    """Cut the power after some more news; what was acknowledged by then and is not in what is found on the disk."""
    acknowledged = told.after(rng.randint(1, 40))
    found = Pool(folder, pool.name)
    found.database.parent.mkdir(parents=True)
    disk.cut(pool.database, found.database.parent, rng)
    kept = counted(found)
    assert set(kept.values()) <= {1}
    with closing(open_database(found.database, read_only=True)) as connection:
        assert scalar(connection, "PRAGMA integrity_check") == "ok"
        assert verify(connection, segments.load_history(found)) == []
    return acknowledged - set(kept)


def test_a_power_cut_at_any_moment_loses_nothing_acknowledged_and_the_state_verifies(disk: PowerDisk, tmp_path: Path):
    pool, rng = shop(tmp_path), random.Random(7)
    with telling(pool, "") as told:
        gone = [lost(disk, pool, told, tmp_path / f"cut-{i}", rng) for i in range(CUTS)]
    assert gone == [set()] * CUTS
    assert disk.begun[Path(f"{pool.database}-wal")] > 1, "the log began anew"
    assert disk.begun[pool.database] > 1, "the log was brought into the file"


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_without_a_sync_at_each_commit_the_power_cut_loses_acknowledged_news(
    disk: PowerDisk, tmp_path: Path, synchronous: str
):
    pool, rng = shop(tmp_path), random.Random(7)
    with telling(pool, synchronous) as told:
        assert any(lost(disk, pool, told, tmp_path / f"cut-{i}", rng) for i in range(10))
