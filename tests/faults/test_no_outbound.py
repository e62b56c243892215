"""Does anything of ours call out? Every command and the service run with every socket of theirs watched."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from serving.cli import COMMANDS
from serving.commands.serve_commands import stop_service
from tests.helpers.commands import ROOT, command
from tests.helpers.installation import SHOP, Installation, an_order, ask, free_port, place, wait_for

WATCH = ROOT / "tests" / "helpers" / "watch"


@dataclass(frozen=True)
class Watched:
    """Processes whose every call is noted in `log`."""

    home: Path
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        unset = ("MLFLOW_DISABLE_TELEMETRY", "BENTOML_DO_NOT_TRACK", "DO_NOT_TRACK", "GX_ANALYTICS_ENABLED", "CI")
        kept = {name: value for name, value in os.environ.items() if name not in unset}
        return kept | {
            "RTO_HOME": str(self.home), "RTO_MLRUNS": str(self.home / "mlruns"), "NO_COLOR": "1",
            "PYTHONPATH": f"{WATCH}{os.pathsep}{ROOT}", "WATCHED_CALLS_LOG": str(self.log),
        }  # fmt: skip

    def start(self, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            arguments, env=self.environment, cwd=self.home, capture_output=True, text=True, timeout=300, check=False
        )

    @property
    def processes(self) -> int:
        return sum(line.startswith("watching") for line in self.log.read_text().splitlines())

    @property
    def calls(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if not line.startswith("watching")]


@pytest.fixture
def watched(own: Installation, tmp_path: Path) -> Watched:
    """A copy of an installation, and a small plan to train by."""
    home = own.home
    (home / "quick.toml").write_text("linear_penalties = [30.0]\n[trees]\ndepths = [2]\nmax_trees = 20\n")
    (home / "space.toml").write_text("[trees]\nlearning_rate = { low = 0.01, high = 0.2 }\n")
    (home / "list.csv").write_text("phone\n9000090009\n")
    (home / "contacts.csv").write_text("order_id,outcome,contacted_at\n")
    (home / "who.txt").write_text("9000090009\n")
    (home / "policy.toml").write_text('[[lists]]\nname = "bad"\neffect = "block"\n[caps.prepaid_only]\nshare = 0.05\n')
    return Watched(home, tmp_path / "calls.log")


@pytest.mark.parametrize(
    "call",
    [
        "import socket; socket.create_connection(('192.0.2.1', 9), timeout=0.1)",
        "import socket; socket.getaddrinfo('telemetry.example.com', 443)",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 9))",
        "import urllib.request; urllib.request.urlopen('http://192.0.2.1:9/', timeout=0.1)",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', \"import socket; socket.getaddrinfo('x.example', 1)\"])",
    ],
    ids=["connects", "looks up", "sends", "fetches", "has a child that looks up"],
)
def test_a_process_that_calls_out_is_seen(watched: Watched, call: str):
    """The control: what the tests below rely on."""
    watched.start([sys.executable, "-c", call])
    assert watched.calls


LINES: dict[str, list[list[str]]] = {
    "check": [["check"]],
    "features": [["features", "list"], ["features", "explain", "buyer_refused_count", "--merchant", SHOP, "--order", "@first"]],
    "state": [["state", "rebuild"], ["state", "verify"]],
    "train": [["train", "--plan", "quick.toml"]],
    "tune": [["tune", "--plan", "quick.toml", "--space", "space.toml", "--origins", "2", "--trials", "2"]],
    "backtest": [["backtest", "--plan", "quick.toml"]],
    "monitor": [["monitor", "--out", "monitor.html"]],
    "calibrate": [["train", "--plan", "quick.toml", "--until", "2025-07-01"],
                  ["calibrate", "--run", "challenger", "--weeks", "26"]],
    "runs": [["runs"]],
    "evaluate": [["evaluate", "champion"]],
    "promote": [["promote", "challenger"]],
    "rollback": [["rollback"]],
    "score": [["score", "market/orders.parquet", "--mapping", "native", "--out", "scores.csv"]],
    "doctor": [["doctor"]],
    "report": [["report", "--merchant", SHOP, "--out", "report.html"]],
    "backup": [["backup", "../backups"]],
    "lists": [["lists", "import", "list.csv", "--name", "bad", "--kind", "phone", "--merchant", SHOP], ["lists", "show", "--merchant", SHOP]],
    "rules": [["rules", "check", "policy.toml", "--merchant", SHOP], ["rules", "backtest", "policy.toml", "--merchant", SHOP]],
    "policy": [
        ["policy", "draft", "--merchant", SHOP], ["policy", "simulate", "policy.toml", "--merchant", SHOP],
        ["policy", "publish", "policy.toml", "--merchant", SHOP], ["policy", "explain", "--merchant", SHOP],
        ["policy", "show", "--merchant", SHOP], ["policy", "diff", "shipped", "live", "--merchant", SHOP], ["policy", "undo", "--merchant", SHOP],
    ],
    "experiment": [
        ["experiment", "savings", "--merchant", SHOP], ["experiment", "power", "--merchant", SHOP],
        ["experiment", "evaluate", "allow_cod", "--merchant", SHOP],
    ],
    "queue": [["queue", "--merchant", SHOP]],
    "contacts": [["contacts", "contacts.csv", "--merchant", SHOP]],
    "webhooks": [["webhooks", "create", "--merchant", SHOP], ["webhooks", "list"]],
    "pool": [["pool", "strangers", "shared"]],
    "replay": [["replay", "--day", "2025-10-09", "--merchant", SHOP]],
    "shadow": [["promote", "champion", "--shadow"], ["shadow", "report", "--merchant", SHOP], ["shadow", "stop"]],
    "keys": [["keys", "create", "--merchant", SHOP], ["keys", "list"]],
    "simulate": [["simulate", "--orders", "1000", "--out", "other-market"]],
    "import": [["import", "market/orders.parquet", "market/news.parquet", "--mapping", "native", "--pool", "demo"]],
    "erase": [["erase", "--file", "who.txt", "--yes"]],
    "retention": [["retention", "--orders-days", "90", "--yes"]],
}  # fmt: skip
MAY_ALARM = {"doctor", "monitor", "experiment"}
"""Commands whose exit status tells what they found."""
BY_THEMSELVES = {"serve", "demo", "restore"}
"""Commands that have a test of their own here: the service, the demo, which starts it, and what needs another home."""


def test_every_command_is_watched():
    assert set(COMMANDS) == set(LINES) | BY_THEMSELVES


def test_no_command_calls_out(watched: Watched):
    first = _first_order(watched)
    lines = [[first if w == "@first" else w for w in words] for each in LINES.values() for words in each]
    done = watched.start([sys.executable, "-c", IN_ONE_PROCESS, json.dumps(lines)])
    codes = json.loads(done.stdout.splitlines()[-1])
    assert {code for words, code in zip(lines, codes, strict=True) if words[0] not in MAY_ALARM} == {0}, done.stderr
    assert watched.calls == []


def test_a_restore_does_not_call_out(watched: Watched):
    into, again = watched.home.parent / "backups", watched.home.parent / "again"
    assert watched.start(command("backup", str(into))).returncode == 0
    shutil.copytree(watched.home / "keys", again / "keys")
    (folder,) = into.iterdir()
    assert replace(watched, home=again).start(command("restore", str(folder))).returncode == 0
    assert watched.processes >= 2
    assert watched.calls == []


IN_ONE_PROCESS = """
import json, sys
from serving.cli import main
codes = []
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as ended:
        codes.append(ended.code or 0)
print()
print(json.dumps(codes))
"""


def _first_order(watched: Watched) -> str:
    orders = Installation(watched.home).orders().to_pylist()
    return str(next(row["order_id"] for row in orders if row["merchant_id"] == SHOP))


def test_the_service_does_not_call_out(watched: Watched):
    port = free_port()
    with (watched.home / "service.log").open("wb") as log:
        running = subprocess.Popen(command("serve", "--port", str(port)), env=watched.environment, cwd=watched.home,
                                   stdout=log, stderr=log, start_new_session=True)  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            wait_for(_ready(client), 120)
            assert client.post("/v1/score", json=ask(an_order())).status_code == 200
            assert place(client, an_order(order_id="watched-1")).status_code == 201
            assert client.get(f"/reports/{SHOP}").status_code == 200
            assert client.get("/metrics").status_code == 200
    finally:
        stop_service(running)
    assert watched.processes >= 2  # the supervisor and its worker
    assert watched.calls == []


def _ready(client: httpx.Client) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            return client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    return ready


def test_the_demo_does_not_call_out(watched: Watched):
    done = watched.start(command("demo", "--orders", "2000"))
    assert done.returncode == 0, done.stderr
    assert watched.processes >= 3
    assert watched.calls == []
