"""`make bench-endurance`: the service for long, and through what ends it: a soak, SIGTERMs, kills, models swapped under load.

A real `rto serve` on an installation made here, real HTTP from our own client in threads, real signals. The soak looks for
slopes of memory, open files and late answers over time. Around each SIGTERM every request is either answered by the service
or told by the client's own default; news is told again until it is acknowledged, and is counted in the ledger at the end.
Prints a table and writes tests/bench/results/endurance-DATE.json; `--write` refreshes docs/endurance.md. Nothing is asserted.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing, nullcontext
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import theilslopes

from data.console import table
from data.keeping.database import open_database
from data.pool import open_pool, replace_text
from serving.client import Client
from tests.bench import service_target
from tests.bench.endurance_watch import Seen, asked_all_along, kill_all_of, sampled
from tests.bench.journey import rto
from tests.bench.service_orders import POOL, asked_of, installed
from tests.bench.service_run import Generator, latency_ms
from tests.bench.service_target import ROOT, Target
from tests.helpers.servers import kept_on, started
from training.bundle import read_bundle, rewrite_calibrator, signing_key

Rows = list[tuple[str, str, str]]
HEADERS = ("", "measured", "wanted")
WINDOW_S = 15.0
CACHE_FULL = 9_000
"""Decisions after which the writer's page cache (64 MiB) is full: until then memory grows as it should."""
PAGE = ROOT / "docs" / "endurance.md"
_HEAD = "<!-- written by make bench-endurance -->"


def soak(folder: Path, home: Path, seconds: float, rate: float) -> Rows:
    """A fixed rate for long, with memory and open files looked at twice a second."""
    orders, warm = asked_of(home), WINDOW_S * np.ceil(CACHE_FULL / rate / WINDOW_S)
    with service_target.ours(folder, home, patient=False) as target:
        windows = round((seconds + warm) / WINDOW_S)
        samples = list[tuple[float, float, int]]()
        with sampled(target, samples):
            run = Generator(folder).run(target, orders.requests("/v1/score"), [(rate, windows * WINDOW_S)], 64)
    settled = [one for one in samples if one[0] >= warm]
    per_minute = [_slope([t / 60 for t, *_ in settled], [one[i] for one in settled]) for i in (1, 2)]
    window, phases = run.records["due"] // WINDOW_S, range(round(warm / WINDOW_S), windows)
    p99 = [float(np.percentile(latency_ms(run.records[window == phase]), 99)) for phase in phases]
    late = _slope([phase * WINDOW_S / 60 for phase in phases], p99)
    statuses = Counter(run.records["status"].tolist())
    full = float((run.records["rung"] == b"full").mean())
    return [
        (f"answered 200 of {len(run.records):,} asked at {rate:.0f}/s for {windows * WINDOW_S / 60:.0f} min", f"{statuses[200]:,}", "all"),
        ("of them from the full rung", f"{full:.2%}", "100 %"),
        ("memory, MiB a minute", _told(per_minute[0]), "0 within the interval"),
        ("open files, a minute", _told(per_minute[1]), "0 within the interval"),
        ("p99 of a quarter of a minute, ms a minute", _told(late), "0 within the interval"),
        ("memory at the start and the end, MiB", f"{settled[0][1]:.0f}, {settled[-1][1]:.0f}", ""),
        ("p99, ms", f"{np.percentile(latency_ms(run.records), 99):.1f}", "<= 20"),
    ]  # fmt: skip


