"""Immutable Parquet segments: one for each import. History is their union with the live ledger."""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data import contract, journal
from data.database import open_database
from data.errors import DataError, Fault
from data.history import Columns, History, Told, build_history, once
from data.ingest import Imported
from data.pool import Pool

_NEWS_FIELDS = [f.name for f in fields(Told) if f.name != "live"]


@dataclass(frozen=True, slots=True)
class Segment:
    """One import on disk: its folder and manifest (files, digests, counts, exported_at, checks)."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name


def list_segments(pool: Pool) -> list[Segment]:
    """The pool's segments, oldest first. Raises DataError if one is from a newer version."""
    if not pool.segments.is_dir():
        return []
    found = []
    for folder in sorted(p for p in pool.segments.iterdir() if p.is_dir() and not p.name.startswith(".")):
        manifest = json.loads((folder / "manifest.json").read_text())
        if manifest["contract"] > contract.VERSION:
            expected = f"contract version {contract.VERSION} or older"
            raise DataError("DB001", str(folder), got=f"version {manifest['contract']}", expected=expected)
        found.append(Segment(folder, manifest))
    return found


def read_orders(segment: Segment) -> Columns:
    """Kept columns of a segment's orders."""
    table = pq.read_table(segment.folder / "orders.parquet")
    columns: Columns = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        text = pa.types.is_string(column.type) or pa.types.is_dictionary(column.type)
        columns[name] = np.array(column.to_pylist(), dtype=object) if text else column.to_numpy(zero_copy_only=False)
    return columns


def read_news(segment: Segment) -> list[Told]:
    """A segment's news, as told."""
    table = pq.read_table(segment.folder / "news.parquet", columns=_NEWS_FIELDS)
    return [Told(*row) for row in zip(*(table[name].to_pylist() for name in _NEWS_FIELDS), strict=True)]


def new_orders(pool: Pool, orders: Columns) -> Columns:
    """The orders that no earlier segment holds. Raises DataError DQ008 if one is held with other content."""
    held: dict[tuple[str, str], str] = {}
    for segment in list_segments(pool):
        for row in journal.rows_of(read_orders(segment)):
            held[row["merchant_id"], row["order_id"]] = journal.packed(row)
    keep = []
    for i, row in enumerate(journal.rows_of(orders)):
        before = held.get((row["merchant_id"], row["order_id"]))
        if before is None:
            keep.append(i)
        elif before != journal.packed(row):
            to_do = "an order never changes after it was placed: map what the export overwrites later as overwritten"
            where = f"order {row['order_id']!r}"
            raise DataError(
                "DQ008", where, got="other content than in an earlier import", expected="the same", to_do=to_do
            )
    return {name: column[keep] for name, column in orders.items()}


@contextmanager
def writing(pool: Pool) -> Iterator[Path]:
    """A hidden folder to fill; it becomes a segment when the block ends well, and vanishes when it does not."""
    pool.segments.mkdir(parents=True, exist_ok=True)
    draft = pool.segments / f".{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        _publish(pool, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _publish(pool: Pool, draft: Path) -> None:
    digest = hashlib.sha256((draft / "manifest.json").read_bytes()).hexdigest()[:10]
    number = len(list_segments(pool)) + 1
    while any(p.name.startswith(f"{number:06d}-") for p in pool.segments.iterdir()):
        number += 1
    draft.rename(pool.segments / f"{number:06d}-{digest}")


def write_segment(folder: Path, imported: Imported, manifest: dict[str, Any]) -> None:
    """Fill a segment's folder: orders, news, what was quarantined, manifest."""
    pq.write_table(
        pa.table({name: _arrow(column) for name, column in imported.orders.items()}), folder / "orders.parquet"
    )
    news = {name: [getattr(t, name) for t in imported.news] for name in _NEWS_FIELDS}
    pq.write_table(pa.table(news, schema=_NEWS_SCHEMA), folder / "news.parquet")
    if imported.faults:
        _write_quarantine(folder / "quarantine.csv", imported.faults)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))


_NEWS_SCHEMA = pa.schema([(n, pa.int64() if n in ("happened_at", "known_at") else pa.string()) for n in _NEWS_FIELDS])


def _arrow(column: "np.ndarray[Any, Any]") -> Any:
    return pa.array(column.tolist(), pa.string()) if column.dtype == object else pa.array(column)


def _write_quarantine(path: Path, faults: list[Fault]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Fault)])
        writer.writeheader()
        writer.writerows(asdict(f) for f in faults)


def load_history(pool: Pool) -> History:
    """Everything known: segments and live ledger, each order and each piece of news once.

    Raises DataError DB003 if nothing was imported and nothing came in live.
    """
    segments = list_segments(pool)
    live_rows, live_news = _live(pool)
    if not segments and not live_rows:
        raise DataError("DB003", f"pool {pool.name}", got="no history", to_do="import one: rto import FILE --mapping M")
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    news, through = list(live_news), max([t.known_at for t in live_news], default=0)
    for segment in segments:
        for row in journal.rows_of(read_orders(segment)):
            rows.setdefault((row["merchant_id"], row["order_id"]), row)
        news += read_news(segment)
        through = max(through, segment.manifest["exported_at"])
    rows |= {(r["merchant_id"], r["order_id"]): r for r in live_rows}
    return build_history(journal.as_table(list(rows.values())), once(news), through)


def _live(pool: Pool) -> tuple[list[dict[str, Any]], list[Told]]:
    if not pool.database.exists():
        return [], []
    connection = open_database(pool.database, read_only=True)
    try:
        return journal.live_history(connection)
    finally:
        connection.close()
