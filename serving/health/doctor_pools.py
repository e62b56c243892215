"""`rto doctor`, pool by pool: history, database, online state, model; and the folder of training runs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import RtoError
from data.keeping.database import Connection, scalar, server_as_it_is
from data.keeping.schema import SCHEMA_VERSION
from data.keeping.server import server_url
from data.pool import Pool
from data.segments import list_segments
from serving import freshness
from serving.health.doctor import OK, PROBLEM, WARNING, Finding, Patient
from training.bundle import Bundle, read_bundle, signing_key

_MLFLOW = "mlflow.db"


def pools(patient: Patient) -> Iterator[Finding]:
    """Every pool's history, database, state and model."""
    found = patient.pools
    if not found:
        yield Finding("pools", WARNING, "none yet", "rto import FILE --mapping M")
    for pool in found:
        yield from _segments(pool)
        yield from _database(pool)
        model, bundle = _model(pool)
        yield model
        yield from _known(pool, bundle, patient.now)


def _segments(pool: Pool) -> Iterator[Finding]:
    name, n_orders = f"pool {pool.name}: history", 0
    try:
        segments = list_segments(pool)
        for segment in segments:
            rows = pq.read_metadata(segment.folder / "orders.parquet").num_rows
            pq.read_metadata(segment.folder / "news.parquet")
            if rows != segment.manifest["n_orders"]:
                yield Finding(name, PROBLEM, f"{segment.name} holds {rows} orders, its manifest says "
                              f"{segment.manifest['n_orders']}", "restore the segment from a backup")  # fmt: skip
                return
            n_orders += rows
    except RtoError as error:
        yield Finding(name, PROBLEM, f"{error.code} {error.got}", error.to_do or error.expected)
        return
    except (OSError, ValueError, KeyError, pa.ArrowException):
        yield Finding(name, PROBLEM, "a segment cannot be read", "restore the segment from a backup")
        return
    yield Finding(name, OK, f"{n_orders:,} orders in {len(segments)} imports")


def _opened(pool: Pool) -> Any:
    """The database as it is: `open_database` would bring an older one up to date."""
    if server_url() is not None:
        return server_as_it_is(pool.database)
    return apsw.Connection(str(pool.database), flags=apsw.SQLITE_OPEN_READONLY)


def _database(pool: Pool) -> Iterator[Finding]:
    name = f"pool {pool.name}: database"
    if server_url() is not None:
        yield from _on_server(pool)
        return
    if not pool.database.exists():
        yield Finding(name, WARNING, "none yet", "rto import FILE --mapping M, then rto state rebuild")
        return
    try:
        connection = _opened(pool)
        version = scalar(connection, "PRAGMA user_version")
    except apsw.Error:
        yield Finding(name, PROBLEM, "no SQLite file (DB004)", "restore it from a backup, or move it away")
        return
    try:
        yield from _as_of(version, f"schema version {version}", pool, connection)
    finally:
        connection.close()


def _on_server(pool: Pool) -> Iterator[Finding]:
    """The same of a pool that a PostgreSQL server keeps."""
    name = f"pool {pool.name}: database"
    try:
        connection = server_as_it_is(pool.database)
    except RtoError as error:
        yield Finding(name, PROBLEM, f"{error.code} {error.got}", error.to_do)
        return
    try:
        version = connection.version()
        yield from _as_of(version, f"{connection.where}, version {version}", pool, connection)
    finally:
        connection.close()


def _as_of(version: int, good: str, pool: Pool, connection: Connection) -> Iterator[Finding]:
    """What a schema of this version means. good: what is found where it is the right one."""
    name = f"pool {pool.name}: database"
    if version > SCHEMA_VERSION:
        yield Finding(name, PROBLEM, f"schema version {version} (DB001)", "upgrade rto-risk")
    elif version < SCHEMA_VERSION:
        yield Finding(name, WARNING, f"schema version {version}", "rto state rebuild brings it up to date")
    else:
        yield Finding(name, OK, good)
        for what, table in (("erase", "erasures"), ("retention", "prunings")):
            if n := scalar(connection, f"SELECT COUNT(*) FROM {table} WHERE done_at IS NULL"):
                yield Finding(
                    f"pool {pool.name}: {table}", PROBLEM, f"{n} begun and not finished", f"give rto {what} again"
                )
        yield _state(connection, pool)


