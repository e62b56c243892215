"""A replay to files: what each fold reads, as Parquet, a chunk of orders at a time. For histories whose readings are more
than memory holds: room is needed for the keys under way, the facts, and a chunk for each core.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from os import cpu_count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.history import History
from features.compiled import KERNELS
from features.replay import Fold, Progress
from features.snapshot import prefix_of
from features.timeline import Timeline, timeline_of

CHUNK = 131_072
"""Orders of a row group."""
WRITTEN: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "write_statistics": False}


def replay_to(folder: Path, history: History, folds: Sequence[Fold], progress: Progress | None = None) -> int:
    """Write FOLD.parquet for each fold: a column for each of its sums, a row for each order of the history.

    Takes up where a run was interrupted: a file stands under its name when it is whole, and names what it was made of;
    one made of another history or by other kernels is written anew. Returns how many were written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made_of = _made_of(history)
    todo = [fold for fold in folds if _label(folder / f"{fold.name}.parquet") != _own(made_of, fold)]
    if not todo:
        return 0
    timeline = timeline_of(history, [one for fold in todo for one in fold.sums])
    with ThreadPoolExecutor(cpu_count() or 1) as threads:
        tasks = [partial(_write, folder, timeline, fold, _own(made_of, fold)) for fold in todo]
        for done, one in enumerate(as_completed([threads.submit(task) for task in tasks]), 1):
            one.result()
            if progress:
                progress("replay", done, len(todo))
    return len(todo)


def _write(folder: Path, timeline: Timeline, fold: Fold, label: str) -> None:
    begun, n = fold.begin(timeline), len(timeline)
    schema = pa.schema([(str(i), pa.float64()) for i in range(len(fold.sums))], metadata={"made_of": label})
    draft = folder / f".{fold.name}.parquet"
    with pq.ParquetWriter(draft, schema, **WRITTEN) as writer:
        for first in range(0, n, CHUNK):
            out = begun.read(first, min(first + CHUNK, n))
            writer.write_table(pa.table([pa.array(row) for row in out], schema=schema))
    draft.replace(folder / f"{fold.name}.parquet")


def _made_of(history: History) -> str:
    """Changes with any order or news: what was known of the orders by the last, and all that came after."""
    whole = prefix_of(history, len(history)).digest if len(history) else ""
    digest = hashlib.blake2b(whole.encode(), digest_size=16)
    for name in sorted(history.news):
        digest.update(history.news[name].tobytes())
    return f"{digest.hexdigest()} {KERNELS}"


def _own(made_of: str, fold: Fold) -> str:
    return f"{made_of} {[repr(one) for one in fold.sums]}"


def _label(path: Path) -> str:
    """What a file says it was made of; nothing for one that is not there or cannot be read."""
    try:
        label: bytes = (pq.read_schema(path).metadata or {}).get(b"made_of", b"")
        return label.decode()
    except (OSError, pa.ArrowException):
        return ""
