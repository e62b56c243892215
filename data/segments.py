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
from data.arrival import MISSING
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
    """The orders that no earlier segment holds. What the earlier told and this one no longer does stays as it was.

    Raises DataError DQ008, naming the columns, if an order is told again with another value.
    """
    held: dict[tuple[str, str], dict[str, Any]] = {}
    for segment in list_segments(pool):
        for row in journal.rows_of(read_orders(segment)):
            held.setdefault((row["merchant_id"], row["order_id"]), row)
    keep = []
    for i, row in enumerate(journal.rows_of(orders)):
        before = held.get((row["merchant_id"], row["order_id"]))
        if before is None:
            keep.append(i)
        elif changed := [n for n in row if _told(row[n]) and _told(before[n]) and row[n] != before[n]]:
            raise _changed_order(row["order_id"], changed)
    return {name: column[keep] for name, column in orders.items()}


def _told(value: Any) -> bool:
    return value is not None and value == value and value != MISSING  # NaN is not itself


def _changed_order(order_id: str, columns: list[str]) -> DataError:
    return DataError(
        "DQ008",
        f"order {order_id!r}",
        got=f"another {', '.join(columns)} than in an earlier import",
        expected="the same: an order never changes after it was placed",
        to_do="map what the export overwrites later as overwritten; tell later changes as news",
    )


def new_news(pool: Pool, news: list[Told]) -> list[Told]:
    """The news that adds something: never told before, or known earlier than was told before; each piece once.

    Raises DataError DQ014 if an event id was told before with other content: found here, not at the next loading.
    """
    _, told = _live(pool)
    for segment in list_segments(pool):
        told += read_news(segment)
    held = {(t.merchant_id, t.source, t.event_id): t for t in once(told)}
    fresh = []
    for one in once(news):
        before = held.get((one.merchant_id, one.source, one.event_id))
        if before is None or once([before, one]) != [before]:
            fresh.append(one)
    return fresh


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
    for path in (*draft.iterdir(), draft):  # a published segment is whole, also after a power cut
        _to_disk(path)
    number = len(list_segments(pool)) + 1
    while any(p.name.startswith(f"{number:06d}-") for p in pool.segments.iterdir()):
        number += 1
    draft.rename(pool.segments / f"{number:06d}-{digest}")
    _to_disk(pool.segments)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
