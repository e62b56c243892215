"""Who opens a file: the kernel is asked, so that C++ readers are seen as well (Linux inotify)."""

import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_OPEN = 0x20
_HEAD = struct.Struct("iIII")


SEES = sys.platform.startswith("linux")
"""Elsewhere nothing is watched and nothing is seen."""


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """Names of files of `folder` that anybody opened within the block; filled when it ends."""
    opened: list[str] = []
    if not SEES:
        yield opened
        return
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(handle, os.fsencode(folder), IN_OPEN) >= 0
    try:
        yield opened
        opened += [name for name in _names(handle) if name]  # without a name: the folder itself was listed
    finally:
        os.close(handle)


def _names(handle: int) -> Iterator[str]:
    try:
        raw = os.read(handle, 1 << 20)
    except BlockingIOError:
        return
    at = 0
    while at < len(raw):
        *_, length = _HEAD.unpack_from(raw, at)
        yield raw[at + _HEAD.size : at + _HEAD.size + length].rstrip(b"\0").decode()
        at += _HEAD.size + length
