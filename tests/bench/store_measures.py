"""What `make bench-store` measures of one store besides news: a history brought in, reading one order's keys, a restore."""

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from data import journal
from data.backup import back_up
from data.database import open_database, scalar
from data.pool import Pool
from data.restoring import restore
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
        alone, whole, spent = [], [], time.process_time()
        for order in orders:
            began = time.perf_counter()
            store.readings(order, ENDS)
            alone.append(time.perf_counter() - began)
        cpu = time.process_time() - spent
        for (merchant_id, order_id), order in zip(asked, orders, strict=True):
            began = time.perf_counter()
            store.readings(order, ENDS, ledger.stands(connection, merchant_id, order_id))
            whole.append(time.perf_counter() - began)
    rows = (("all keys of an order", alone), ("the same, its own part taken out", whole))
    found = [{"what": what, "keys": n_keys, **_quantiles(times[_BEFORE:])} for what, times in rows]
    found[0]["cpu_ms"] = 1000 * cpu / len(alone)
    return found


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
