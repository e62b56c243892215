"""One import into a pool at a time: what is new is judged against what is there, so nobody may add meanwhile."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "import.lock"


@contextmanager
def alone(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold `folder` for one import; says aloud when it has to wait. A process that dies lets go."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another import into {folder.name} is running: waiting until it has ended")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
