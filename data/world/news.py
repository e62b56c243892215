"""What is told of each order, and when: late, with noisy reasons, now and then by mistake."""

from dataclasses import dataclass, fields

import numpy as np

from data.contract import DAY, HOUR, NewsType, Reason
from data.world.checkout import Orders
from data.world.course import Course
from data.world.outcomes import ADDRESS, ATTEMPTS, COURIER, FAKE, REFUSED, UNREACHABLE, Fate
from data.world.streams import Ints, stream
from data.world.visits import Market, uniform

# a slot numbers an event within its order, so that its id is known without counting
OUT, FAILED, MISTAKEN, CORRECTED = 2, 5, 13, 14
SLOT = {
    NewsType.PLACED: 0,
    NewsType.DISPATCHED: 1,
    NewsType.DELIVERED: 8,
    NewsType.RTO_STARTED: 9,
    NewsType.RTO_RECEIVED: 10,
    NewsType.CANCELLED: 11,
    NewsType.LOST: 12,
}
TOLD_BY_SHOP = (NewsType.PLACED, NewsType.CANCELLED)
_R = Reason
RECORDED: dict[int, dict[Reason, float]] = {
    0: {_R.UNREACHABLE: 0.80, _R.NO_ATTEMPT: 0.12, _R.OTHER: 0.08},
    FAKE: {_R.FAKE_OR_NO_INTENT: 0.30, _R.UNREACHABLE: 0.35, _R.REFUSED: 0.30, _R.OTHER: 0.05},
    REFUSED: {_R.REFUSED: 0.86, _R.UNREACHABLE: 0.07, _R.OTHER: 0.07},
    ADDRESS: {_R.BAD_ADDRESS: 0.75, _R.UNREACHABLE: 0.15, _R.REFUSED: 0.10},
    UNREACHABLE: {_R.UNREACHABLE: 0.70, _R.REFUSED: 0.25, _R.OTHER: 0.05},
    COURIER: {_R.NO_ATTEMPT: 0.45, _R.DAMAGED: 0.20, _R.REFUSED: 0.25, _R.OTHER: 0.10},
}
"""True cause -> what the courier writes down, and how often (science notes: a quarter is booked as refused)."""


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """(m,) pieces of news; times in microseconds. `voids` is the slot that a correction voids, -1 for all else."""

    order: Ints
    slot: Ints
    type: Ints
    happened_at: Ints
    known_at: Ints
    reason: Ints
    voids: Ints

    def take(self, rows: Ints) -> "News":
        """These rows, in this order."""
        return News(*(getattr(self, column.name)[rows] for column in fields(self)))


def tell(market: Market, orders: Orders, fate: Fate, course: Course) -> News:
    """All news of the world known by its end, in order of when it was told."""
    everyone = np.ones(len(orders), dtype=bool)
    steps = (
        (NewsType.PLACED, everyone, orders.visits.placed_at),
        (NewsType.CANCELLED, course.cancelled, course.cancelled_at),
        (NewsType.DISPATCHED, course.shipped, course.dispatched_at),
        (NewsType.DELIVERED, course.delivered, course.delivered_at),
        (NewsType.RTO_STARTED, course.started, course.started_at),
        (NewsType.RTO_RECEIVED, course.started & ~course.delivered, course.received_at),
        (NewsType.LOST, course.lost, course.lost_at),
    )
    batches = [_told(market, SLOT[kind], kind, np.flatnonzero(who), at) for kind, who, at in steps]
    batches += [*_attempts(market, fate, course), *_mistakes(market, course)]
    news = News(*(np.concatenate([getattr(b, column.name) for b in batches]) for column in fields(News)))
    told = np.flatnonzero(news.known_at <= market.until)
    ranked = np.lexsort((news.slot[told], news.order[told], news.known_at[told]))
    return news.take(told[ranked])


def _told(market: Market, slot: int, kind: NewsType, who: Ints, at: Ints) -> News:
    """News of one slot for the orders `who`, happened at `at[who]`. The shop tells at once, the courier hours later."""
    late = stream(market.seed, f"news.late.{slot}").exponential(market.preset.news.told_late_hours * HOUR, len(at))[who]
    known_at = at[who] + (0 if kind in TOLD_BY_SHOP else late.astype(np.int64))
    return _batch(slot, kind, who, (at[who], known_at))


def _batch(slot: int, kind: NewsType, who: Ints, times: tuple[Ints, Ints], voids: int = -1) -> News:
    same = np.zeros(len(who), dtype=np.int64)
    return News(who, same + slot, same + int(kind), *times, same + int(Reason.NONE), same + voids)


def _attempts(market: Market, fate: Fate, course: Course) -> list[News]:
    """Out for delivery before each attempt, and each failure with the reason as booked."""
    batches = []
    ends = course.started | course.delivered
    for number in range(ATTEMPTS):
        failed = np.flatnonzero(ends & (course.failed_attempts > number))
        tried = np.flatnonzero(ends & (course.failed_attempts + (fate.cause == 0) > number))
        batches.append(_told(market, OUT + number, NewsType.OUT_FOR_DELIVERY, tried, course.out_at[number]))
        told = _told(market, FAILED + number, NewsType.ATTEMPT_FAILED, failed, course.attempt_at[number])
        told.reason[:] = _booked(market.seed, number, fate.cause)[failed]
        batches.append(told)
    return batches


def _booked(seed: int, number: int, cause: Ints) -> Ints:
    """(n,) the reason a courier would book for a failed attempt on each order."""
    draw, reason = uniform(seed, f"news.reasons.{number}", len(cause)), np.zeros(len(cause), dtype=np.int64)
    for true_cause, booked in RECORDED.items():
        mine = cause == true_cause
        edges = np.cumsum([*booked.values()])[:-1]
        reason[mine] = np.array([int(kind) for kind in booked])[np.searchsorted(edges, draw[mine])]
    return reason


def _mistakes(market: Market, course: Course) -> list[News]:
    """A parcel scanned as the opposite of what becomes of it, and the courier's correction a day or two later."""
    seed, count = market.seed, len(course.lost)
    wrong = uniform(seed, "news.mistakes", count) < market.preset.news.mistaken_scan
    correct_after = (stream(seed, "news.corrections").uniform(0.5, 2.0, count) * DAY).astype(np.int64)
    batches = []
    for kind, who in ((NewsType.RTO_STARTED, course.delivered & ~course.started), (NewsType.DELIVERED, course.started)):
        scan = _told(market, MISTAKEN, kind, np.flatnonzero(wrong & who), course.attempt_at[0])
        at = scan.known_at + correct_after[scan.order]
        batches += [scan, _batch(CORRECTED, NewsType.CORRECTION, scan.order, (at, at), MISTAKEN)]
    return batches
