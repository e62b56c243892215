"""A list from a CSV file: one value a row, the merchant's own label, and until when it counts. Values become tokens here."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from data.arrival import Desk, arrive
from data.console import Tell
from data.contract import SECOND
from data.errors import DataError, Fault, UsageError, masked
from data.keeping import journal
from data.keeping.database import Connection, immediate
from data.places import clean_pincode, load_register
from data.pool import Merchant, Pool
from serving.decisions.lists import NEVER_ENDS, PERSONS, Rows
from serving.policies.list_store import ListStore, thing_key

MOST_ROWS = 1_000_000
_AT_ONCE = 20_000  # rows in one transaction: a running service has its turn in between
_ADDRESS = ("line1", "line2", "landmark", "pincode")
_PERSONAL = re.compile(r"(?:\d[\s-]?){7,}|@")
_LONGEST_LABEL = 80


@dataclass(frozen=True, slots=True)
class ListFile:
    """What to import. skip_bad_rows: leave them out and count them."""

    path: Path
    name: str
    kind: str
    skip_bad_rows: bool


@dataclass(slots=True)
class _Read:
    """Rows that are good so far: row numbers of the file, values, labels, ends; and what was refused."""

    numbers: list[int]
    values: list[dict[str, str]]
    labels: list[str]
    until: list[int]


def import_list(
    connection: Connection, pool: Pool, merchant: Merchant, file: ListFile, now: int, tell: Tell
) -> dict[str, Any]:
    """Import a list; nothing that is live changes. Returns what a person wants to know of it.

    Raises UsageError LIST002 for a file that is no such list, DataError LIST001 for a bad row.
    """
    faults: list[Fault] = []
    keys, labels, until, n = [], list[str](), [], 0
    with file.path.open(newline="", encoding="utf-8-sig") as opened:
        for read in _chunks(csv.DictReader(opened, restkey="\0"), file, merchant, faults):
            n += _AT_ONCE
            found = _keys(connection, pool, merchant, file, read)
            bad = found < 0
            for place in np.flatnonzero(bad).tolist():
                faults.append(
                    _fault(file, read.numbers[place], file.kind, read.values[place], f"a {file.kind} that can be one")
                )
            keys.append(found[~bad])
            labels += [label for label, is_bad in zip(read.labels, bad.tolist(), strict=True) if not is_bad]
            until.append(np.array(read.until, dtype=np.int64)[~bad])
            tell(f"list {file.name}", n, n)
            if faults and not file.skip_bad_rows:
                raise min(faults, key=lambda fault: fault.row).as_error()
    rows, repeated = _sorted(
        np.concatenate([np.zeros(0, np.int64), *keys]), np.concatenate([np.zeros(0, np.int64), *until]), labels
    )
    if not len(rows):
        raise DataError(
            "LIST001",
            file.path.name,
            got="no good row",
            expected="one value a row",
            to_do="mend the rows that were set aside, and import the file again",
        )
    about = {"imported_at": now, "file": file.path.name, "refused": len(faults), "repeated": repeated}
    digest = ListStore(pool, merchant.merchant_id).keep(file.name, file.kind, rows, about)
    reasons = Counter(f"{fault.column}: {fault.expected}" for fault in faults)
    return {"name": file.name, "kind": file.kind, "rows": len(rows), "repeated": repeated, "refused": len(faults),
            "refused_rows": sorted(fault.row for fault in faults)[:20], "reasons": dict(reasons), "digest": digest}  # fmt: skip


def _chunks(rows: "csv.DictReader[str]", file: ListFile, merchant: Merchant, faults: list[Fault]) -> Iterator[_Read]:
    """The rows of a file some thousand at a time, those that can be seen to be bad left out."""
    wanted = _ADDRESS if file.kind == "address" else (file.kind,)
    names = [name.strip().casefold() for name in rows.fieldnames or ()]
    known = {*wanted, "value", "label", "until"}
    if not set(names) & ({*wanted, "value"} if file.kind != "address" else {"line1"}) or not set(names) <= known:
        raise UsageError("LIST002", file.path.name, got=f"columns {', '.join(names) or 'none'}",
                         expected=f"{' '.join(wanted)} (or value), and label, until where you like",
                         to_do="name the columns so in the first line")  # fmt: skip
    rows.fieldnames = names
    zone, count = ZoneInfo(merchant.timezone), 0
    while some := list(islice(enumerate(rows, count + 2), _AT_ONCE)):
        count += len(some)
        if count > MOST_ROWS:
            raise UsageError(
                "LIST002",
                file.path.name,
                got=f"more than {MOST_ROWS:,} rows",
                expected="at most that many",
                to_do="split the file",
            )
        read = _Read([], [], [], [])
        for number, row in some:
            _read_row(file, number, row, zone, read, faults)
        yield read


def _read_row(
    file: ListFile, number: int, row: dict[str, str], zone: ZoneInfo, read: _Read, faults: list[Fault]
) -> None:
    told = {name: (value or "").strip() for name, value in row.items() if name != "\0"}
    if "\0" in row:
        faults.append(
            Fault(
                "LIST001",
                file.path.name,
                number,
                "the row as a whole",
                "too many cells",
                "a cell for each column",
                _TO_DO,
            )
        )
        return
    value = told.get(file.kind) or told.get("value", "")
    label, until = told.get("label", ""), told.get("until", "")
    if not value and not told.get("line1"):
        faults.append(_fault(file, number, file.kind, told, "a value"))
    elif len(label) > _LONGEST_LABEL or _PERSONAL.search(label):
        faults.append(Fault("LIST001", file.path.name, number, "label", masked(label),
                            f"a word of yours, at most {_LONGEST_LABEL} long, no phone or mailbox", _TO_DO))  # fmt: skip
    else:
        try:
            ends = _midnight_after(date.fromisoformat(until), zone) if until else NEVER_ENDS
        except ValueError:
            faults.append(
                Fault("LIST001", file.path.name, number, "until", masked(until), "a day, as 2026-12-31", _TO_DO)
            )
            return
        read.numbers.append(number)
        read.values.append(told if file.kind == "address" else {file.kind: value})
        read.labels.append(label)
        read.until.append(ends)


def _midnight_after(day: date, zone: ZoneInfo) -> int:
    """The end of a local day, microseconds."""
    return int(datetime.combine(day + timedelta(days=1), time(), zone).timestamp()) * SECOND


_TO_DO = "mend the row, or pass --skip-bad-rows: it is left out and counted"


def _fault(file: ListFile, number: int, column: str, told: dict[str, str], expected: str) -> Fault:
    got = masked(next((value for value in told.values() if value), ""))
    return Fault("LIST001", file.path.name, number, column, got, expected, _TO_DO)


def _keys(connection: Connection, pool: Pool, merchant: Merchant, file: ListFile, read: _Read) -> Any:
    """(r,) the key of each row, below 0 for what cannot be one. Persons get their pseudonyms here."""
    values = [told.get(file.kind, "") for told in read.values]
    if file.kind not in PERSONS:
        key = pool.token_key()
        if file.kind == "pincode":
            values = [clean_pincode(value) if merchant.country == "IN" else value for value in values]
        return np.array([thing_key(key, file.kind, value) if value else -1 for value in values], dtype=np.int64)
    n = len(values)
    told: dict[str, Any] = {"order_id": [""] * n, "merchant_id": [merchant.merchant_id] * n, "placed_at": [0] * n}
    told["country"] = [merchant.country] * n
    for column in _ADDRESS if file.kind == "address" else (file.kind,):
        told[column] = [one.get(column, "") for one in read.values]
    with immediate(connection):
        kept = arrive(told, Desk(pool.token_key(), partial(journal.assign_pseudonyms, connection), load_register()))
    return kept[file.kind]


def _sorted(keys: Any, until: Any, labels: list[str]) -> tuple[Rows, int]:
    """Rows by key, of equal ones the last in the file; and how many were repeated."""
    order = np.argsort(keys, kind="stable")
    last = np.append(keys[order][1:] != keys[order][:-1], True) if len(order) else np.zeros(0, dtype=bool)
    kept = order[last]
    texts = [labels[place].encode() for place in kept.tolist()]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    return Rows(keys[kept], until[kept], ends, b"".join(texts)), len(order) - len(kept)
