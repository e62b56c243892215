"""Commands of this room: serve, keys."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from data.console import Session, emit, fields, note, progress, table
from data.contract import DAY
from data.errors import UsageError
from data.keeping.database import open_database
from data.options import JSON
from data.pool import Pool, open_pool, pool_names, pools_of
from serving.access import USUAL_SCOPES, Access
from serving.clock import Clock
from serving.settings import LOOPBACK


@click.command("serve", epilog="Example: rto serve --port 3333")
@click.option(
    "--host",
    default="127.0.0.1",
    envvar="RTO_HOST",
    show_default=True,
    help="Off loopback a merchant key must exist first.",
)
@click.option(
    "--port",
    default=3333,
    envvar="RTO_PORT",
    show_default=True,
    type=click.IntRange(1, 65_535),
    help="Where to listen.",
)
@JSON
@click.pass_obj
def serve_command(session: Session, host: str, port: int, as_json: bool) -> None:
    """Start the scoring service. Brings the online state up to date first; stop it with Ctrl-C."""
    if host not in LOOPBACK and not Access(session.home).any_live(Clock().now()):
        expected = "at least one merchant key"
        to_do = "rto keys create --merchant M, or bind 127.0.0.1"
        raise UsageError(
            "SERVE001", f"--host {host}", got="no key: anyone could read everything", expected=expected, to_do=to_do
        )
    if not pool_names(session.home):
        raise UsageError("CLI001", "pools", got="none", expected="one or more", to_do="rto import FILE --mapping M")
    bring_up_to_date(session.home)
    environment = os.environ | {"RTO_HOME": str(session.home), "RTO_HOST": host, "RTO_PORT": str(port)}
    if as_json:
        emit({"host": host, "port": port, "pools": pool_names(session.home)}, True, lambda _: None)
    sys.stdout.flush()
    os.execve(sys.executable, serve_arguments(host, port), environment)


def serve_arguments(host: str, port: int) -> list[str]:
    """The command line that starts the service itself."""
    service = ["serving.service:RTORisk", "--host", host, "--port", str(port)]
    return [sys.executable, "-m", "bentoml", "serve", *service]


def bring_up_to_date(home: Path) -> None:
    """Rebuild the online state of every pool whose segments or catalog have changed since it was built."""
    for name in pool_names(home):
        pool = Pool(home, name)
        connection = open_database(pool.database)
        try:
            rebuild_if_stale(connection, pool)
        finally:
            connection.close()


def rebuild_if_stale(connection: Any, pool: Pool) -> None:
    """Rebuild one pool's online state if it is stale."""
    from features.rebuild import is_current, rebuild

    if not is_current(connection, pool):
        note(f"pool {pool.name}: building the online state")
        with progress() as tell:
            rebuild(connection, pool, tell)


def merchant_of(session: Session, pool: str | None, merchant: str | None) -> tuple[Pool, str]:
    """The pool that holds the merchant, and the merchant."""
    named = open_pool(session.home, pool) if pool else None
    holding = dict.fromkeys(named.merchants(), named) if named else pools_of(session.home)
    if merchant is None and len(holding) == 1:
        merchant = next(iter(holding))
    if merchant is None or merchant not in holding:
        expected = f"one of {', '.join(sorted(holding)) or 'none: import a history first'}"
        raise UsageError(
            "CLI004", "--merchant", got=merchant or "none", expected=expected, to_do="name it with --merchant"
        )
    return holding[merchant], merchant


@click.group("keys")
def keys_group() -> None:
    """Merchant keys for the service."""


@keys_group.command("create", epilog="Example: rto keys create --merchant asha-fashion --scope score --scope events")
@click.option("--merchant", required=True, help="Whom the key speaks for.")
@click.option("--scope", "scopes", multiple=True, default=USUAL_SCOPES, show_default=True, help="What it may do.")
@click.option("--days", type=click.IntRange(1, 3_650), help="It expires after so many days; default: never.")
@JSON
@click.pass_obj
def create_command(session: Session, merchant: str, scopes: tuple[str, ...], days: int | None, as_json: bool) -> None:
    """Make a key. It is shown this once and kept only as a hash."""
    merchant_of(session, None, merchant)
    now = Clock().now()
    expires_at = None if days is None else now + days * DAY
    key_id, secret = Access(session.home).create(merchant, scopes, now, expires_at)
    result = {"key_id": key_id, "merchant": merchant, "scopes": list(scopes), "expires_at": expires_at, "key": secret}
    emit(result, as_json, lambda r: fields(list(r.items())))
    note("shown this once: keep it where secrets are kept")


@keys_group.command("list", epilog="Example: rto keys list")
@JSON
@click.pass_obj
def list_command(session: Session, as_json: bool) -> None:
    """Every key by its id; never the key itself."""
    rows = Access(session.home).listed()
    names = ("key_id", "merchant_id", "scopes", "created_at", "revoked_at", "expires_at")
    emit(rows, as_json, lambda found: table(names, [tuple(row[n] for n in names) for row in found]))


@keys_group.command("revoke", epilog="Example: rto keys revoke key_1a2b3c4d")
@click.argument("key_id")
@JSON
@click.pass_obj
def revoke_command(session: Session, key_id: str, as_json: bool) -> None:
    """Take a key back: within a second it opens nothing."""
    Access(session.home).revoke(key_id, Clock().now())
    emit({"revoked": key_id}, as_json, lambda r: fields(list(r.items())))


def start_service(session: Session, port: int, log: Path) -> "subprocess.Popen[bytes]":
    """Start the service beside this process, its output in `log`; the caller stops it with `stop_service`."""
    environment = os.environ | {"RTO_HOME": str(session.home), "RTO_HOST": "127.0.0.1", "RTO_PORT": str(port)}
    with log.open("wb") as out:
        arguments = serve_arguments("127.0.0.1", port)
        return subprocess.Popen(arguments, env=environment, stdout=out, stderr=out, start_new_session=True)


def stop_service(process: "subprocess.Popen[bytes]", patience_s: float = 20.0) -> None:
    """Ask it to end; after `patience_s` end it. Its worker ends by itself once it is gone (`service.end_with`)."""
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=patience_s)
    with suppress(ProcessLookupError):  # all of its group ended by themselves
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
