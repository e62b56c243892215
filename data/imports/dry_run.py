"""An import that keeps nothing: what would be read, how it is understood, and what looks suspicious."""

import secrets
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from data.arrival import Desk
from data.checking import check_told
from data.console import Tell
from data.contract import DAY, ORDER_COLUMNS, SECOND, TOKEN_COLUMNS
from data.expectations import CheckReport
from data.files.mapping import Mapping, load_mapping
from data.files.refused import summary, unknown_statuses
from data.files.told_fates import labels, told_fates
from data.imports.suspicion import Evidence, suspicions
from data.ingest import Imported, Options, ingest
from data.places import load_register

FIRST = 5
_MATURE_SHARE = 0.99
_KEPT_AS = {"quantity": "n_units"}


def dry_run(files: list[Path], mapping_name: str, options: Options, tell: Tell) -> dict[str, Any]:
    """Read files as `rto import --skip-bad-rows` would and say what was understood; writes nothing anywhere.

    Pseudonyms are numbers of this one look, made with a key that is forgotten. Raises RtoError as an import would for
    files, columns and mappings that cannot be read at all.
    """
    mapping = load_mapping(mapping_name)
    desk = Desk(secrets.token_bytes(32), _Pseudonyms().assign, load_register())
    imported = ingest(files, mapping, desk, options, tell)
    tell("look for what is suspicious", 0, 1)
    found, known_at = told_fates(imported.orders, imported.news)
    declared = frozenset(_KEPT_AS.get(n, n) for n, s in mapping.orders.items() if s.overwritten_when)
    reused = sum(f.code == "DQ008" for f in imported.faults)
    told = options.exported_at is not None or mapping.exported_at is not None
    delays = bool(mapping.declared_delays())
    seen = Evidence(
        imported.orders, found, known_at, imported.exported_at, declared, reused, mapping.timezone, told, delays
    )
    label = labels(found)
    doubts = [asdict(s) for s in (*imported.doubts, *suspicions(seen))]
    tell("check", 0, 1)
    report = _checked(imported)
    stops = [f"an import would be refused: {one}; {one.check.to_do}" for one in report.hard_failures]
    return {
        "looks_wrong": [
            *stops,
            *(f"{doubt['name']}: {doubt['found']}" for doubt in doubts if not doubt["is_question"]),
        ],
        "checks_failed": [f"{r}; {r.check.to_do}" for r in (*report.hard_failures, *report.soft_failures)],
        "mapping": mapping.name,
        "n_rows": imported.n_rows,
        "n_orders": len(found),
        "n_news": len(imported.news),
        "fates": dict(sorted(Counter(found.tolist()).items())),
        "rto_share": _share(label),
        "refused": dict(sorted(Counter(f.code for f in imported.faults).items())),
        "refused_by_column": summary(imported.faults),
        "unknown_statuses": unknown_statuses(imported.faults),
        "first_refused": [asdict(f) for f in imported.faults[:FIRST]],
        "notes": {k: v for k, v in imported.notes.items() if v},
        "exported_at": _moment(imported.exported_at, mapping),
        "maturity": _maturity(seen),
        "weeks": _weeks(imported, label, mapping),
        "first_orders": [_order(imported, imported.news, i, mapping) for i in range(min(FIRST, len(found)))],
        "suspicions": doubts,
    }


def _checked(imported: Imported) -> CheckReport:
    """The numbered checks that an import of these files into an empty pool would run."""
    return check_told(imported.orders, imported.news, imported.exported_at)


class _Pseudonyms:
    """Integers in order of first appearance, in memory alone."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], int] = {}

    def assign(self, kind: str, tokens: list[bytes | None]) -> "np.ndarray[Any, Any]":
        numbers = [-1 if t is None else self._known.setdefault((kind, t), len(self._known) + 1) for t in tokens]
        return np.array(numbers, dtype=np.int64)


def _share(label: "np.ndarray[Any, Any]") -> float | None:
    told = label[~np.isnan(label)]
    return round(float(told.mean()), 4) if len(told) else None


def _maturity(seen: Evidence) -> dict[str, Any]:
    """After how many days 99 % of the fates are told, and how many orders are older than that at the export."""
    placed, told = seen.orders["placed_at"], ~np.isnan(seen.known_at)
    if not told.any():
        return {"days": None, "n_matured": 0}
    lag = float(np.quantile((seen.known_at - placed)[told], _MATURE_SHARE))
    mature = placed + lag <= seen.exported_at
    return {
        "days": round(lag / DAY, 1),
        "n_matured": int(mature.sum()),
        "n_matured_with_fate": int((mature & told).sum()),
    }


def _weeks(imported: Imported, label: "np.ndarray[Any, Any]", mapping: Mapping) -> list[dict[str, Any]]:
    """Orders, orders with a label and RTO share by the week they were placed (its Monday)."""
    placed = pd.to_datetime(pd.Series(imported.orders["placed_at"]), unit="us", utc=True).dt.tz_convert(
        mapping.timezone
    )
    monday = (placed.dt.tz_localize(None).dt.normalize() - pd.to_timedelta(placed.dt.day_of_week, unit="D")).dt.date
    rows = pd.DataFrame({"week": monday, "label": label}).groupby("week")["label"].agg(["size", "count", "mean"])
    return [
        {
            "week": str(week),
            "n_orders": int(size),
            "n_labelled": int(count),
            "rto_share": None if count == 0 else round(mean, 4),
        }
        for week, size, count, mean in rows.itertuples()
    ]


def _order(imported: Imported, news: Any, i: int, mapping: Mapping) -> dict[str, Any]:
    """One order as understood. Personal values are shown as `someone 3`: the same number is the same value."""
    shown: dict[str, Any] = {}
    personal = {c.name for c in ORDER_COLUMNS if c.personal} | set(TOKEN_COLUMNS)
    for name in dict.fromkeys([c.name for c in ORDER_COLUMNS] + [*TOKEN_COLUMNS, "n_lines", "n_units"]):
        if name not in imported.orders:
            continue
        value = imported.orders[name][i]
        if name in personal:
            if name in TOKEN_COLUMNS and int(value) >= 0:
                shown[name] = f"someone {int(value)}"
        elif value is not None and value == value:
            times = name in ("placed_at", "promised_at")
            shown[name] = _moment(int(value), mapping) if times else value if isinstance(value, str) else _number(value)
    owner = (imported.orders["merchant_id"][i], imported.orders["order_id"][i])
    return {**shown, "news": _news_of(news, owner, mapping)}


def _number(value: Any) -> int | float:
    return int(value) if float(value).is_integer() else float(value)


def _news_of(news: Any, owner: tuple[str, str], mapping: Mapping) -> list[str]:

    own = news.filter(pc.and_(pc.equal(news["merchant_id"], owner[0]), pc.equal(news["order_id"], owner[1])))
    rows = sorted(own.select(["known_at", "type", "reason"]).to_pylist(), key=lambda r: r["known_at"])
    return [
        f"{r['type']}{' (' + r['reason'] + ')' if r['reason'] else ''} known {_moment(r['known_at'], mapping)}"
        for r in rows
    ]


def _moment(micros: int, mapping: Mapping) -> str:
    return datetime.fromtimestamp(micros / SECOND, ZoneInfo(mapping.timezone)).isoformat(" ", "minutes")
