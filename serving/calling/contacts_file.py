"""What came of the contacts of a day, from the CSV of `rto queue` that callers have filled in."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from data.errors import Fault, UsageError
from data.history import Told
from data.keeping.database import Connection, immediate
from data.pool import Merchant
from serving import ledger
from serving.calling.contacts import AS_NEWS, ContactIn, Outcome, told_by, why_never_queued
from serving.keeping.intake import micros
from serving.web.http import Refusal

OUTCOMES: tuple[str, ...] = get_args(Outcome)
NEEDED = ("order_id", "outcome", "contacted_at")
_AT_ONCE = 500  # rows in one transaction: a running service has its turn in between
_MOST_ROWS = 100_000
_TO_DO = "mend the row, or pass --skip-bad-rows: it is left out and counted"


@dataclass(frozen=True, slots=True)
class ContactFile:
    """What to take in. skip_bad_rows: leave them out and count them."""

    path: Path
    skip_bad_rows: bool


def take_in(connection: Connection, merchant: Merchant, file: ContactFile, now: int) -> dict[str, Any]:
    """Take the outcomes in as news, all that are good; nothing where one is bad, unless bad rows are skipped.

    Rows without an outcome are left out: nobody was reached yet. Told again, a contact is a duplicate. Raises UsageError
    QUEUE004 for a file that is no such list, DataError QUEUE005 for a bad row, DQ014 where one contact has two outcomes.
    """
    faults, told, waiting = list[Fault](), list[Told](), 0
    for number, row in _rows(file.path):
        if not row["outcome"]:
            waiting += 1
        elif isinstance(read := _read(connection, merchant, row, now), Told):
            told.append(read)
        else:
            faults.append(Fault("QUEUE005", file.path.name, number, *read, _TO_DO))
            if not file.skip_bad_rows:
                raise faults[0].as_error()
    kept = list(_kept(connection, told))
    new = sum(kept)
    refused = [f.row for f in faults]
    reasons = Counter(f"{fault.column}: {fault.got}" for fault in faults)
    counted = {"accepted": new, "duplicates": len(kept) - new, "without_outcome": waiting, "refused": len(refused)}
    by_outcome = Counter(one.type for one in told)
    return counted | {"refused_rows": refused[:20], "reasons": dict(reasons), "outcomes": dict(by_outcome)}


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(row number as an editor shows it, cells by column). Raises UsageError QUEUE004."""
    expected = f"the CSV of `rto queue --out` with {NEEDED[1]} and {NEEDED[2]} filled in"
    if not path.is_file():
        raise UsageError(
            "QUEUE004",
            str(path),
            got="no such file",
            expected=expected,
            to_do="check the path; `rto queue` with --out writes that CSV",
        )
    try:
        with path.open(newline="", encoding="utf-8-sig") as opened:
            rows = csv.DictReader(opened, restkey="", restval="")
            names = [name.strip().casefold() for name in rows.fieldnames or ()]
            if missing := [name for name in NEEDED if name not in names]:
                raise UsageError(
                    "QUEUE004",
                    path.name,
                    got=f"no column {', '.join(missing)}",
                    expected=expected,
                    to_do="fill in the CSV that `rto queue` wrote, and keep its header",
                )
            rows.fieldnames = names
            for row in rows:
                if rows.line_num > _MOST_ROWS:
                    raise UsageError(
                        "QUEUE004",
                        path.name,
                        got=f"more than {_MOST_ROWS:,} rows",
                        expected="a day's contacts",
                        to_do="hand in one day's file at a time",
                    )
                yield rows.line_num, {name: row[name].strip() for name in NEEDED}
    except (UnicodeDecodeError, csv.Error):
        raise UsageError(
            "QUEUE004", path.name, got="text that is no CSV in UTF-8", expected=expected, to_do="save it as CSV UTF-8"
        ) from None


def _read(connection: Connection, merchant: Merchant, row: dict[str, str], now: int) -> Told | tuple[str, str, str]:
    """The news a row is; or its column, what was got and what was expected."""
    if row["outcome"] not in OUTCOMES:
        return "outcome", "another word", f"one of {', '.join(OUTCOMES)}"
    try:
        at = _moment(row["contacted_at"], ZoneInfo(merchant.timezone))
        happened_at = micros(at, now, "")
    except (ValueError, Refusal):
        expected = f"a moment, as 2026-02-28 14:05 by the clock of {merchant.timezone}"
        return "contacted_at", "no moment that has been", expected
    try:
        told = {"merchant_id": merchant.merchant_id, "order_id": row["order_id"], "outcome": row["outcome"]}
        asked = ContactIn.model_validate(told | {"contacted_at": at})
    except ValidationError:
        return "order_id", "no id", "the order's id"
    if (why := why_never_queued(connection, merchant.merchant_id, asked.order_id)) is not None:
        return "order_id", f"an order that no queue ever held: {why}", f"one that `rto queue` told; {AS_NEWS}"
    event = told_by(asked)
    return Told(event.merchant_id, event.order_id, event.source, event.event_id, event.type,
                happened_at, now, live=True)  # fmt: skip


def _moment(text: str, zone: ZoneInfo) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _kept(connection: Connection, told: list[Told]) -> Iterator[bool]:
    """Is each new? Raises DataError DQ014 where one contact has two outcomes."""
    for start in range(0, len(told), _AT_ONCE):
        with immediate(connection):
            yield from ledger.tell_each(connection, told[start : start + _AT_ONCE])
