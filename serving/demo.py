"""`rto demo`: the main job on a made-up market, start to finish, each step as the command you would type."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from data.commands import show_checks
from data.console import Session, emit, progress
from data.contract import DAY, SECOND
from data.errors import CheckFailed, UsageError
from data.imports.importing import Request, import_files
from data.options import JSON
from data.pool import Pool
from serving.clock import Clock
from serving.commands.serve_commands import bring_up_to_date, start_service, stop_service
from serving.demo_orders import buyer, order, post, rfc3339, show_answer

POOL = "demo"
_MARK = "made-by-rto-demo"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo works, and when."""

    session: Session
    orders: int
    seed: int
    now: int

    @property
    def market(self) -> Path:
        return self.session.home / "market"

    @property
    def pool(self) -> Pool:
        return Pool(self.session.home, POOL)


@click.command("demo", epilog="Example: rto demo --keep")
@click.option("--orders", default=40_000, show_default=True, help="Size of the made-up market.")
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same market.")
@click.option("--port", default=0, help="Where the service listens; default: a free port.")
@click.option("--keep", is_flag=True, help="Leave the service running at the end.")
@JSON
@click.pass_obj
def demo_command(session: Session, orders: int, seed: int, port: int, keep: bool, as_json: bool) -> None:
    """The main job on a made-up market: import, check, train, promote, serve, score, learn, report."""
    started = time.monotonic()
    home = session.home / "demo"
    with redirect_stdout(sys.stderr if as_json else sys.stdout):  # with --json the steps are for whoever watches
        page = _all_steps(session, home, (orders, seed, port, keep), started)
    if as_json:
        emit({"home": str(home), "report": str(page), "orders": orders, "seed": seed}, True, lambda _: None)


def _all_steps(session: Session, home: Path, wanted: tuple[int, int, int, bool], started: float) -> Path:
    orders, seed, port, keep = wanted
    _fresh(home)
    stage = Stage(Session(home, home / "mlruns"), orders, seed, Clock().now())
    _simulate(stage)
    _import(stage)
    _train(stage)
    with _service(stage, port or _free_port(), keep) as url:
        _score_three(stage, url)
        _learn(stage, url)
    page = _report(stage)
    print(f"\nDone in {time.monotonic() - started:.0f} s. This market is made up: its figures are nobody's shop.")
    print(f"""
  the report        {page}
  the model card    {stage.session.mlruns}/artifacts (RTO_MLRUNS={stage.session.mlruns} rto runs)
  the service       RTO_HOME={home} rto serve     then POST /v1/score, /v1/orders, /v1/events
  your own orders   README, section "Your own orders": rto import FILE --mapping M && rto train""")
    return page


def _fresh(home: Path) -> None:
    if home.exists() and not (home / _MARK).exists():
        to_do = "move it away, or set RTO_HOME to another folder"
        raise UsageError("DEMO001", str(home), got="a folder the demo did not make", expected="none", to_do=to_do)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / _MARK).touch()


def _step(command: str) -> None:
    print(f"\n$ {command}", flush=True)


def _simulate(stage: Stage) -> None:
    from data.world.presets import preset_named
    from data.world.simulate import simulate
    from data.world.write import write_world

    day = datetime.fromtimestamp(stage.now / SECOND, UTC).date()
    _step(f"rto simulate --preset demo --orders {stage.orders} --seed {stage.seed} --until {day} --out {stage.market}")
    until = stage.now // DAY * DAY
    with progress() as tell:
        world = simulate(preset_named("demo"), stage.orders, stage.seed, until, lambda d, n: tell("simulate", d, n))
        write_world(world, stage.market)
    print(f"{world.orders.num_rows:,} order lines and {world.news.num_rows:,} pieces of news of three made-up shops")


def _import(stage: Stage) -> None:
    files = [stage.market / "orders.parquet", stage.market / "news.parquet"]
    _step(f"rto import {files[0]} {files[1]} --mapping native --pool {POOL}")
    with progress() as tell:
        summary = import_files(stage.session.home, Request(files, "native", None, POOL, None, False), tell)
    print(
        f"{summary['n_orders']:,} orders, {summary['n_news']:,} pieces of news; refused: {summary['refused'] or 'none'}"
    )
    show_checks(summary["checks"])


