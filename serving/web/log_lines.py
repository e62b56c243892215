"""Log lines written a few at a time, beside the event loop: each line by itself would make the loop give up the interpreter,
which a busy reader then keeps.
"""

import logging
import threading
from collections import deque
from typing import Any

_GATHERED_S = 0.05
"""So long an ordinary line waits for others; a warning, or worse, takes all of them along at once."""


class Gathered(logging.Handler):
    """Passes lines on to the stream of another handler, as that one would write them."""

    def __init__(self, to: "logging.StreamHandler[Any]") -> None:
        super().__init__()
        self.to, self._lines = to, deque[logging.LogRecord]()
        self._some, self._ends = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="log lines", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record)
        if record.levelno >= logging.WARNING:
            self.flush()
        elif not self._some.is_set():
            self._some.set()

    def flush(self) -> None:
        """Write what has been gathered."""
        with self.to.lock or threading.Lock():
            lines = [
                self._lines.popleft() for _ in range(len(self._lines))
            ]  # one that comes meanwhile stays for the next
            told = [self.to.format(line) + self.to.terminator for line in lines if self.to.filter(line)]
            if told:
                self.to.stream.write("".join(told))
                self.to.flush()

    def close(self) -> None:
        """Write the rest, and end."""
        self._ends.set()
        self._some.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        self.flush()
        super().close()

    def _run(self) -> None:
        while not self._ends.is_set():
            self._some.wait()
            self._ends.wait(_GATHERED_S)
            self._some.clear()
            self.flush()


def gather(log: logging.Logger) -> None:
    """Let a log write that way where it would have written to a stream."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            log.addHandler(Gathered(handler))
            log.propagate = False
    logging._srcfile = None  # nobody is told from which line of ours it comes: Python need not look
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
