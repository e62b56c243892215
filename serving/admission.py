"""How many scores may be on their way to the full rung at once: as many as can be, fewer while the event loop is late.

Scores in the making and the event loop share one interpreter. Where more comes than both can do, the loop falls behind,
and with it every answer, also those that cost little. So its lateness is what decides: a beat that comes late takes a part
of the room away, each that comes in time gives a little back. Who finds no room waits for it a moment: an answer given at
once would only bring the next question sooner, and the room is free again when a turn of the reader ends.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Callable

_EVERY_S, _SELDOM_S, _LATELY_S = 0.005, 0.02, 0.5
_FEW = 2
"""As long as no more are on their way, and there is all the room, a beat is seldom: each wakes the loop."""
_LEAST, _LESS, _MORE = 2.0, 0.8, 0.25


_HURRIED_S = 0.0001
"""How long a thread keeps the interpreter while the loop is late: it gives it up with every byte it reads or sends, and what
it is too late for grows by each time that it then waits. Turned to and fro so often, a busy reader takes a tenth longer."""


class Admission:
    """Used from the event loop. most: scores at once.  late_s: a beat later than that is a loop with too much to do.

    room: scores that may be on their way now.  within: those that are.
    """

    def __init__(self, most: int, late_s: float) -> None:
        self.most, self.late_s, self.room, self.within = most, late_s, float(most), 0
        self._asked, self._beats, self._late_at = False, False, float("-inf")
        self._unhurried_s: float | None = None
        self._waiting: deque[asyncio.Future[bool]] = deque()

    async def lets(self, fits: Callable[[], bool], wait_s: float) -> bool:
        """May one more begin, now or within `wait_s`? Who may says `end` in the end. fits: would its answer be in time?"""
        loop, self._asked = asyncio.get_running_loop(), True
        if not self._beats:
            self._beats = True
            self._beat_later(loop)
        if self._free and fits():
            self.within += 1
            return True
        turn: asyncio.Future[bool] = loop.create_future()
        timer = loop.call_later(wait_s, _no_more, turn)
        self._waiting.append(turn)
        try:
            if not await turn:
                return False
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.end()  # its turn came as the caller hung up
            raise
        finally:
            timer.cancel()
        if not fits():
            self.end()
            return False
        return True

    def end(self) -> None:
        self.within -= 1
        self._call()

    def pressed(self, now: float) -> bool:
        """Was the loop late of late? Whatever else was slow then may only have had no turn."""
        return now - self._late_at < _LATELY_S

    def noticed(self, late_s: float, now: float) -> None:
        """A beat came so late."""
        if late_s > self.late_s:
            self.room, self._late_at = max(min(_LEAST, self.most), self.room * _LESS), now
            self._hurry()
        else:
            self.room = min(self.most, self.room + _MORE)
            if self._unhurried_s is not None and self.room >= self.most:
                self.settle()
            self._call()

    def _hurry(self) -> None:
        if self._unhurried_s is None:
            self._unhurried_s = sys.getswitchinterval()
            sys.setswitchinterval(min(_HURRIED_S, self._unhurried_s))

    def settle(self) -> None:
        """Let threads keep the interpreter as long as before the loop was late."""
        if self._unhurried_s is not None:
            sys.setswitchinterval(self._unhurried_s)
            self._unhurried_s = None

    @property
    def _free(self) -> bool:
        return self.within + 1 <= self.room

    def _call(self) -> None:
        while self._waiting and (self._waiting[0].done() or self._free):
            turn = self._waiting.popleft()
            if not turn.done():
                self.within += 1
                turn.set_result(True)

    def _beat_later(self, loop: asyncio.AbstractEventLoop) -> None:
        calm = self.within <= _FEW and self.room >= self.most and not self._waiting
        due = loop.time() + (_SELDOM_S if calm else _EVERY_S)
        loop.call_at(due, self._beat, loop, due)

    def _beat(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        now = loop.time()
        self.noticed(now - due, now)
        self._beats, self._asked = self._asked or self.within > 0 or bool(self._waiting), False
        if self._beats:
            self._beat_later(loop)


def _no_more(turn: "asyncio.Future[bool]") -> None:
    if not turn.done():
        turn.set_result(False)
