"""One import in a process of its own: `python -m tests.bench.one_import HOME MAPPING FILE...` prints its stages as JSON."""

import atexit
import gc
import itertools
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from data.imports.importing import Request, import_files


def cpu_seconds() -> float:
    """Of this process and of helpers that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, kinds))


def peak_gib() -> float:
    """The most memory this process and its largest helper have held, added."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(kind).ru_maxrss for kind in kinds) / 2**20


def main() -> None:
    atexit.register(gc.freeze)  # as `rto` does
    home, mapping, *files = sys.argv[1:]
    marks: list[tuple[str, float, float]] = [("start", 0.0, 0.0)]  # loading the modules counts

    def tell(what: str, done: int, total: int) -> None:
        if marks[-1][0] != what:
            marks.append((what, time.perf_counter() - began, cpu_seconds()))

    began = time.perf_counter() - cpu_seconds()
    request = Request([Path(f) for f in files], mapping, None, "bench", None, False)
    result = import_files(Path(home), request, tell)
    marks.append(("end", time.perf_counter() - began, cpu_seconds()))
    pairs = itertools.pairwise(marks)
    stages: list[dict[str, Any]] = [{"stage": a[0], "wall": b[1] - a[1], "cpu": b[2] - a[2]} for a, b in pairs]
    told = {"n_orders": result["n_orders"], "n_news": result["n_news"], "peak_gib": peak_gib()}
    print(json.dumps({"stages": stages, **told}))


if __name__ == "__main__":
    main()
