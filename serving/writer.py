"""One thread owns all writes to a pool's database: jobs that wait together are committed together, then answered.

A job is acknowledged only after its transaction is on disk. One job that fails undoes only itself.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from data.database import Connection, immediate

T = TypeVar("T")
_BATCH = 128
_ROOM = 4_096


class Busy(Exception):  # noqa: N818 - a state, answered with 503, not an error of the caller
    """Too many writes are waiting."""


class Writer:
    """`submit` a job from any thread; its future is done after the commit that holds it."""

    def __init__(self, open_connection: Callable[[], Connection]) -> None:
        self._jobs: queue.Queue[tuple[Callable[[Connection], Any], Future[Any]] | None] = queue.Queue(_ROOM)
        self._open = open_connection
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[Connection], T]) -> "Future[T]":
        """Queue a job. Raises Busy if the queue is full."""
        future: Future[T] = Future()
        try:
            self._jobs.put_nowait((job, future))
        except queue.Full:
            raise Busy from None
        return future

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        connection = self._open()
        running = True
        while running:
            batch = [self._jobs.get()]
            while len(batch) < _BATCH and not self._jobs.empty():
                batch.append(self._jobs.get_nowait())
            running = None not in batch
            self._commit(connection, [job for job in batch if job is not None])
        connection.close()

    def _commit(self, connection: Connection, batch: list[tuple[Callable[[Connection], Any], Future[Any]]]) -> None:
        done: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with immediate(connection):
                done += [self._attempt(connection, job, future) for job, future in batch]
        except Exception as error:  # noqa: BLE001 - the disk's answer belongs to every job of the batch
            done = [(future, None, error) for _, future in batch]
        for future, result, failure in done:
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

    @staticmethod
    def _attempt(
        connection: Connection, job: Callable[[Connection], Any], future: "Future[Any]"
    ) -> tuple["Future[Any]", Any, BaseException | None]:
        connection.execute("SAVEPOINT job")
        try:
            result = job(connection)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for this job
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
            return future, None, error
        connection.execute("RELEASE job")
        return future, result, None
