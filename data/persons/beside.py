"""Addresses read in a second process while this one reads the rest of an import, where enough of them pay for it.

The two talk through pipes alone: no personal text touches a disk. The helper is a program of its own and not a copy of
ours (`multiprocessing` would run a caller's script anew), hears no Ctrl-C, and ends with us.
"""

import gc
import marshal
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any, TypeAlias

import numpy as np

from data.contract import ADDRESS_MEASURES
from data.persons.addresses import read_address
from data.persons.tokens import token_maker

ENOUGH = 150_000
"""Fewer addresses than this are read before a second process would have started."""
_TOKEN = 16
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from data.persons.beside import serve; serve()"

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
    helper = _start()
    sender = Thread(target=_send, args=(helper.stdin, told, key), daemon=True)
    sender.start()
    try:
        yield lambda: _received(helper.stdout, told, key)
    finally:
        helper.kill()
        helper.wait()
        sender.join()
        _close(helper.stdout)


def _start() -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", _PROGRAM, str(Path(__file__).parents[2])]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )


def _send(to_helper: IO[bytes] | None, told: list[Line], key: bytes) -> None:
    assert to_helper is not None, "a pipe was asked for"
    with suppress(BrokenPipeError), to_helper:  # a helper that is gone: what it was to read is read here
        to_helper.write(marshal.dumps((key, [list(column) for column in zip(*told, strict=True)])))


def _received(answer: IO[bytes] | None, told: list[Line], key: bytes) -> Read:
    assert answer is not None, "a pipe was asked for"
    try:
        spelled, tokens, measures = marshal.loads(answer.read())
    except (EOFError, ValueError):  # it was killed, as by a machine without memory
        return read_here(told, key)
    cut = (tokens[i : i + _TOKEN] for i in range(0, len(tokens), _TOKEN))
    return [next(cut) if held else None for held in spelled], np.frombuffer(measures).reshape(len(told), -1)


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        pipe.close()


def serve() -> None:
    """The helper: addresses and the key on standard input, what was read of them on standard output."""
    gc.disable()  # it makes millions of values, no ring of them, and ends: a hunt for rings would find none
    key, columns = marshal.loads(sys.stdin.buffer.read())
    tokens, measures = read_here(list(zip(*columns, strict=True)), key)
    spelled = bytes(token is not None for token in tokens)
    held = b"".join(token for token in tokens if token is not None)
    with suppress(BrokenPipeError):  # nobody waits for it any more
        sys.stdout.buffer.write(marshal.dumps((spelled, held, measures.tobytes())))
        sys.stdout.buffer.flush()
