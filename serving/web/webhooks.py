"""News that couriers push: signed as Standard Webhooks has it, within five minutes, each delivery once.

    webhook-id: msg_1          webhook-timestamp: 1760000000 (seconds)
    webhook-signature: v1,BASE64(HMAC-SHA256(secret, "msg_1.1760000000." + body))     several may stand, by a space apart

Who has no good signature is told nothing: not whether there is such a merchant, nor what was wrong.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.requests import Request

from data.contract import SECOND
from data.history import Told
from data.keeping.database import Connection
from data.pool import Merchant
from serving import ledger
from serving.desk import Desk
from serving.web.body import require_json
from serving.web.http import Refusal
from serving.web.once import Asked, Said, keep, recalled
from serving.web.schema import EventIn, WebhookIn, error_fields
from serving.web.webhook_keys import signature

WINDOW = 300 * SECOND
"""How far a delivery's own time may lie from the server's, either way."""
_LONGEST_ID = 128
_MOST_SIGNATURES = 8


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was pushed. at: its own time, seconds.  now: the server's, microseconds."""

    message_id: str
    at: int
    body: bytes
    now: int


def delivered(request: Request, body: bytes, live: Sequence[bytes], now: int) -> Delivery:
    """A delivery whose signature is good. live: the secrets. Raises Refusal 401 for any other."""
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    message_id, moment, said = (request.headers.get(name, "") for name in names)
    found = [one.removeprefix("v1,").encode() for one in said.split(" ")[:_MOST_SIGNATURES] if one.startswith("v1,")]
    good = False
    for secret in live:  # every one is compared with every one: how long it takes says nothing
        mine = signature(secret, message_id, moment, body)
        for one in found:
            good |= hmac.compare_digest(mine, one)
    fits = 1 <= len(message_id) <= _LONGEST_ID and moment.isascii() and moment.isdigit() and len(moment) <= 12
    if not good or not fits or abs(int(moment) * SECOND - now) > WINDOW:
        raise Refusal(401, "unauthorised", "no good signature")
    return Delivery(message_id, int(moment), body, now)


def events_of(delivery: Delivery, merchant: Merchant, source: str) -> tuple[list[EventIn], int]:
    """The news in it, and how many fields nobody knows were left out. Raises Refusal 400, 422."""
    require_json(delivery.body)
    try:
        asked = WebhookIn.model_validate_json(delivery.body)
    except ValidationError as error:
        field, message = error_fields(WebhookIn, error.errors(include_url=False, include_input=False))
        raise Refusal(422, "invalid", message, field) from None
    said: list[dict[str, Any]] = orjson.loads(delivery.body)["events"]
    known = set(type(asked.events[0]).model_fields)
    whose = {"merchant_id": merchant.merchant_id, "source": source}
    events = [EventIn.model_validate(dict(one) | whose) for one in asked.events]
    return events, sum(len(set(one) - known) for one in said)


def taking(
    desk: Desk, merchant: Merchant, source: str, delivery: Delivery, found: tuple[list[EventIn], int]
) -> Callable[[Connection], Said]:
    """The work of a delivery, all or nothing, within the transaction that remembers it.

    It raises Refusal 409 for the very delivery that was taken in before. The same news sent again under its id, with a time
    and a signature of its own, is a courier's retry: answered as before. Refusal 422 for an id with other news.
    """
    digest = hmac.new(desk.intake.token_key, delivery.body, hashlib.sha256).hexdigest()
    name = f"webhook:{source}:{delivery.message_id}"
    first, stamp = (Asked(merchant.merchant_id, key, digest, delivery.now) for key in (name, f"{name}@{delivery.at}"))

    def job(connection: Connection) -> Said:
        if recalled(connection, stamp) is not None:
            raise Refusal(409, "replayed", "this delivery was taken in before")
        keep(connection, stamp, (200, b""))
        if (before := recalled(connection, first)) is not None:
            return before
        told = [_told(connection, desk, merchant, i, delivery.now, one) for i, one in enumerate(found[0])]
        new = ledger.tell_each(connection, told)
        body = {"accepted": sum(new), "duplicates": len(new) - sum(new), "unknown_fields": found[1]}
        said = 200, orjson.dumps(body)
        keep(connection, first, said)
        return said

    return job


def _told(connection: Connection, desk: Desk, merchant: Merchant, i: int, now: int, event: EventIn) -> Told:
    try:
        return desk.intake.told(connection, event, merchant, now)
    except Refusal as refusal:
        raise Refusal(refusal.status, refusal.code, refusal.message, f"/events/{i}{refusal.field or ''}") from None
