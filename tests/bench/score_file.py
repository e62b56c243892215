"""`make bench-score`: `rto score` on a made-up market: orders all kept already, and all new, by stage.

Prints a table and writes tests/bench/results/score-DATE.json. Nothing here is asserted.
"""

import json
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from data.imports.importing import Request as Files
from data.imports.importing import import_files
from data.keeping.database import open_database
from data.pool import Pool
from data.world.presets import preset_named
from data.world.simulate import simulate
from data.world.write import write_world
from features.rebuild import rebuild
from features.store import Store
from serving import ledger
from serving.scores import batch, score_file
from serving.scores.score_rows import Request
from serving.scores.score_table import Csv, sink_of
from training.plan import Plan
from training.release import promote, train_pool
from training.tracking import Tracker

ORDERS, SEED, UNTIL = 40_000, 7, 1_780_000_000_000_000
STAGES: tuple[tuple[Any, str, str], ...] = (
    (score_file, "as_served", "read the file"),
    (score_file, "arrive", "arrival: pseudonyms, text measures"),
    (ledger, "held", "what the orders contribute themselves"),
    (Store, "readings_of", "read the state"),
    (batch, "_matrices", "features"),
    (batch, "_risks", "risks"),
    (batch, "reasons", "reasons"),
    (score_file, "weigh", "money"),
    (score_file, "score_rows", "rows"),
    (Csv, "add", "write"),
)
QUIET: Callable[[str, int, int], None] = lambda what, done, total: None  # noqa: E731


def installed(home: Path) -> Pool:
    """A made-up market, imported, trained on, promoted and its state built."""
    pool, market = Pool(home, "bench"), home / "market"
    write_world(simulate(preset_named("demo"), ORDERS, SEED, UNTIL, lambda d, n: None), market)
    files = [market / "orders.parquet", market / "news.parquet"]
    import_files(home, Files(files, "native", None, pool.name, None, False), QUIET)
    train_pool(pool, home / "mlruns", Plan(), None, QUIET)
    promote(pool, Tracker(home / "mlruns"), "challenger", if_better=False, dry_run=False)
    connection = open_database(pool.database)
    rebuild(connection, pool, QUIET)
    connection.close()
    return pool


def files_of(home: Path) -> dict[str, Path]:
    """The market's orders as they were imported, and under ids that nobody has seen; as CSV and as Parquet."""
    known = pq.read_table(home / "market" / "orders.parquet")
    ids = pc.binary_join_element_wise("new-", known["order_id"], "")
    new = known.set_column(known.column_names.index("order_id"), "order_id", ids)
    found = {}
    for name, table in (("known", known), ("new", new)):
        found[f"{name}, CSV"], found[f"{name}, Parquet"] = home / f"{name}.csv", home / f"{name}.parquet"
        pa_csv.write_csv(table, home / f"{name}.csv")
        pq.write_table(table, home / f"{name}.parquet")
    return found


@contextmanager
def clocked(took: dict[str, float]) -> Iterator[None]:
    """Seconds of the calling thread's own work, by stage."""
    plain = [(owner, name, getattr(owner, name)) for owner, name, _ in STAGES]
    for owner, name, stage in STAGES:
        setattr(owner, name, _clocked(getattr(owner, name), stage, took))
    try:
        yield
    finally:
        for owner, name, function in plain:
            setattr(owner, name, function)


def _clocked(function: Callable[..., Any], stage: str, took: dict[str, float]) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        start = time.thread_time()
        try:
            return function(*given, **named)
        finally:
            took[stage] = took.get(stage, 0.0) + time.thread_time() - start

    return timed


def measure(pool: Pool, path: Path) -> dict[str, Any]:
    """One run: wall and CPU, and the stages. Two threads share the work, so stages may add up to more than the wall."""
    request = Request([path], "native", None, UNTIL, "checkout", 5, False)
    took: dict[str, float] = {}
    cpu, wall = time.process_time(), time.perf_counter()
    with clocked(took), sink_of(path.with_suffix(".scored.csv")) as sink:
        n = score_file.score_file(pool, request, sink, QUIET)["orders"]
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    stages = {stage: {"seconds": s, "per_second": n / s} for stage, s in took.items()}
    return {
        "orders": n,
        "wall_s": wall,
        "cpu_s": cpu,
        "per_second": n / wall,
        "per_cpu_second": n / cpu,
        "stages": stages,
    }


def show(what: str, found: dict[str, Any]) -> None:
    print(f"\n{what}: {found['orders']:,} orders, {found['per_second']:,.0f} a second"
          f" ({found['per_cpu_second']:,.0f} a second of CPU)")  # fmt: skip
    for stage, one in sorted(found["stages"].items(), key=lambda pair: -pair[1]["seconds"]):
        print(f"  {stage:<44}{one['seconds']:>8.3f} s{one['per_second']:>14,.0f} /s")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        pool = installed(home)
        rows = {}
        for what, path in files_of(home).items():
            rows[what] = measure(pool, path)
            show(what, rows[what])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    now = datetime.now(UTC)
    told = {**machine, "load": os.getloadavg(), "peak_mib": peak, "orders": ORDERS, "seed": SEED, "at": now.isoformat()}
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / f"score-{now:%Y-%m-%dT%H%M%S}.json").write_text(json.dumps({**told, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
