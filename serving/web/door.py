"""Before every route: one request id, a limit on bodies, security headers, one log line, metrics by route."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import orjson
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.clock import Clock
from serving.ids import random_hex
from serving.web.http import LOG, Guarded, Refusal, refused

MAX_BODY = 64 * 1024
MAX_BATCH_BODY = 1024 * 1024
_MOST = {"/v1/score/batch": MAX_BATCH_BODY}
"""Bytes of a body by path, where a route takes more than the others."""
NO_ROUTE = "none"
"""The label of requests that no route took: their paths are the caller's words and become no label, no log line."""
REQUESTS = Counter("rto_requests_total", "Requests answered", ["route", "status"])
SECONDS = Histogram(
    "rto_request_seconds", "Time to answer", ["route"], buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2)
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"x-frame-options", b"DENY"),
)


NOWHERE: Mapping[tuple[str, str], Guarded] = MappingProxyType({})


class Gone(Exception):  # noqa: N818 - the caller hung up: nobody waits for an answer
    """The connection closed before the body was whole."""


class Door:
    """ASGI middleware, the outermost: what it lets through has a whole body, no larger than its path takes."""

    def __init__(self, app: ASGIApp, clock: Clock, straight: Mapping[tuple[str, str], Guarded] = NOWHERE) -> None:
        """straight: by method and path the routes that are asked most, which need not be looked for."""
        self.app, self.clock, self.straight = app, clock, straight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"], state["route"] = f"req_{random_hex(8)}", NO_ROUTE
        started, status = self.clock.monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                request_id = (b"x-request-id", state["request_id"].encode())
                message["headers"] = [*message.get("headers", ()), *_HEADERS, request_id]
            await send(message)

        try:
            await self._pass(scope, receive, sending)
        except Gone:
            return
        self._note(state, status, self.clock.monotonic() - started)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = _MOST.get(scope["path"], MAX_BODY)
        body = None if _declared(scope) > most else await self._body(receive, most)
        if body is None:
            refusal = Refusal(413, "too_large", f"a body of at most {most} bytes")
            await refused(scope["state"]["request_id"], refusal)(scope, receive, send)
            return
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replayed() -> Message:
            return messages.pop() if messages else await receive()

        if (guarded := self.straight.get((scope["method"], scope["path"]))) is None:
            await self.app(scope, replayed, send)
        else:
            await (await guarded(Request(scope, replayed)))(scope, replayed, send)

    @staticmethod
    async def _body(receive: Receive, most: int) -> bytes | None:
        """The whole body; None if it is too large. Half a body that happens to be JSON must not count as an order."""
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                raise Gone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
            if size > most:
                return None
        return b"".join(parts)

    @staticmethod
    def _note(state: dict[str, Any], status: int, took_s: float) -> None:
        requests, seconds = _counted(state["route"], status)
        requests.inc()
        seconds.observe(took_s)
        line = {"request_id": state["request_id"], "route": state["route"], "status": status}
        LOG.info(orjson.dumps(line | {"ms": round(took_s * 1000, 2)}).decode())


@cache
def _counted(route: str, status: int) -> tuple[Counter, Histogram]:
    """What counts the requests of a route that ended so: as many as there are routes and statuses."""
    return REQUESTS.labels(route, str(status)), SECONDS.labels(route)


def _declared(scope: Scope) -> int:
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(said) if said.isdigit() and len(said) < 20 else 0
