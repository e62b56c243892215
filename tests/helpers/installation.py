"""A whole installation, made once for all tests: a market imported, a model trained and promoted, the state built."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import uvicorn

from data.console import Session
from data.contract import DAY, SECOND
from data.imports.importing import Request, import_files
from data.keeping.database import Connection, open_database
from data.keeping.moving import to_server
from data.pool import Pool
from data.world.presets import preset_named
from data.world.simulate import simulate
from data.world.write import TRUTH_DIR, write_world
from features.rebuild import rebuild
from serving.api import Api
from serving.clock import Clock
from serving.commands.serve_commands import start_service, stop_service
from tests.helpers.markets import QUICK_PLAN
from tests.helpers.opened import watched
from training.release import promote, train_pool
from training.tracking import Tracker

POOL = "demo"
SHOP, OTHER_SHOP = "asha-fashion", "volt-gadgets"
ENDS = 1_760_000_000 * SECOND // DAY * DAY
"""The market's last moment."""
NOW = ENDS + DAY
PATIENT_S = 60.0


def silent(*_: Any) -> None:
    """Progress nobody looks at."""


class SetClock(Clock):
    """A clock that stands where it is put, but for a microsecond at each look."""

    def __init__(self, at: int = NOW) -> None:
        super().__init__()
        self.at = at

    def now(self) -> int:
        self.at += 1
        return self.at


class HurriedClock(SetClock):
    """A clock for which ten seconds pass between two looks at it: whatever is looked at now and then is looked at."""

    _looked = 0.0

    def monotonic(self) -> float:
        self._looked += 10.0
        return self._looked


@dataclass(frozen=True)
class Installation:
    """A home folder with one pool of three shops."""

    home: Path

    @property
    def pool(self) -> Pool:
        return Pool(self.home, POOL)

    @property
    def market(self) -> Path:
        return self.home / "market"

    @property
    def mlruns(self) -> Path:
        return self.home / "mlruns"

    @property
    def session(self) -> Session:
        return Session(self.home, self.mlruns)

    @property
    def peeked(self) -> Path:
        """A file that names what import and training opened of the truth."""
        return self.home / "peeked.txt"

    def copy(self, to: Path) -> "Installation":
        """The same again, to write into."""
        shutil.copytree(self.home, to)
        return Installation(to)

    @contextmanager
    def database(self, *, read_only: bool = True) -> Iterator[Connection]:
        connection = open_database(self.pool.database, read_only=read_only)
        try:
            yield connection
        finally:
            connection.close()

    def rebuild(self) -> None:
        with self.database(read_only=False) as connection:
            rebuild(connection, self.pool, silent)

    def orders(self) -> pa.Table:
        """The market's order lines as told, personal values and all."""
        return pq.read_table(self.market / "orders.parquet")

    def news(self) -> pa.Table:
        return pq.read_table(self.market / "news.parquet")


def moved(own: Installation) -> Installation:
    """The pool's file onto the server."""
    with own.database(read_only=False) as connection:
        to_server(own.pool.database, connection)  # type: ignore[arg-type]
    own.pool.database.unlink()
    return own


@cache
def built(folder: Path) -> Installation:
    """The installation under `folder`, made at the first call. Nobody writes to it: `copy` it."""
    made = Installation(folder / "home")
    write_world(simulate(preset_named("demo"), 4_000, 7, ENDS, silent), made.market)
    files = [made.market / "orders.parquet", made.market / "news.parquet"]
    with watched(made.market / TRUTH_DIR) as opened:
        import_files(made.home, Request(files, "native", None, POOL, None, False), silent)
        train_pool(made.pool, made.mlruns, QUICK_PLAN, None, silent)
    made.peeked.write_text("\n".join(opened))
    promote(made.pool, Tracker(made.mlruns), "challenger", if_better=False, dry_run=False)
    made.rebuild()
    return made


@contextmanager
def served(made: Installation, clock: Clock | None = None) -> Iterator[httpx.Client]:
    """The app over real sockets on a free loopback port, and a client of it."""
    with running(Api(made.home, clock or SetClock(), on_loopback=True, log_patience_s=PATIENT_S)) as client:
        yield client


