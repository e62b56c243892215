"""One thread owns all writes to a pool's database: jobs that wait together are committed together, then answered.

A job is acknowledged only after its transaction is on disk. One job that fails undoes only itself. A job may say how
many of its kind are done in one go: `together(connection, jobs)` answers for each with its result or what it is refused
with; what it raises undoes them all, and each is then done by itself.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from data.keeping.checkpoints import Checkpoints
from data.keeping.database import Connection, immediate
from data.keeping.one_moment import savepoint

T = TypeVar("T")
Waiting: TypeAlias = "Future[Any] | asyncio.Future[Any] | None"
"""Who waits for the end of a job; nobody, a thread or an event loop."""
Job: TypeAlias = tuple[Callable[[Connection], Any], Waiting]
_BATCH = 64  # more would make the first of them wait longer than it saves
_ROOM = 4_096
_GATHERED_S = 0.02
"""How long jobs that nobody waits for are gathered: when there are many, each would wake the writer, and take the interpreter
from the event loop that is too busy already. A job that somebody waits for is done at once, and takes them along."""
_LEFT: Job = (lambda connection: None, None)
"""Stands in line for those gathered."""


class Busy(Exception):  # noqa: N818 - a state, answered with 503, not an error of the caller
    """Too many writes are waiting, or the writer was closed."""


@dataclass(frozen=True, slots=True)
class Done:
    """How one job ended, to be told after the commit."""

    future: Waiting
    result: Any = None
    failure: BaseException | None = None

    def tell(self) -> None:
        if self.future is None or self.future.done():
            return  # who waited in a loop may wait no more
        if self.failure is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.failure)


class Writer:
    """`submit` a job from any thread; its future is done after the commit that holds it."""

    def __init__(self, open_connection: Callable[[], Connection]) -> None:
        """Raises what opening raises: a writer that cannot write must not take jobs."""
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._left: list[Job] = []
        self._connection = open_connection()
        self._checkpoints = Checkpoints(self._connection)
        self._lock, self._closed = threading.Lock(), False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[Connection], T]) -> "Future[T]":
        """Queue a job. Raises Busy if the queue is full, or nobody works on it any more."""
        future: Future[T] = Future()
        self._put((job, future))
        return future

    def _put(self, job: Job) -> None:
        with self._lock:
            self._require_room()
            self._jobs.put(job)

    def _require_room(self) -> None:
        if self._closed or self._jobs.qsize() + len(self._left) >= _ROOM:
            raise Busy

    async def kept(self, job: Callable[[Connection], T]) -> T:
        """What a job gives, once it is committed; waited for in an event loop, which is woken once for a whole commit. A job
        that nobody waits for any more is done all the same. Raises Busy."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put((job, future))
        return await future

    def leave(self, job: Callable[[Connection], Any]) -> None:
        """Queue a job of which nobody waits to hear. Raises Busy."""
        with self._lock:
            self._require_room()
            self._left.append((job, None))
            if len(self._left) == 1:
                self._jobs.put(_LEFT)

    @property
    def half_full(self) -> bool:
        """Do so many jobs wait that only those that somebody waits for should be added?"""
        return self._jobs.qsize() + len(self._left) > _ROOM // 2

    def close(self) -> None:
        """Finish what is queued, then stop. Closing twice is closing once."""
        with self._lock:
            first, self._closed = not self._closed, True
        if first:
            self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        running = True
        while running:
            batch = [self._jobs.get()]
            if batch[0] is _LEFT:
                with suppress(queue.Empty):
                    batch.append(self._jobs.get(timeout=_GATHERED_S))
            while len(batch) < _BATCH and not self._jobs.empty():
                batch.append(self._jobs.get_nowait())
            running = None not in batch
            if _LEFT in batch or not running:
                batch = [*(job for job in batch if job is not _LEFT), *self._gathered(_BATCH if running else None)]
            # a caller may have hung up meanwhile; from here on its future can no longer be cancelled
            self._commit([job for job in batch if job is not None and _is_wanted(job[1])])
        self._checkpoints.close()
        self._connection.close()

    def _gathered(self, most: int | None) -> list[Job]:
        """Some of those that nobody waits for; all of them at the end."""
        with self._lock:
            gathered = self._left[:most]
            del self._left[:most]
            if self._left:
                self._jobs.put(_LEFT)
        return gathered

    def _commit(self, batch: list[Job]) -> None:
        if not batch:
            return
        done: list[Done] = []
        try:
            with immediate(self._connection):
                if len(batch) == 1:  # what it raises undoes the transaction: there is nothing else in it
                    done = [Done(batch[0][1], batch[0][0](self._connection))]
                else:
                    for jobs in _of_a_kind(batch):
                        done += self._attempt_together(jobs) or [self._attempt(job, future) for job, future in jobs]
        except Exception as error:  # noqa: BLE001 - the disk's answer belongs to every job of the batch
            done = [Done(future, failure=error) for _, future in batch]
        _tell(done)
        self._checkpoints.between_commits()

    def _attempt_together(self, jobs: list[Job]) -> list[Done]:
        """All of one kind in one go; none if they must be done one by one: one of them undid them all, or is alone."""
        if len(jobs) == 1:
            return []
        end = savepoint(self._connection)
        try:
            results = jobs[0][0].together(self._connection, [job for job, _ in jobs])  # type: ignore[attr-defined]
        except Exception:  # noqa: BLE001 - whose it is shows when each is done by itself
            end(True)
            return []
        end(False)
        return [
            Done(future, failure=one) if isinstance(one, Exception) else Done(future, one)
            for (_, future), one in zip(jobs, results, strict=True)
        ]

    def _attempt(self, job: Callable[[Connection], Any], future: Waiting) -> Done:
        end = savepoint(self._connection)
        try:
            result = job(self._connection)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for this job
            end(True)
            return Done(future, failure=error)
        end(False)
        return Done(future, result)


def _is_wanted(future: Waiting) -> bool:
    return not isinstance(future, Future) or future.set_running_or_notify_cancel()


def _tell(ends: list[Done]) -> None:
    """Everybody who waits in one event loop at once: to wake it costs more than to tell."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Done]] = {}
    for one in ends:
        if isinstance(one.future, asyncio.Future):
            by_loop.setdefault(one.future.get_loop(), []).append(one)
        else:
            one.tell()
    for loop, own in by_loop.items():
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(_tell_all, own)


def _tell_all(ends: list[Done]) -> None:
    for one in ends:
        one.tell()


def _of_a_kind(batch: list[Job]) -> list[list[Job]]:
    """Jobs that can be done together, beside each other; their kinds in order of first appearance."""
    kinds: dict[Any, list[Job]] = {}
    for job, future in batch:
        kinds.setdefault(getattr(job, "together", id(job)), []).append((job, future))
    return list(kinds.values())
