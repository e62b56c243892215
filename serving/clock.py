"""The only place that reads a clock. Everything below takes the moment as a parameter."""

import threading
import time


class Clock:
    """Microseconds since 1970 UTC, each answer later than the one before, also when the system's clock steps back."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def now(self) -> int:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1_000)
            return self._last

    @staticmethod
    def monotonic() -> float:
        """Seconds for deadlines and durations; never steps."""
        return time.monotonic()
