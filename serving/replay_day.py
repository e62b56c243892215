"""Every decision of a day made again and compared with what was answered."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from data.console import Tell
from data.contract import SECOND
from data.database import Connection, open_database, scalar
from data.errors import DataError
from data.pool import Merchant, Pool
from serving.replay_shelf import ReplayShelf
from training.bundle import signing_key

_MOST_NAMED = 20
_SPAN = "merchant_id = ? AND scored_at >= ? AND scored_at < ?"


@dataclass(slots=True)
class Replayed:
    """How the decisions of a day came out. differing: ids of answers that came out otherwise.  not_made: by reason, how many
    could not be made again, and one of them."""

    n: int = 0
    same: int = 0
    differing: list[str] = field(default_factory=list)
    not_made: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        reasons = [{"because": why, **one} for why, one in sorted(self.not_made.items())]
        more = {"differing": len(self.differing), "decision_ids": self.differing[:_MOST_NAMED]}
        return {"decisions": self.n, "same": self.same, **more, "not_made": reasons}


def replay_day(pool: Pool, merchants: list[Merchant], day: date, tell: Tell) -> Replayed:
    """The decisions of these merchants on a day of each one's own zone."""
    shelf, found = ReplayShelf(pool, signing_key(pool.home).public_key()), Replayed()
    connection = open_database(pool.database, read_only=True)
    try:
        spans = [(m.merchant_id, *_ends(day, m.timezone)) for m in merchants]
        total = sum(_count(connection, span) for span in spans)
        for span in spans:
            for kept in _kept(connection, span):
                _note(found, shelf, kept)
                tell("decisions made again", found.n, total)
    finally:
        connection.close()
    return found


def _note(found: Replayed, shelf: ReplayShelf, kept: dict[str, Any]) -> None:
    found.n += 1
    try:
        same = shelf.same(kept)
    except DataError as error:
        why = f"{error.code} {error.where}: {error.got}; {error.to_do}".rstrip("; ")
        one = found.not_made.setdefault(why, {"decisions": 0, "decision_id": kept["decision_id"]})
        one["decisions"] += 1
        return
    found.same += same
    if not same:
        found.differing.append(kept["decision_id"])


def _ends(day: date, zone: str) -> tuple[int, int]:
    """The moments, microseconds, between which a local day lies."""
    whole = (datetime(d.year, d.month, d.day, tzinfo=ZoneInfo(zone)) for d in (day, day + timedelta(days=1)))
    first, end = (int(moment.timestamp()) * SECOND for moment in whole)
    return first, end


def _count(connection: Connection, span: tuple[str, int, int]) -> int:
    return int(scalar(connection, f"SELECT COUNT(*) FROM decisions WHERE {_SPAN}", span))


def _kept(connection: Connection, span: tuple[str, int, int]) -> Iterator[dict[str, Any]]:
    sql = f"SELECT body FROM decisions WHERE {_SPAN} ORDER BY scored_at, decision_id"
    for (body,) in connection.execute(sql, span):
        yield orjson.loads(body)
