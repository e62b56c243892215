"""`make bench-service`: the service as its users run it, beside its floor and beside the usual stack, in one run.

Everything runs on this machine, traffic goes to 127.0.0.1 alone, each run of load ends by its own clock. The floor is the
same mount of BentoML echoing what it is sent (`service_echo.py`); the usual stack is FastAPI with SQL, pandas and XGBClassifier
(`service_usual.py`). Load comes from a small generator in C at a fixed rate, late by the moment a request was due
(`service_load.c`). Prints the table of goals, writes dated JSON; `--write` refreshes docs/service.md. Nothing is asserted.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data.console import table
from tests.bench import service_page, service_target
from tests.bench.service_orders import BATCH, SEED, Orders, asked_of, installed
from tests.bench.service_run import CONNECTIONS, FEW, Generator, Run, figures, joined, seconds_until_back
from tests.bench.service_target import ROOT, Target

ROUNDS, MANY, WARM_S, CALM = 2, 64, 2.0, 100.0
_LIBRARIES = ("bentoml", "starlette", "uvicorn", "fastapi", "xgboost", "pandas", "numpy")


@dataclass(frozen=True, slots=True)
class Loads:
    """Seconds of each load."""

    capacity: float
    steady: float
    peak: float
    overload: float
    batch: float

    @staticmethod
    def of(asked: argparse.Namespace) -> "Loads":
        if asked.long:
            return Loads(30, 600, 120, 60, 30)
        return Loads(asked.seconds, *(asked.seconds,) * 4)


@dataclass(frozen=True, slots=True)
class Bench:
    """A generator, the orders, and what runs."""

    generator: Generator
    orders: Orders
    loads: Loads
    ours: Target
    echo: Target
    usual: Target

    def capacities(self) -> dict[str, Run]:
        """As fast as each answers over a few connections; in turns, so that a bad minute is everybody's."""
        plain = self.orders.requests
        asked = {
            "echo": (self.echo, plain("/v1/score"), CONNECTIONS),
            "ours": (self.ours, plain("/v1/score"), CONNECTIONS),
            "ours, no reasons": (self.ours, plain("/v1/score", explain=0), CONNECTIONS),
            "usual": (self.usual, plain("/score", with_key=False), CONNECTIONS),
            "usual, reasons": (self.usual, plain("/reasons", with_key=False), CONNECTIONS),
            "echo, 4 connections": (self.echo, plain("/v1/score"), FEW),
            "ours, 4 connections": (self.ours, plain("/v1/score"), FEW),
            "usual, 4 connections": (self.usual, plain("/score", with_key=False), FEW),
        }
        for target, requests, connections in list(asked.values())[:5]:
            self.generator.run(target, requests, [(0, WARM_S)], connections)
        runs: dict[str, list[Run]] = {name: [] for name in asked}
        for turn in range(ROUNDS):
            for name in list(asked)[:: 1 - 2 * (turn % 2)]:
                _tell(f"{name}, as fast as it can")
                phases = [(0.0, self.loads.capacity / ROUNDS)]
                target, requests, connections = asked[name]
                runs[name].append(self.generator.run(target, requests, phases, connections))
        return {name: joined(own) for name, own in runs.items()}

    def at(self, rate: float, seconds: float, target: Target | None = None) -> Run:
        """Ours, or another, at a fixed rate."""
        asked = target or self.ours
        _tell(f"{asked.name}, {rate:.0f}/s")
        return self.generator.run(asked, self.orders.requests("/v1/score"), [(rate, seconds)], MANY)

    def overload(self, rate: float) -> Run:
        """Ours at more than it can, then at little."""
        _tell(f"ours, overload of {rate:.0f}/s")
        phases = [(rate, self.loads.overload), (CALM, 10.0)]
        return self.generator.run(self.ours, self.orders.requests("/v1/score"), phases, 4 * MANY)

    def batches(self) -> Run:
        _tell("ours, batches")
        return self.generator.run(self.ours, self.orders.batches(), [(0, self.loads.batch)], 2)


