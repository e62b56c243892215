"""One import, start to finish: read, convert, arrive, check, and only then a segment on disk."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data import contract, segments
from data.arrival import Desk
from data.building import build_history, orders_meant
from data.checking import check_history, check_told, told_frame
from data.checks.html import checks_page
from data.checks.judge import load_rules
from data.console import Tell, note
from data.errors import UsageError
from data.expectations import CheckReport, require
from data.files.mapping import Mapping, load_mapping
from data.files.reading import read_sheet
from data.files.refused import counted
from data.history import History
from data.imports.additions import new_news, new_orders, not_folded_away
from data.imports.alone import alone
from data.imports.numbering import Numbering
from data.imports.uncollected import uncollected
from data.imports.waiting import of_unknown_orders
from data.ingest import Imported, Options, ingest
from data.keeping.database import open_database
from data.keeping.live_half import live_half
from data.news import once
from data.places import load_register
from data.pool import Pool, at_home, open_pool, pools_of
from data.segments import Segment, storing

LARGE = 20_000_000
"""Bytes of files that take longer to read than Great Expectations takes to load: it is loaded meanwhile."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to import, and how."""

    files: list[Path]
    mapping: str
    merchant: str | None
    pool: str | None
    exported_at: int | None
    skip_bad_rows: bool


def import_files(home: Path, request: Request, tell: Tell) -> dict[str, Any]:
    """Import files into their pool as one segment; returns what a person wants to know of it.

    Raises RtoError and writes nothing if a row is refused (unless bad rows are skipped) or a hard check fails. One
    import into a pool at a time: a second one waits, and says so.
    """
    mapping = load_mapping(request.mapping)
    if sum(path.stat().st_size for path in request.files if path.exists()) > LARGE:
        Thread(target=load_rules, daemon=True).start()
    pool = open_pool(home, request.pool or _pool_of(home, request, mapping))
    with storing(pool.folder), alone(pool.folder, note), uncollected(), ThreadPoolExecutor(2) as beside:
        earlier = segments.list_segments(pool, hold=True)
        imported = _read(request, mapping, pool, earlier, tell)
        digests = [beside.submit(_digest, path) for path in request.files]
        with segments.drafting(pool) as draft, _writing_beside(draft, imported, pool, earlier, beside) as written:
            report = _checked(imported, pool, earlier, tell)
            known, told = len(imported.orders["order_id"]), len(imported.news)
            imported.orders = new_orders(pool, imported.orders, earlier)
            new = len(imported.orders["order_id"])
            imported.orders = not_folded_away(pool, imported.orders)
            imported.notes["orders_before_the_opening_balance"] = new - len(imported.orders["order_id"])
            imported.news = new_news(pool, imported.news, earlier)
            tell("write", 0, 1)
            manifest = _manifest(request, mapping, imported, report, digests)
            manifest |= {"told_before": known - new, "news_told_before": told - len(imported.news)}
            if len(imported.orders["order_id"]) or len(imported.news):
                written.result() if written is not None else segments.write_tables(draft, imported)
                segments.write_papers(draft, imported, manifest)
                (draft / "checks.html").write_text(checks_page(report.as_dict()), encoding="utf-8")
                pool.add_merchants(imported.merchants)  # before the segment is there: never one without its merchants
                segments.publish(pool, draft)
                manifest |= _written(segments.list_segments(pool)[-1].folder)
    tell("write", 1, 1)
    wrong, questions = (
        [f"{doubt.name}: {doubt.found}; {doubt.to_do}" for doubt in imported.doubts if doubt.is_question == asked]
        for asked in (False, True)
    )
    aloud = {"looks_wrong": wrong, "questions": questions, "timezone": mapping.timezone}
    return {"pool": pool.name, **manifest, **aloud}


@contextmanager
def _writing_beside(
    draft: Path, imported: Imported, pool: Pool, earlier: list[Segment], beside: ThreadPoolExecutor
) -> Iterator[Future[None] | None]:
    """The first import of a pool is kept whole or not at all: its tables are written while it is checked, into a folder
    that vanishes if a check fails. None where something was told before: what is new of it shows only after the checks."""
    live = live_half(pool)
    if earlier or len(live.orders) or len(live.news) or live.opening is not None:
        yield None
        return
    written = beside.submit(segments.write_tables, draft, replace(imported))
    try:
        yield written
    finally:
        wait([written])  # nobody writes into a folder that is taken away


def _written(folder: Path) -> dict[str, Any]:
    """Where a person finds what was kept, and what was not."""
    quarantine = folder / "quarantine.csv"
    return {"checks_page": str(folder / "checks.html")} | (
        {"quarantine": str(quarantine)} if quarantine.exists() else {}
    )