def _train(stage: Stage) -> None:
    from training.commands import show_run
    from training.plan import Plan
    from training.release import promote, train_pool
    from training.tracking import Tracker

    _step("rto train")
    with progress() as tell:
        show_run(train_pool(stage.pool, stage.session.mlruns, Plan(), None, tell))
    _step("rto promote challenger")
    print(promote(stage.pool, Tracker(stage.session.mlruns), "challenger", if_better=False, dry_run=False)["published"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def _service(stage: Stage, port: int, keep: bool) -> Iterator[str]:
    _step(f"rto serve --port {port} &")
    bring_up_to_date(stage.session.home)
    log, url = stage.session.home / "service.log", f"http://127.0.0.1:{port}"
    process, ready = start_service(stage.session, port, log), False
    try:
        _wait(process, url, log)
        ready = True
        print(f"ready at {url}")
        yield url
        if keep:
            print(f"\nthe service goes on as process {process.pid}; stop it with: kill {process.pid}")
    finally:
        if not (keep and ready):
            stop_service(process)


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    for _ in range(1_800):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise CheckFailed(
        "DEMO002", "the service", got="it did not become ready", expected="ready in 3 minutes", to_do=f"see {log}"
    )


def _score_three(stage: Stage, url: str) -> None:
    good, bad = buyer(stage.market, "delivered"), buyer(stage.market, "rto_started")
    stranger = (
        good
        | dict.fromkeys(("customer_id", "email", "device_id", "ip"))
        | {
            "phone": "+919999900001",
            "name": "Zxcv Qwrt",
            "line1": "asdfgh jkl",
            "line2": None,
            "landmark": None,
        }
    )
    for who, row in (
        ("a buyer whose parcels arrive", good),
        ("a buyer who sent parcels back", bad),
        ("a stranger with a gibberish address", stranger),
    ):
        body = {"merchant_id": row["merchant_id"], "order": order(row, Clock().now(), None)}
        _step(f"curl --json @order.json {url}/v1/score      # {who}")
        show_answer(post(f"{url}/v1/score", body))


def _learn(stage: Stage, url: str) -> None:
    row = buyer(stage.market, "delivered") | {
        "phone": "+919999900002",
        "line1": "14 Park Lane",
        "email": None,
        "device_id": None,
        "customer_id": None,
    }
    merchant = row["merchant_id"]
    ask = {"merchant_id": merchant, "order": order(row, Clock().now(), None)}
    _step("a new buyer refused two parcels, ordered 24 and 12 days ago, and asks again today")
    before, now = post(f"{url}/v1/score", ask)["risk"]["p_rto"], Clock().now()
    for order_id, ago in (("demo-1", 24), ("demo-2", 12)):
        post(f"{url}/v1/orders", {"merchant_id": merchant, "order": order(row, now - ago * DAY, order_id)})
        for kind, later in (("dispatched", 1), ("rto_started", 8)):
            told = {"merchant_id": merchant, "event_id": f"{order_id}-{kind}", "order_id": order_id, "type": kind}
            why = {"reason": "refused", "source": "courier"} if kind == "rto_started" else {}
            post(f"{url}/v1/events", told | why | {"happened_at": rfc3339(now - (ago - later) * DAY)})
    after = post(f"{url}/v1/score", ask)["risk"]["p_rto"]
    print(f"risk of the same order before the outcomes {before:.1%}, after they were told {after:.1%}")


def _report(stage: Stage) -> Path:
    from serving.desk import Desk
    from serving.page import Period, make_report
    from serving.reports import render
    from training.bundle import signing_key

    merchant = sorted(stage.pool.merchants())[0]
    page = stage.session.home / "report.html"
    _step(f"rto report --merchant {merchant} --out {page}")
    clock = Clock()
    desk = Desk(stage.pool, signing_key(stage.session.home).public_key(), clock)
    try:
        report = make_report(stage.pool, desk.merchants[merchant], desk.bundle(), clock.now(), Period())
        page.write_text(render(report), encoding="utf-8")
    finally:
        desk.close()
    print(f"{page.stat().st_size:,} bytes, one page, no network")
    return page