def _slope(at: list[float], values: list[float]) -> tuple[float, float, float]:
    """Theil and Sen's slope with its 95 % interval: one odd moment moves it little."""
    thinned = slice(None, None, max(1, len(at) // 400))
    found = theilslopes(values[thinned], at[thinned], alpha=0.95)
    return float(found.slope), float(found.low_slope), float(found.high_slope)


def _told(slope: tuple[float, float, float]) -> str:
    return f"{slope[0]:+.3f} ({slope[1]:+.3f} to {slope[2]:+.3f})"


def terms(folder: Path, home: Path, times: int) -> Rows:
    """SIGTERM under load, and a start on the same port, so many times."""
    orders, seen, codes, took = asked_of(home), Seen(), Counter[int](), list[float]()
    with service_target.ours(folder, home, patient=False) as first:
        pass
    port = first.port
    with asked_all_along(orders, [port], seen):
        for _ in range(times):
            with service_target.ours(folder, home, patient=False, port=port) as target:
                time.sleep(3.0)
                began = time.monotonic()
                target.process.send_signal(signal.SIGTERM)
                codes[target.process.wait(30)] += 1
                took.append(time.monotonic() - began)
    kept = _kept(home)
    return [
        (f"ended with status 0, of {times} SIGTERMs", f"{codes[0]}", "all"),
        ("seconds from SIGTERM to the end, most", f"{max(took):.1f}", "<= 10"),
        ("scores asked for", f"{seen.rungs.total():,}", ""),
        ("raised in the checkout's face", f"{len(seen.raised):,}", "0"),
        ("answered by the client while nothing listened", _causes(seen), ""),
        ("longest wait of a checkout, ms", f"{max(seen.late_ms):.0f}", "<= 300 and its own time"),
        (f"news acknowledged {len(seen.acknowledged):,}, of them kept", f"{len(seen.acknowledged & kept):,}", "all"),
    ]


def _causes(seen: Seen) -> str:
    return f"{seen.rungs['client']:,}: " + (", ".join(f"{n:,} {why}" for why, n in seen.causes.most_common()) or "none")


def _kept(home: Path) -> set[str]:
    """Event ids of ours in the ledger."""
    with closing(open_database(open_pool(home, POOL).database, read_only=True)) as connection:
        sql = "SELECT event_id FROM news WHERE source = 'endurance'"
        return {str(row[0]) for row in connection.execute(sql)}


def kills(folder: Path, home: Path, times: int) -> Rows:
    """Two replicas on one PostgreSQL, one of them killed with -9 and started again under load, so many times."""
    with started() as server, kept_on(server) as url:
        os.environ["RTO_DATABASE_URL"] = url  # for the commands and the replicas
        try:
            rto(home, "state", "rebuild")
            return _killed(folder, home, times)
        finally:
            del os.environ["RTO_DATABASE_URL"]


def _killed(folder: Path, home: Path, times: int) -> Rows:
    orders, seen = asked_of(home), Seen()
    ports = [service_target.free_port() for _ in range(2)]

    def replica(at: int, stack: ExitStack) -> Target:
        return stack.enter_context(service_target.ours(folder, home, patient=False, port=ports[at]))

    with ExitStack() as first, ExitStack() as second:
        stacks = [first, second]
        running = [replica(at, stack) for at, stack in enumerate(stacks)]
        with asked_all_along(orders, ports, seen):
            for turn in range(times):
                at = turn % 2
                kill_all_of(running[at])
                running[at].process.wait(30)
                stacks[at].close()
                running[at] = replica(at, stacks[at])
                time.sleep(1.0)
    kept = _kept(home)
    return [
        (f"scores asked for around {times} kills", f"{seen.rungs.total():,}", ""),
        ("raised in the checkout's face", f"{len(seen.raised):,}", "0"),
        ("not answered by a replica", _causes(seen), "0"),
        ("of the others, from the full rung", f"{seen.rungs['full'] / max(1, seen.rungs.total()):.2%}", ""),
        ("longest wait of a checkout, ms", f"{max(seen.late_ms):.0f}", "<= 300 and its own time"),
        (f"news acknowledged {len(seen.acknowledged):,}, of them kept", f"{len(seen.acknowledged & kept):,}", "all"),
    ]


def swaps(folder: Path, home: Path, times: int) -> Rows:
    """Another champion under load, so many times."""
    orders, seen, pool = asked_of(home), Seen(), open_pool(home, POOL)
    first, second = pool.champion.read_text().strip(), "2-endurance"
    key = signing_key(home)
    shutil.rmtree(pool.bundles / second, ignore_errors=True)
    calibrator = read_bundle(pool.bundles / first, key.public_key()).calibrator
    rewrite_calibrator(pool.bundles / first, pool.bundles / second, calibrator, {"name": "endurance"}, key)
    names = list[str]()
    with service_target.ours(folder, home, patient=False) as target, asked_all_along(orders, [target.port], seen):
        merchant, order = orders.asked[0]
        shop = Client(
            f"http://127.0.0.1:{target.port}", merchant_id=merchant, key=orders.keys[merchant], score_timeout_s=5
        )
        names.append(_until(shop, order, ""))
        for turn in range(times):
            replace_text(pool.champion, f"{first if turn % 2 else second}\n")
            names.append(_until(shop, order, names[-1]))
    replace_text(pool.champion, f"{first}\n")
    swapped = sum(a != b for a, b in pairwise(names))
    return [
        (f"champions published {times:,}, served", f"{swapped:,}", "all"),
        ("scores asked for meanwhile", f"{seen.rungs.total():,}", ""),
        ("not answered by the service", f"{seen.rungs['client']:,}", "0"),
        ("of the others, from the full rung", f"{seen.rungs['full'] / max(1, seen.rungs.total()):.2%}", "100 %"),
        ("p99 of a checkout, ms", f"{np.percentile(seen.late_ms, 99):.1f}", ""),
    ]


def _until(shop: Client, order: Any, before: str) -> str:
    """The name of the model that answers, once it is another than before, for ten seconds."""
    end, name = time.monotonic() + 10, before
    while name in ("", before) and time.monotonic() < end:
        model: Any = shop.score(order)["model"]
        name = model["name"] if model else before
        time.sleep(0.02)
    return name


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.endurance", description=__doc__)
    parser.add_argument("--orders", type=int, default=40_000, help="of the market that is imported")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the soak")
    parser.add_argument("--rate", type=float, default=100.0, help="of the soak, a second")
    parser.add_argument("--terms", type=int, default=20, help="SIGTERMs")
    parser.add_argument("--kills", type=int, default=30, help="-9, of one of two replicas on PostgreSQL")
    parser.add_argument("--swaps", type=int, default=100, help="of the champion")
    parser.add_argument("--keep", type=Path, help="a folder for the installation; used again if it is there")
    parser.add_argument("--write", action="store_true", help="refresh docs/endurance.md")
    asked = parser.parse_args()
    scenes: dict[str, Callable[[Path, Path], Rows]] = {
        "A soak": lambda folder, home: soak(folder, home, asked.minutes * 60, asked.rate),
        "SIGTERM under load": lambda folder, home: terms(folder, home, asked.terms),
        "Another model under load": lambda folder, home: swaps(folder, home, asked.swaps),
        "A replica killed under load": lambda folder, home: kills(folder, home, asked.kills),
    }
    wanted = {
        "A soak": asked.minutes,
        "SIGTERM under load": asked.terms,
        "Another model under load": asked.swaps,
        "A replica killed under load": asked.kills,
    }
    about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": platform.machine(), "cores": os.cpu_count(),
             "python": platform.python_version(), "orders": asked.orders, "load": round(os.getloadavg()[0], 1)}  # fmt: skip
    found = dict[str, Rows]()
    with (
        tempfile.TemporaryDirectory() as folder,
        nullcontext(asked.keep) if asked.keep else tempfile.TemporaryDirectory() as home,
    ):
        installed(Path(home), asked.orders)
        for name, scene in scenes.items():
            if wanted[name]:
                print(f"  {name.lower()}", file=sys.stderr, flush=True)
                found[name] = scene(Path(folder), Path(home))
                table((name, *HEADERS[1:]), found[name])
                print()
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / f"endurance-{about['at'][:19].replace(':', '')}.json").write_text(
        json.dumps({"about": about, "rows": found}, indent=1)
    )
    if asked.write:
        PAGE.write_text(page(about, found), encoding="utf-8")


def page(about: dict[str, Any], found: dict[str, Rows]) -> str:
    """docs/endurance.md."""
    said = f"{about['at'][:10]}, {about['machine']}, {about['cores']} cores, Python {about['python']}, load {about['load']} before"
    parts = [
        "# The service for long",
        "",
        (__doc__ or "").split("\n\n")[1].replace("\n", " "),
        "",
        _HEAD,
        f"{said}; a market of {about['orders']:,} orders.",
    ]
    for name, rows in found.items():
        parts += [
            "",
            f"## {name}",
            "",
            f"| {' | '.join(HEADERS)} |",
            "| --- | --: | --- |",
            *(f"| {' | '.join(row)} |" for row in rows),
        ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