def _read(request: Request, mapping: Mapping, pool: Pool, earlier: list[Segment], tell: Tell) -> Imported:
    """The files as the contract. Pseudonyms are kept if all is well; the database is ours from the first of them on."""
    options = Options(request.merchant, request.exported_at, request.skip_bad_rows, bool(pool.merchants()))
    connection = open_database(pool.database)
    try:
        with Numbering(connection, note) as numbering:
            desk = Desk(pool.token_key(), numbering.assign, load_register())
            imported = ingest(request.files, mapping, desk, options, tell)
            at_home(pool, [merchant.merchant_id for merchant in imported.merchants])
    finally:
        connection.close()
    imported.notes["news_of_unknown_orders"] = of_unknown_orders(imported.waiting, pool, earlier)
    return imported


def previous_history(pool: Pool, earlier: list[Segment]) -> History | None:
    """Everything told before this import, to see what has drifted since; None at the first."""
    return segments.load_history(pool, earlier) if earlier else None


def _pool_of(home: Path, request: Request, mapping: Mapping) -> str:
    """Where the merchant lives already; else it is its own pool unless one is named."""
    merchant = request.merchant or mapping.merchant_id
    if merchant is None:
        source = mapping.orders.get("merchant_id")
        table = read_sheet(request.files[0], mapping.written(request.files[0].name)).table
        told = [] if source is None or source.column not in table.column_names else table[source.column].unique()
        found = sorted(m for m in pa.array(told).to_pylist() if m is not None)
        if len(found) != 1:
            got = f"{len(found)} merchants in {request.files[0].name}"
            raise UsageError(
                "CLI001", "--pool", got=got, expected="one merchant, or --pool NAME", to_do="name the pool"
            )
        merchant = str(found[0])
    if (known := pools_of(home).get(merchant)) is not None:
        return known.name
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in merchant.lower()).strip("-._")


def _checked(imported: Imported, pool: Pool, earlier: list[Segment], tell: Tell) -> CheckReport:
    tell("history", 0, 1)
    told = imported.news
    if not len(imported.orders["order_id"]):  # news alone is judged with the orders it is about
        return _checked_together(imported, pool, earlier, tell)
    meant = orders_meant(imported.orders, told)
    history = build_history(imported.orders, told, imported.exported_at, meant)
    before = previous_history(pool, earlier)
    tell("check", 0, 1)
    frame = told_frame(told, meant)
    if before is not None and frame["placed_at"].isna().any():  # news of orders that came with an earlier import
        placed_before = orders_meant(before.orders, told).order_placed_at
        frame["placed_at"] = frame["placed_at"].fillna(pd.Series(placed_before))
    return _passed(check_history(history, frame, before), pool)


def _checked_together(imported: Imported, pool: Pool, earlier: list[Segment], tell: Tell) -> CheckReport:
    """The checks of everything the pool would hold with this import."""
    orders, told, through = segments.load_told(pool, earlier)
    told = once(pa.concat_tables([told, imported.news]))
    tell("check", 0, 1)
    return _passed(check_told(orders, told, max(through, imported.exported_at)), pool)


def _passed(report: CheckReport, pool: Pool) -> CheckReport:
    if report.hard_failures:  # nothing of the import is kept but the page that says why
        page = pool.folder / "checks-refused.html"
        page.write_text(checks_page(report.as_dict()), encoding="utf-8")
        require(report, str(page))
    return report


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(
    request: Request, mapping: Mapping, imported: Imported, report: CheckReport, digests: list[Future[str]]
) -> dict[str, Any]:
    placed = imported.orders["placed_at"]
    zone = ZoneInfo(mapping.timezone)
    ends = (placed.min(), placed.max()) if len(placed) else ()
    days = [datetime.fromtimestamp(int(m) / contract.SECOND, zone).date().isoformat() for m in ends]
    return {
        "contract": contract.VERSION,
        "mapping": mapping.name,
        "note": mapping.note,
        "files": [{"name": p.name, "sha256": d.result()} for p, d in zip(request.files, digests, strict=True)],
        "merchants": [m.merchant_id for m in imported.merchants],
        "n_rows": imported.n_rows,
        "n_orders": len(placed),
        "n_news": len(imported.news),
        "first_and_last_day": days,
        "refused": dict(sorted(Counter(f.code for f in imported.faults).items())),
        "refused_by_column": {f"{one.code} {one.column}": n for n, one in counted(imported.faults)},
        "news_by_type": {one["values"]: one["counts"] for one in pc.value_counts(imported.news["type"]).to_pylist()},
        "notes": {k: v for k, v in imported.notes.items() if v},
        "delays": mapping.declared_delays(),
        "exported_at": imported.exported_at,
        "overwritten": mapping.late_columns(),
        "checks": report.as_dict(),
    }
