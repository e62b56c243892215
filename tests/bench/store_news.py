"""News made durable, through the path of the service: what is asked of it is parsed, then the writer's job, as `/v1/events`
and `/v1/orders` make it, is acknowledged after its commit. The HTTP part is measured by itself.
"""

import asyncio
import gc
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np

from data.contract import SECOND
from data.keeping.database import Connection, open_database, scalar
from data.pool import Merchant, Pool
from serving.api import Api
from serving.keeping.intake import Intake
from serving.keeping.taking_in import Placing, Taking, Telling
from serving.keeping.writer import Busy, Writer
from serving.settings import SWITCH_S
from serving.web.schema import EventIn, PlaceIn
from tests.bench.store_history import ENDS, HOT
from tests.helpers.installation import SetClock

WAITING = 64
"""So many wait for their acknowledgement at all times, where as much is told as can be."""
_TYPES = ("dispatched", "out_for_delivery", "attempt_failed", "delivered", "rto_started")
Job = Callable[[Connection], Any]


def events(pool: Pool, n: int, seed: int, run: str) -> list[dict[str, Any]]:
    """News of orders that are still out: half of it of one shop. run: makes event ids of their own."""
    rng = np.random.default_rng(seed)
    with closing(open_database(pool.database, read_only=True)) as connection:
        sql = (
            "SELECT merchant_id, order_id FROM orders WHERE placed_at > ? ORDER BY merchant_id <> ?, placed_at LIMIT ?"
        )
        rows = connection.execute(sql, (ENDS - 70 * 86_400 * SECOND, HOT, 20_000)).fetchall()
    chosen = rng.integers(0, len(rows), n)
    kind = rng.choice(len(_TYPES), n, p=(0.25, 0.25, 0.1, 0.3, 0.1)).tolist()
    happened = datetime.fromtimestamp(ENDS / SECOND, UTC).isoformat()
    return [
        {"merchant_id": rows[row][0], "order_id": rows[row][1], "event_id": f"{run}-{i}", "source": "courier",
         "type": _TYPES[kind[i]], "happened_at": happened}
        for i, row in enumerate(chosen.tolist())
    ]  # fmt: skip


def placed(_: Pool, n: int, seed: int, run: str) -> list[dict[str, Any]]:
    """Orders as a checkout sends them."""
    rng = np.random.default_rng(seed)
    moment = datetime.fromtimestamp(ENDS / SECOND, UTC).isoformat()
    return [{"merchant_id": HOT if rng.random() < 0.5 else f"shop-{rng.integers(0, 40)}", "order": {
        "order_id": f"{run}-{i}", "placed_at": moment, "channel": "web", "currency": "INR", "payment_method": "cod",
        "amount_minor": int(rng.integers(30_000, 300_000)),
        "line_items": [{"sku": f"sku-{rng.integers(0, 3_000)}", "quantity": 1, "price_minor": 50_000}],
        "customer": {"phone": f"+9190000{rng.integers(10_000, 99_999)}", "email": f"b{rng.integers(0, 90_000)}@example.com"},
        "shipping_address": {"line1": f"{rng.integers(1, 999)} MG Road, near temple", "city": "Patna", "state": "Bihar",
                             "pincode": "800001", "country": "IN"},
    }} for i in range(n)]  # fmt: skip


def jobs(pool: Pool, asked: list[dict[str, Any]]) -> Iterator[Job]:
    """The writer's work for each, as the API makes it."""
    intake, now = Intake(pool.token_key()), ENDS
    for one in asked:
        taking = Taking(intake, Merchant(one["merchant_id"]), now, None)
        if "order" in one:
            yield Placing(taking, PlaceIn.model_validate(one, strict=False))
        else:
            yield Telling(taking, EventIn.model_validate(one, strict=False))


@dataclass(frozen=True)
class Spoken:
    """How news was taken in. ack: (n,) seconds from told to acknowledged.  cpu: seconds of this process."""

    seconds: float
    cpu: float
    ack: np.ndarray

    def row(self) -> dict[str, float]:
        p50, p99 = np.quantile(self.ack * 1000, (0.5, 0.99))
        n = len(self.ack)
        return {
            "n": n,
            "per_second": n / self.seconds,
            "ack_p50_ms": p50,
            "ack_p99_ms": p99,
            "cpu_ms": 1000 * self.cpu / n,
        }


def told(writer: Writer, work: list[Job], per_second: float | None = None, seed: int = 7) -> Spoken:
    """Tell it all: as fast as it is taken in with WAITING at a time, or at random moments, so many a second.

    As in the service, garbage is looked for seldom, and a thread gives up the interpreter soon.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)
    room, ack, began = threading.Semaphore(WAITING), deque[float](), time.perf_counter()
    spent, due = time.process_time(), began
    gaps = (
        np.random.default_rng(seed).exponential(1 / per_second, len(work)).tolist() if per_second else [0.0] * len(work)
    )
    for job, gap in zip(work, gaps, strict=True):
        due += gap
        if per_second is None:
            room.acquire()
            due = time.perf_counter()
        elif (ahead := due - time.perf_counter()) > 0:
            time.sleep(ahead)

        def done(future: Any, told_at: float = due) -> None:
            future.result()
            ack.append(time.perf_counter() - told_at)
            room.release()

        _submitted(writer, job).add_done_callback(done)
    _submitted(writer, lambda connection: None).result()
    return Spoken(time.perf_counter() - began, time.process_time() - spent, np.array(ack))


def _submitted(writer: Writer, job: Job) -> "Future[Any]":
    """Its future. Where too many wait it is told again, as a caller would after a 503; its clock goes on."""
    while True:
        try:
            return writer.submit(job)
        except Busy:
            time.sleep(0.005)


def lag(pool: Pool, asked: list[dict[str, Any]]) -> float:
    """Seconds from an acknowledgement until another connection reads the news, at most: it is asked right after each."""
    worst = 0.0
    with closing(Writer(lambda: open_database(pool.database))) as writer, closing(open_database(pool.database, read_only=True)) as reader:  # fmt: skip
        sql = "SELECT COUNT(*) FROM news WHERE merchant_id = ? AND source = 'courier' AND event_id = ?"
        for one, job in zip(asked, jobs(pool, asked), strict=True):
            writer.submit(job).result()
            acknowledged, ids = time.perf_counter(), (one["merchant_id"], one["event_id"])
            while not scalar(reader, sql, ids):
                worst = max(worst, time.perf_counter() - acknowledged)
    return worst


def over_http(pool: Pool, asked: list[dict[str, Any]]) -> Spoken:
    """The same news as requests to the API in this process, WAITING at a time."""
    api = Api(pool.home, SetClock(ENDS), on_loopback=True, per_second=0)
    ack: list[float] = []

    async def run() -> None:
        todo = iter(asked)
        transport = httpx.ASGITransport(api.app(), client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

            async def one_after_the_other() -> None:
                for one in todo:
                    began = time.perf_counter()
                    (await client.post("/v1/events", json=one)).raise_for_status()
                    ack.append(time.perf_counter() - began)

            await asyncio.gather(*(one_after_the_other() for _ in range(WAITING)))

    began, spent = time.perf_counter(), time.process_time()
    asyncio.run(run())
    took = Spoken(time.perf_counter() - began, time.process_time() - spent, np.array(ack))
    api.desks.close()
    return took
