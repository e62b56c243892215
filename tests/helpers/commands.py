"""`rto` as a person runs it: a process of its own, in a folder that is not the project's."""

import os
import subprocess
import sys
from pathlib import Path

from tests.helpers.installation import Installation

ROOT = Path(__file__).parents[2]


def environment(home: Path, mlruns: Path) -> dict[str, str]:
    """The environment of a command that works in this home."""
    return os.environ | {"RTO_HOME": str(home), "RTO_MLRUNS": str(mlruns), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from serving.cli import main; main()", *arguments]


def rto_at(home: Path, *arguments: str, patience_s: float = 300) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end in the folder above its home."""
    home.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        command(*arguments),
        env=environment(home, home / "mlruns"),
        cwd=home.parent,
        capture_output=True,
        text=True,
        timeout=patience_s,
        check=False,
    )


def rto(made: Installation, *arguments: str, patience_s: float = 300) -> "subprocess.CompletedProcess[str]":
    return rto_at(made.home, *arguments, patience_s=patience_s)
