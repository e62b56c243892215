"""Deliveries signed as a courier signs them."""

import base64
import hashlib
import hmac

from data.contract import SECOND
from serving.access import Access
from serving.web.webhook_keys import WebhookKeys
from tests.helpers.installation import NOW, SHOP, Installation


def secret_of(own: Installation, source: str = "courier") -> str:
    """A new secret of SHOP in an installation."""
    access = Access(own.home)
    try:
        return WebhookKeys(access.connection, own.home).create(SHOP, source, 1)[1]
    finally:
        access.connection.close()


def signature(secret: str, message_id: str, moment: int | str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.new(key, f"{message_id}.{moment}.".encode() + body, hashlib.sha256).digest()).decode()


def signed(secret: str, body: bytes, message_id: str, moment: int = NOW // SECOND) -> dict[str, str]:
    """The headers of a delivery."""
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": "v1," + signature(secret, message_id, moment, body),
    }
