"""Commands of the project run as a user runs them, each in a process of its own, with what they took."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RTO = Path(sys.executable).with_name("rto")


@dataclass(frozen=True, slots=True)
class Took:
    """What a command answered (its JSON), and what it cost: wall and CPU seconds, peak memory in GiB."""

    answer: Any
    wall_s: float
    cpu_s: float
    peak_gib: float

    def cost(self) -> dict[str, float]:
        return {"wall_s": self.wall_s, "cpu_s": self.cpu_s, "peak_gib": self.peak_gib}


def rto(home: Path, *words: str, command: Path = RTO) -> Took:
    """Run `rto WORDS --json` on an installation under `home`. SystemExit with its own message if it fails.

    command: the `rto` to run; another checkout's runs in that checkout's environment.
    """
    settings = os.environ | {"RTO_HOME": str(home), "RTO_MLRUNS": str(home / "mlruns")}
    print(f"  rto {words[0]}", end="", file=sys.stderr, flush=True)
    start = time.perf_counter()
    with tempfile.TemporaryFile() as told:
        child = subprocess.Popen([command, *words, "--json"], env=settings, stdout=told)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - start
        if child.returncode != 0:
            raise SystemExit(f"rto {words[0]} ended with status {child.returncode}")
        told.seek(0)
        answer = json.load(told)
    found = Took(answer, took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024**2)
    print(f": {found.wall_s:.0f} s, CPU {found.cpu_s:.0f} s, {found.peak_gib:.1f} GiB", file=sys.stderr, flush=True)
    return found
