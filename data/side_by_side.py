"""Several pieces of work on as many threads as there are cores: for work that leaves the interpreter to others."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


def side_by_side(tasks: Sequence[Callable[[], Made]]) -> list[Made]:
    """What each task gives, in their order. The first one that raised is raised, when all have ended."""
    with ThreadPoolExecutor(min(os.cpu_count() or 1, max(len(tasks), 1))) as threads:
        return [done.result() for done in [threads.submit(task) for task in tasks]]
