"""How the client talks: one connection for each thread, everything together within a deadline, one retry, errors by kind.

Python 3.11 or newer, standard library only; `client.py` is what a shop uses.
"""

import http.client
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlsplit


class RtoRiskError(Exception):
    """The service refused, or could not be reached.  status: 0 where there was no answer."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None, request_id: str = "") -> None:
        super().__init__(f"{status} {code}{f' at {field}' if field else ''}: {message}")
        self.status, self.code, self.message, self.field, self.request_id = status, code, message, field, request_id


class InvalidError(RtoRiskError):
    """400, 413, 415, 422: what was sent does not fit. Correct the program; sending it again does not help."""


class NotAllowedError(RtoRiskError):
    """401, 403: the key is not good for this."""


class NotFoundError(RtoRiskError):
    """404: no such merchant, decision or order of yours."""


class ConflictError(RtoRiskError):
    """409: the order or event id was used with other content."""


class UnavailableError(RtoRiskError):
    """No answer in time, or 5xx: nothing is known to be kept. Sending the same again is safe."""


_KINDS: dict[int, type[RtoRiskError]] = {
    401: NotAllowedError,
    403: NotAllowedError,
    404: NotFoundError,
    409: ConflictError,
}


class Wire:
    """Calls to one service, at one address or several replicas of it. May be shared by threads: each keeps connections of its
    own. All ask the replica that answered last; one that did not makes room for the next."""

    def __init__(self, base_url: str | Sequence[str], key: str | None) -> None:
        self._urls = [urlsplit(one) for one in ([base_url] if isinstance(base_url, str) else base_url)]
        if not self._urls or any(u.scheme not in ("http", "https") or not u.hostname for u in self._urls):
            raise ValueError("base_url: expected as http://127.0.0.1:3333, or several such")
        self._at = 0
        self._headers = {"content-type": "application/json"}
        self._headers |= {"authorization": f"Bearer {key}"} if key else {}
        self.of_thread = threading.local()

    def call(self, verb: str, path: str, body: Any, timeout_s: float) -> Any:
        """One request, and one more with the same body and the same Idempotency-Key, to the next replica if there are several,
        where the connection broke or the service said 503: whatever became of the first, the work is done once. Raises
        RtoRiskError."""
        until = time.monotonic() + timeout_s
        sent = None if body is None else json.dumps(body, allow_nan=False).encode()
        headers = self._headers if sent is None else self._headers | {"idempotency-key": secrets.token_hex(16)}
        for _ in range(2):
            at = self._at
            found = self._attempt(at, (verb, self._urls[at].path.rstrip("/") + path, sent, headers), until)
            if not isinstance(found, UnavailableError) or found.status not in (0, 503):
                break
            self._at = (at + 1) % len(self._urls)
            if found.code == "timeout":
                break
        if isinstance(found, RtoRiskError):
            raise found
        return found

    def _attempt(self, at: int, request: tuple[Any, ...], until: float) -> Any:
        """The answer, or the error it is."""
        try:
            status, answer = self._send(at, request, until)
        except TimeoutError:
            return UnavailableError(0, "timeout", "no answer in time")
        except (OSError, http.client.HTTPException) as error:
            return UnavailableError(0, "unreachable", type(error).__name__)
        return answer if status < 400 else error_of(status, answer)

    def _send(self, at: int, request: tuple[Any, ...], until: float) -> tuple[int, Any]:
        connection = self._connection(at, until)
        try:
            connection.request(*request)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except BaseException as error:
            connection.close()  # half an answer may still be in it
            if isinstance(error, ValueError):
                raise http.client.HTTPException from None  # no JSON: some other server, or half an answer
            raise
        if response.status == 503:
            connection.close()  # a new one may find another worker
        return response.status, answer

    def _connection(self, at: int, until: float) -> "_Connection":
        mine: dict[int, _Connection] = self.of_thread.__dict__.setdefault("connections", {})
        if at not in mine:
            url = self._urls[at]
            mine[at] = _Connection(url.hostname or "", url.port, secure=url.scheme == "https")
        mine[at].end_at(until)
        return mine[at]


def error_of(status: int, answer: Any) -> RtoRiskError:
    error = answer.get("error") if isinstance(answer, dict) else None
    said = error if isinstance(error, dict) else {}
    code, message, request_id = (str(said.get(name, "")) for name in ("code", "message", "request_id"))
    kind = _KINDS.get(status, UnavailableError if status >= 500 else InvalidError)
    return kind(status, code or "unknown", message, said.get("field"), request_id)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Deadline(socket.socket):
    """A socket on which everything together ends at `until`: a byte now and then cannot hold a checkout."""

    until = float("inf")

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        self.settimeout(_left(self.until))
        return super().recv_into(*arguments, **named)

    def sendall(self, *arguments: Any, **named: Any) -> None:
        self.settimeout(_left(self.until))
        super().sendall(*arguments, **named)


class _SecureDeadline(_Deadline, ssl.SSLSocket):
    """The same under TLS."""


class _Connection(http.client.HTTPConnection):
    """A connection kept for the next call; `until` is when the call on it must have ended (monotonic seconds)."""

    def __init__(self, host: str, port: int | None, *, secure: bool) -> None:
        self.default_port = 443 if secure else 80
        super().__init__(host, port)
        self.until, self._context = float("inf"), ssl.create_default_context() if secure else None
        if self._context:
            self._context.sslsocket_class = _SecureDeadline

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), _left(self.until))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context:
            self.sock = self._context.wrap_socket(plain, server_hostname=self.host)
        else:
            self.sock = _Deadline(fileno=plain.detach())
        self.end_at(self.until)

    def __del__(self) -> None:
        self.close()  # with its thread or its client

    def end_at(self, until: float) -> None:
        self.until = until
        if self.sock is not None:
            cast(_Deadline, self.sock).until = until
