"""What `make bench-service` measures: services in processes of their own, on 127.0.0.1, and the CPU they spend."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from serving.commands.serve_commands import stop_service
from serving.settings import NO_TELEMETRY
from tests.bench.journey import RTO

ROOT = Path(__file__).parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True)
class Target:
    """A running service. path: of a score."""

    name: str
    port: int
    path: str
    process: "subprocess.Popen[bytes]"

    def cpu_s(self) -> float:
        """CPU seconds of the process and all that came of it, until now."""
        return _cpu_of_tree(self.process.pid)


@contextmanager
def running(
    name: str, words: list[str], path: str, folder: Path, settings: dict[str, str], port: int | None = None
) -> Iterator[Target]:  # fmt: skip
    """Start a service and wait until it answers; stop it at the end. words: its command, PORT where that belongs: a free one,
    or that one."""
    port = port or free_port()
    log = folder / f"{name.replace(' ', '-')}-{port}.log"
    command = [str(port) if word == "PORT" else word for word in words]
    with log.open("ab") as out:
        environment = os.environ | NO_TELEMETRY | settings
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait(process, port, log)
        yield Target(name, port, path, process)
    finally:
        stop_service(process)


def ours(
    folder: Path, home: Path, *, patient: bool, port: int | None = None
) -> AbstractContextManager[Target]:  # fmt: skip
    """The service as its users run it; only the limit of what one merchant may ask is out of the way. patient: without its
    deadline, for a machine that is busy with other work: every answer is then a full one, however late."""
    words = [str(RTO), "serve", "--port", "PORT"]
    settings = {"RTO_HOME": str(home), "RTO_MLRUNS": str(home / "mlruns"), "RTO_PER_SECOND": "0"}
    settings |= {"RTO_DEADLINE_MS": "60000"} if patient else {}
    return running("ours", words, "/v1/score", folder, settings, port)


def echo(folder: Path) -> AbstractContextManager[Target]:
    """The same mount, echoing what it is sent."""
    at = ["--host", "127.0.0.1", "--port", "PORT"]
    words = [sys.executable, "-m", "bentoml", "serve", "tests.bench.service_echo:Echo", *at]
    return running("echo", words, "/v1/score", folder, {})


def usual(folder: Path, made: Path) -> AbstractContextManager[Target]:
    """The usual stack."""
    words = [sys.executable, "-m", "tests.bench.service_usual", "serve", str(made), "PORT"]
    return running("usual", words, "/score", folder, {})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Until something answers, whatever it says: a 404 is an answer, a 503 is not ready yet."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2).close()
            return
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{log.stem} did not become ready; see {log}:\n{log.read_text()[-2000:]}")


def _cpu_of_tree(root: int) -> float:
    spent, parent = dict[int, float](), dict[int, int]()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        pid = int(stat.parent.name)
        parent[pid], spent[pid] = int(told[1]), (int(told[11]) + int(told[12])) / _TICKS
    return sum(cpu for pid, cpu in spent.items() if root in _line(pid, parent))


def _line(pid: int, parent: dict[int, int]) -> list[int]:
    found = [pid]
    while (pid := parent.get(pid, 0)) > 1:
        found.append(pid)
    return found
