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
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from data.keeping.database import Connection

T = TypeVar("T")
Item = TypeVar("Item")
MOST_TOGETHER = 32
"""Jobs done at once: the first of them waits for the last."""
_AT_FIRST_S, _WEIGHT = 0.005, 0.2
_STUCK_S, _MUCH_LONGER, _HARDLY = 0.02, 4.0, 0.2
_AT_LEAST = 0.5
"""Of what a turn is expected to take: in less it was never done."""
_EACH_MORE = 0.5
"""Of what a turn takes by as many jobs again: measured 0.2 to 0.8, from 1 score to 64."""


class Late(Exception):  # noqa: N818 - a state: the next rung answers
    """Not there in time.  stuck: did it, or what stood before it, hang? Else the line was too long."""

    def __init__(self, *, stuck: bool) -> None:
        super().__init__(stuck)
        self.stuck = stuck


@dataclass(frozen=True, slots=True)
class Shared(Generic[Item, T]):
    """Work that costs little more for several than for one. of: what it gives for each item, an exception where that broke;
    the same function for all that may be done together."""

    of: Callable[[Connection, list[Item]], list[T | Exception]]
    item: Item

    def __call__(self, connection: Connection) -> T:
        [found] = self.of(connection, [self.item])
        if isinstance(found, Exception):
            raise found
        return found


class _Job:
    """Work, and the future of who waits for it until a moment; both ends meet in the loop."""

    __slots__ = ("future", "loop", "until", "work")

    def __init__(self, work: Callable[[Connection], Any], loop: asyncio.AbstractEventLoop, until: float) -> None:
        self.work, self.loop, self.until = work, loop, until
        self.future: asyncio.Future[Any] = loop.create_future()

    def expire(self, lane: "Lane") -> None:
        if not self.future.done():
            self.future.set_exception(Late(stuck=lane.stuck))

    def end(self, found: Any) -> None:
        if self.future.done():
            return  # nobody waits any more
        if isinstance(found, BaseException):
            self.future.set_exception(found)
        else:
            self.future.set_result(found)


class Lane:
    """One connection and the thread that reads by it. Asked from the event loop.

    took_s: about how long a turn takes of late, be it one job or several together.  together: about how many those are.
    waiting: jobs that somebody waits for.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self.took_s, self.together, self.waiting = _AT_FIRST_S, 1.0, 0
        self._at_work, self._since = 0, float("inf")
        self._connection = connection
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._clock, self._cpu_s = _cpu_clock(self._thread), 0.0

    async def run(self, work: Callable[[Connection], T], until: float) -> T:
        """What `work` gives. until: by the loop's clock. Raises Late if it is not there then, else what `work` raises."""
        loop = asyncio.get_running_loop()
        job = _Job(work, loop, until)
        self._jobs.put(job)
        timer = loop.call_at(until, job.expire, self)
        self.waiting += 1
        try:
            found: T = await job.future
            return found
        finally:
            self.waiting -= 1
            timer.cancel()

    def expected_s(self, work: Callable[[Connection], Any]) -> float:
        """About how long it would be until this were done too: what is left of the present turn, those in line, itself."""
        at_work = self._at_work
        left_s = max(0.0, self._turn_s(at_work) - self._spent_s()) if at_work else 0.0
        ahead, at_once = max(0, self.waiting - at_work) + 1, MOST_TOGETHER if isinstance(work, Shared) else 1
        whole, rest = divmod(ahead, at_once)
        return left_s + whole * self._turn_s(at_once) + (self._turn_s(rest) if rest else 0.0)

    def _turn_s(self, jobs: int) -> float:
        """About how long so many take together. Much of a turn is the same for one as for many (docs/reliability.md)."""
        more = max(0.0, jobs / self.together - 1.0)
        return self.took_s * (1.0 + _EACH_MORE * more)

    def _spent_s(self) -> float:
        """On what is being worked on."""
        return max(0.0, time.monotonic() - self._since)

    @property
    def stuck(self) -> bool:
        """Does what is being worked on hang? It takes longer than any reading should, and the thread has hardly computed."""
        spent_s = self._spent_s()
        if spent_s <= max(_STUCK_S, _MUCH_LONGER * self._turn_s(self._at_work)):
            return False
        return self._clock is None or time.clock_gettime(self._clock) - self._cpu_s < _HARDLY * spent_s

    def close(self) -> None:
        """End when what is being worked on has ended; a thread that hangs is left to the process."""
        self._jobs.put(None)
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        ahead: list[_Job | None] = []
        while (job := ahead.pop() if ahead else self._jobs.get()) is not None:
            together = self._together(job, ahead)
            if waited_for := [one for one in together if not one.future.done()]:
                self._work(self._in_time(waited_for))
        self._connection.close()

    def _in_time(self, jobs: list[_Job]) -> list[_Job]:
        """Those that are not bound to come too late: to do them would make others late. One is always tried."""
        least_s = _AT_LEAST * self._turn_s(len(jobs))
        begun = jobs[0].loop.time()
        return [one for one in jobs if one.until - begun >= least_s] or jobs[-1:]

    def _together(self, job: _Job, ahead: "list[_Job | None]") -> list[_Job]:
        """The job, and those in line behind it that may be done with it; what stood behind them goes to `ahead`."""
        together = [job]
        while isinstance(job.work, Shared) and len(together) < MOST_TOGETHER and not ahead:
            try:
                following = self._jobs.get_nowait()
            except queue.Empty:
                break
            if following is not None and isinstance(following.work, Shared) and following.work.of == job.work.of:
                together.append(following)
            else:
                ahead.append(following)
        return together

    def _work(self, jobs: list[_Job]) -> None:
        self._cpu_s, self._since, self._at_work = time.thread_time(), time.monotonic(), len(jobs)
        ends = _ends_of(jobs, self._connection)
        took_s, self._at_work, self._since = time.monotonic() - self._since, 0, float("inf")
        if not all(job.future.done() for job in jobs):  # what hung says nothing of the next
            self.took_s += _WEIGHT * (took_s - self.took_s)
            self.together += _WEIGHT * (len(jobs) - self.together)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            jobs[0].loop.call_soon_threadsafe(_end, jobs, ends)


def _cpu_clock(thread: threading.Thread) -> int | None:
    """The clock of what a running thread has computed; None where the system has none."""
    assert thread.ident is not None, "it was started"
    return time.pthread_getcpuclockid(thread.ident) if hasattr(time, "pthread_getcpuclockid") else None


def _ends_of(jobs: list[_Job], connection: Connection) -> list[Any]:
    """What each job gives, or what it raises."""
    try:
        first = jobs[0].work
        if isinstance(first, Shared):
            return first.of(connection, [job.work.item for job in jobs if isinstance(job.work, Shared)])
        return [job.work(connection) for job in jobs]
    except BaseException as error:  # noqa: BLE001 - handed to whoever waits
        return [error] * len(jobs)


def _end(jobs: list[_Job], ends: list[Any]) -> None:
    for job, end in zip(jobs, ends, strict=True):
        job.end(end)
