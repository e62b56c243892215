"""DQ220 to DQ226: courses of events that cannot be. News taken back by a correction is left out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data.checks.check import Check, Severity, Suite, Tally
from data.contract import NewsType
from data.history import History

Array = np.ndarray[Any, Any]

ALWAYS, NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max
TOLERATED = 0.01
"""Of the orders a hard rule is about, this share may break it: single slips happen, and each is counted and named."""

T = NewsType
FINAL = (T.DELIVERED, T.RTO_RECEIVED, T.CANCELLED, T.LOST)
ON_THE_WAY = (T.DISPATCHED, T.OUT_FOR_DELIVERY, T.ATTEMPT_FAILED)
BACK = (T.RTO_STARTED, T.RTO_RECEIVED)


def _check(code: str, name: str, title: str, why: str, to_do: str, severity: Severity = Severity.SOFT) -> Check:
    most = TOLERATED if severity is Severity.HARD else 0
    if most:
        why += f". It fails where more than {most:.0%} of the orders with such news do so"
    terms = {"column": name, "max_value": most}
    return Check(code, title, severity, why, to_do, Suite.SEQUENCES, "ExpectColumnValuesToBeBetween", terms)


SEQUENCE_CHECKS = (
    _check(
        "DQ220", "delivered_before_dispatched", "nothing is delivered before it is dispatched",
        "one of the two times is of another event, or in another time zone; delays learned from it are wrong",
        "check the date formats and time zones of the two columns in the mapping",
    ),
    _check(
        "DQ221", "on_the_way_after_end", "nothing is on its way after its end",
        "dispatched, out for delivery or a failed attempt after delivered, received back, cancelled or lost: an order "
        "number used again, a second parcel, or a status that is not the end it is read as",
        "check which statuses the mapping reads as an end; give a second parcel an order number of its own",
    ),
    _check(
        "DQ222", "received_without_start", "what came back has begun to come back",
        "rto_received without rto_started, where others have it: rows are missing, and the cause of the RTO with them",
        "look for the missing status in the export. Not applicable where fewer than half of what came back has "
        "rto_started: such an export tells the last status only",
    ),
    _check(
        "DQ223", "delivered_after_received", "nothing is delivered after it came back",
        "the last of the two decides the label, and one of them is wrong",
        "find out which of the two the courier means; take the other back with a correction", Severity.HARD,
    ),
    _check(
        "DQ224", "cancelled_after_delivered", "nothing is cancelled after it was delivered",
        "a customer return booked as a cancellation, or a delivery booked too soon; the label stays delivered",
        "map that status as returned, or check the time of the delivery",
    ),
    _check(
        "DQ225", "action_before_placed", "no action is taken before its order was placed",
        "what our advice earned is counted from when it was given; before the order nobody could give it",
        "check the clock or the time zone of the system that tells the actions",
    ),
    _check(
        "DQ226", "two_ends_at_once", "no order is delivered and on its way back at the same instant",
        "the last of the two decides the label; told for one instant, a fixed rank decides it instead of the world",
        "map a column that tells the time, not only the day, or leave out the status that is not the end",
        Severity.HARD,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Course:
    """The news of n orders. start: (n + 1,) slice of each order's.  type, happened_at, known_at, counts: (k,), `counts`
    False where a correction took it back.  placed_at: (n,)."""

    start: Array
    type: Array
    happened_at: Array
    known_at: Array
    counts: Array
    placed_at: Array

    def first(self, *types: NewsType) -> Array:
        """(n,) when the first of these happened, NEVER without any."""
        return self._each(np.minimum, types, NEVER)

    def last(self, *types: NewsType) -> Array:
        """(n,) when the last of these happened, ALWAYS without any."""
        return self._each(np.maximum, types, ALWAYS)

    def _each(self, ufunc: Any, types: tuple[NewsType, ...], none: int) -> Array:
        out = np.full(len(self.start) - 1, none, dtype=np.int64)
        rows = np.flatnonzero(_any_of(self.type, types) & self.counts)
        owner = np.searchsorted(self.start, rows, side="right") - 1
        ufunc.at(out, owner, self.happened_at[rows])
        return out


def course_of(history: History) -> Course:
    """The course of every order of a history, corrections applied."""
    counts = history.news["type"] != T.CORRECTION
    voiding = np.flatnonzero(history.news["voids"] >= 0)
    owner = np.searchsorted(history.start, voiding, side="right") - 1
    counts[history.start[owner] + history.news["voids"][voiding]] = False
    news = history.news
    return Course(
        history.start, news["type"], news["happened_at"], news["known_at"], counts, history.orders["placed_at"]
    )


def tallies(course: Course) -> dict[str, Tally]:
    """Column of the check -> how many orders the rule is about, and which of them break it."""
    return {name: Tally.of(*rule(course)) for name, rule in RULES.items()}


def lags(course: Course) -> Array:
    """(n,) microseconds from placing an order to being told of its outcome first; NaN where none was told."""
    told = replace(course, happened_at=course.known_at).first(T.DELIVERED, *BACK)
    return np.where(told == NEVER, np.nan, (told - course.placed_at).astype(np.float64))


def _any_of(types: Array, wanted: tuple[NewsType, ...]) -> Array:
    known = np.zeros(256, dtype=bool)
    known[list(wanted)] = True
    return known[types]


def _delivered_before_dispatched(c: Course) -> tuple[Array, Array]:
    delivered, dispatched = c.first(T.DELIVERED), c.first(T.DISPATCHED)
    both = (delivered != NEVER) & (dispatched != NEVER)
    return both, both & (delivered < dispatched)


def _on_the_way_after_end(c: Course) -> tuple[Array, Array]:
    ended = c.first(*FINAL)
    _, told_by_another = _delivered_before_dispatched(c)
    return ended != NEVER, (c.last(*ON_THE_WAY) > ended) & ~told_by_another


def _received_without_start(c: Course) -> tuple[Array, Array]:
    started, received = c.first(T.RTO_STARTED), c.first(T.RTO_RECEIVED)
    back = received != NEVER
    both = back & (started != NEVER)
    about = back & bool(2 * both.sum() >= max(back.sum(), 1))  # else a course told by its last status
    return about, about & (started > received)


def _delivered_after_received(c: Course) -> tuple[Array, Array]:
    received = c.first(T.RTO_RECEIVED)
    return received != NEVER, c.last(T.DELIVERED) > received


def _cancelled_after_delivered(c: Course) -> tuple[Array, Array]:
    delivered = c.first(T.DELIVERED)
    return delivered != NEVER, c.last(T.CANCELLED) > delivered


def _action_before_placed(c: Course) -> tuple[Array, Array]:
    taken = c.first(T.ACTION_TAKEN)
    return taken != NEVER, taken < c.placed_at


def _two_ends_at_once(c: Course) -> tuple[Array, Array]:
    delivered, back = c.last(T.DELIVERED), c.last(*BACK)
    about = (delivered != ALWAYS) | (back != ALWAYS)
    return about, about & (delivered == back)


RULES: dict[str, Callable[[Course], tuple[Array, Array]]] = {
    "delivered_before_dispatched": _delivered_before_dispatched,
    "on_the_way_after_end": _on_the_way_after_end,
    "received_without_start": _received_without_start,
    "delivered_after_received": _delivered_after_received,
    "cancelled_after_delivered": _cancelled_after_delivered,
    "action_before_placed": _action_before_placed,
    "two_ends_at_once": _two_ends_at_once,
}
