"""Merchant keys: shown once, kept as SHA-256, revocable. One small database for all pools of an installation."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

import apsw

from data.durable import writable
from data.errors import UsageError
from data.keeping.database import Connection, immediate
from serving.clock import Clock

SCOPES = ("score", "events", "report", "override")
USUAL_SCOPES = SCOPES[:3]
"""Of a key for which none are named: to decide over the policy is asked for by name."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
  digest TEXT PRIMARY KEY, key_id TEXT NOT NULL UNIQUE, merchant_id TEXT NOT NULL, scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL, revoked_at INTEGER, expires_at INTEGER
) WITHOUT ROWID;
"""
_LIVE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a key speaks for, and what it may do."""

    merchant_id: str
    scopes: frozenset[str]
    expires_at: int | None = None


class Access:
    """The keys of an installation. The secret itself is never stored."""

    def __init__(self, home: Path) -> None:
        with writable(home / "access.sqlite"):
            home.mkdir(parents=True, exist_ok=True)
            self.connection: Connection = apsw.Connection(str(home / "access.sqlite"))
            self.connection.set_busy_timeout(5_000)
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")
            self.connection.execute(_SCHEMA)
            self._let_expire()

    def _let_expire(self) -> None:
        """Keys of an older version never expire: the column is added to their table."""
        if self._can_expire():
            return  # as nearly always: who opens it waits for no writer
        with immediate(self.connection):
            if not self._can_expire():  # another process may have been first
                self.connection.execute("ALTER TABLE keys ADD COLUMN expires_at INTEGER")

    def _can_expire(self) -> bool:
        return "expires_at" in [row[1] for row in self.connection.execute("PRAGMA table_info(keys)")]

    def create(
        self, merchant_id: str, scopes: tuple[str, ...], now: int, expires_at: int | None = None
    ) -> tuple[str, str]:
        """A new key: (key_id, secret). Two keys of one merchant may live at once, for rotation."""
        if unknown := sorted(set(scopes) - set(SCOPES)):
            raise UsageError(
                "KEY002",
                "--scope",
                got=unknown[0],
                expected=f"of {', '.join(SCOPES)}",
                to_do="name one of them, once for each --scope",
            )
        key_id, secret = f"key_{secrets.token_hex(4)}", f"rto_{secrets.token_urlsafe(32)}"
        row = (_digest(secret), key_id, merchant_id, ",".join(scopes), now, None, expires_at)
        with immediate(self.connection):
            self.connection.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return key_id, secret

    def revoke(self, key_id: str, now: int) -> None:
        """Raises UsageError if there is no such live key."""
        with immediate(self.connection):
            sql = "UPDATE keys SET revoked_at = ? WHERE key_id = ? AND revoked_at IS NULL RETURNING key_id"
            if self.connection.execute(sql, (now, key_id)).fetchone() is None:
                raise UsageError("KEY001", f"key {key_id}", got="no live key of that id", to_do="rto keys list")

    def listed(self) -> list[dict[str, object]]:
        """Every key without its secret, oldest first."""
        names = ("key_id", "merchant_id", "scopes", "created_at", "revoked_at", "expires_at")
        sql = f"SELECT {', '.join(names)} FROM keys ORDER BY created_at, key_id"
        return [dict(zip(names, row, strict=True)) for row in self.connection.execute(sql)]

    def merchants(self, now: int) -> set[str]:
        """Who has a live key."""
        sql = f"SELECT DISTINCT merchant_id FROM keys WHERE {_LIVE}"
        return {str(one) for (one,) in self.connection.execute(sql, (now,))}

    def any_ever(self) -> bool:
        """Was a key ever made? Once it was, the door stays shut, also when the last one is revoked."""
        return self.connection.execute("SELECT 1 FROM keys LIMIT 1").fetchone() is not None

    def any_live(self, now: int) -> bool:
        return self.connection.execute(f"SELECT 1 FROM keys WHERE {_LIVE} LIMIT 1", (now,)).fetchone() is not None

    def caller(self, secret: str, now: int) -> Caller | None:
        """Whom a secret speaks for; None if it is unknown, revoked or expired. Looked up by digest: timing tells nothing."""
        sql = f"SELECT merchant_id, scopes, expires_at FROM keys WHERE digest = ? AND {_LIVE}"
        row = self.connection.execute(sql, (_digest(secret), now)).fetchone()
        return None if row is None else Caller(row[0], frozenset(row[1].split(",")), row[2])


KNOWN_FOR_S = 1.0
"""So long a good key is good without being looked up again: a revoked one is none after that, in every process."""


class Callers:
    """Who calls, for the event loop: each look into the database gives up the interpreter, which a busy reader then keeps.
    Only good keys are remembered, by their digest; a new one counts at once, one that expires is none from that moment."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access, self._clock = access, clock
        self._known: dict[str, tuple[float, Caller]] = {}

    def caller(self, secret: str, now: int) -> Caller | None:
        """`Access.caller`, of the last second."""
        digest, moment_s = _digest(secret), self._clock.monotonic()
        seen_s, known = self._known.get(digest, (float("-inf"), None))
        if (
            known is not None
            and moment_s - seen_s < KNOWN_FOR_S
            and (known.expires_at is None or known.expires_at > now)
        ):
            return known
        found = self._access.caller(secret, now)
        if found is None:
            self._known.pop(digest, None)
        else:
            self._known[digest] = moment_s, found
        return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
