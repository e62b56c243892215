"""Addresses read in a second process while this one reads the rest of an import, where enough of them pay for it.

The two talk through pipes alone: no personal text touches a disk. The helper never sees Ctrl-C; it ends with us.
"""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, TypeAlias

import numpy as np

from data.addresses import read_address
from data.contract import ADDRESS_MEASURES
from data.tokens import token_maker

ENOUGH = 150_000
"""Fewer addresses than this are read before a second process would have started."""
_TOKEN = 16

Line: TypeAlias = tuple[str | None, ...]
"""line1, line2, landmark, PIN code."""
Read: TypeAlias = tuple[list[bytes | None], "np.ndarray[Any, Any]"]
"""(k) tokens, None where nothing is spelled; and (k, measures) float64."""


def read_here(told: list[Line], key: bytes) -> Read:
    """Read addresses in this process."""
    make = token_maker(key, "address")
    readings = [read_address(*line) for line in told]
    tokens = [None if reading.spelled is None else make(reading.spelled) for reading in readings]
    measures = np.array([reading.measures for reading in readings], dtype=np.float64)
    return tokens, measures.reshape(-1, len(ADDRESS_MEASURES))


@contextmanager
def reading(told: list[Line], key: bytes) -> Iterator[Callable[[], Read]]:
    """What the block gets gives the same as `read_here`; meanwhile a second process reads, if there are enough."""
    if len(told) < ENOUGH or (os.cpu_count() or 1) < 2:
        yield lambda: read_here(told, key)
        return
    spawn = multiprocessing.get_context("spawn")
    (inbox, to_helper), (answer, outbox) = spawn.Pipe(duplex=False), spawn.Pipe(duplex=False)
    helper = spawn.Process(target=_help, args=(inbox, outbox), daemon=True)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the helper inherits it
    try:
        helper.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    for end in (inbox, outbox):
        end.close()
    sender = Thread(target=_send, args=(to_helper, told, key), daemon=True)
    sender.start()
    try:
        yield lambda: _received(answer, told, key)
    finally:
        helper.kill()
        helper.join()
        sender.join()
        answer.close()


def _send(to_helper: Connection, told: list[Line], key: bytes) -> None:
    with to_helper, contextlib.suppress(BrokenPipeError):  # a helper that is gone: what it was to read is read here
        to_helper.send((key, [list(column) for column in zip(*told, strict=True)]))


def _received(answer: Connection, told: list[Line], key: bytes) -> Read:
    try:
        spelled, tokens, measures = (answer.recv_bytes() for _ in range(3))
    except EOFError:  # the helper was killed, as by a machine without memory
        return read_here(told, key)
    cut = (tokens[i : i + _TOKEN] for i in range(0, len(tokens), _TOKEN))
    return [next(cut) if held else None for held in spelled], np.frombuffer(measures).reshape(len(told), -1)


def _help(inbox: Connection, outbox: Connection) -> None:
    with inbox, outbox, contextlib.suppress(EOFError, BrokenPipeError):  # nobody waits for the answer any more
        key, columns = inbox.recv()
        tokens, measures = read_here(list(zip(*columns, strict=True)), key)
        outbox.send_bytes(bytes(token is not None for token in tokens))
        outbox.send_bytes(b"".join(token for token in tokens if token is not None))
        outbox.send_bytes(measures.tobytes())
