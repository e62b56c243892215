"""A disk whose power can be cut: what a database wrote and did not sync may be gone, all of it or any part."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from tests.helpers.faulty import on_a_disk

_SECTOR = 512


@dataclass
class _Unsynced:
    """What one file was when it was last synced, as old bytes to put back, and what was written since, in order."""

    length: int
    before: list[tuple[int, bytes]] = field(default_factory=list)
    since: list[tuple[int, bytes]] = field(default_factory=list)


class PowerDisk(apsw.VFS):
    """The disk of every database opened from now on. A cut is looked at beside the running database, as often as wanted."""

    def __init__(self, below: str) -> None:
        self.below = below
        self.lock = threading.RLock()
        self.unsynced: dict[Path, _Unsynced] = {}
        self.begun: Counter[Path] = Counter()
        """How often each file was written to from its start on: a log, when it begins and begins anew."""
        super().__init__("power", below, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _File(self, name, flags)

    def cut(self, file: Path, to: Path, rng: random.Random) -> None:
        """Put into a folder the file and its log as a disk may hold them if the power went now: what was synced, and of the
        rest nothing or any sectors."""
        with self.lock:
            for path in (file, Path(f"{file}-wal")):
                there, rest = bytearray(path.read_bytes()), self.unsynced.get(path)
                (to / path.name).write_bytes(there if rest is None else _after(there, rest, rng))


def _after(there: bytearray, one: _Unsynced, rng: random.Random) -> bytearray:
    for offset, old in reversed(one.before):
        there[offset : offset + len(old)] = old
    del there[one.length :]
    if rng.random() < 0.5:
        return there
    for offset, new in one.since:
        for start in range(0, len(new), _SECTOR):
            if rng.random() < 0.5:
                part, at = new[start : start + _SECTOR], offset + start
                there.extend(bytes(max(0, at + len(part) - len(there))))
                there[at : at + len(part)] = part
    return there


class _File(apsw.VFSFile):
    def __init__(self, disk: PowerDisk, name: Any, flags: list[int]) -> None:
        self.disk = disk
        self.path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name or "")
        super().__init__(disk.below, name, flags)

    def _rest(self) -> _Unsynced:
        if self.path not in self.disk.unsynced:
            self.disk.unsynced[self.path] = _Unsynced(super().xFileSize())
        return self.disk.unsynced[self.path]

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        with self.disk.lock:
            rest = self._rest()
            there = max(0, min(super().xFileSize() - offset, len(data)))
            if there:
                rest.before.append((offset, super().xRead(there, offset)))
            rest.since.append((offset, bytes(data)))
            self.disk.begun[self.path] += not offset
            super().xWrite(data, offset)

    def xTruncate(self, length: int) -> None:  # noqa: N802 - SQLite's name
        with self.disk.lock:
            rest = self._rest()
            if (gone := super().xFileSize() - length) > 0:
                rest.before.append((length, super().xRead(gone, length)))
            super().xTruncate(length)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        with self.disk.lock:
            super().xSync(flags)
            self.disk.unsynced.pop(self.path, None)


@contextmanager
def power_disk() -> Iterator[PowerDisk]:
    """Databases opened within lie on it."""
    with on_a_disk(PowerDisk) as disk:
        yield disk
