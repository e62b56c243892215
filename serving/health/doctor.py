"""Is this installation sound? Each check says what it found, and where it is not well, what to do. Nothing is changed."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import apsw
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from data.contract import CLOCK_SLACK, SECOND
from data.keeping.database import SAFE_SQLITE
from data.pool import Pool, pool_names
from serving.access import Access
from serving.settings import LOOPBACK, Settings

OK, WARNING, PROBLEM = "ok", "warning", "problem"
PACKAGE = "rto-risk"
_LITTLE_ROOM, _NO_ROOM = 2_000_000_000, 200_000_000  # bytes
_WRITTEN_AFTER = 1_760_000_000 * SECOND  # no clock that is right stands before the day this was written


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is (ok, warning, problem), what was found, what to do."""

    check: str
    status: str
    found: str
    to_do: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


Check = Callable[[], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined. now: microseconds.  free_bytes: room left on the disk of a folder."""

    settings: Settings
    now: int
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free

    @property
    def pools(self) -> list[Pool]:
        return [Pool(self.settings.home, name) for name in pool_names(self.settings.home)]


def examine(patient: Patient) -> list[Finding]:
    """Every finding, in a fixed order. A check that itself breaks is a problem, never an end."""
    from serving.health import doctor_policies, doctor_pools

    by_pool = doctor_pools.pools, doctor_policies.policies, doctor_pools.mlruns
    checks = (python, packages, sqlite, home, disk, keys, *by_pool, clock, zones, port, merchants_without_a_key)  # fmt: skip
    found: list[Finding] = []
    for check in checks:
        try:
            found += check(patient)
        except Exception as error:  # noqa: BLE001 - the next checks are wanted all the same
            name = check.__name__.replace("_", " ")
            found.append(Finding(name, PROBLEM, f"could not be looked at: {type(error).__name__}", "report this"))
    return found


def python(_: Patient) -> Iterator[Finding]:
    """Is this Python one the project is tested with?"""
    version, wanted = ".".join(map(str, sys.version_info[:3])), metadata.metadata(PACKAGE)["Requires-Python"]
    if SpecifierSet(wanted).contains(version):
        yield Finding("python", OK, version)
    else:
        yield Finding("python", PROBLEM, f"{version}, expected {wanted}", "make the environment anew with that Python")


def packages(_: Patient) -> Iterator[Finding]:
    """Is every library there, in the range the project asks for?"""
    wrong = []
    wanted = [Requirement(text) for text in metadata.requires(PACKAGE) or []]
    for one in (r for r in wanted if r.marker is None or r.marker.evaluate()):
        version = installed(one.name)
        if version is None or not one.specifier.contains(version, prereleases=True):
            wrong.append(f"{one.name} {version or 'absent'}, expected {one.specifier}")
    if wrong:
        yield Finding("packages", PROBLEM, "; ".join(wrong), "install the locked versions: make .venv/ready")
    else:
        yield Finding("packages", OK, f"{len(wanted)} in range")


def installed(name: str) -> str | None:
    """The version of a library; None if it is not there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def sqlite(_: Patient) -> Iterator[Finding]:
    """Older builds can corrupt a write-ahead log (DB002)."""
    if apsw.SQLITE_VERSION_NUMBER >= SAFE_SQLITE:
        yield Finding("sqlite", OK, apsw.sqlite_lib_version())
    else:
        to_do = "install the locked apsw: make .venv/ready"
        yield Finding("sqlite", PROBLEM, f"{apsw.sqlite_lib_version()}, expected 3.51.3 or newer", to_do)


def home(patient: Patient) -> Iterator[Finding]:
    """Can this user write where the installation keeps its files?"""
    folder = patient.settings.home
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Finding("home", PROBLEM, f"{folder} cannot be written", "give this user the folder, or set RTO_HOME")
    elif folder.exists():
        yield Finding("home", OK, str(folder))
    else:
        yield Finding("home", WARNING, f"{folder} is not there yet", "rto import FILE --mapping M makes it")


def disk(patient: Patient) -> Iterator[Finding]:
    """Is there room for a write-ahead log, an import and a backup?"""
    folder = patient.settings.home
    free = patient.free_bytes(next(p for p in (folder, *folder.parents) if p.exists()))
    status = PROBLEM if free < _NO_ROOM else WARNING if free < _LITTLE_ROOM else OK
    yield Finding("disk", status, f"{free / 1e9:.1f} GB free", "" if status == OK else "free some, or move RTO_HOME")


def keys(patient: Patient) -> Iterator[Finding]:
    """Are the secret files there and readable by their owner only?"""
    folder = patient.settings.home / "keys"
    open_ones = [p for p in ([folder, *folder.iterdir()] if folder.is_dir() else []) if p.stat().st_mode & 0o077]
    for path in open_ones:
        mode = "700" if path.is_dir() else "600"
        yield Finding("keys", PROBLEM, f"{path} is open to others", f"chmod {mode} {path}")
    for pool in patient.pools:
        if not pool.token_key_file.exists() and pool.segments.is_dir() and any(pool.segments.iterdir()):
            to_do = "restore it from a backup of the keys: a new one would unlink every buyer (KEY003)"
            yield Finding("keys", PROBLEM, f"pool {pool.name} has a history and no token key", to_do)
            return
    if not open_ones:
        yield Finding("keys", OK, "readable by their owner only" if folder.is_dir() else "none made yet")


def clock(patient: Patient) -> Iterator[Finding]:
    """A clock that stands before what was told already would date news wrongly."""
    from serving.health.doctor_pools import last_told

    told = max([last_told(pool) for pool in patient.pools], default=0)
    if patient.now < _WRITTEN_AFTER or patient.now + CLOCK_SLACK < told:
        behind = "before this version was made" if patient.now < _WRITTEN_AFTER else "before the last news it was told"
        yield Finding("clock", PROBLEM, f"the system's clock stands {behind}", "set it, and keep it set (NTP)")
    else:
        yield Finding("clock", OK, "after all that was told")


def zones(patient: Patient) -> Iterator[Finding]:
    """Is every merchant's time zone known here?"""
    wanted = {m.timezone for pool in patient.pools for m in pool.merchants().values()} | {"Asia/Kolkata"}
    absent = sorted(zone for zone in wanted if not _known_zone(zone))
    if absent:
        to_do = "install the system's tzdata, or correct the merchant's time zone in the mapping"
        yield Finding("time zones", PROBLEM, f"unknown: {', '.join(absent)}", to_do)
    else:
        yield Finding("time zones", OK, f"{len(wanted)} known")


def _known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def port(patient: Patient) -> Iterator[Finding]:
    """Could the service listen, or does it already?"""
    host, number = patient.settings.host, patient.settings.port
    where = f"{host}:{number}"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            if _answers(number):
                yield Finding("port", OK, f"the service answers on {where}")
            else:
                yield Finding("port", PROBLEM, f"{where}: {os.strerror(error.errno or 0)}", "rto serve --port N")
            return
    yield Finding("port", OK, f"{where} is free")


def _answers(number: int) -> bool:
    """Does a service of ours listen there?"""
    try:
        with socket.create_connection(("127.0.0.1", number), timeout=1.0) as line:
            line.sendall(b"GET /livez HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n")
            return b" 200 " in line.recv(64)
    except OSError:
        return False


def merchants_without_a_key(patient: Patient) -> Iterator[Finding]:
    """Off loopback a merchant without a key can reach nothing."""
    merchants = sorted({m for pool in patient.pools for m in pool.merchants()})
    if patient.settings.host in LOOPBACK:
        yield Finding("merchant keys", OK, f"not needed on {patient.settings.host}")
        return
    live = _merchants_with_a_key(patient)
    without = [m for m in merchants if m not in live]
    for merchant in without:
        found = f"{merchant} has none, and RTO_HOST is {patient.settings.host}"
        yield Finding("merchant keys", PROBLEM, found, f"rto keys create --merchant {merchant}")
    if not without:
        yield Finding("merchant keys", OK, f"{len(merchants)} merchants have one")


def _merchants_with_a_key(patient: Patient) -> set[str]:
    home = patient.settings.home
    if not (home / "access.sqlite").exists():
        return set()
    access = Access(home)
    try:
        return access.merchants(patient.now)
    finally:
        access.connection.close()
