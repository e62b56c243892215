"""The service's side of shadow scoring: it starts a process for each pool that names a challenger, and lets it be."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from prometheus_client import Gauge

from data.pool import Pool, pool_names
from serving.clock import Clock
from serving.web.http import LOG, place_of

RUNNING = Gauge("rto_shadows_running", "Pools whose challenger is being scored beside the champion")
_LOOK_EVERY_S, _AGAIN_AFTER_S = 2.0, 30.0


class Shadows:
    """One process for each challenger; one that ended by itself is started again a while later."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self.home, self.clock = home, clock
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._again_at: dict[str, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shadows", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        for process in self._processes.values():
            process.terminate()
            process.wait()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - a challenger is worth no service
                LOG.error("shadows: %s", place_of(error))
            self._ended.wait(_LOOK_EVERY_S)

    def look(self) -> None:
        """Start what is missing; forget what has ended."""
        now = self.clock.monotonic()
        for name, process in list(self._processes.items()):
            if (ended := process.poll()) is not None:
                del self._processes[name]
                if ended:
                    self._again_at[name] = now + _AGAIN_AFTER_S
                    LOG.error("the shadow of pool %s ended with %d", name, ended)
        for name in pool_names(self.home):
            wanted = Pool(self.home, name).shadow.exists() and now >= self._again_at.get(name, now)
            if wanted and name not in self._processes:
                self._processes[name] = self._started(name)
        RUNNING.set(len(self._processes))

    @staticmethod
    def _started(pool: str) -> "subprocess.Popen[bytes]":
        here = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}  # wherever a Bento lies
        command = [sys.executable, "-m", "serving.shadow.shadowing", pool]
        return subprocess.Popen(command, env=here, stdin=subprocess.DEVNULL)
