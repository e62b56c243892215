"""Parquet to Parquet: the replay, and the floor under it. Both write the same files, one for each key, of all its columns."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from features.replay import folds_of
from features.replay_files import WRITTEN, replay_to
from tests.bench.engine_input import KEYS, SUMS
from tests.bench.engine_ours import history_of


def files(folder: Path, out: Path) -> tuple[float, float]:
    """Seconds and CPU seconds from the two files to a folder of features."""

    def work() -> None:
        orders, news = (pq.read_table(folder / f"{name}.parquet") for name in ("orders", "news"))
        history = history_of(orders, news)
        del orders, news
        replay_to(out, history, folds_of([one for key in KEYS for one in SUMS[key]]))

    return _timed(work)


def floor(folder: Path, out: Path) -> tuple[float, float]:
    """Read, sort by time, write: what is written is what the replay wrote, read back off the clock."""

    def work() -> None:
        orders, news = (pq.read_table(folder / f"{name}.parquet") for name in ("orders", "news"))
        orders.sort_by("placed_at")
        news.sort_by("known_at")

    seconds, cpu = _timed(work)
    again = out.with_name("floor")
    again.mkdir(exist_ok=True)
    for path in sorted(out.glob("*.parquet")):
        with pq.ParquetFile(path) as file, pq.ParquetWriter(again / path.name, file.schema_arrow, **WRITTEN) as writer:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                took = _timed(lambda table=table: writer.write_table(table))  # type: ignore[misc]
                seconds, cpu = seconds + took[0], cpu + took[1]
    return seconds, cpu


def _timed(work: Callable[[], Any]) -> tuple[float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - cpu
