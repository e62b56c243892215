"""Ctrl-C while the modules of a command are still loading, or twice: one sentence and status 130, as at any other moment.

`serving/cli.py` loads this before anything else.
"""

import os
import sys
from types import TracebackType

STOPPED = 130
SENTENCE = "stopped; nothing half-done was kept"


def tell_stopped(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Python's last word on an error that nobody caught: a traceback for a bug, none for a person who stops us."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    print(SENTENCE, file=sys.stderr, flush=True)
    os._exit(STOPPED)  # else Python ends by the signal once more


sys.excepthook = tell_stopped
