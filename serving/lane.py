"""A thread that reads for the event loop: what may hang hangs there, and whoever waits stops waiting in time.

One hop of a few dozen microseconds; the loop itself touches no database. A stalled disk, a lock, a server that does not
answer hold up this thread alone: jobs behind it expire where they stand, and cost nothing when it goes on.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from data.database import Connection

T = TypeVar("T")
_AT_FIRST_S, _WEIGHT = 0.005, 0.2
_STUCK_S, _MUCH_LONGER = 0.02, 4.0


class Late(Exception):  # noqa: N818 - a state: the next rung answers
    """Not there in time.  stuck: did it, or what stood before it, hang? Else the line was too long."""

    def __init__(self, *, stuck: bool) -> None:
        super().__init__(stuck)
        self.stuck = stuck


class _Job:
    """Work, and the future of who waits for it; both ends meet in the loop."""

    __slots__ = ("begun", "future", "loop", "work")

    def __init__(self, work: Callable[[Connection], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.work, self.loop, self.begun = work, loop, False
        self.future: asyncio.Future[Any] = loop.create_future()

    def expire(self, lane: "Lane") -> None:
        if not self.future.done():
            self.future.set_exception(Late(stuck=self.begun or lane.stuck))

    def end(self, result: Any, error: BaseException | None) -> None:
        if self.future.done():
            return  # nobody waits any more
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


class Lane:
    """One connection and the thread that reads by it. Asked from the event loop.

    took_s: about how long a job takes, line not counted.  waiting: for a job, counted by who asks.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self.took_s, self.waiting, self._since = _AT_FIRST_S, 0, float("inf")
        self._connection = connection
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Connection], T], until: float) -> T:
        """What `work` gives. until: by the loop's clock. Raises Late if it is not there then, else what `work` raises."""
        loop = asyncio.get_running_loop()
        job = _Job(work, loop)
        self._jobs.put(job)
        timer = loop.call_at(until, job.expire, self)
        try:
            found: T = await job.future
            return found
        finally:
            timer.cancel()

    @property
    def stuck(self) -> bool:
        """Has what is being worked on taken longer than any reading should?"""
        return time.monotonic() - self._since > max(_STUCK_S, _MUCH_LONGER * self.took_s)

    def close(self) -> None:
        """End when what is being worked on has ended; a thread that hangs is left to the process."""
        self._jobs.put(None)
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if not job.future.done():
                self._work(job)
        self._connection.close()

    def _work(self, job: _Job) -> None:
        job.begun, self._since, result, failure = True, time.monotonic(), None, None
        try:
            result = job.work(self._connection)
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            failure = error
        took_s, self._since = time.monotonic() - self._since, float("inf")
        if not job.future.done():  # what hung says nothing of the next
            self.took_s += _WEIGHT * (took_s - self.took_s)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            job.loop.call_soon_threadsafe(job.end, result, failure)
