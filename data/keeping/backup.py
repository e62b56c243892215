"""Copies of an installation, made beside a running service.

A backup holds the pools (imports, live ledger, state, bundles) and the merchants' keys as hashes. It does not hold
the folder `keys`: who has a backup alone can link no row to a person. Its manifest names the keys it needs.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from data.console import Tell
from data.contract import SECOND
from data.durable import drafting
from data.errors import DataError, UsageError
from data.imports.alone import LOCK, alone
from data.keeping.database import open_database
from data.keeping.server import server_url
from data.pool import Pool, pool_names

VERSION = 1
MANIFEST = "MANIFEST.json"
DATABASE = ".sqlite"
_STAMP = "%Y%m%dT%H%M%S"
_NAME = re.compile(r"rto-(\d{8}T\d{6})Z")


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup on disk. files: of each path within it its size in bytes and SHA-256."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def files(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.manifest["files"]
        return found

    @property
    def n_bytes(self) -> int:
        return sum(int(file["bytes"]) for file in self.files.values())

    def told(self) -> dict[str, Any]:
        """What a command says of it."""
        said = {name: self.manifest[name] for name in ("made_at", "pools")}
        return {"folder": str(self.folder), **said, "files": len(self.files), "bytes": self.n_bytes}


def back_up(home: Path, into: Path, now: int, tell: Tell, say: Callable[[str], None]) -> Backup:
    """Copy the installation under `home` to a new folder in `into`, named by the moment `now` (microseconds).

    Databases are copied as of one moment each, also while a service writes to them; imports wait until it is done,
    for a segment must not name a buyer the copied database does not know. Segments never change, so one that the
    newest backup in `into` still holds whole is linked, not copied. Raises UsageError BK001 if there is nothing to
    back up, or `into` lies within the home; DataError BK006 if the disk is full.
    """
    into, home = into.resolve(), home.resolve()
    if not (pools := pool_names(home)) or into.is_relative_to(home):
        got = f"a folder within {home}" if pools else f"no pool under {home}"
        raise UsageError(
            "BK001",
            f"backup into {into}",
            got=got,
            expected="a pool, and a folder outside of RTO_HOME",
            to_do="name a folder elsewhere; without a pool, import something first",
        )
    moment = datetime.fromtimestamp(now / SECOND, UTC)
    folder = into / f"rto-{moment.strftime(_STAMP)}Z"
    if folder.exists():
        raise UsageError("BK001", str(folder), got="a backup of this very second", to_do="wait a second")
    with ExitStack() as held:
        for name in pools:
            held.enter_context(alone(home / "pools" / name, say))
        draft = held.enter_context(drafting(folder))
        manifest: dict[str, Any] = {"backup": VERSION, "made_at": moment.isoformat(timespec="seconds"), "pools": pools}
        manifest |= {"keys": fingerprints(home), "files": _copy_all(home, draft, newest(into), tell)}
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
    return Backup(folder, manifest)


def open_backup(folder: Path) -> Backup:
    """Raises DataError BK002 if `folder` is no whole backup, DB001 if a newer version made it."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        version, paths = int(manifest["backup"]), [Path(path) for path in manifest["files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        to_do = "name the folder rto-YYYYMMDDTHHMMSSZ itself"
        expected = f"a backup with its {MANIFEST}"
        raise DataError("BK002", str(folder), got="no legible backup", expected=expected, to_do=to_do) from error
    if version > VERSION:
        expected = f"version {VERSION} or older"
        raise DataError("DB001", str(folder), got=f"version {version}", expected=expected, to_do="upgrade rto-risk")
    if any(path.is_absolute() or ".." in path.parts for path in paths):
        raise DataError(
            "BK002",
            str(folder),
            got="a path that leads out of it",
            expected="paths within the backup",
            to_do="do not restore it: its manifest was altered; take another backup's folder `rto-...Z`",
        )
    return Backup(folder, manifest)


def newest(into: Path) -> Backup | None:
    """The newest backup in `into`, if there is one."""
    names = _names(into) if into.is_dir() else []
    return open_backup(into / max(names)) if names else None


