"""Answers of one shape, errors included; who is calling, and what a key may do."""

import base64
import binascii
import logging
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, TypeAlias

import apsw
import orjson
from starlette.requests import Request
from starlette.responses import Response

from data.contract import SECOND
from data.errors import RtoError
from serving.access import Caller, Callers
from serving.resilience.lane import Late
from serving.settings import LOOPBACK

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

LOG = logging.getLogger("rto")
_CONFLICTS = {"DQ008": "/order/order_id", "DQ014": "/event_id", "DQ016": "/order/placed_at"}
_HEADERS = {
    401: {"www-authenticate": 'Basic realm="rto", charset="UTF-8"'},
    429: {"retry-after": "1"},
    503: {"retry-after": "1"},
}


class Refusal(Exception):  # noqa: N818 - an answer
    """A 4xx or 503 to give. `message` never holds a value the caller sent.  test: asked for by a test order."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None, *, test: bool = False) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message, self.field, self.test = status, code, message, field, test

    def told(self, request_id: str) -> dict[str, Any]:
        """The one shape of errors."""
        said = {"code": self.code, "message": self.message, "field": self.field, "request_id": request_id}
        return {"error": said | ({"test": True} if self.test else {})}


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(body), status, media_type="application/json")


def rfc3339(moment: int) -> str:
    """A moment (microseconds) as callers read it."""
    seconds, micros = divmod(moment, SECOND)
    day, second = divmod(seconds, _DAY_SECONDS)
    return f"{_date_of(day)}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{micros // 1000:03}Z"


_DAY_SECONDS = 86_400


@lru_cache(maxsize=64)
def _date_of(day: int) -> str:
    """A day since 1970 as callers read it."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def refused(request_id: str, refusal: Refusal) -> Response:
    """A refusal as a response."""
    response = answer(refusal.told(request_id), refusal.status)
    response.headers.update(_HEADERS.get(refusal.status, {}))
    return response


class Guarded:
    """One route's handler: whatever it raises becomes an answer; only bugs become 500, logged by place alone."""

    def __init__(self, route: str, handler: Handler) -> None:
        self.route, self.handler = route, handler

    async def __call__(self, request: Request) -> Response:
        request.state.route = self.route
        request_id: str = request.state.request_id
        try:
            return await self.handler(request)
        except Exception as error:  # noqa: BLE001 - the last door: every failure has an answer
            return refused(request_id, refusal_of(error, request_id))


def refusal_of(error: Exception, request_id: str) -> Refusal:
    """What to answer to a failure. What is no refusal yet is logged: where it broke, never what it said."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, RtoError) and error.code in _CONFLICTS:
        return Refusal(409, error.code, f"{error.got}; {error.to_do}", _CONFLICTS[error.code])
    LOG.error(orjson.dumps({"request_id": request_id, "failed": place_of(error)}).decode())
    if isinstance(error, apsw.Error | RtoError | Late):
        return Refusal(503, "storage", "what is kept here cannot be read or written now; try again")
    return Refusal(500, "internal", "an error of ours; it was logged under this request id")


def place_of(error: BaseException) -> str:
    """Kind and line of a failure, without its message: messages repeat values."""
    trace, last = error.__traceback__, ""
    while trace is not None:
        last, trace = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}", trace.tb_next
    kind = error.code if isinstance(error, RtoError) else type(error).__name__
    return f"{kind} at {last}"


async def no_such_path(request: Request, _: Exception) -> Response:
    return refused(request.state.request_id, Refusal(404, "not_found", "no such path; see /openapi.json"))


async def no_such_method(request: Request, error: Exception) -> Response:
    response = refused(
        request.state.request_id, Refusal(405, "method_not_allowed", "another method; see /openapi.json")
    )
    response.headers.update(getattr(error, "headers", None) or {})
    return response


def caller_of(request: Request, callers: Callers, now: int, *, open_door: bool) -> Caller | None:
    """Who is calling, by Bearer or Basic (user = merchant, password = key). None: the door is open (no keys, loopback).

    Raises Refusal 401 without a good key.
    """
    secret, user = _credentials(request.headers.get("authorization", ""))
    if secret is None:
        if open_door:
            return None
        raise Refusal(401, "unauthorised", "a key is needed: Authorization: Bearer KEY")
    caller = callers.caller(secret, now)
    if caller is None or (user is not None and user != caller.merchant_id):
        raise Refusal(401, "unauthorised", "this key is not known, was revoked or has expired")
    return caller


def from_this_machine(request: Request) -> bool:
    """Did the call come over loopback, and was it meant to? A page that gave our address another name was not us."""
    host = request.headers.get("host", "")
    name = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
    ends = (request.scope.get("client"), request.scope.get("server"))
    return name in LOOPBACK and all(end is not None and _is_loopback(end[0]) for end in ends)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address in LOOPBACK


def _credentials(header: str) -> tuple[str | None, str | None]:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer" and rest:
        return rest.strip(), None
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None, None
        return password or None, user
    return None, None


def may(caller: Caller | None, merchant_id: str, scope: str) -> None:
    """Raises Refusal 403 if the key is another merchant's or lacks the scope."""
    if caller is not None and (caller.merchant_id != merchant_id or scope not in caller.scopes):
        raise Refusal(403, "forbidden", "this key may not do that for this merchant")
