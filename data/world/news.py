"""What is told of each order, and when: late, with noisy reasons, now and then by mistake."""

from dataclasses import dataclass, fields

import numpy as np

from data.contract import DAY, HOUR, Action, NewsType, Reason
from data.world.checkout import Orders
from data.world.course import Course
from data.world.handling import Handling
from data.world.outcomes import ATTEMPTS, Fate
from data.world.recorded import book
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
    NewsType.ACTION_TAKEN: 15,
    NewsType.CONFIRMED: 16,
    NewsType.NO_REPLY: 17,
    NewsType.SWITCHED_TO_PREPAID: 18,
}
TOLD_BY_SHOP = tuple(
    int(kind)
    for kind in (
        NewsType.PLACED,
        NewsType.CANCELLED,
        NewsType.ACTION_TAKEN,
        NewsType.CONFIRMED,
        NewsType.NO_REPLY,
        NewsType.SWITCHED_TO_PREPAID,
    )
)
NO_ACTION, NO_SLOT = len(Action), 20


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """(m,) pieces of news; times in microseconds. `voids`: the slot that a correction voids, `NO_SLOT` for all else;
    `action`: the action that was taken, `NO_ACTION` for all else.
    """

    order: Ints
    slot: Ints
    type: Ints
    happened_at: Ints
    known_at: Ints
    reason: Ints
    voids: Ints
    action: Ints

    def take(self, rows: Ints) -> "News":
        """These rows, in this order."""
        return News(*(getattr(self, column.name)[rows] for column in fields(self)))


def tell(market: Market, orders: Orders, fate: Fate, handling: Handling, course: Course) -> News:
    """All news of the world known by its end, in order of when it was told."""
    everyone, ends = np.ones(len(orders), dtype=bool), ~course.untold
    steps = (
        (NewsType.PLACED, everyone, orders.visits.placed_at),
        (NewsType.CANCELLED, course.cancelled, course.cancelled_at),
        (NewsType.DISPATCHED, course.shipped, course.dispatched_at),
        (NewsType.DELIVERED, course.delivered & ends, course.delivered_at),
        (NewsType.RTO_STARTED, course.started & ends, course.started_at),
        (NewsType.RTO_RECEIVED, course.started & ~course.delivered & ends, course.received_at),
        (NewsType.LOST, course.lost, course.lost_at),
    )
    batches = [_told(market, SLOT[kind], kind, np.flatnonzero(who), at) for kind, who, at in steps]
    batches += [*_handled(market, handling, course), *_attempts(market, fate, course), *_mistakes(market, course)]
    news = News(*(np.concatenate([getattr(b, column.name) for b in batches]) for column in fields(News)))
    told = np.flatnonzero(news.known_at <= market.until)
    ranked = np.lexsort((news.slot[told], news.order[told], news.known_at[told]))
    return news.take(told[ranked])


def _handled(market: Market, handling: Handling, course: Course) -> list[News]:
    """The action taken soon after the order was placed, and what the buyer answered: all before dispatch."""
    acted = handling.action != int(Action.ALLOW_COD)
    leave = np.where(course.cancelled, course.cancelled_at, course.dispatched_at) - course.placed_at
    steps = (
        (NewsType.ACTION_TAKEN, acted, 0.1),
        (NewsType.CONFIRMED, handling.asked & handling.replied, 0.5),
        (NewsType.NO_REPLY, handling.asked & ~handling.replied, 0.5),
        (NewsType.SWITCHED_TO_PREPAID, handling.switched, 0.5),
    )
    batches = []
    for kind, who, when in steps:
        at = course.placed_at + (leave * when).astype(np.int64)
        batches.append(_told(market, SLOT[kind], kind, np.flatnonzero(who), at))
    batches[0].action[:] = handling.action[batches[0].order]
    return batches


def _told(market: Market, slot: int, kind: NewsType, who: Ints, at: Ints) -> News:
    """News of one slot for the orders `who`, happened at `at[who]`. The shop tells at once, the courier hours later."""
    late = stream(market.seed, f"news.late.{slot}").exponential(market.preset.news.told_late_hours * HOUR, len(at))[who]
    known_at = at[who] + (0 if kind in TOLD_BY_SHOP else late.astype(np.int64))
    return _batch(slot, kind, who, (at[who], known_at))


def _batch(slot: int, kind: NewsType, who: Ints, times: tuple[Ints, Ints], voids: int = NO_SLOT) -> News:
    same = np.zeros(len(who), dtype=np.int64)
    kinds = (same + slot, same + int(kind), *times, same + int(Reason.NONE), same + voids, same + NO_ACTION)
    return News(who, *kinds)


def _attempts(market: Market, fate: Fate, course: Course) -> list[News]:
    """Out for delivery before each attempt, and each failure with the reason as booked."""
    batches = []
    ends = course.started | course.delivered
    for number in range(ATTEMPTS):
        failed = np.flatnonzero(ends & (course.failed_attempts > number))
        tried = np.flatnonzero(ends & (course.failed_attempts + (fate.cause == 0) > number))
        batches.append(_told(market, OUT + number, NewsType.OUT_FOR_DELIVERY, tried, course.out_at[number]))
        told = _told(market, FAILED + number, NewsType.ATTEMPT_FAILED, failed, course.attempt_at[number])
        told.reason[:] = book(market.seed, number, fate.cause)[failed]
        batches.append(told)
    return batches


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
