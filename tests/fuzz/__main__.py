"""`make fuzz`: each target fuzzed for some seconds, guided by coverage. What it finds is kept and makes it end with 1.

A target runs in a process of its own, since the fuzzer ends the one it runs in.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = ("body", "person", "webhook", "csv", "trees")
FOUND = Path(__file__).parents[1] / "bench" / "results"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*NAMES, []], help="all if none is named")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--runs", type=int, help="this many inputs each instead")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.alone:
        alone(asked.targets[0], asked.seconds, asked.runs)
    bad = [name for name in asked.targets or NAMES if not survives(name, asked.seconds, asked.runs)]
    print(f"{len(asked.targets or NAMES)} targets, uncaught: {', '.join(bad) or 'none'}")
    return 1 if bad else 0


def survives(name: str, seconds: int, runs: int | None) -> bool:
    print(f"== {name}", flush=True)
    limits = ["--runs", str(runs)] if runs else []
    words = [sys.executable, "-m", "tests.fuzz", name, "--seconds", str(seconds), *limits, "--alone"]
    return subprocess.run(words, check=False).returncode == 0


def alone(name: str, seconds: int, runs: int | None) -> None:
    """Never returns."""
    import atheris

    # what numba compiles must stay as it is
    with atheris.instrument_imports(include=["data", "serving", "training"], exclude=["data.loops"]):
        from tests.fuzz.targets import TARGETS

    FOUND.mkdir(exist_ok=True)
    corpus = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    for place, seed in enumerate(TARGETS[name].seeds()):
        (corpus / str(place)).write_bytes(seed)
    limit = f"-runs={runs}" if runs else f"-max_total_time={seconds}"
    where = f"-artifact_prefix={FOUND}/fuzz-{name}-"
    atheris.Setup([sys.argv[0], str(corpus), limit, where, "-timeout=10", "-rss_limit_mb=4096"], TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    raise SystemExit(main())
