"""One run of load against a service: what was offered, what came back how late, and what it cost both sides."""

import json
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.service_target import Target

Array = np.ndarray[Any, Any]
_RECORD = np.dtype([("due", "f8"), ("sent", "f8"), ("done", "f8"), ("status", "i4"), ("phase", "i4"), ("rung", "S16")])
SOURCE = Path(__file__).with_name("service_load.c")
CONNECTIONS, FEW = 16, 4
"""That ask again once they are answered, where a service is asked as fast as it can answer."""


@dataclass(frozen=True, slots=True)
class Run:
    """records: one for each request, all phases.  seconds: of the phases offered.  cpu_s, load_cpu_s: of the service, and of
    the generator, over `spent_s` seconds of the clock."""

    records: Array
    cpu_s: float
    load_cpu_s: float
    spent_s: float

    def of_phase(self, phase: int) -> Array:
        found: Array = self.records[self.records["phase"] == phase]
        return found

    @property
    def answered(self) -> int:
        return int((self.records["status"] > 0).sum())

    @property
    def cpu_ms(self) -> float:
        """CPU of the service for each answer, milliseconds."""
        return self.cpu_s / max(1, self.answered) * 1000


class Generator:
    """The load generator, compiled here and now."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.binary = folder, folder / "load"
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", self.binary, SOURCE], check=True)

    def run(
        self, target: Target, requests: Sequence[bytes], phases: Sequence[tuple[float, float]], connections: int
    ) -> Run:
        """Offer `requests` in turn through phases of (rate per second, seconds); rate 0: as fast as they are answered."""
        asked, out = self.folder / "requests", self.folder / "records"
        asked.write_bytes(b"".join(struct.pack("<I", len(one)) + one for one in requests))
        words = [str(self.binary), str(target.port), str(connections), str(asked), str(out)]
        words.append(",".join(f"{rate:.6f}:{seconds:.6f}" for rate, seconds in phases))
        before, most = target.cpu_s(), sum(seconds for _, seconds in phases) + 60
        told = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, timeout=most).stdout)
        return Run(np.fromfile(out, _RECORD), target.cpu_s() - before, told["cpu"], told["seconds"])


def http_request(path: str, body: bytes, key: str | None) -> bytes:
    """A whole request over a connection that stays open."""
    head = [
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        "content-type: application/json",
        f"content-length: {len(body)}",
    ]
    head += [] if key is None else [f"authorization: Bearer {key}"]
    return "\r\n".join([*head, "", ""]).encode() + body


def latency_ms(records: Array) -> Array:
    """(m,) how long after its moment each request was answered; those never answered are left out, and are counted
    elsewhere."""
    there = records[records["status"] > 0]
    found: Array = (there["done"] - there["due"]) * 1000
    return found


def figures(run: Run, phase: int, seconds: float) -> dict[str, float]:
    """What one phase came to. failed: answered, but not with 2xx.  unanswered: no answer at all."""
    records = run.of_phase(phase)
    late, good = latency_ms(records), (records["status"] >= 200) & (records["status"] < 300)
    p50, p99, p999 = np.percentile(late, (50, 99, 99.9)) if len(late) else (np.nan,) * 3
    return {
        "offered": len(records) / seconds,
        "per_second": float(good.sum()) / seconds,
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "p999_ms": float(p999),
        "failed": int(((records["status"] > 0) & ~good).sum()),
        "errors_5xx": int((records["status"] >= 500).sum()),
        "unanswered": int((records["status"] == 0).sum()),
        "full": float((records["rung"] == b"full").mean()) if len(records) else float("nan"),
        "cpu_ms": run.cpu_ms,
        "load_cpu": run.load_cpu_s / run.spent_s,
    }


def joined(runs: Sequence[Run]) -> Run:
    """Several runs of one phase each, as one."""
    records = np.concatenate([one.records for one in runs])
    return Run(records, *(sum(getattr(one, name) for one in runs) for name in ("cpu_s", "load_cpu_s", "spent_s")))


def seconds_until_back(records: Array, begins_s: float) -> float:
    """How long after an overload ended answers were again full and in time for good."""
    late = (records["status"] == 0) | (records["rung"] != b"full")
    late |= (records["done"] - records["due"]) * 1000 > 50
    return float(records["due"][late].max() - begins_s) if late.any() else 0.0
