"""Tells news through the service's writer until it is killed; a number on stdout is acknowledged.

    python -m tests.faults.telling_process DATABASE careful|no_key|not_synced FIRST [URL]

`no_key` and `not_synced` are negative controls, which the tests must catch: the first tells the same news under another
event id after a restart; the second lets the server acknowledge before its log is on disk.
"""

import os
import sys
import threading
from pathlib import Path

from data.contract import DAY
from data.database import Connection, open_database
from data.history import Told
from data.server import keep_on_server
from serving import ledger
from serving.writer import Writer
from tests.helpers.histories import T0

_THREADS = 4
N_ORDERS = 40
TYPES = ("dispatched", "out_for_delivery", "attempt_failed", "rto_started", "delivered")


def news(number: int, key: str = "") -> Told:
    """What number says, always the same."""
    happened = T0 + DAY + number
    return Told("m1", f"o{number % N_ORDERS}", "courier", f"e{number}{key}", TYPES[number % len(TYPES)], happened,
                happened + DAY, None, live=True)  # fmt: skip


def tell(writer: Writer, first: int, key: str, lock: threading.Lock) -> None:
    """first, first + _THREADS, ...: each acknowledged before the next."""
    number = first
    while True:

        def job(connection: Connection, number: int = number) -> None:
            ledger.tell(connection, news(number, key))

        try:
            writer.submit(job).result()
        except Exception:  # noqa: BLE001 - whoever reads sees the end
            os._exit(1)
        with lock:
            print(number, flush=True)
        number += _THREADS


def main(database: Path, kind: str, first: int, url: str | None) -> None:
    keep_on_server(url)
    writer = Writer(lambda: open_database(database))
    if kind == "not_synced":
        writer.submit(lambda connection: connection.execute("SET SESSION synchronous_commit = off") and None).result()
    lock, key = threading.Lock(), f"-{os.getpid()}" if kind == "no_key" else ""
    for offset in range(_THREADS):
        threading.Thread(target=tell, args=(writer, first + offset, key, lock), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else None)
