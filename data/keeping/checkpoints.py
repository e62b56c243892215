"""A file's write-ahead log brought into the file beside who writes: nobody waits for that with a commit.

SQLite does it by itself within the commit that fills the log, which then takes ten times as long. Here a thread with a
connection of its own does it while commits go on. They would go on in the same log for ever: when it is long, who writes
brings in the little that is left after a round of the thread, between two commits, and the log begins anew.
"""

import threading

import apsw

from data.keeping.database import Connection

_ROUND = 8_000
"""Pages that are logged between two rounds: 32 MB. Every 2, 8 and 32 MB, the p99 of acknowledgements at 2,000 a second was
130, 76 and 57 ms on a busy disk (medians of three runs that lie far apart)."""
_LONG = 64_000
"""Pages of a log that is to begin anew: 256 MB. Who writes then waits for the file to be synced once, 5 to 40 ms however little
is left: every 64 MB that alone was more than one acknowledgement in a hundred."""
_SHARE = 100
"""A hundredth of the log, at most, may be left for who writes to bring in: the longer it grew, the more."""
_TIMES = 2
"""A round is gone so often at most: the second time only what was logged during the first is left."""


class Checkpoints:
    """Of a writer's connection, whose thread alone calls `between_commits`; of a server's connection, nothing."""

    def __init__(self, connection: Connection) -> None:
        self._writes = connection if isinstance(connection, apsw.Connection) else None
        self._logged = self._brought = 0
        self._due, self._ends = threading.Event(), False
        self._held = 0  # how much of the log is in the file
        if self._writes is not None:
            self._writes.set_wal_hook(self._committed)
            self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
            self._thread.start()

    def _committed(self, _: apsw.Connection, __: str, pages: int) -> int:
        """Told by SQLite after each commit: so many pages stand in the log."""
        if pages < self._logged:
            self._brought = self._held = 0  # it began anew
        self._logged = pages
        if pages - self._brought >= _ROUND:
            self._brought = pages
            self._due.set()
        return apsw.SQLITE_OK

    def between_commits(self) -> None:
        """Let a long log begin anew, if the thread has just brought in nearly all of it."""
        if self._writes is not None and _LONG <= self._logged < self._held + self._logged // _SHARE:
            self._held = 0  # once: somebody may still read what is to be brought in
            _bring(self._writes)

    def close(self) -> None:
        if self._writes is not None:
            self._ends = True
            self._due.set()
            self._thread.join()

    def _run(self) -> None:
        assert self._writes is not None
        connection = apsw.Connection(self._writes.filename, vfs=self._writes.open_vfs)
        connection.execute("PRAGMA synchronous = FULL")
        while self._due.wait() and not self._ends:
            self._due.clear()
            for _ in range(_TIMES):
                logged = self._logged
                _bring(connection)
                self._held = logged
                if self._logged == logged:
                    break
        connection.close()


def _bring(connection: apsw.Connection) -> None:
    """As much as nobody still reads. A disk that does not take it is no reason to fail here: what is in the log is kept, and
    the next commit, or the one after, says so itself."""
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    except apsw.Error:
        return
