"""What `make bench-endurance` looks at while it runs: memory and open files of a service, and what callers of it see."""

import os
import secrets
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving.client import Client, RtoRiskError
from serving.clock import Clock
from serving.web.http import rfc3339
from tests.bench.service_orders import Orders
from tests.bench.service_target import Target

CALLERS = 4


@dataclass(slots=True)
class Seen:
    """What callers saw, from any thread. rungs: answers by rung.  acknowledged: ids of news.  raised: what a score raised,
    which it never should.  name: of this scene, in the ids of its news."""

    name: str = field(default_factory=lambda: secrets.token_hex(4))
    rungs: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)
    late_ms: list[float] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)


@contextmanager
def sampled(target: Target, into: list[tuple[float, float, int]]) -> Iterator[None]:
    """(seconds since the start, MiB resident, open files) of the service's processes, every half second."""
    ended, began = threading.Event(), time.monotonic()

    def look() -> None:
        while not ended.wait(0.5):
            found = [_of_process(pid) for pid in _tree(target.process.pid)]
            into.append((time.monotonic() - began, sum(m for m, _ in found), sum(n for _, n in found)))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def kill_all_of(target: Target) -> None:
    """End every process of a service at once, and wait until nobody listens: a worker would live on for a moment."""
    for pid in _tree(target.process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", target.port), 1).close()
        except OSError:
            return
        time.sleep(0.02)


def _tree(root: int) -> list[int]:
    """The process and all that came of it."""
    children = dict[int, list[int]]()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _of_process(pid: int) -> tuple[float, int]:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20, len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0.0, 0  # it ended meanwhile


@contextmanager
def asked_all_along(orders: Orders, ports: Sequence[int], seen: Seen) -> Iterator[None]:
    """Callers that score, and tell news until it is acknowledged, for as long as this lasts."""
    ended = threading.Event()
    threads = [threading.Thread(target=_call, args=(orders, ports, seen, ended, i)) for i in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _call(orders: Orders, ports: Sequence[int], seen: Seen, ended: threading.Event, caller: int) -> None:
    at = [f"http://127.0.0.1:{port}" for port in ports]
    shops = {m: Client(at, merchant_id=m, key=key) for m, key in orders.keys.items()}
    turn = 0
    while not ended.is_set():
        merchant, order = orders.asked[(turn * CALLERS + caller) % len(orders.asked)]
        began = time.perf_counter()
        try:
            said: Any = shops[merchant].score(order)
        except Exception as error:  # noqa: BLE001 - told in the table
            seen.raised.append(type(error).__name__)
            continue
        seen.late_ms.append((time.perf_counter() - began) * 1000)
        seen.rungs[said["rung"]] += 1
        if said["rung"] == "client":
            seen.causes[said["warnings"][0]["text"].removeprefix("0 ")] += 1
        if turn % 5 == 0:
            _tell(shops[merchant], f"{seen.name}-{caller}-{turn}", seen, ended)
        turn += 1
        ended.wait(0.02)


def _tell(shop: Client, event_id: str, seen: Seen, ended: threading.Event) -> None:
    """News of an order nobody placed: it is kept, and waits. Told again until it is acknowledged, as a courier would."""
    while not ended.is_set():
        try:
            shop.event(event_id, f"order-{event_id}", "dispatched", rfc3339(Clock().now() - 10**6), source="endurance")
        except (RtoRiskError, OSError):
            ended.wait(0.05)
        else:
            seen.acknowledged.add(event_id)
            return
