"""The queue pushed to a dialler: one signed request as Standard Webhooks has it, the only connection outward there is.

The signature is made with a secret of `rto webhooks create --source NAME`, as couriers sign towards us. The body holds order ids,
reasons and the merchant's own links; never a phone.
"""

import secrets
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from data.contract import SECOND
from data.errors import DataError, UsageError
from serving.web.webhook_keys import signature

TIMEOUT_S = 10.0
_HERE = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Push:
    """Where to, and signed with what: every live secret signs, so that one can be changed for the other."""

    url: str
    secrets: Sequence[bytes]
    now: int


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """What is signed for one address is sent nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def push(told: dict[str, Any], to: Push) -> dict[str, Any]:
    """Send it once. Returns where to and what was answered. Raises UsageError QUEUE001 for an address that is not safe,
    DataError QUEUE002 where it was not taken."""
    url = require_safe(to.url)
    body, message_id, moment = orjson.dumps(told), f"msg_{secrets.token_hex(12)}", str(to.now // SECOND)
    signatures = (signature(one, message_id, moment, body).decode() for one in to.secrets)
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }
    request = urllib.request.Request(url, body, headers, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            status = int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        raise _not_taken(url, f"status {error.code}") from None
    except OSError as error:
        raise _not_taken(url, type(error).__name__ if not error.args else str(error.args[0])) from None
    return {"pushed_to": urlsplit(url).hostname, "status": status, "webhook_id": message_id}


def require_safe(url: str) -> str:
    """An address of https, or of http on this machine, without a password in it."""
    try:
        parts = urlsplit(url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
        safe = safe and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        safe = False
    if not safe or any(ord(letter) <= 32 for letter in url):
        expected = "an https:// address without a password (http:// on this machine alone)"
        to_do = "give the dialler's own https address"
        raise UsageError("QUEUE001", "--push", got=repr(url[:100]), expected=expected, to_do=to_do)
    return url


def _not_taken(url: str, got: str) -> DataError:
    to_do = "see that it runs and knows the secret, then push again: orders contacted since are not in it"
    return DataError("QUEUE002", urlsplit(url).hostname or "", got=got, expected="an answer of 200 to 299", to_do=to_do)
