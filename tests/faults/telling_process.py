"""Tells news through the service's writer until it is killed; a number on stdout is acknowledged.

    python -m tests.faults.telling_process    and on stdin, a line for each: DATABASE careful|no_key|not_synced FIRST [URL]

For each line a process is forked, which has nothing to import; it says `pid N` first, and `ended` is said after its end.

`no_key` and `not_synced` are negative controls, which the tests must catch: the first tells the same news under another
event id after a restart; the second lets the server acknowledge before its log is on disk.
"""

import os
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from data.contract import DAY
from data.keeping.database import open_database
from data.keeping.server import keep_on_server
from data.pool import Merchant
from serving.keeping.intake import Intake
from serving.keeping.taking_in import Taking, Telling
from serving.keeping.writer import Writer
from serving.web.schema import EventIn
from tests.helpers.histories import T0

_THREADS = 8  # so many wait at once, and are taken in together
N_ORDERS = 40
TYPES = ("dispatched", "out_for_delivery", "attempt_failed", "rto_started", "delivered")


def news(number: int, key: str = "") -> Telling:
    """What number says, always the same, as the API has it taken in."""
    happened = T0 + DAY + number
    asked = EventIn(
        merchant_id="m1", order_id=f"o{number % N_ORDERS}", source="courier", event_id=f"e{number}{key}",
        type=TYPES[number % len(TYPES)], happened_at=datetime.fromtimestamp(0, UTC) + timedelta(microseconds=happened),
    )  # fmt: skip
    return Telling(Taking(Intake(b""), Merchant("m1"), happened + DAY, None), asked)


def tell(writer: Writer, first: int, key: str, lock: threading.Lock) -> None:
    """first, first + _THREADS, ...: each acknowledged before the next."""
    number = first
    while True:
        try:
            status, _ = writer.submit(news(number, key)).result()
        except Exception:  # noqa: BLE001 - whoever reads sees the end
            os._exit(1)
        assert status in (200, 201)
        with lock:
            os.write(1, f"{number}\n".encode())  # in one piece: a kill must not leave half a line
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


def fork(database: str, kind: str, first: str, url: str | None = None) -> None:
    """Tell in a process of its own; returns when it has ended."""
    process = os.fork()
    if process == 0:
        print(f"pid {os.getpid()}", flush=True)
        main(Path(database), kind, int(first), url)
    os.waitpid(process, 0)
    print("ended", flush=True)


if __name__ == "__main__":
    for line in sys.stdin:
        fork(*line.rstrip("\n").split("\t"))
