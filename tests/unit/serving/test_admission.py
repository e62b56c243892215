"""Does a late event loop take room away from new scores, and a punctual one give it back?"""

import asyncio
import sys
import time

from serving.admission import Admission

LATE_S = 0.02


def test_a_late_beat_takes_room_and_many_punctual_ones_give_it_back():
    admission = Admission(64, LATE_S)
    for _ in range(100):
        admission.noticed(2 * LATE_S, 1.0)
    assert admission.room == 2, "some are always tried, or nothing would be learned"
    for _ in range(1_000):
        admission.noticed(LATE_S / 2, 2.0)
    assert admission.room == 64


def test_while_the_loop_is_late_threads_give_the_interpreter_up_sooner():
    admission, usual = Admission(64, LATE_S), sys.getswitchinterval()
    admission.noticed(2 * LATE_S, 1.0)
    hurried = sys.getswitchinterval()
    for _ in range(300):
        admission.noticed(0.0, 2.0)
    assert hurried < usual / 2
    assert sys.getswitchinterval() == usual


def always() -> bool:
    return True


def test_a_loop_that_is_held_up_lets_fewer_begin_and_all_again_once_it_keeps_up():
    async def rush() -> tuple[float, bool, float]:
        admission = Admission(8, LATE_S)
        for _ in range(12):
            if await admission.lets(always, 0):
                admission.end()
            time.sleep(3 * LATE_S)  # a turn with far too much to do
            await asyncio.sleep(0)
        held_up = admission.room
        begun = [await admission.lets(always, 0.001) for _ in range(8)]
        for _ in range(sum(begun)):
            admission.end()
        for _ in range(400):
            if await admission.lets(always, 0):
                admission.end()
            await asyncio.sleep(0.002)
            if admission.room == admission.most:
                break
        return held_up, all(begun), admission.room

    held_up, all_begun, after = asyncio.run(rush())
    assert held_up < 4
    assert not all_begun
    assert after == 8


def test_who_finds_no_room_has_it_as_soon_as_another_ends_or_is_turned_away():
    async def three() -> list[bool]:
        admission = Admission(1, LATE_S)
        first = await admission.lets(always, 0)
        second = asyncio.ensure_future(admission.lets(always, 60))
        third = asyncio.ensure_future(admission.lets(always, 0.01))
        turned_away = await third
        before = second.done()
        admission.end()
        for _ in range(3):
            await asyncio.sleep(0)  # no beat comes meanwhile
        return [first, before, second.done() and await second, turned_away, admission.within == 1]

    assert asyncio.run(three()) == [True, False, True, False, True]


def test_what_would_be_late_does_not_begin_and_takes_no_room():
    async def late() -> tuple[bool, int]:
        admission = Admission(1, LATE_S)
        begun = await admission.lets(lambda: False, 0.02)
        return begun, admission.within

    assert asyncio.run(late()) == (False, 0)


def test_who_hangs_up_as_the_turn_comes_gives_it_back():
    async def hung_up() -> int:
        admission = Admission(1, LATE_S)
        assert await admission.lets(always, 0)
        waiting = asyncio.ensure_future(admission.lets(always, 60))
        await asyncio.sleep(0)
        admission.end()  # the turn is given ...
        waiting.cancel()  # ... and not taken
        await asyncio.wait({waiting})
        return admission.within

    assert asyncio.run(hung_up()) == 0
