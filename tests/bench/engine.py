"""`make bench-engine`: the same 108 sums by this project's replay, by Polars, by DuckDB and, up to a million orders, by
pandas, as good as it gets and a row at a time (a sample, extrapolated); and the replay from Parquet to Parquet beside the
floor under it. Prints a table, writes dated JSON.

Each engine runs in a process of its own, one after the other, on 2 threads. They must agree to 1e-9, or it ends in an error.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.engine_input import write_input
from tests.bench.engine_page import write_page

ROOT, SEED = Path(__file__).parents[2], 7
IN_MEMORY = ("ours", "polars", "duckdb", "pandas", "rows")
_PANDAS_MOST = 1_000_000
_TINY = 1e-6
"""Below this a decayed sum counts as nothing (`assemble.TINY`): differences are told as a share of at least this."""


def measured(folder: Path, engines: tuple[str, ...]) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """What each engine took; and for each how far it lies from ours at most, relative."""
    took: dict[str, dict[str, float]] = {}
    apart: dict[str, float] = {}
    for engine in engines:
        print(f"  {engine}", end="", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "tests.bench.engine_run", engine, folder, folder / f"{engine}.npz"]
        settings = os.environ | {"POLARS_MAX_THREADS": "2"}
        run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env=settings)
        took[engine] = json.loads(run.stdout)
        took[engine]["load"] = os.getloadavg()[0]
        print(f": {took[engine]['seconds']:.1f} s, CPU {took[engine]['cpu']:.1f} s", file=sys.stderr, flush=True)
        if engine in IN_MEMORY[1:]:
            apart[engine] = _apart(folder / "ours.npz", folder / f"{engine}.npz")
    return took, apart


def _apart(ours: Path, other: Path) -> float:
    worst = 0.0
    with np.load(ours) as a, np.load(other) as b:
        assert set(a.files) == set(b.files) - {"places"}
        for name in a.files:
            one, two = a[name][b["places"]] if "places" in b.files else a[name], b[name]
            if not np.array_equal(np.isnan(one), np.isnan(two)):
                raise SystemExit(f"{other.stem} disagrees on which orders lack the key of {name}")
            worst = max(worst, float(np.nanmax(np.abs(one - two) / np.maximum(np.abs(one), _TINY), initial=0.0)))
    if worst > 1e-9:
        raise SystemExit(f"{other.stem} disagrees with the replay by {worst:.1e}")
    return worst


def table(took: dict[str, dict[str, float]], apart: dict[str, float], n: int) -> list[dict[str, Any]]:
    """Lines of the table. ratio: of the clock, to ours; of `files` to the floor. cpu_ratio: of CPU, likewise."""
    rows = []
    for engine, one in took.items():
        base = took["floor" if engine in ("files", "floor") else "ours"]
        rows.append({
            "engine": engine, "orders": n, **one, "per_second": n / one["seconds"], "apart": apart.get(engine),
            "ratio": one["seconds"] / base["seconds"], "cpu_ratio": one["cpu"] / base["cpu"],
        })  # fmt: skip
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    print(
        f"{'':<10}{'orders':>12}{'seconds':>10}{'CPU s':>9}{'orders/s':>12}{'peak GiB':>10}{'ratio':>8}{'of CPU':>8}  apart"
    )
    for row in rows:
        apart = "" if row["apart"] is None else f"{row['apart']:.0e}"
        print(f"{row['engine']:<10}{row['orders']:>12,}{row['seconds']:>10.2f}{row['cpu']:>9.2f}{row['per_second']:>12,.0f}"
              f"{row['peak_gib']:>10.2f}{row['ratio']:>8.1f}{row['cpu_ratio']:>8.1f}  {apart}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.engine", description="Nothing is asserted of time.")
    parser.add_argument("--orders", type=int, nargs="*", default=[200_000], help="sizes, one after the other")
    parser.add_argument("--engines", nargs="+", default=None, help="only these; ours always")
    parser.add_argument("--folder", type=Path, help="where the input is kept, and taken from if it is there")
    parser.add_argument(
        "--beside", type=Path, nargs="+", default=[], help="results of other runs: their lines come first"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/engine.md")
    asked = parser.parse_args()
    rows: list[dict[str, Any]] = [row for path in asked.beside for row in json.loads(path.read_text())["rows"]]
    for n in asked.orders:
        wanted = [e for e in (*IN_MEMORY, "files", "floor") if e not in ("pandas", "rows") or n <= _PANDAS_MOST]
        if asked.engines:
            wanted = [e for e in wanted if e in {"ours", *asked.engines}]
        with tempfile.TemporaryDirectory() as folder:
            where = asked.folder / str(n) if asked.folder else Path(folder)
            if not (where / "news.parquet").exists():  # written last
                write_input(where, n, SEED)
            rows += table(*measured(where, tuple(wanted)), n)
    show(rows)
    libraries = {name: version(name) for name in ("polars", "duckdb", "pandas", "numpy", "numba", "pyarrow")}
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    now = datetime.now(UTC)
    told = {**machine, "libraries": libraries, "seed": SEED, "at": now.isoformat(), "rows": rows}
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / f"engine-{now:%Y-%m-%dT%H%M%S}.json").write_text(json.dumps(told, indent=1))
    if asked.write:
        write_page(ROOT / "docs" / "engine.md", told)


if __name__ == "__main__":
    main()
