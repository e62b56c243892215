"""One engine of `make bench-engine` in a process of its own: `python -m tests.bench.engine_run ENGINE FOLDER OUT.npz`.

Prints seconds of the clock and of CPU, and the most memory held, as JSON. What it computed is left in OUT: the sum of each
column, and a sample of its rows, for the agreement of engines. A thousand orders first, so that nothing is compiled or
loaded on the clock; in memory the faster of two runs counts, unless one is long; reading the input is on the clock of the two that go from file to file, `files` and `floor`.
"""

import importlib
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.bench.engine_input import write_input

_SAMPLE = 20_000
_LONG = 60
"""Seconds up to which an engine in memory runs twice, and the faster run counts."""


def tables(folder: Path) -> tuple[pa.Table, pa.Table]:
    read = pq.read_table(folder / "orders.parquet"), pq.read_table(folder / "news.parquet")
    pa.default_memory_pool().release_unused()  # what reading took besides
    return read


def in_memory(engine: str, folder: Path, out: Path | None) -> dict[str, float]:
    """The engine alone, from tables in memory to columns in memory; each key's columns are let go when they are there.

    All of it is on the clock, with the sum of each column: an engine may go on while its columns are looked at.
    """
    module = importlib.import_module(f"tests.bench.engine_{engine}")
    orders, news = tables(folder)
    rows = np.linspace(0, len(orders) - 1, min(len(orders), _SAMPLE)).astype(np.int64)
    found: dict[str, Any] = {}
    began, cpu = time.perf_counter(), time.process_time()
    for key, columns in module.compute(orders, news):
        found |= {f"{key} {j}": np.append(column[rows], _total(column)) for j, column in enumerate(columns)}
        del columns
    clock, spent = time.perf_counter() - began, time.process_time() - cpu
    if out is not None:
        np.savez(out, **found)
    return {"seconds": clock, "cpu": spent}


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _total(column: Any) -> float:
    """The sum of a column without its missing values, in one pass."""
    total = 0.0
    for value in column:
        if value == value:
            total += value
    return total


def row_by_row(engine: str, folder: Path, out: Path | None) -> dict[str, float]:
    """pandas, of a sample of the orders that `in_memory` keeps: the time is extrapolated to all."""
    from tests.bench import engine_rows

    orders, news = tables(folder)
    rows = np.linspace(0, len(orders) - 1, min(len(orders), _SAMPLE)).astype(np.int64)
    some = np.linspace(0, len(rows) - 1, min(len(rows), engine_rows.ASKED)).astype(np.int64)
    seconds, cpu, found = engine_rows.sampled(orders, news, rows[some])
    if out is not None:
        np.savez(out, places=some, **found)  # type: ignore[arg-type]
    return {"seconds": seconds, "cpu": cpu}


def files(engine: str, folder: Path, out: Path | None) -> dict[str, float]:
    """`files`: Parquet to Parquet by the replay. `floor`: the same files read, sorted and written, nothing in between."""
    from tests.bench import engine_files

    work: Callable[[Path, Path], tuple[float, float]] = getattr(engine_files, engine)
    seconds, cpu = work(folder, folder / "features")
    return {"seconds": seconds, "cpu": cpu}


def main() -> None:
    engine, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    run = {"files": files, "floor": files, "rows": row_by_row}.get(engine, in_memory)
    with tempfile.TemporaryDirectory() as small:
        write_input(Path(small), 1_000, 1)
        if engine == "floor":
            files("files", Path(small), None)
        run(engine, Path(small), None)
    if engine == "files":
        shutil.rmtree(folder / "features", ignore_errors=True)
    took = run(engine, folder, out)
    if (
        run is in_memory and took["seconds"] < _LONG
    ):  # again with memory at hand: what a machine takes for new pages is its own
        took = min(took, run(engine, folder, out), key=lambda one: one["seconds"])
    print(json.dumps(took | {"peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))


if __name__ == "__main__":
    main()