def _state(connection: Connection, pool: Pool) -> Finding:
    from features.rebuild import is_current  # brings the compiler

    name = f"pool {pool.name}: online state"
    try:
        current = is_current(connection, pool)
    except (RtoError, OSError, ValueError):
        return Finding(name, PROBLEM, "the history it is built from cannot be read", "see the history above")
    if not current:
        return Finding(name, PROBLEM, "older than the last import or than the catalog", "rto state rebuild")
    return Finding(name, OK, f"{scalar(connection, 'SELECT COUNT(*) FROM state'):,} keys")


def _model(pool: Pool) -> tuple[Finding, Bundle | None]:
    name = f"pool {pool.name}: model"
    published = pool.champion.read_text().strip() if pool.champion.exists() else ""
    if not published:
        return Finding(name, WARNING, "none promoted", "rto train, then rto promote"), None
    if not (pool.home / "keys" / "signing.key").exists():
        to_do = "restore keys/signing.key from a backup, or promote again"
        return Finding(name, PROBLEM, "the signing key is gone", to_do), None
    try:
        bundle = read_bundle(pool.bundles / published, signing_key(pool.home).public_key())
    except RtoError as error:
        return Finding(name, PROBLEM, f"{error.code} {error.got}", error.to_do or "rto train, then rto promote"), None
    return Finding(name, OK, f"{published}, signed and of this catalog"), bundle


def _known(pool: Pool, bundle: Bundle | None, now: int) -> Iterator[Finding]:
    """Is it known how the parcels of the last weeks ended?"""
    through = _asked(pool, freshness.known_through)
    if not through:
        return  # no parcel was ever told of: what is missing stands above
    name, found = f"pool {pool.name}: news", f"known through {freshness.day(through)}"
    matures_in = 0 if bundle is None else bundle.about["moments"]["matures_in"]
    if freshness.too_old(through, matures_in, now):
        days = f"{freshness.days_before(through, now):,} days ago: nothing was learned since"
        yield Finding(name, WARNING, f"{found}, {days}", freshness.TO_DO)
    else:
        yield Finding(name, OK, found)


def _asked(pool: Pool, ask: Callable[[Connection], int]) -> int:
    """What a pool's database answers; 0 where there is none, or none that can be read: that is told above."""
    if server_url() is None and not pool.database.exists():
        return 0
    try:
        connection = _opened(pool)
    except (apsw.Error, RtoError):
        return 0
    try:
        return ask(connection)
    except (apsw.Error, RtoError):
        return 0
    finally:
        connection.close()


def last_told(pool: Pool) -> int:
    """When the newest live news was told, microseconds; 0 where none was, or none can be read."""
    newest = "SELECT COALESCE(MAX(known_at), 0) FROM news WHERE origin = 'live'"
    return _asked(pool, lambda connection: int(scalar(connection, newest)))


def mlruns(patient: Patient) -> Iterator[Finding]:
    """Can training runs be read and kept?"""
    folder: Path = patient.settings.mlruns
    database = folder / _MLFLOW
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Finding(
            "training runs", PROBLEM, f"{folder} cannot be written", "give this user the folder, or set RTO_MLRUNS"
        )
        return
    if not database.exists():
        yield Finding("training runs", OK, "none yet")
        return
    try:
        connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
        runs = scalar(connection, "SELECT COUNT(*) FROM runs")
        connection.close()
    except apsw.Error:
        yield Finding("training runs", PROBLEM, f"{database} cannot be read (RUN005)", "restore it from a backup")
        return
    yield Finding("training runs", OK, f"{runs} runs in {database}")
