"""Secrets with which couriers sign their news: made for one merchant and one source, shown once, two live at a time.

A secret is not kept: it is made from the installation's own `keys/webhook.key` and its id, so that neither the database nor a
backup of it holds one.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path

from data.errors import UsageError
from data.keeping.database import Connection, immediate
from data.pool import secret_file
from serving.access import Access

PREFIX = "whsec_"
MOST_LIVE = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS webhook_secrets (
  secret_id TEXT PRIMARY KEY, merchant_id TEXT NOT NULL, source TEXT NOT NULL, created_at INTEGER NOT NULL, revoked_at INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS webhook_secrets_of ON webhook_secrets (merchant_id, source);
"""
_LIVE = "SELECT secret_id FROM webhook_secrets WHERE merchant_id = ? AND source = ? AND revoked_at IS NULL ORDER BY secret_id"


def signature(secret: bytes, message_id: str, moment: str, body: bytes) -> bytes:
    """What Standard Webhooks signs a message with, without its `v1,`. moment: seconds, as in the header."""
    signed = b".".join([message_id.encode(), moment.encode(), body])
    return base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest())


class WebhookKeys:
    """The webhook secrets of an installation. connection: that of its merchant keys."""

    def __init__(self, connection: Connection, home: Path) -> None:
        self.connection, self.home, self._key = connection, home, secret_file(home / "keys" / "webhook.key")
        connection.execute(_SCHEMA)

    def create(self, merchant_id: str, source: str, now: int) -> tuple[str, str]:
        """A new secret: (its id, the secret as it is shown). Raises UsageError KEY004 while two are live."""
        secret_id = f"whk_{secrets.token_hex(4)}"
        with immediate(self.connection):
            if len(live := self._live(merchant_id, source)) >= MOST_LIVE:
                raise UsageError("KEY004", f"webhook secrets of {merchant_id}, {source}", got=f"{len(live)} live ones",
                                 expected=f"fewer than {MOST_LIVE}", to_do=f"rto webhooks revoke {live[0]}")  # fmt: skip
            row = (secret_id, merchant_id, source, now, None)
            self.connection.execute("INSERT INTO webhook_secrets VALUES (?, ?, ?, ?, ?)", row)
        return secret_id, PREFIX + base64.b64encode(self._secret(secret_id)).decode()

    def revoke(self, secret_id: str, now: int) -> None:
        """Raises UsageError KEY001 if there is no such live secret."""
        with immediate(self.connection):
            sql = "UPDATE webhook_secrets SET revoked_at = ? WHERE secret_id = ? AND revoked_at IS NULL RETURNING secret_id"
            if self.connection.execute(sql, (now, secret_id)).fetchone() is None:
                raise UsageError("KEY001", f"webhook secret {secret_id}", got="no live one of that id",
                                 to_do="rto webhooks list")  # fmt: skip

    def listed(self) -> list[dict[str, object]]:
        """Every one without its secret, oldest first."""
        names = ("secret_id", "merchant_id", "source", "created_at", "revoked_at")
        sql = f"SELECT {', '.join(names)} FROM webhook_secrets ORDER BY created_at, secret_id"
        return [dict(zip(names, row, strict=True)) for row in self.connection.execute(sql)]

    def live(self, merchant_id: str, source: str) -> Sequence[bytes]:
        """The live secrets as bytes; where there is none, one that nobody was ever told, so that looking takes as long."""
        return self.live_alone(merchant_id, source) or [self._secret("nobody")]

    def live_alone(self, merchant_id: str, source: str) -> Sequence[bytes]:
        """The live secrets to sign with; none where there is none."""
        return [self._secret(one) for one in self._live(merchant_id, source)]

    def _live(self, merchant_id: str, source: str) -> list[str]:
        return [str(one) for (one,) in self.connection.execute(_LIVE, (merchant_id, source))]

    @classmethod
    def under(cls, home: Path) -> "WebhookKeys":
        """Those of an installation, for a command."""
        return cls(Access(home).connection, home)

    def _secret(self, secret_id: str) -> bytes:
        return hmac.new(self._key, b"webhook\0" + secret_id.encode(), hashlib.sha256).digest()
