"""`make bench-import`: how many orders a second `rto import` takes in, by stage, from CSV files of a made-up market."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.exports import Export, made_up_market, native, panel

ROOT = Path(__file__).parents[2]
STAGES = {
    "start": "load the modules", "read": "read the files", "convert": "convert the cells",
    "orders": "join lines, tell news", "arrive": "arrive: pseudonyms, measures", "history": "build the history",
    "check": "check", "write": "write the segment",
}  # fmt: skip


def bench_import(orders: int, seed: int) -> list[dict[str, Any]]:
    """A line for each stage of each export, seconds of the clock; each import runs in a new process and pool."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        world = made_up_market(orders, seed)
        for make in (native, panel):
            export = make(world, Path(folder))
            rows += _rows(export, *_imported(export, Path(folder) / export.name))
            for file in export.files:
                file.unlink()
    return rows


def _imported(export: Export, home: Path) -> tuple[float, dict[str, Any]]:
    command = [sys.executable, "-m", "tests.bench.one_import", str(home), export.mapping, *map(str, export.files)]
    start = time.perf_counter()
    run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - start, json.loads(run.stdout)


def _rows(export: Export, seconds: float, told: dict[str, Any]) -> list[dict[str, Any]]:
    n = told["n_orders"]
    cpu = sum(stage["cpu"] for stage in told["stages"])
    whole = f"{n:,} orders, {told['n_news']:,} news; {cpu:.1f} s of CPU, {told['peak_gib']:.1f} GiB"
    rows = [{"what": f"import {export.name}, whole", "seconds": seconds, "per_second": n / seconds, "ratio": whole}]
    for stage in told["stages"]:
        name = f"  {STAGES.get(stage['stage'], stage['stage'])}"
        wall = max(stage["wall"], 1e-9)
        rows.append({"what": name, "seconds": wall, "per_second": n / wall, "ratio": f"{stage['cpu']:.1f} s of CPU"})
    return rows