@contextmanager
def running(api: Api) -> Iterator[httpx.Client]:
    """The same of an app made by the test."""
    config = uvicorn.Config(api.app(), host="127.0.0.1", port=0, log_config=None, lifespan="on", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENT_S, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        api.access.connection.close()


@dataclass(frozen=True)
class Process:
    """The real `bentoml serve` process, and what it wrote."""

    client: httpx.Client
    log: Path
    running: "subprocess.Popen[bytes]"


@contextmanager
def served_by_bentoml(made: Installation) -> Iterator[Process]:
    """The service as `rto serve` starts it."""
    log, port = made.home / "service.log", free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTO_DEADLINE_MS", "60000")  # a busy test machine is no slow store
        running = start_service(made.session, port, log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENT_S, trust_env=False) as client:
            wait_for(lambda: running.poll() is not None or _answers(client), 180)
            assert running.poll() is None, log.read_text()
            yield Process(client, log, running)
    finally:
        stop_service(running)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/livez").status_code == 200
    except httpx.TransportError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(happened: Callable[[], bool], patience_s: float = PATIENT_S) -> None:
    """Until it happened; fails loudly where it does not."""
    end = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def settled(log: Path) -> str:
    """The log once nothing more comes: a line may wait a twentieth of a second for others (`serving/web/log_lines.py`)."""
    sizes = [-1]

    def quiet() -> bool:
        time.sleep(0.15)
        sizes.append(log.stat().st_size)
        return sizes[-1] == sizes[-2]

    wait_for(quiet)
    return log.read_text()


def rfc3339(moment: int) -> str:
    return datetime.fromtimestamp(moment / SECOND, UTC).isoformat()


def an_order(**more: Any) -> dict[str, Any]:
    """A cash order of somebody nobody has seen."""
    order = {
        "placed_at": rfc3339(NOW - SECOND),
        "channel": "web",
        "currency": "INR",
        "amount_minor": 149_900,
        "discount_minor": 0,
        "shipping_fee_minor": 4_900,
        "payment_method": "cod",
        "line_items": [{"sku": "SHOE-9", "category": "footwear", "quantity": 1, "price_minor": 145_000}],
        "customer": {"phone": "+919000090001", "email": "asha.rao77@example.in", "name": "Asha Rao"},
        "shipping_address": {
            "line1": "12 MG Road", "landmark": "near bus stand", "city": "Patna", "state": "Bihar", "pincode": "800001",
        },
    }  # fmt: skip
    return order | more


def another_order(**more: Any) -> dict[str, Any]:
    """An order that shares nothing with `an_order`: another buyer, place and kind of goods."""
    apart = {
        "customer": {"phone": "+919000090002", "email": "vik@example.in", "name": "Vikram Iyer"},
        "shipping_address": {"line1": "4 Anna Salai", "city": "Chennai", "state": "Tamil Nadu", "pincode": "600002"},
        "line_items": [{"sku": "LAMP-2", "category": "lamps", "quantity": 1, "price_minor": 145_000}],
        "channel": "app",
    }
    return an_order(**apart, **more)


def ask(order: dict[str, Any], merchant_id: str = SHOP, **options: Any) -> dict[str, Any]:
    """A request to score an order."""
    return {"merchant_id": merchant_id, "order": order} | ({"options": options} if options else {})


def p_rto(client: httpx.Client, order: dict[str, Any], merchant_id: str = SHOP) -> float:
    answer = client.post("/v1/score", json=ask(order, merchant_id))
    assert answer.status_code == 200, answer.text
    risk: float = answer.json()["risk"]["p_rto"]
    return risk


def place(client: httpx.Client, order: dict[str, Any], merchant_id: str = SHOP) -> httpx.Response:
    return client.post("/v1/orders", json={"merchant_id": merchant_id, "order": order})


def tell(client: httpx.Client, order_id: str, kind: str, event_id: str = "", **more: Any) -> httpx.Response:
    """One piece of news about an order of SHOP."""
    news = {"merchant_id": SHOP, "event_id": event_id or f"{order_id}-{kind}", "order_id": order_id, "type": kind}
    return client.post("/v1/events", json=news | {"happened_at": rfc3339(NOW)} | more)


def request_of(lines: pa.Table) -> dict[str, Any]:
    """The request that asks about an order of the market: its lines as the market wrote them."""
    rows = lines.to_pylist()
    first = rows[0]
    goods = ("sku", "category", "quantity", "price_minor")
    same = ("channel", "currency", "amount_minor", "discount_minor", "shipping_fee_minor", "payment_method",
            "origin_pincode", "courier", "device_id", "ip", "campaign")  # fmt: skip
    where = ("line1", "line2", "landmark", "city", "district", "state", "pincode", "country")
    return {name: first[name] for name in same} | {
        "placed_at": first["placed_at"].isoformat(),
        "promised_at": first["promised_at"].isoformat(),
        "line_items": [{name: row[name] for name in goods} for row in rows],
        "customer": {name: first[name] for name in ("customer_id", "phone", "email", "name")},
        "shipping_address": {name: first[name] for name in where},
    }


def known_before(made: Installation, moment: int) -> None:
    """Rewrite an installation's history to what was known before a moment, and build the state from that."""
    for segment in made.pool.segments.iterdir():
        orders, news = pq.read_table(segment / "orders.parquet"), pq.read_table(segment / "news.parquet")
        pq.write_table(orders.filter(pc.less(orders["placed_at"], moment)), segment / "orders.parquet")
        pq.write_table(news.filter(pc.less(news["known_at"], moment)), segment / "news.parquet")
    made.rebuild()
