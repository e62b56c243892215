"""Runs `rto import` and comes to grief on the way, as asked.

    python -m tests.faults.importing_process kill|interrupt EVENT TEXT FILE...
    python -m tests.faults.importing_process room BYTES FILE...

kill, interrupt: SIGKILL or Ctrl-C at the moment Python first does EVENT (of its audit hooks) with TEXT in an argument.
room: no file may grow beyond BYTES.
"""

import os
import resource
import signal
import sys
from typing import Any

from serving.cli import main as rto

ENDS = {"kill": signal.SIGKILL, "interrupt": signal.SIGINT}


def end_at(event: str, text: str, end: signal.Signals) -> None:
    """Send this process `end` when it is about to do `event`, once."""
    armed = [True]

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        if armed and name == event and text in str(arguments):
            armed.clear()
            os.kill(os.getpid(), end)

    sys.addaudithook(hook)


if __name__ == "__main__":
    how, *rest = sys.argv[1:]
    if how == "room":
        n_bytes, *files = rest
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(n_bytes), int(n_bytes)))
    else:
        event, text, *files = rest
        end_at(event, text, ENDS[how])
    rto(["import", *files, "--mapping", "native", "--pool", "shop"])
