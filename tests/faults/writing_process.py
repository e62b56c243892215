"""Writes numbers through the service's writer until it is killed; a number on stdout is acknowledged.

    python -m tests.faults.writing_process DATABASE careful|hasty

Each job adds a number and counts it, in two statements: half a job would show. `hasty` is the negative control: it
acknowledges before the commit, and the test must catch it.
"""

import sys
import threading
import time
from pathlib import Path

from data.keeping.database import Connection, immediate, open_database
from serving.keeping.writer import Job, Writer

_THREADS = 4


class HastyWriter(Writer):
    """Tells its callers before the transaction is on disk."""

    def _commit(self, batch: list[Job]) -> None:
        with immediate(self._connection):
            for job, future in batch:
                self._attempt(job, future).tell()
            time.sleep(0.02)


def write(writer: Writer, first: int, lock: threading.Lock) -> None:
    """first, first + _THREADS, ...: each acknowledged before the next."""
    number = first
    while True:

        def job(connection: Connection, number: int = number) -> None:
            connection.execute("INSERT INTO written VALUES (?)", (number,))
            connection.execute("UPDATE counted SET n = n + 1")

        writer.submit(job).result()
        with lock:
            print(number, flush=True)
        number += _THREADS


def main(database: Path, kind: str, first: int) -> None:
    writer = {"careful": Writer, "hasty": HastyWriter}[kind](lambda: open_database(database))
    lock = threading.Lock()
    for offset in range(_THREADS):
        threading.Thread(target=write, args=(writer, first + offset, lock), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
