"""Python loads this at the start of every process that has this folder on PYTHONPATH: it notes whom the process calls.

An audit hook cannot be taken away again, and sees names looked up and sockets connected by whatever library.
"""

import os
import socket
import sys
from typing import Any

_LOG = os.environ["WATCHED_CALLS_LOG"]
_HERE = ("127.", "::1", "localhost", "0.0.0.0", "::ffff:127.")
_LOOKS_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_OWN_NAME = socket.gethostname()


def _note(line: str) -> None:
    with open(_LOG, "a", encoding="utf-8") as log:
        log.write(line + "\n")


def _stays_here(host: Any) -> bool:
    text = host.decode() if isinstance(host, bytes) else host
    return text in (None, "", _OWN_NAME) or str(text).startswith(_HERE)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _LOOKS_UP and not _stays_here(arguments[0]):
        _note(f"looks up {arguments[0]!r}")
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple) and not _stays_here(address[0]):
            _note(f"calls {address[0]}")


sys.addaudithook(_hook)
_note(f"watching {os.getpid()}")
