"""One import, start to finish: read, convert, arrive, check, and only then a segment on disk."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa

from data import contract, journal, segments
from data.arrival import Desk
from data.console import Tell
from data.database import immediate, open_database
from data.errors import UsageError
from data.expectations import CheckReport, require, run_checks
from data.history import History, build_history, once
from data.ingest import Imported, Options, ingest
from data.label import NOT_RTO, RTO, judge
from data.mapping import Mapping, load_mapping
from data.news import told_of
from data.places import load_register
from data.pool import open_pool
from data.reading import read_sheet
from data.waiting import of_unknown_orders


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

    Raises RtoError and writes nothing if a row is refused (unless bad rows are skipped) or a hard check fails.
    """
    mapping = load_mapping(request.mapping)
    pool = open_pool(home, request.pool or _pool_of(request, mapping))
    options = Options(request.merchant, request.exported_at, request.skip_bad_rows)
    connection = open_database(pool.database)
    try:
        with immediate(connection):
            assign = lambda kind, tokens: journal.assign_pseudonyms(connection, kind, tokens)  # noqa: E731
            desk = Desk(pool.token_key(), assign, load_register())
            imported = ingest(request.files, mapping, desk, options, tell)
            imported.news = told_of(imported.news)
    finally:
        connection.close()
    imported.notes["news_of_unknown_orders"] = of_unknown_orders(imported.waiting, pool)
    tell("check", 0, 1)
    report = _checked(imported)
    known = len(imported.orders["order_id"])
    imported.orders = segments.new_orders(pool, imported.orders)
    imported.news = segments.new_news(pool, imported.news)
    tell("write", 0, 1)
    manifest = _manifest(request, mapping, imported, report) | {"told_before": known - len(imported.orders["order_id"])}
    if len(imported.orders["order_id"]) or imported.news:
        with segments.writing(pool) as draft:
            segments.write_segment(draft, imported, manifest)
        pool.add_merchants(imported.merchants)
    tell("write", 1, 1)
    return {"pool": pool.name, **manifest}


def _pool_of(request: Request, mapping: Mapping) -> str:
    """A merchant is its own pool unless one is named."""
    merchant = request.merchant or mapping.merchant_id
    if merchant is None:
        source = mapping.orders.get("merchant_id")
        table = read_sheet(request.files[0], mapping.file).table
        told = [] if source is None or source.column not in table.column_names else table[source.column].unique()
        found = sorted(m for m in pa.array(told).to_pylist() if m is not None)
        if len(found) != 1:
            got = f"{len(found)} merchants in {request.files[0].name}"
            raise UsageError(
                "CLI001", "--pool", got=got, expected="one merchant, or --pool NAME", to_do="name the pool"
            )
        merchant = str(found[0])
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in merchant.lower()).strip("-._")


def _checked(imported: Imported) -> CheckReport:
    history = build_history(imported.orders, once(imported.news), imported.exported_at)
    report = check_history(history, imported)
    require(report)
    return report


def check_history(history: History, imported: Imported | None = None) -> CheckReport:
    """Run the numbered checks on a history, or on what one import brought."""
    orders = pd.DataFrame(history.orders)
    register = load_register()
    indian = np.array([c in (None, "IN") for c in orders["country"]], dtype=bool)
    rows = register.rows(orders["pincode"].fillna("").to_numpy(object))
    known = pd.Series(rows >= 0, dtype=object)
    orders["pin_known"] = known.where(indian & orders["pincode"].notna().to_numpy(), None)
    news = _news_frame(history) if imported is None else _told_frame(imported, history)
    return run_checks(orders, news, _labels(history), history.known_through)


def _labels(history: History) -> "np.ndarray[Any, Any]":
    """(n,) 1 RTO, 0 delivered, NaN neither, by everything the history knows."""
    names = ("type", "happened_at", "known_at", "rank", "reason", "voids")
    columns = [history.news[name].tolist() for name in names]
    start, end = history.start.tolist(), history.known_through + 1
    found = [judge(end, *(c[a:b] for c in columns))[0] for a, b in pairwise(start)]
    return np.array([float(v) if v in (NOT_RTO, RTO) else np.nan for v in found])


def _news_frame(history: History) -> pd.DataFrame:
    owner = np.repeat(np.arange(len(history)), np.diff(history.start))
    reasons = [contract.Reason(r).name.lower() if r else None for r in history.news["reason"]]
    return pd.DataFrame(
        {
            "event_id": history.event_ids,
            "order_id": history.orders["order_id"][owner],
            "merchant_id": history.orders["merchant_id"][owner],
            "type": [contract.NewsType(t).name.lower() for t in history.news["type"]],
            "happened_at": history.news["happened_at"],
            "known_at": history.news["known_at"],
            "reason": pd.Series(reasons, dtype=object),
            "source": history.sources,
            "placed_at": history.orders["placed_at"][owner].astype(np.float64),
        }
    )


def _told_frame(imported: Imported, history: History) -> pd.DataFrame:
    ids = zip(history.orders["merchant_id"], history.orders["order_id"], strict=True)
    placed = dict(zip(ids, history.orders["placed_at"], strict=True))
    told = once(imported.news)
    names = ("event_id", "order_id", "merchant_id", "type", "happened_at", "known_at", "reason", "source")
    frame = pd.DataFrame({name: [getattr(t, name) for t in told] for name in names})
    frame["reason"] = frame["reason"].astype(object).where(frame["reason"].notna(), None)
    return frame.assign(placed_at=[float(placed.get((t.merchant_id, t.order_id), np.nan)) for t in told])


def _manifest(request: Request, mapping: Mapping, imported: Imported, report: CheckReport) -> dict[str, Any]:
    placed = imported.orders["placed_at"]
    zone = ZoneInfo(mapping.timezone)
    ends = (placed.min(), placed.max()) if len(placed) else ()
    days = [datetime.fromtimestamp(int(m) / contract.SECOND, zone).date().isoformat() for m in ends]
    return {
        "contract": contract.VERSION,
        "mapping": mapping.name,
        "note": mapping.note,
        "files": [{"name": p.name, "sha256": hashlib.sha256(p.read_bytes()).hexdigest()} for p in request.files],
        "merchants": [m.merchant_id for m in imported.merchants],
        "n_rows": imported.n_rows,
        "n_orders": len(placed),
        "n_news": len(imported.news),
        "first_and_last_day": days,
        "refused": dict(sorted(Counter(f.code for f in imported.faults).items())),
        "notes": {k: v for k, v in imported.notes.items() if v},
        "delays": mapping.declared_delays(),
        "exported_at": imported.exported_at,
        "overwritten": mapping.late_columns(),
        "checks": report.as_dict(),
    }
