"""What is asked of one kept decision over HTTP: decide otherwise about it, make it again."""

import asyncio
from typing import Any

from starlette.responses import Response

from data.contract import Action
from data.errors import DataError, UsageError
from data.pool import Merchant
from serving import ledger
from serving.desk import Desk
from serving.keeping.replay_shelf import ReplayShelf
from serving.keeping.replaying import Kept, as_bytes
from serving.keeping.storage import read
from serving.policies.overriding import Decided, override
from serving.policies.policy_hand import Hand
from serving.web.http import Refusal, rfc3339
from serving.web.schema import OverrideIn

REPLAY_HEADER = "rto-replay"
_FIELDS = {"--reason": "/reason", "--by": "/by"}


async def kept_of(desk: Desk, merchant: Merchant, decision_id: str) -> Kept:
    """One decision of this merchant. Raises Refusal 404: another merchant's and one that never was look the same."""
    found = await read(desk, lambda connection: ledger.decision(connection, merchant.merchant_id, decision_id))
    if found is None:
        raise Refusal(404, "not_found", "no such decision")
    return found


def overruled(desk: Desk, merchant: Merchant, decision_id: str, asked: OverrideIn, now: int) -> dict[str, Any]:
    """Keep what a person decided; it is on disk when this returns. Raises Refusal 404, 422."""
    decided = Decided(Action[asked.action.upper()], asked.reason, asked.by, asked.days,
                      for_buyer=asked.about == "buyer", appeal=asked.appeal)  # fmt: skip
    try:
        one = override(Hand(desk.pool, merchant), decision_id, decided, now)
    except UsageError as error:
        raise Refusal(422, error.code, f"{error.got}; expected {error.expected}", _FIELDS.get(error.where)) from None
    told = one.as_dict() | {"made_at": rfc3339(one.made_at), "until": rfc3339(one.until), "about": asked.about}
    return {name: value for name, value in told.items() if name not in ("buyer", "withdrawn_at")}


class Replays:
    """Decisions made again over HTTP: one at a time, beside the event loop; a checkout never waits for one."""

    def __init__(self) -> None:
        self._one = asyncio.Semaphore(1)
        self._shelves: dict[str, ReplayShelf] = {}

    async def answer(self, desk: Desk, kept: Kept) -> Response:
        """The answer worked out anew, and whether it is the one that was given. Raises Refusal 409 where what it was made
        with is gone."""
        shelf = self._shelves.setdefault(desk.pool.name, ReplayShelf(desk.pool, desk.public_key))
        async with self._one:
            try:
                again = as_bytes(await asyncio.to_thread(shelf.again, kept))
            except DataError as error:
                said = f"{error.where}: {error.got}; {error.to_do}"
                raise Refusal(409, "not_replayable", said if error.code == "REPLAY001" else error.got) from None
        response = Response(again, media_type="application/json")
        response.headers[REPLAY_HEADER] = "same" if again == as_bytes(kept["answer"]) else "differs"
        return response
