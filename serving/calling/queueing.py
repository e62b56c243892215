"""Whom to call today: cash orders that wait for dispatch, the largest expected saving first, within a day's capacity."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from data.contract import DAY, NewsType, Payment
from data.keeping import journal
from data.keeping.database import Connection
from serving.decisions.holdout import HOLDOUT
from serving.keeping import checkouts
from serving.web.http import rfc3339

SHIP, CONTACTS = "allow_cod", ("confirm_call", "confirm_message")
_DONE = frozenset(t.name.lower() for t in NewsType) - {"placed", "correction", "action_taken"}
"""News after which nobody need be asked any more: it left, was cancelled, or the buyer was tried."""
_SUBJECTS = """SELECT order_id, columns FROM orders WHERE merchant_id = ? AND +placed_at >= ?"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """by: the contact, `confirm_call` or `confirm_message`.  most: contacts a day.  days: how old an order may be."""

    merchant_id: str
    by: str
    most: int
    days: int
    now: int
    link: str = ""


def queue(connection: Connection, wanted: Wanted) -> list[dict[str, Any]]:
    """The contacts worth making, best first. Never anything of a person: order ids, counts, the merchant's own link."""
    found = sorted(_worth_asking(connection, wanted), key=lambda one: (-one["saving_minor"], one["order_id"]))
    return [{"rank": rank} | one for rank, one in enumerate(found[: wanted.most], start=1)]


def _worth_asking(connection: Connection, wanted: Wanted) -> Iterator[dict[str, Any]]:
    for order_id, text in connection.execute(_SUBJECTS, (wanted.merchant_id, wanted.now - wanted.days * DAY)):
        columns = journal.unpacked(text)
        if columns["payment_method"] != Payment.COD or _settled(connection, wanted.merchant_id, order_id):
            continue
        kept = advised(connection, wanted.merchant_id, order_id)
        row = None if kept is None or held_out(kept) else _row(kept, order_id, wanted)
        if row is not None and row["saving_minor"] > 0:
            yield row


def _settled(connection: Connection, merchant_id: str, order_id: str) -> bool:
    return any(one.type in _DONE for one in journal.news_of(connection, merchant_id, order_id))


def advised(connection: Connection, merchant_id: str, order_id: str) -> dict[str, Any] | None:
    """The newest decision on an order that weighed actions; None if there is none."""
    decisions = checkouts.decisions_of_order(connection, merchant_id, order_id)
    return next((one for one in decisions if one["answer"]["actions"]), None)


def held_out(kept: dict[str, Any]) -> bool:
    """The holdout is not acted on: to call its buyers would undo the experiment."""
    return (kept["answer"].get("experiment") or {}).get("arm") == HOLDOUT


def _row(kept: dict[str, Any], order_id: str, wanted: Wanted) -> dict[str, Any] | None:
    answer = kept["answer"]
    worth = {one["action"]: one["expected_value_minor"] for one in answer["actions"]}
    if wanted.by not in worth or SHIP not in worth:
        return None
    delivered, came_back = kept["made_from"]["record"]
    return {
        "order_id": order_id,
        "saving_minor": worth[wanted.by] - worth[SHIP],
        "currency": answer["currency"],
        "p_rto": answer["risk"]["p_rto"],
        "buyer_delivered": delivered,
        "buyer_rto": came_back,
        "reasons": [one["text"] for one in answer["reasons"] if one["direction"] == "raises"],
        "link": wanted.link.replace("{order_id}", order_id) or None,
        "decision_id": answer["decision_id"],
        "asked_at": rfc3339(kept["made_from"]["scored_at"]),
    }
