"""Immutable Parquet segments: one for each import. History is their union with the live ledger."""

import csv
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import apsw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data import contract
from data.building import build_history
from data.durable import sync
from data.errors import DataError, Fault
from data.files import matching
from data.history import Columns, History
from data.ingest import Imported
from data.keeping import kept
from data.keeping.away import without
from data.keeping.kept import OrdersTable
from data.keeping.live_half import LiveHalf, live_half, stamp_of
from data.keeping.opening import Opening
from data.news import NEWS_SCHEMA, NewsTable, once
from data.pool import Pool
from data.side_by_side import side_by_side

ORDER_KEY = ("merchant_id", "order_id")
_REPEATED = ("merchant_id", "source", "type", "reason")
"""News columns of few words: kept as a dictionary."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


@dataclass(frozen=True, slots=True)
class Segment:
    """One import on disk: its folder and manifest (files, digests, counts, exported_at, checks).

    held: its tables by file as far as they were read, for those who ask several times; None: nothing is held.
    """

    folder: Path
    manifest: dict[str, Any]
    held: dict[str, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.folder.name


def list_segments(pool: Pool, hold: bool = False) -> list[Segment]:
    """The pool's segments, oldest first. hold: each file is read once, whole, and held as long as the list.

    Raises DataError DB001 if one is from a newer version, DB005 if one is damaged.
    """
    if not pool.segments.is_dir():
        return []
    found = []
    for folder in sorted(p for p in pool.segments.iterdir() if p.is_dir() and not p.name.startswith(".")):
        with _legible(folder / "manifest.json"):
            manifest = json.loads((folder / "manifest.json").read_text())
            version = int(manifest["contract"])
        if version > contract.VERSION:
            expected = f"contract version {contract.VERSION} or older"
            raise DataError("DB001", str(folder), got=f"version {version}", expected=expected, to_do="upgrade rto-risk")
        found.append(Segment(folder, manifest, {} if hold else None))
    return found


def read_orders(segment: Segment) -> Columns:
    """Kept columns of a segment's orders."""
    return kept.columns_of(read_orders_table(segment))


def read_orders_table(segment: Segment, columns: Sequence[str] | None = None) -> OrdersTable:
    """A segment's orders as kept; only some columns if named, without those an older import did not keep."""
    return _read(segment, "orders.parquet", columns)


def read_news(segment: Segment, columns: Sequence[str] | None = None) -> NewsTable:
    """A segment's news as told; only some columns if named."""
    names = [name for name in columns or NEWS_SCHEMA.names if name != "live"]
    table = _read(segment, "news.parquet", names)
    if columns is None or "live" in columns:
        table = table.append_column(NEWS_SCHEMA.field("live"), pa.array(np.zeros(len(table), dtype=bool)))
    with _legible(segment.folder / "news.parquet"):
        return table.select(columns or NEWS_SCHEMA.names)


def _read(segment: Segment, name: str, columns: Sequence[str] | None) -> Any:
    if segment.held is None:
        return _read_file(segment.folder / name, columns)
    if name not in segment.held:
        segment.held[name] = _read_file(segment.folder / name, None)
    table = segment.held[name]
    return table if columns is None else table.select([one for one in columns if one in table.column_names])


