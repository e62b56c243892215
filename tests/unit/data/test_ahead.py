"""What is made one ahead of who uses it."""

import threading
from collections.abc import Iterator

import pytest

from data.ahead import ahead


def test_it_comes_in_order_and_the_next_is_made_while_one_is_used() -> None:
    second = threading.Event()

    def made() -> Iterator[int]:
        yield 0
        second.set()
        yield 1

    found = ahead(made())
    assert next(found) == 0
    assert second.wait(10)
    assert list(found) == [1]


def test_what_making_raises_is_raised_after_what_was_made() -> None:
    def made() -> Iterator[int]:
        yield 0
        raise ValueError("broken")

    found = ahead(made())
    assert next(found) == 0
    with pytest.raises(ValueError, match="broken"):
        next(found)
