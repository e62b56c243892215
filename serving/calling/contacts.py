"""What came of a contact: news like any other, but only of an order that a queue may have held."""

import hashlib
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Literal, TypeAlias

import orjson
from pydantic import AwareDatetime

from data.contract import Payment
from data.keeping import journal
from data.keeping.database import Connection
from serving.calling.queueing import CONTACTS, SHIP, advised, held_out
from serving.keeping.taking_in import Taking, Telling
from serving.web.http import Refusal
from serving.web.once import Said
from serving.web.schema import EventIn, Id, Strict

Outcome: TypeAlias = Literal["confirmed", "no_reply", "unreachable", "cancelled"]

AS_NEWS = "if it was contacted all the same, tell it as news"


class ContactIn(Strict):
    """What came of one contact."""

    merchant_id: Id
    order_id: Id
    outcome: Outcome
    contacted_at: AwareDatetime


def told_by(asked: ContactIn) -> EventIn:
    """The news it is. One contact has one event id, however often it is told."""
    named = orjson.dumps([asked.order_id, asked.contacted_at.astimezone(UTC)])
    return EventIn(
        merchant_id=asked.merchant_id, event_id=f"contact:{hashlib.sha256(named).hexdigest()[:32]}",
        order_id=asked.order_id, type=asked.outcome, happened_at=asked.contacted_at, source="queue",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contacted:
    """One outcome to take in: work of the writer."""

    taking: Taking
    asked: ContactIn

    def __call__(self, connection: Connection) -> Said:
        """The answer, as to any news. Raises Refusal 409 for an order that no queue ever held."""
        if (why := why_never_queued(connection, self.asked.merchant_id, self.asked.order_id)) is not None:
            raise Refusal(409, "never_queued", f"{why}; {AS_NEWS} (/v1/events)", "/order_id")
        return Telling(self.taking, told_by(self.asked))(connection)


def why_never_queued(connection: Connection, merchant_id: str, order_id: str) -> str | None:
    """Why no queue ever held an order; None if one may have."""
    columns = journal.order_columns(connection, merchant_id, order_id)
    if columns is None:
        return "no such order was placed here"
    if columns["payment_method"] != Payment.COD:
        return "it was not ordered with cash on delivery"
    kept = advised(connection, merchant_id, order_id)
    if kept is None:
        return "it was never scored"
    if held_out(kept):
        return "it is held out: nobody is to be asked, so that the policy can be judged"
    worth: dict[str, Any] = {one["action"]: one["expected_value_minor"] for one in kept["answer"]["actions"]}
    if not any(way in worth and worth[way] > worth.get(SHIP, worth[way]) for way in CONTACTS):
        return "no contact was expected to save anything"
    return None
