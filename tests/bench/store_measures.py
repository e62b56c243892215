"""What `make bench-store` measures of one store besides news: a history brought in, reading one order's keys, a restore."""

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from data.keeping import journal
from data.keeping.backup import back_up
from data.keeping.database import is_sqlite, map_into_memory, open_database, scalar
from data.keeping.restoring import restore
from data.pool import Pool
from features.rebuild import rebuild
from features.store import Store
from serving import ledger
from tests.bench.store_history import ENDS

_READ, _BEFORE = 2_000, 200


def silent(*_: Any) -> None:
    """Progress nobody looks at."""


def brought_in(pool: Pool) -> dict[str, float]:
    """The imported history into a store that holds nothing: read, folded, copied and written in one transaction."""
    began, spent = time.perf_counter(), time.process_time()
    with closing(open_database(pool.database)) as connection:
        n_keys = rebuild(connection, pool, silent)
        n = int(scalar(connection, "SELECT COUNT(*) FROM orders"))
    return {"n": n, "keys": n_keys, "seconds": time.perf_counter() - began, "cpu_s": time.process_time() - spent}


_SYNCS, _PIECE = 400, 65_536


def synced(folder: Path) -> dict[str, Any]:
    """The disk alone: a piece as long as a usual commit is written over an older one and brought to the disk, again and again."""
    piece, took = bytes(_PIECE), []
    with (folder / "synced").open("wb") as file:
        file.write(piece * 16)
        os.fsync(file.fileno())
        for i in range(_SYNCS):
            os.pwrite(file.fileno(), piece, i % 16 * _PIECE)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    found = _quantiles(took)
    return {"what": "control: the disk alone, 64 KB synced", "n": _SYNCS, "per_second": _SYNCS / sum(took),
            "ack_p50_ms": found["p50_ms"], "ack_p99_ms": found["p99_ms"]}  # fmt: skip


def read(pool: Pool, seed: int) -> list[dict[str, Any]]:
    """The keys of orders picked at random, each by itself: what the state holds of them alone; and read as a score does,
    with the order looked up, its own part taken out, and every sum decayed."""
    rng = np.random.default_rng(seed)
    with closing(open_database(pool.database, read_only=True)) as connection:
        ids = connection.execute("SELECT merchant_id, order_id FROM orders").fetchall()
        asked = [tuple(ids[i]) for i in rng.integers(0, len(ids), _READ + _BEFORE)]
        del ids
        orders = [journal.order_columns(connection, *one) or {} for one in asked]
        store, n_keys = Store(connection), int(scalar(connection, "SELECT COUNT(*) FROM state"))
        spent = time.process_time()
        alone = _timed(orders, lambda order: store.readings(order, ENDS))
        cpu = time.process_time() - spent
        whole = _timed(
            list(zip(orders, asked, strict=True)),
            lambda one: store.readings(one[0], ENDS, ledger.stands(connection, *one[1])),
        )
        rows = [("all keys of an order", alone), ("the same, its own part taken out", whole)]
        if is_sqlite(connection):
            map_into_memory(connection, 1 << 36)
            rows.append(
                ("all keys of an order, file mapped", _timed(orders, lambda order: store.readings(order, ENDS)))
            )
    found = [{"what": what, "keys": n_keys, **_quantiles(times[_BEFORE:])} for what, times in rows]
    found[0]["cpu_ms"] = 1000 * cpu / len(alone)
    return found


def _timed(asked: list[Any], ask: Callable[[Any], Any]) -> list[float]:
    took = []
    for one in asked:
        began = time.perf_counter()
        ask(one)
        took.append(time.perf_counter() - began)
    return took


def _quantiles(seconds: list[float]) -> dict[str, float]:
    p50, p99 = np.quantile(np.array(seconds) * 1000, (0.5, 0.99))
    return {"n": len(seconds), "p50_ms": float(p50), "p99_ms": float(p99)}


def restored(pool: Pool, folder: Path, home: Path, settle: Any) -> dict[str, float]:
    """A backup of the pool brought back into an empty home. settle: called between, to name an empty database."""
    backup = back_up(pool.home, folder, ENDS, silent, print)
    (home / "keys").mkdir(parents=True)
    for key in (pool.home / "keys").glob("*.key"):
        (home / "keys" / key.name).write_bytes(key.read_bytes())
    with settle():
        began, spent = time.perf_counter(), time.process_time()
        restore(backup.folder, home, silent)
        seconds, cpu = time.perf_counter() - began, time.process_time() - spent
    gigabytes = backup.n_bytes / 1e9
    return {"gb": gigabytes, "seconds": seconds, "cpu_s": cpu, "seconds_per_gb": seconds / gigabytes}