def _tell(what: str) -> None:
    print(f"  {what}", file=sys.stderr, flush=True)


def measured(bench: Bench) -> list[dict[str, Any]]:
    """A row for each load."""
    loads, rows = bench.loads, list[dict[str, Any]]()
    capacities = bench.capacities()
    for name, run in capacities.items():
        rows.append({"what": name, **figures(run, 0, loads.capacity)})
    rows.append({"what": "echo, 200/s", **figures(bench.at(200, loads.capacity, bench.echo), 0, loads.capacity)})
    rows.append({"what": "ours, 200/s", **figures(bench.at(200, loads.steady), 0, loads.steady)})
    rows.append({"what": "ours, 400/s", **figures(bench.at(400, loads.peak), 0, loads.peak)})
    twice = 2 * capacities["ours"].answered / loads.capacity
    run = bench.overload(twice)
    beyond = run.of_phase(0)
    lowest = beyond[(beyond["rung"] != b"full") & (beyond["status"] > 0)]
    excess = Run(lowest, 0, 0, 1)
    rows.append({"what": "ours, twice that", **figures(run, 0, loads.overload)})
    rows[-1]["excess_p99_ms"] = figures(excess, 0, 1)["p99_ms"] if len(lowest) else None
    rows[-1]["back_s"] = seconds_until_back(run.of_phase(1), loads.overload)
    rows.append({"what": "ours, batches", **figures(bench.batches(), 0, loads.batch)})
    rows[-1]["orders_per_second"] = rows[-1]["per_second"] * BATCH
    return rows


def _on(folder: Path, home: Path, loads: Loads, *, patient: bool) -> list[dict[str, Any]]:
    made = home / "usual"
    if not (made / "kinds.json").exists():
        words = [sys.executable, "-m", "tests.bench.service_usual", "make", str(home / "market"), str(made)]
        subprocess.run(words, check=True, cwd=ROOT)
    orders = asked_of(home)
    with ExitStack() as stack:
        ours = stack.enter_context(service_target.ours(folder, home, patient=patient))
        echo = stack.enter_context(service_target.echo(folder))
        usual = stack.enter_context(service_target.usual(folder, made))
        return measured(Bench(Generator(folder), orders, loads, ours, echo, usual))


def main() -> None:
    asked = _asked()
    with (
        tempfile.TemporaryDirectory() as folder,
        nullcontext(asked.keep) if asked.keep else tempfile.TemporaryDirectory() as home,
    ):
        installed(Path(home), asked.orders)
        rows = _on(Path(folder), Path(home), Loads.of(asked), patient=asked.patient)
        found = {"about": _about(asked), "rows": rows}
    found["goals"] = service_page.goals({row["what"]: row for row in found["rows"]})
    table(service_page.HEADERS, service_page.cells(found["rows"]))
    print()
    table(("", "value", "goal", "reached"), service_page.goal_cells(found["goals"]))
    _keep(found)
    if asked.write:
        (ROOT / "docs" / "service.md").write_text(service_page.page(found), encoding="utf-8")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.service", description=__doc__)
    parser.add_argument("--orders", type=int, default=40_000, help="of the market that is imported")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each load")
    parser.add_argument("--long", action="store_true", help="10 minutes at 200/s, 2 at 400/s, 1 of overload")
    parser.add_argument("--patient", action="store_true", help="no deadline: for ratios on a machine that is busy")
    parser.add_argument("--keep", type=Path, help="a folder for the installation; used again if it is there")
    parser.add_argument("--write", action="store_true", help="refresh docs/service.md")
    return parser.parse_args()


def _about(asked: argparse.Namespace) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "orders": asked.orders,
        "seed": SEED,
        "seconds": asked.seconds,
        "long": asked.long,
        "patient": asked.patient,
        "load": os.getloadavg()[0],
    }


def _keep(found: dict[str, Any]) -> None:
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    moment = datetime.fromisoformat(found["about"]["at"])
    (results / f"service-{moment:%Y-%m-%dT%H%M%S}.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
