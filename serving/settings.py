"""The only place that reads the environment."""

import os
from dataclasses import dataclass
from pathlib import Path

from data.errors import UsageError
from serving.resilience.allowance import DEADLINE_S

NO_TELEMETRY = {
    "BENTOML_DO_NOT_TRACK": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_MODEL_CATALOG_URI": "",
}
"""Set before any library that would otherwise call home."""
PER_SECOND = 1_000.0
"""Orders and pieces of news that one merchant may send in a second, if nobody says otherwise; 0: no limit."""
SWITCH_S = 0.0005
"""How long a thread keeps the interpreter that another waits for, where Python's own 5 ms is a score's whole time: the loop
gives it up with every byte it sends, and a busy reader would have it for those 5 ms each time."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Settings:
    """home: run-time files.  mlruns: MLflow's.  host, port: where the service listens.  per_second: of one merchant.
    deadline_s: of a score.  database_url: the PostgreSQL server that keeps pools; None: SQLite files."""

    home: Path
    mlruns: Path
    host: str
    port: int
    per_second: float = PER_SECOND
    deadline_s: float = DEADLINE_S
    database_url: str | None = None


def settings() -> Settings:
    """Settings from the environment: RTO_HOME, RTO_MLRUNS, RTO_HOST, RTO_PORT, RTO_PER_SECOND, RTO_DEADLINE_MS,
    RTO_DATABASE_URL.

    Runs lie within a home that was named, else in `./mlruns`: two homes must not read each other's runs.

    Raises UsageError ENV001 if the port is no number, ENV002 if the limit is none, ENV003 if the database URL names no
    PostgreSQL server, ENV004 if the deadline is none.
    """
    port = os.environ.get("RTO_PORT", "3333")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise UsageError(
            "ENV001", "RTO_PORT", got=repr(port), expected="a port, 1 to 65535", to_do="set it or unset it"
        )
    limit = os.environ.get("RTO_PER_SECOND", f"{PER_SECOND:g}")
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 9):
        expected, to_do = "a whole number; 0 for no limit", "set it or unset it"
        raise UsageError("ENV002", "RTO_PER_SECOND", got=repr(limit), expected=expected, to_do=to_do)
    return Settings(
        home=Path(os.environ.get("RTO_HOME", "var")).absolute(),
        mlruns=Path(os.environ.get("RTO_MLRUNS", Path(os.environ.get("RTO_HOME", "")) / "mlruns")).absolute(),
        host=os.environ.get("RTO_HOST", "127.0.0.1"),
        port=int(port),
        per_second=float(limit),
        deadline_s=_deadline_s(),
        database_url=_database_url(),
    )


def _deadline_s() -> float:
    """How long a score may take."""
    told = os.environ.get("RTO_DEADLINE_MS", f"{DEADLINE_S * 1000:g}")
    if not (told.isascii() and told.isdigit() and 10 <= int(told) <= 60_000):
        expected, to_do = "whole milliseconds, 10 to 60000", "set it or unset it"
        raise UsageError("ENV004", "RTO_DEADLINE_MS", got=repr(told), expected=expected, to_do=to_do)
    return int(told) / 1000


def _database_url() -> str | None:
    """The server that keeps pools; None: SQLite files under the home do. What it says is not repeated: it may hold a
    password."""
    url = os.environ.get("RTO_DATABASE_URL", "").strip()
    if url and not url.startswith(("postgresql://", "postgres://")):
        expected = "postgresql://USER@HOST:PORT/DATABASE"
        raise UsageError(
            "ENV003", "RTO_DATABASE_URL", got="another kind of URL", expected=expected, to_do="set it or unset it"
        )
    return url or None


def silence_telemetry() -> None:
    """No command and no service of ours calls home."""
    os.environ.update(NO_TELEMETRY)
