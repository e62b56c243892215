"""Real faults for a running service: a disk that stalls, a database file somebody else locks, models that break."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import apsw

_HOLD = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX, 5, 123)
    print("held", flush=True)
    sys.stdin.read()
"""
"""Bytes 123 to 127 of a WAL's index are what readers lock (sqlite.org/walformat.html, 2.3)."""


@contextmanager
def locked_by_somebody(database: Path) -> Iterator[None]:
    """Another process holds every lock that a reader of the SQLite file needs."""
    command = [sys.executable, "-c", _HOLD, str(database) + "-shm"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holding:
        assert holding.stdout is not None
        assert holding.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            holding.communicate()


class Disk(apsw.VFS):
    """The disk of every database opened from now on: it can stall altogether, or take its time for each page."""

    def __init__(self, below: str) -> None:
        self.below = below
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.pause_s = 0.0
        super().__init__("faulty", below, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _File(self, name, flags)

    @contextmanager
    def stalled(self) -> Iterator[None]:
        self.goes_on.clear()
        try:
            yield
        finally:
            self.goes_on.set()

    @contextmanager
    def slow(self, pause_s: float) -> Iterator[None]:
        self.pause_s = pause_s
        try:
            yield
        finally:
            self.pause_s = 0.0


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self.disk = disk
        super().__init__(disk.below, name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        self.disk.goes_on.wait()
        if self.disk.pause_s:
            time.sleep(self.disk.pause_s)
        found: bytes = super().xRead(amount, offset)
        return found


Made = TypeVar("Made", bound=apsw.VFS)


@contextmanager
def on_a_disk(make: Callable[[str], Made]) -> Iterator[Made]:
    """Databases opened within lie on what is made above the disk there was, and made the default."""
    before = next(vfs["zName"] for vfs in apsw.vfs_details() if vfs)
    disk = make(before)
    try:
        yield disk
    finally:
        apsw.set_default_vfs(before)
        disk.unregister()


@contextmanager
def faulty_disk() -> Iterator[Disk]:
    """Databases opened within lie on it."""
    with on_a_disk(Disk) as disk:
        try:
            yield disk
        finally:
            disk.goes_on.set()
