"""A person decides otherwise about an order or a buyer: kept with a reason, for a time. Scores follow it (`choosing.py`)."""

import re
import secrets
from dataclasses import dataclass

from data.contract import DAY, Action
from data.errors import UsageError
from data.keeping import journal
from data.keeping.database import open_database
from serving import ledger
from serving.decisions.overrides import HANDLES, KINDS, Override
from serving.policies.policy_hand import Hand

_PERSONAL = re.compile(r"(?:\d[\s-]?){7,}|@")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person has decided. by: the merchant's own word for who."""

    action: Action
    reason: str
    by: str
    days: int
    for_buyer: bool
    appeal: bool


def override(hand: Hand, decision_id: str, decided: Decided, now: int) -> Override:
    """Keep it. Raises UsageError OVR001 for a decision that is not the merchant's, or one that names nobody;
    OVR002 for words that hold a number or mailbox."""
    for name, text in (("--reason", decided.reason), ("--by", decided.by)):
        if not text.strip() or len(text) > _LONGEST or _PERSONAL.search(text):
            raise UsageError("OVR002", name, got=f"{len(text)} characters",
                             expected=f"words, at most {_LONGEST} characters, and no phone number or mailbox",
                             to_do="say it in words, without anybody's number or address")  # fmt: skip
    connection = open_database(hand.pool.database, read_only=True)
    try:
        found = ledger.decision(connection, hand.merchant_id, decision_id)
    finally:
        connection.close()
    if found is None:
        raise UsageError("OVR001", f"decision {decision_id!r}", got="no such decision of this merchant",
                         expected="the decision_id of an answer that was kept",
                         to_do="check the id, and that the key is this merchant's; a dry run is not kept")  # fmt: skip
    made = found["made_from"]
    columns = journal.unpacked(made["columns"]) if made["columns"] else {}
    persons = tuple((kind, int(columns[kind])) for kind in HANDLES if decided.for_buyer and columns.get(kind, -1) >= 0)
    ids = (None, None) if decided.for_buyer else (made["order_id"], made["checkout_id"])
    if not persons and ids == (None, None):
        raise UsageError("OVR001", f"decision {decision_id!r}", got="neither an order, a checkout nor a known buyer",
                         expected="a decision on one of them", to_do="place the order, or send a checkout_id")  # fmt: skip
    one = Override(
        override_id=f"ovr_{secrets.token_hex(8)}", kind=KINDS[decided.appeal], action=decided.action, reason=decided.reason,
        by=decided.by, made_at=now, until=now + decided.days * DAY, decision_id=decision_id, order_id=ids[0],
        checkout_id=ids[1], buyer=persons,
    )  # fmt: skip
    hand.store.add_override(hand.merchant_id, one)
    return one
