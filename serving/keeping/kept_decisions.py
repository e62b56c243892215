"""Decisions as they were kept, a page at a time: what is made again, and what is recomputed, is read from here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from data.contract import SECOND
from data.keeping.database import Connection, scalar
from data.pool import Merchant

_AT_ONCE = 500
_SPAN = "merchant_id = ? AND scored_at >= ? AND scored_at < ?"
_PAGE = f"""SELECT scored_at, decision_id, folded_through, body FROM decisions
WHERE {_SPAN} AND (scored_at > ? OR decision_id > ?) ORDER BY scored_at, decision_id LIMIT ?"""
EVER = 2**62


@dataclass(frozen=True, slots=True)
class Span:
    """The decisions of a merchant from `first` to before `end`, microseconds."""

    merchant_id: str
    first: int = 0
    end: int = EVER

    @staticmethod
    def of_days(merchant: Merchant, first: date | None, last: date | None) -> "Span":
        """From one day of the merchant's zone through another; None: from the beginning, to the end."""
        start = 0 if first is None else _midnight(first, merchant.timezone)
        end = EVER if last is None else _midnight(last + timedelta(days=1), merchant.timezone)
        return Span(merchant.merchant_id, start, end)

    def bound(self) -> tuple[Any, ...]:
        return (self.merchant_id, self.first, self.end)


def _midnight(day: date, zone: str) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """One decision. through: the ledger's watermark.  body: as `ledger.record` wrote it."""

    decision_id: str
    through: int
    body: bytes

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


def count(connection: Connection, spans: Sequence[Span]) -> int:
    return sum(int(scalar(connection, f"SELECT COUNT(*) FROM decisions WHERE {_SPAN}", one.bound())) for one in spans)


def each(connection: Connection, spans: Sequence[Span]) -> Iterator[KeptDecision]:
    """Merchant by merchant, by time."""
    for span in spans:
        at, after = span.first, ""
        while True:
            bound = (span.merchant_id, at, span.end, at, after, _AT_ONCE)
            rows: list[Any] = connection.execute(_PAGE, bound).fetchall()
            for scored_at, decision_id, through, body in rows:
                at, after = scored_at, decision_id
                yield KeptDecision(decision_id, through, body)
            if len(rows) < _AT_ONCE:
                break


def of_ids(connection: Connection, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The bodies of some decisions, in the order asked; those that are gone meanwhile are left out."""
    sql = "SELECT body FROM decisions WHERE decision_id = ?"
    return [orjson.loads(body) for one in ids if (body := scalar(connection, sql, (one,))) is not None]
