"""`make bench`: how fast the parts are, each beside something measured in the same minute. Nothing here is asserted.

Prints a table and writes tests/bench/results/DATE.json. `python -m tests.bench import --orders N` times imports alone.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.history import History
from data.imports.importing import Request, import_files
from data.keeping import journal
from data.keeping.database import open_database
from data.label import RTO
from data.pool import Pool
from data.segments import load_history
from data.world.presets import preset_named
from data.world.simulate import simulate
from data.world.write import write_world
from features.catalog import needed_sums
from features.labels import labels_at
from features.rebuild import rebuild
from features.replay import replay
from serving.scorer import Ask, score
from tests.bench.columns import bench_history
from tests.bench.imports import bench_import
from training.bundle import read_bundle, signing_key
from training.plan import Plan
from training.release import promote, train_pool
from training.tracking import Tracker

ORDERS, SEED = 40_000, 7
QUIET: Callable[[str, int, int], None] = lambda what, done, total: None  # noqa: E731


def timed(action: Callable[[], Any], runs: int = 3) -> tuple[float, Any]:
    """Median seconds of a few runs, and the last result."""
    took, result = [], None
    for _ in range(runs):
        start = time.perf_counter()
        result = action()
        took.append(time.perf_counter() - start)
    return statistics.median(took), result


def by_pandas(history: History) -> pd.DataFrame:
    """Four of the catalog's counts as people write them: a merge on the key, then a filter on both times."""
    labels = labels_at(history, history.known_through)
    orders = pd.DataFrame({"phone": history.orders["phone"], "placed_at": history.orders["placed_at"]})
    told = orders.assign(known_at=orders["placed_at"] + np.nan_to_num(labels.lag), rto=labels.verdict == RTO)
    told = told[~np.isnan(labels.lag) & (orders["phone"] >= 0)]
    asked = orders[orders["phone"] >= 0].reset_index()
    pairs = asked.merge(told, on="phone", suffixes=("", "_other"))
    seen = pairs[pairs["known_at"] < pairs["placed_at"]]
    placed = pairs[pairs["placed_at_other"] < pairs["placed_at"]]
    known = seen.groupby("index").agg(known=("rto", "size"), rto=("rto", "sum"))
    return known.join(placed.groupby("index").size().rename("placed"), how="outer")


def measure(home: Path) -> list[dict[str, Any]]:
    """Every line of the table."""
    market, pool = home / "market", Pool(home, "bench")
    seconds_simulate, world = timed(
        lambda: simulate(preset_named("demo"), ORDERS, SEED, 1_780_000_000_000_000, lambda d, n: None), 1
    )
    write_world(world, market)
    files = [market / "orders.parquet", market / "news.parquet"]
    seconds_import, _ = timed(
        lambda: import_files(home, Request(files, "native", None, "bench", None, False), QUIET), 1
    )
    seconds_load, history = timed(lambda: load_history(pool), 1)
    replay(history, needed_sums())  # compiled once, outside the clock
    seconds_replay, _ = timed(lambda: replay(history, needed_sums()))
    seconds_pandas, _ = timed(lambda: by_pandas(history), 1)
    seconds_train, _ = timed(lambda: train_pool(pool, home / "mlruns", Plan(), None, QUIET), 1)
    n, n_sums = len(history), len(needed_sums())
    rows = [
        {"what": "simulate", "seconds": seconds_simulate, "per_second": n / seconds_simulate},
        {"what": "import and check", "seconds": seconds_import, "per_second": n / seconds_import},
        {"what": "load the history", "seconds": seconds_load, "per_second": n / seconds_load},
        {"what": f"replay, {n_sums} sums of 15 keys", "seconds": seconds_replay, "per_second": n / seconds_replay},
        {"what": "pandas, 3 sums of 1 key", "seconds": seconds_pandas, "per_second": n / seconds_pandas},
        {"what": "train, replay and tracking included", "seconds": seconds_train, "per_second": n / seconds_train},
    ]
    rows[3]["ratio"] = f"{(seconds_pandas / 3) / (seconds_replay / n_sums):.0f}x pandas, by sum"
    return rows + scoring(home, pool) + bench_history()


def scoring(home: Path, pool: Pool) -> list[dict[str, Any]]:
    """One score in process, five reasons on, from the kept state."""
    connection = open_database(pool.database)
    rebuild(connection, pool, QUIET)
    name = promote(pool, Tracker(home / "mlruns"), "challenger", if_better=False, dry_run=False)["published"]
    bundle = read_bundle(pool.bundles / name, signing_key(home).public_key())
    texts = [row[0] for row in connection.execute("SELECT columns FROM orders LIMIT 300")]
    asks = [Ask("asha-fashion", journal.unpacked(t), "bench", 1_780_000_000_000_000) for t in texts]
    took = sorted(timed(lambda ask=ask: score(connection, bundle, ask), 1)[0] for ask in asks)
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    return [
        {"what": "score in process, p50", "seconds": p50, "per_second": 1 / p50, "ratio": f"p99 {p99 * 1000:.1f} ms"}
    ]


def main() -> None:
    """What to measure, and how large the files to import are."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Timings, nothing asserted.")
    parser.add_argument("what", nargs="?", choices=["all", "import"], default="all")
    parser.add_argument("--orders", type=int, default=1_000_000, help="orders in the files to import")
    asked = parser.parse_args()
    rows = bench_import(asked.orders, SEED)
    if asked.what == "all":
        with tempfile.TemporaryDirectory() as folder:
            rows = measure(Path(folder)) + rows
    _show(rows)
    _keep(rows, asked.orders)


def _show(rows: list[dict[str, Any]]) -> None:
    print(f"{'':<44}{'seconds':>10}{'per second':>14}")
    for row in rows:
        print(f"{row['what']:<44}{row['seconds']:>10.4f}{row['per_second']:>14,.0f}  {row.get('ratio', '')}")


def _keep(rows: list[dict[str, Any]], imported: int) -> None:
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    about = {**machine, "orders": ORDERS, "orders_imported": imported, "seed": SEED, "at": now.isoformat()}
    (results / f"{now:%Y-%m-%dT%H%M%S}.json").write_text(json.dumps({**about, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
