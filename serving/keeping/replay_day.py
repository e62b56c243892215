"""Every decision of a day made again and compared with what was answered."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from data.console import Tell
from data.errors import DataError
from data.history import ERASED
from data.keeping.database import open_database
from data.pool import Merchant, Pool
from serving.keeping.kept_decisions import Span, count, each
from serving.keeping.replay_shelf import ReplayShelf
from training.bundle import signing_key

_MOST_NAMED = 20


@dataclass(slots=True)
class Replayed:
    """How the decisions of a day came out. differing: ids of answers that came out otherwise.  not_made: by reason, how many
    could not be made again, and one of them.  erased: decisions whose buyer was erased: what they saw is gone for good."""

    n: int = 0
    same: int = 0
    erased: int = 0
    differing: list[str] = field(default_factory=list)
    not_made: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        reasons = [{"because": why, **one} for why, one in sorted(self.not_made.items())]
        more = {"differing": len(self.differing), "decision_ids": self.differing[:_MOST_NAMED]}
        return {"decisions": self.n, "same": self.same, **more, "erased": self.erased, "not_made": reasons}


def replay_day(pool: Pool, merchants: list[Merchant], day: date, tell: Tell) -> Replayed:
    """The decisions of these merchants on a day of each one's own zone."""
    shelf, found = ReplayShelf(pool, signing_key(pool.home).public_key()), Replayed()
    connection = open_database(pool.database, read_only=True)
    try:
        spans = [Span.of_days(one, day, day) for one in merchants]
        total = count(connection, spans)
        for kept in each(connection, spans):
            _note(found, shelf, kept.read())
            tell("decisions made again", found.n, total)
    finally:
        connection.close()
    return found


def _note(found: Replayed, shelf: ReplayShelf, kept: dict[str, Any]) -> None:
    found.n += 1
    if kept["made_from"].get(ERASED):
        found.erased += 1
        return
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
