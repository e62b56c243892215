"""Is what waits in line for the same work done together, and does what breaks of one stay with it?"""

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from serving.resilience.lane import MOST_TOGETHER, Lane, Late, Shared


class NoDatabase:
    """A connection of which nothing is asked."""

    def close(self) -> None:
        """Nothing is open."""


def answered(asking: Callable[[Lane], list[Any]]) -> list[Any]:
    """What comes back of works that all wait while the first holds the lane; exceptions in their places."""
    begun, go_on = threading.Event(), threading.Event()

    def first(_: Any) -> str:
        begun.set()
        assert go_on.wait(10)
        return "first"

    async def all_at_once() -> list[Any]:
        lane = Lane(NoDatabase(), "a lane")  # type: ignore[arg-type]
        until = asyncio.get_running_loop().time() + 60
        held = asyncio.ensure_future(lane.run(first, until))
        await asyncio.to_thread(begun.wait, 10)
        works = [asyncio.ensure_future(lane.run(work, until)) for work in asking(lane)]
        await asyncio.sleep(0)
        go_on.set()
        found = await asyncio.gather(*works, return_exceptions=True)
        assert await held == "first"
        lane.close()
        return found

    return asyncio.run(all_at_once())


def test_what_waits_for_the_same_work_is_done_at_once_and_other_work_in_its_turn():
    calls: list[list[int]] = []

    def doubled(_: Any, items: list[int]) -> list[int | Exception]:
        calls.append(items)
        return [2 * item for item in items]

    def other(_: Any) -> str:
        calls.append([])
        return "other"

    works = [Shared(doubled, 1), Shared(doubled, 2), other, Shared(doubled, 3)]
    assert answered(lambda lane: works) == [2, 4, "other", 6]
    assert calls == [[1, 2], [], [3]]


def test_no_more_are_done_at_once_than_the_first_can_wait_for():
    sizes: list[int] = []

    def counted(_: Any, items: list[int]) -> list[int | Exception]:
        sizes.append(len(items))
        return list(items)

    n = MOST_TOGETHER + 3
    assert answered(lambda lane: [Shared(counted, i) for i in range(n)]) == list(range(n))
    assert sizes == [MOST_TOGETHER, 3]


def test_what_is_bound_to_come_too_late_makes_nobody_else_late_and_one_is_always_tried():
    calls: list[list[int]] = []

    def counted(_: Any, items: list[int]) -> list[int | Exception]:
        calls.append(items)
        return list(items)

    begun, go_on = threading.Event(), threading.Event()

    def first(_: Any) -> None:
        begun.set()
        assert go_on.wait(10)

    async def asked(lefts_s: list[float]) -> list[Any]:
        lane = Lane(NoDatabase(), "a lane")  # type: ignore[arg-type]
        lane.took_s, now = 60.0, asyncio.get_running_loop().time()
        begun.clear()
        go_on.clear()
        held = asyncio.ensure_future(lane.run(first, now + 300))
        await asyncio.to_thread(begun.wait, 10)
        works = [asyncio.ensure_future(lane.run(Shared(counted, i), now + left)) for i, left in enumerate(lefts_s)]
        await asyncio.sleep(0)
        go_on.set()
        await held
        found = await asyncio.gather(*works, return_exceptions=True)
        lane.close()
        return found

    found = asyncio.run(asked([0.5, 200.0, 0.5]))
    assert ([type(one) for one in found], calls) == ([Late, int, Late], [[1]])
    assert (len(asyncio.run(asked([0.5, 0.5]))), calls[1:]) == (2, [[1]])


def test_what_breaks_of_one_stays_with_it_and_what_breaks_of_all_is_told_to_all():
    def inverse(_: Any, items: list[int]) -> list[float | Exception]:
        return [1 / item if item else ZeroDivisionError() for item in items]

    found = answered(lambda lane: [Shared(inverse, 2), Shared(inverse, 0), Shared(inverse, 4)])
    assert (found[0], type(found[1]), found[2]) == (0.5, ZeroDivisionError, 0.25)

    def broken(_: Any, items: list[int]) -> list[int | Exception]:
        raise OSError("the disk")

    assert [type(one) for one in answered(lambda lane: [Shared(broken, i) for i in range(2)])] == [OSError, OSError]


def test_alone_it_gives_or_raises_the_same():
    assert Shared(lambda _, items: [one + 1 for one in items], 1)(None) == 2  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        Shared(lambda _, items: [ZeroDivisionError()], 1)(None)  # type: ignore[arg-type]


def stuck_while(work: Callable[[Any], None]) -> bool:
    """Is the lane called stuck when a twentieth of a second of this is over?"""

    async def asked() -> bool:
        lane = Lane(NoDatabase(), "a lane")  # type: ignore[arg-type]
        lane.took_s = 0.001
        doing = asyncio.ensure_future(lane.run(work, asyncio.get_running_loop().time() + 60))
        await asyncio.sleep(0.06)
        found = lane.stuck
        await doing
        lane.close()
        return found

    return asyncio.run(asked())


def test_a_reader_that_waits_is_stuck_and_one_that_computes_is_only_slow():
    def computes(_: Any) -> None:
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            hashlib.sha256(bytes(1_000_000)).digest()  # leaves the interpreter to the loop meanwhile

    assert stuck_while(lambda _: time.sleep(0.1))
    assert not stuck_while(computes)


def test_what_is_expected_of_the_line_grows_with_it_and_less_where_much_is_done_at_once():
    expected: list[float] = []

    def asking(lane: Lane) -> list[Any]:
        lane.took_s = 1.0
        for more in (0, 3):
            lane.waiting += more
            expected.extend(lane.expected_s(work) for work in (Shared(max, 1), lambda _: None))  # type: ignore[arg-type]
        lane.waiting -= 3
        return []

    answered(asking)
    alone, others_alone, four, four_turns = expected
    assert [alone, others_alone] == pytest.approx([2.0, 2.0], abs=0.2), "what is at work, and itself"
    assert four_turns == pytest.approx(5.0, abs=0.2), "three more turns"
    assert four == pytest.approx(3.5, abs=0.2), "one turn of four, longer by half for each more"
