"""What stands before every route: body limits, who is calling, one shape for errors, headers, metrics, one log line."""

import base64
import binascii
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import orjson
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.errors import RtoError
from serving.access import Access, Caller
from serving.clock import Clock

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

LOG = logging.getLogger("rto")
MAX_BODY = 64 * 1024
REQUESTS = Counter("rto_requests_total", "Requests answered", ["route", "status"])
SECONDS = Histogram(
    "rto_request_seconds", "Time to answer", ["route"], buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2)
)
_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
    b"x-frame-options": b"DENY",
}


class Refusal(Exception):  # noqa: N818 - an answer
    """A 4xx or 503 to give. `message` never holds a value the caller sent."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message, self.field = status, code, message, field


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(body), status, media_type="application/json")


class Guarded:
    """One route's handler behind the common rules. An ASGI app that answers itself and never raises."""

    def __init__(self, route: str, handler: Handler, clock: Clock) -> None:
        self.route, self.handler, self.clock = route, handler, clock

    async def __call__(self, request: Request) -> Response:
        request.state.request_id = f"req_{secrets.token_hex(8)}"
        started = self.clock.monotonic()
        response = await self._answer(request)
        took = self.clock.monotonic() - started
        REQUESTS.labels(self.route, str(response.status_code)).inc()
        SECONDS.labels(self.route).observe(took)
        line = {"request_id": request.state.request_id, "route": self.route, "status": response.status_code}
        LOG.info(orjson.dumps(line | {"ms": round(took * 1000, 2)}).decode())
        response.headers["x-request-id"] = request.state.request_id
        return response

    async def _answer(self, request: Request) -> Response:
        try:
            return await self.handler(request)
        except Refusal as refusal:
            return _error(request, refusal)
        except RtoError as error:
            message = f"{error.where}: got {error.got}" if error.got else error.where
            return _error(request, Refusal(409 if error.code in _CONFLICTS else 422, error.code, message))
        except Exception as error:  # noqa: BLE001 - the last door: say so, log the place, never the values
            LOG.error(orjson.dumps({"request_id": request.state.request_id, "bug": _place(error)}).decode())
            return _error(request, Refusal(500, "internal", "an error of ours; it was logged under this request id"))


_CONFLICTS = frozenset({"DQ008", "DQ014"})


def _place(error: BaseException) -> str:
    """Type and line of a bug, without its message: messages repeat values."""
    trace, last = error.__traceback__, ""
    while trace is not None:
        last, trace = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}", trace.tb_next
    return f"{type(error).__name__} at {last}"


def _error(request: Request, refusal: Refusal) -> Response:
    body = {
        "code": refusal.code,
        "message": refusal.message,
        "field": refusal.field,
        "request_id": getattr(request.state, "request_id", None),
    }
    response = answer({"error": body}, refusal.status)
    if refusal.status == 401:
        response.headers["www-authenticate"] = 'Basic realm="rto", charset="UTF-8"'
    return response


class Limits:
    """Refuses bodies above the limit with 413, also when chunked, and adds the security headers."""

    def __init__(self, app: ASGIApp, max_body: int = MAX_BODY) -> None:
        self.app, self.max_body = app, max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await self._body(receive)
        if body is None:
            refusal = {"error": {"code": "too_large", "message": f"a body of at most {self.max_body} bytes", "field": None}}
            await answer(refusal, 413)(scope, receive, self._with_headers(send))
            return
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def replayed() -> Message:
            return messages.pop() if messages else await receive()

        await self.app(scope, replayed, self._with_headers(send))

    async def _body(self, receive: Receive) -> bytes | None:
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                break
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
            if size > self.max_body:
                return None
        return b"".join(parts)

    @staticmethod
    def _with_headers(send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(k, v) for k, v in message.get("headers", []) if k.lower() not in _HEADERS]
                message = {**message, "headers": [*headers, *_HEADERS.items()]}
            await send(message)

        return sending


def caller_of(request: Request, access: Access, *, open_door: bool) -> Caller | None:
    """Who is calling, by Bearer or Basic (user = merchant, password = key). None: the door is open (no keys, loopback).

    Raises Refusal 401 without a good key.
    """
    secret, user = _credentials(request.headers.get("authorization", ""))
    if secret is None:
        if open_door:
            return None
        raise Refusal(401, "unauthorised", "a key is needed: Authorization: Bearer KEY")
    caller = access.caller(secret)
    if caller is None or (user is not None and user != caller.merchant_id):
        raise Refusal(401, "unauthorised", "this key is not known or was revoked")
    return caller


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
