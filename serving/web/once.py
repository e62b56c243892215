"""Work done once under a caller's key: the answer is kept with what it did, in one transaction, and given again for a day.

Header `Idempotency-Key`. The same key with the same body is the same answer, byte for byte, whatever was promoted, published or
restarted since; with another body it is refused. Who asks while the first is still at work waits for its answer. Only what was
done is kept: a refusal did nothing, and the key is free.
"""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from starlette.requests import Request
from starlette.responses import Response

from data.contract import DAY
from data.keeping.asked import add_rows, rows_named
from data.keeping.database import Connection
from serving.desk import Desk
from serving.web.http import Refusal

HEADER, REPLAYED = "idempotency-key", "idempotent-replayed"
KEPT_FOR = DAY
MOST_CLEARED = 500
"""Expired answers that one write clears away: a write never waits for a heap of them."""
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_OURS = "key:"
_KEY_OF = ("merchant_id", "key")
_COLUMNS = {
    "merchant_id": "text",
    "key": "text",
    "made_at": "bigint",
    "asked": "text",
    "status": "bigint",
    "body": "text",
}
_ROW = ", ".join(_COLUMNS)

Said: TypeAlias = tuple[int, bytes]
"""Status and body of an answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under a key. asked: keyed digest of route and body, which says nothing of either.  at: microseconds."""

    merchant_id: str
    key: str
    asked: str
    at: int


class Repeated(Exception):  # noqa: N818 - an answer
    """This was answered before, here or by another process: that answer is this one's too."""

    def __init__(self, said: Said) -> None:
        super().__init__(said[0])
        self.said = said


def key_of(request: Request) -> str | None:
    """The request's key, if it has one. Raises Refusal 400 for a key that is none."""
    key = request.headers.get(HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise Refusal(400, "idempotency_key", f"{HEADER}: 1 to 255 visible characters of ASCII")
    return key


def asked_of(request: Request, body: bytes, desk: Desk, merchant_id: str, at: int) -> Asked | None:
    """The request as one under a key; None without one. Raises Refusal 400 for a key that is none."""
    key = key_of(request)
    if key is None:
        return None
    said = orjson.dumps([request.state.route, request.url.path, orjson.loads(body)], option=orjson.OPT_SORT_KEYS)
    return Asked(merchant_id, _OURS + key, hmac.new(desk.intake.token_key, said, hashlib.sha256).hexdigest(), at)


def recalled(connection: Connection, asked: Asked) -> Said | None:
    """What was answered under the key within a day. Raises Refusal 422 if something else was asked then."""
    sql = "SELECT asked, status, body FROM answered WHERE merchant_id = ? AND key = ? AND made_at > ?"
    row = connection.execute(sql, (asked.merchant_id, asked.key, asked.at - KEPT_FOR)).fetchone()
    if row is None:
        return None
    require_same(row[0], asked)
    return int(row[1]), str(row[2]).encode()


def require_new(connection: Connection, asked: Asked | None) -> None:
    """Raises Repeated with what was answered under the key within a day, Refusal 422 as `recalled`."""
    if asked is not None and (before := recalled(connection, asked)) is not None:
        raise Repeated(before)


def require_same(was: str, asked: Asked) -> None:
    """Raises Refusal 422 for a key that stood for another request."""
    if was != asked.asked:
        raise Refusal(
            422, "idempotency_key_reused", "this key was sent with another request within a day; take a new one"
        )


def keep(connection: Connection, asked: Asked, said: Said) -> None:
    """`keep_all` of one."""
    keep_all(connection, [(asked, said)])


def keep_all(connection: Connection, answers: Sequence[tuple[Asked, Said]]) -> None:
    """Keep answers beside what they did; clear some expired ones. Call within the transaction that did it.

    Raises Repeated if another process has answered one meanwhile, Refusal 422 if to something else.
    """
    if not answers:
        return
    for known in all_recalled(connection, [asked for asked, _ in answers]):
        if known is not None:
            raise known
    sql = "DELETE FROM answered WHERE (merchant_id, key) IN (SELECT merchant_id, key FROM answered WHERE made_at <= ? LIMIT ?)"
    connection.execute(sql, (answers[0][0].at - KEPT_FOR, MOST_CLEARED))
    again = [(asked.merchant_id, asked.key) for asked, _ in answers]  # expired, and not cleared away yet
    connection.executemany("DELETE FROM answered WHERE merchant_id = ? AND key = ?", again)
    rows = [(a.merchant_id, a.key, a.at, a.asked, said[0], said[1].decode()) for a, said in answers]
    add_rows(connection, "answered", _COLUMNS, rows)


def all_recalled(connection: Connection, every: Sequence[Asked | None]) -> list[Repeated | Refusal | None]:
    """For each request what it ends with if something was answered under its key within a day: Repeated, with that
    answer, or a Refusal 422 if something else was asked. None: it is new, or has no key."""
    ids = list(dict.fromkeys((one.merchant_id, one.key) for one in every if one is not None))
    known = {(row[0], row[1]): row[2:] for row in rows_named(connection, _ROW, "answered", _KEY_OF, ids)}
    return [None if one is None else _ended(one, known.get((one.merchant_id, one.key))) for one in every]


def _ended(asked: Asked, row: Any) -> Repeated | Refusal | None:
    if row is None or row[0] <= asked.at - KEPT_FOR:
        return None
    try:
        require_same(row[1], asked)
    except Refusal as refusal:
        return refusal
    return Repeated((int(row[2]), str(row[3]).encode()))


class Flights:
    """Requests under a key that are at work in this process: the same again waits for the first."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], tuple[str, asyncio.Future[Said]]] = {}

    async def once(self, asked: Asked, work: Callable[[], Awaitable[Said]]) -> Response:
        """The answer of `work`, done by whoever comes first; it looks for an earlier one itself (`require_new`). Raises
        what it raises, Refusal 422 for a key that is at work on something else."""
        name = (asked.merchant_id, asked.key)
        while (flight := self._of.get(name)) is not None:
            require_same(flight[0], asked)
            await asyncio.wait({flight[1]})
            if not flight[1].cancelled() and flight[1].exception() is None:
                return response(flight[1].result(), again=True)
        future: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        self._of[name] = (asked.asked, future)
        try:
            said = await work()
            future.set_result(said)
            return response(said)
        except Repeated as found:
            future.set_result(found.said)
            return response(found.said, again=True)
        finally:
            future.cancel()  # nothing if it has a result: who waits then tries in turn
            del self._of[name]


def response(said: Said, *, again: bool = False) -> Response:
    found = Response(said[1], said[0], media_type="application/json")
    if again:
        found.headers[REPLAYED] = "true"
    return found