def _read_file(path: Path, columns: Sequence[str] | None) -> Any:
    with _legible(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read(columns=None if columns is None else list(columns))


@contextmanager
def _legible(path: Path) -> Iterator[None]:
    """Turn what a missing or damaged file of a segment raises into DataError DB005."""
    try:
        yield
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise DataError(
            "DB005",
            str(path),
            got="no such file" if isinstance(error, FileNotFoundError) else "a file that is damaged or cut short",
            expected="the segment as its import wrote it",
            to_do="restore the folder from a backup; or remove it whole and import its files again",
        ) from error


@contextmanager
def writing(pool: Pool) -> Iterator[Path]:
    """A hidden folder to fill; it becomes a segment when the block ends well, and vanishes when it does not."""
    with drafting(pool) as draft:
        yield draft
        publish(pool, draft)


@contextmanager
def drafting(pool: Pool) -> Iterator[Path]:
    """A hidden folder to fill, which vanishes at the end unless it was published.

    One import at a time (`data/imports/alone.py`): what another left behind when it was killed is cleared away. Raises
    DataError DB006 if the disk is full.
    """
    with storing(pool.segments):
        pool.segments.mkdir(parents=True, exist_ok=True)
        for left in pool.segments.glob(".*"):
            shutil.rmtree(left)
        draft = pool.segments / f".{os.getpid()}"
        draft.mkdir()
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            with suppress(OSError):
                pool.segments.rmdir()  # as it was, where it holds no segment


@contextmanager
def storing(place: Path) -> Iterator[None]:
    """Turn a disk that is full or cannot be written, and a file that may not grow, into DataError DB006."""
    try:
        yield
    except (OSError, apsw.FullError, apsw.IOError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_ROOM and str(place) not in str(error):
            raise  # a file that is only read
        got = os.strerror(error.errno or 0) if isinstance(error, OSError) else str(error)
        to_do = "make room and import again: nothing of this import was kept"
        raise DataError("DB006", str(place), got=got, expected="a disk with room to write", to_do=to_do) from error


def publish(pool: Pool, draft: Path) -> None:
    """Make a filled folder a segment."""
    digest = hashlib.sha256((draft / "manifest.json").read_bytes()).hexdigest()[:10]
    for path in (*draft.iterdir(), draft):  # a published segment is whole, also after a power cut
        sync(path)
    number = len(list_segments(pool)) + 1
    while any(p.name.startswith(f"{number:06d}-") for p in pool.segments.iterdir()):
        number += 1
    draft.rename(pool.segments / f"{number:06d}-{digest}")
    sync(pool.segments)


def write_segment(folder: Path, imported: Imported, manifest: dict[str, Any]) -> None:
    """Fill a segment's folder: orders, news, what was quarantined, manifest."""
    write_tables(folder, imported)
    write_papers(folder, imported, manifest)


def write_tables(folder: Path, imported: Imported) -> None:
    """The orders and the news."""
    orders = kept.table_of(imported.orders)
    words = [name for name in orders.column_names if name not in ("order_id", "placed_at")]
    news: NewsTable = imported.news
    tables = (orders, "orders.parquet", words), (news.drop_columns("live"), "news.parquet", _REPEATED)
    side_by_side([partial(_write, table, folder / name, repeated) for table, name, repeated in tables])


def write_papers(folder: Path, imported: Imported, manifest: dict[str, Any]) -> None:
    """What was quarantined, and the manifest."""
    if imported.faults:
        _write_quarantine(folder / "quarantine.csv", imported.faults)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))


def _write(table: Any, path: Path, repeated: Sequence[str]) -> None:
    pq.write_table(table, path, use_dictionary=list(repeated), write_page_checksum=True)


def _write_quarantine(path: Path, faults: list[Fault]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Fault)])
        writer.writeheader()
        writer.writerows(asdict(f) for f in faults)


def load_history(
    pool: Pool, segments: Sequence[Segment] | None = None, through_seq: int | None = None
) -> History:  # fmt: skip
    """Everything known: segments and live ledger, each order and each piece of news once. segments: as listed already.
    through_seq: live news up to that number only.

    Raises DataError DB003 if nothing was imported and nothing came in live, DB005 if a segment is damaged.
    """
    (orders, news, through), opening = _of_one_moment(pool, segments, through_seq)
    return replace(build_history(orders, news, through), opening=opening)


Everything: TypeAlias = tuple[tuple[Columns, NewsTable, int], Opening | None]


def load_told(
    pool: Pool, segments: Sequence[Segment] | None = None, through_seq: int | None = None
) -> tuple[Columns, NewsTable, int]:
    """What a history is built from: each order once, each piece of news once, also those that wait for their order,
    and the moment all of it is known through. Raises as `load_history`."""
    return _of_one_moment(pool, segments, through_seq)[0]


def _of_one_moment(pool: Pool, segments: Sequence[Segment] | None, through_seq: int | None) -> Everything:
    """What is told, and the opening balance beside it: read again where old orders were folded away meanwhile."""
    while True:
        live = live_half(pool, through_seq)
        found = _together(pool, list_segments(pool) if segments is None else segments, live)
        if stamp_of(pool) == live.stamp:
            return found


def _together(pool: Pool, segments: Sequence[Segment], live: LiveHalf) -> Everything:
    if not segments and not len(live.orders) and live.opening is None:
        raise DataError("DB003", f"pool {pool.name}", got="no history", to_do="import one: rto import FILE --mapping M")
    through = max(pc.max(live.news["known_at"]).as_py() or 0, *(s.manifest["exported_at"] for s in segments), 0)
    told = pa.concat_tables([live.news, *(read_news(segment) for segment in segments)])
    held = pa.concat_tables([live.orders, *(kept.whole(read_orders_table(segment)) for segment in segments)])
    told, held = without(told, live.away), without(held, live.away)
    return (kept.columns_of(_first_told(held)), once(told), through), live.opening


def _first_told(orders: OrdersTable) -> OrdersTable:
    """Each order once, as first told; live orders stand first."""
    first = matching.first_of_each(matching.keys_of([orders], ORDER_KEY[:1], ORDER_KEY[1]))
    own = first == np.arange(len(first))
    return orders if own.all() else orders.filter(pa.array(own))


def live_history(pool: Pool) -> tuple[OrdersTable, NewsTable]:
    """What came in live; nothing without a database."""
    live = live_half(pool)
    return live.orders, live.news
