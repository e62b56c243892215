"""What is made one after the other, made by a thread while the one before is used."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
_END = object()


def ahead(made: Iterable[T]) -> Iterator[T]:
    """The same in the same order, one ahead of who uses it. What making raises is raised in its place."""
    making: Iterator[T] = iter(made)
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, making, _END)
        while (one := following.result()) is not _END:
            following = thread.submit(next, making, _END)
            yield one  # type: ignore[misc]