def prune(into: Path, daily: int, weekly: int) -> list[str]:
    """Delete the backups in `into` that `to_drop` names; anything else there is left alone."""
    dropped = to_drop(_names(into), daily, weekly)
    for name in dropped:
        shutil.rmtree(into / name)
    return dropped


def to_drop(names: list[str], daily: int, weekly: int) -> list[str]:
    """Which backups may go: all but the newest, and the last of each of the newest `daily` days and `weekly` weeks."""
    made = sorted(
        (datetime.strptime(m[1], _STAMP).replace(tzinfo=UTC), name) for name in names if (m := _NAME.fullmatch(name))
    )
    by_day = {at.date(): name for at, name in made}  # the last of a day wins
    by_week = {at.isocalendar()[:2]: name for at, name in made}
    stay = {name for _, name in made[-1:]}
    for last, count in ((by_day, daily), (by_week, weekly)):
        stay.update(list(last.values())[max(0, len(last) - count) :])
    return [name for _, name in made if name not in stay]


def _names(into: Path) -> list[str]:
    return [p.name for p in into.iterdir() if _NAME.fullmatch(p.name) and (p / MANIFEST).is_file()]


def fingerprints(home: Path) -> dict[str, str]:
    """Of each key file its name and what tells it from another key, though not the key."""
    keys = sorted((home / "keys").glob("*.key"))
    return {key.name: hashlib.sha256(b"rto-risk key\0" + key.read_bytes()).hexdigest()[:16] for key in keys}


def _copy_all(home: Path, draft: Path, before: Backup | None, tell: Tell) -> dict[str, dict[str, Any]]:
    """The champion's name before the bundles: what a promotion adds meanwhile does no harm, what it lacked would."""
    on_server = {Pool(home, name).database.relative_to(home) for name in pool_names(home)} if server_url() else set()
    found = sorted({*_held(home), *on_server}, key=lambda path: (path.name != "champion", path))
    told = {}
    for done, path in enumerate(found):
        tell("backup", done, len(found))
        copied = _from_server if path in on_server else _copied
        told[str(path)] = copied(home / path, draft / path, _earlier(before, path))
    return told


def _held(home: Path) -> Iterator[Path]:
    """Paths, relative to `home`, of what a backup holds."""
    for path in (*home.glob(f"*{DATABASE}"), *(home / "pools").rglob("*")):
        relative = path.relative_to(home)
        passing = path.name == LOCK or path.name.endswith((f"{DATABASE}-wal", f"{DATABASE}-shm"))
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.is_file() and not path.is_symlink() and not hidden and not passing:
            yield relative


def _copied(path: Path, to: Path, earlier: tuple[Path, str] | None) -> dict[str, Any]:
    to.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == DATABASE:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(5_000)
            connection.execute("VACUUM INTO ?", (str(to),))
        finally:
            connection.close()
    elif earlier and digest_of(earlier[0]) == earlier[1] == digest_of(path):
        os.link(earlier[0], to)
        return {"bytes": to.stat().st_size, "sha256": earlier[1]}
    else:
        shutil.copyfile(path, to)
    return {"bytes": to.stat().st_size, "sha256": digest_of(to)}


def _from_server(path: Path, to: Path, _: object) -> dict[str, Any]:
    """What a server keeps of a pool, as the file that would keep it."""
    from data.keeping.moving import to_file  # the driver of a server is loaded where there is one

    to.parent.mkdir(parents=True, exist_ok=True)
    with closing(open_database(path, read_only=True)) as connection:
        to_file(connection, to)  # type: ignore[arg-type]
    return {"bytes": to.stat().st_size, "sha256": digest_of(to)}


def _earlier(before: Backup | None, path: Path) -> tuple[Path, str] | None:
    """Where the backup before holds this file of a segment, and its digest there."""
    if before is None or "segments" not in path.parts or str(path) not in before.files:
        return None
    there = before.folder / path
    return (there, before.files[str(path)]["sha256"]) if there.is_file() else None


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
