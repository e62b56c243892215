"""What is told live, taken in: orders and news that wait together are taken in together, in one pass over the state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

import orjson

from data.errors import DataError
from data.history import Told
from data.keeping.adding import Kept
from data.keeping.database import Connection
from data.pool import Merchant
from serving import ledger
from serving.keeping import checkouts
from serving.keeping.intake import Intake
from serving.web.http import Refusal, rfc3339
from serving.web.once import Asked, Said, all_recalled, keep_all
from serving.web.schema import EventIn, PlaceIn

Answers: TypeAlias = "list[Said | Exception]"


@dataclass(frozen=True, slots=True)
class Taking:
    """What both kinds of work need. now: microseconds.  under: the request's key, if it has one."""

    intake: Intake
    merchant: Merchant
    now: int
    under: Asked | None


class HasTaking(Protocol):
    """Both kinds of work."""

    @property
    def taking(self) -> Taking: ...


Work = TypeVar("Work", bound=HasTaking)


@dataclass(frozen=True, slots=True)
class Telling:
    """One piece of news to take in: work of the writer."""

    taking: Taking
    asked: EventIn

    def __call__(self, connection: Connection) -> Said:
        return _only(self.together(connection, [self]))

    @staticmethod
    def together(connection: Connection, tellings: "Sequence[Telling]") -> Answers:
        """The answer to each, or what it is refused with. What this raises itself undoes them all."""
        return _once(connection, tellings, Telling._together)

    @staticmethod
    def _together(connection: Connection, tellings: "Sequence[Telling]") -> Answers:
        told = [one._told(connection) for one in tellings]
        kept = iter(ledger.tell_all(connection, [one for one in told if isinstance(one, Told)]))
        found = [one if isinstance(one, Refusal) else next(kept) for one in told]
        ids = [{"event_id": one.asked.event_id} for one in tellings]
        return _answered(connection, [one.taking for one in tellings], ids, found)

    def _told(self, connection: Connection) -> Told | Refusal:
        try:
            return self.taking.intake.told(connection, self.asked, self.taking.merchant, self.taking.now)
        except Refusal as refusal:
            if self.asked.details is not None:  # it may have numbered a person: that must be undone
                raise
            return refusal


@dataclass(frozen=True, slots=True)
class Placing:
    """One placed order to take in: work of the writer."""

    taking: Taking
    asked: PlaceIn

    def __call__(self, connection: Connection) -> Said:
        return _only(self.together(connection, [self]))

    @staticmethod
    def together(connection: Connection, placings: "Sequence[Placing]") -> Answers:
        """The answer to each. What this raises undoes them all: one that is refused may have numbered a person."""
        return _once(connection, placings, Placing._together)

    @staticmethod
    def _together(connection: Connection, placings: "Sequence[Placing]") -> Answers:
        asked = [(one.asked.order, one.taking.merchant, one.taking.now) for one in placings]
        columns = placings[0].taking.intake.all_placed(connection, asked)
        links = [(one.asked.merchant_id, one.asked.order.order_id, one.asked.order.checkout_id) for one in placings]
        checkouts.link_all(connection, [(m, order, checkout) for m, order, checkout in links if checkout is not None])
        news = [one._placed(int(own["placed_at"])) for one, own in zip(placings, columns, strict=True)]
        kept = ledger.place_all(connection, list(zip(columns, news, strict=True)))
        for refused in (one for one in kept if isinstance(one, DataError)):
            raise refused
        ids = [{"order_id": one.asked.order.order_id} for one in placings]
        return _answered(connection, [one.taking for one in placings], ids, kept)

    def _placed(self, placed_at: int) -> Told:
        order_id, now = self.asked.order.order_id, self.taking.now
        happened = min(placed_at, now)
        return Told(
            self.asked.merchant_id, order_id, "live", f"{order_id}:placed", "placed", happened, now, live=True
        )  # fmt: skip


def _once(connection: Connection, work: Sequence[Work], do: Callable[[Connection, Sequence[Work]], Answers]) -> Answers:
    """What is not answered under its key yet is done; for the rest, the answer it had."""
    before = all_recalled(connection, [one.taking.under for one in work])
    new = [one for one, known in zip(work, before, strict=True) if known is None]
    fresh = iter(do(connection, new) if new else ())
    return [next(fresh) if known is None else known for known in before]


def _answered(
    connection: Connection, takings: Sequence[Taking], ids: Sequence[dict[str, str]], found: Sequence[Kept | Exception]
) -> Answers:
    """The answers, each kept under its key."""
    said: Answers = [
        one if isinstance(one, Exception) else _said(own, one) for own, one in zip(ids, found, strict=True)
    ]
    keep_all(
        connection,
        [(taking.under, one) for taking, one in zip(takings, said, strict=True)
         if taking.under is not None and isinstance(one, tuple)],
    )  # fmt: skip
    return said


def _said(ids: dict[str, str], kept: Kept) -> Said:
    body = ids | {"status": "accepted" if kept.new else "duplicate", "known_at": rfc3339(kept.told.known_at)}
    return 201 if kept.new else 200, orjson.dumps(body)


def _only(answers: Answers) -> Said:
    [one] = answers
    if isinstance(one, Exception):
        raise one
    return one
