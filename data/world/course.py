"""The course of each order in time: dispatched, tried, delivered or sent back, cancelled or lost."""

from dataclasses import dataclass

import numpy as np

from data.contract import DAY, HOUR
from data.world.checkout import Orders
from data.world.handling import Handling
from data.world.outcomes import ADDRESS, ATTEMPTS, COURIER, FAKE, REFUSED, UNREACHABLE, Fate
from data.world.plans import CoursePlan, NewsPlan
from data.world.streams import Flags, Floats, Ints, sigmoid, stream
from data.world.transit import Transit
from data.world.visits import Market, uniform

# failed attempts before the courier gives up: at least so many, then one more with chance 1/2 each time, at most three
PATIENCE = {FAKE: 2, REFUSED: 1, ADDRESS: 2, UNREACHABLE: ATTEMPTS, COURIER: 1}


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """(n,) what became of each order. Times in microseconds; they mean nothing where the thing never happened."""

    cancelled: Flags
    lost: Flags
    untold: Flags  # it ended, and nobody ever says how
    started: Flags  # RTO started, also where delivered after all
    delivered: Flags
    failed_attempts: Ints
    placed_at: Ints
    cancelled_at: Ints
    dispatched_at: Ints
    out_at: Ints  # (3, n) left the last hub for each attempt
    attempt_at: Ints  # (3, n)
    started_at: Ints
    received_at: Ints
    delivered_at: Ints
    lost_at: Ints

    @property
    def shipped(self) -> Flags:
        """Left the warehouse."""
        return ~self.cancelled

    @property
    def outcome(self) -> Ints:
        """(n,) 0 delivered, 1 RTO, 2 cancelled, 3 lost: the end, whether or not it is told before the world's end."""
        return np.select([self.cancelled, self.lost, self.delivered], [2, 3, 0], 1)


def run_course(market: Market, orders: Orders, transit: Transit, fate: Fate, handling: Handling) -> Course:
    """Put times to each order's fate (science notes 3.4)."""
    plan, seed, count = market.preset.course, market.seed, len(orders)
    placed, cancelled = orders.visits.placed_at, cancelled_unasked(market, orders) | handling.cancelled
    lost = ~cancelled & lost_if_shipped(market, count)
    ends, dispatched_at = ~cancelled & ~lost, placed + _us(transit.dispatch_days)
    back, failed, journey = fate.cause > 0, _failed_attempts(fate, seed), _us(transit.journey_days)
    attempt_at = dispatched_at + journey + np.cumsum(_gaps(plan, count, seed), axis=0)
    last = attempt_at[np.where(back, failed - 1, failed), np.arange(count)]
    started_at, received_at, after_all_at = _way_back(plan, last, seed)
    return Course(
        cancelled=cancelled,
        lost=lost,
        untold=uniform(seed, "course.untold", count) < market.preset.news.untold,
        started=ends & back,
        delivered=ends & (~back | fate.after_all),
        failed_attempts=np.where(ends, failed, 0),
        placed_at=placed,
        cancelled_at=placed + _us(transit.dispatch_days * uniform(seed, "course.cancelled_at", count) * 0.9),
        dispatched_at=dispatched_at,
        out_at=attempt_at - np.minimum(3 * HOUR, journey // 2),
        attempt_at=attempt_at,
        started_at=started_at,
        received_at=received_at,
        delivered_at=np.where(back, after_all_at, last),
        lost_at=dispatched_at + _us(stream(seed, "course.lost_at").uniform(*plan.lost_after, count)),
    )


def _way_back(plan: CoursePlan, last: Ints, seed: int) -> tuple[Ints, Ints, Ints]:
    """RTO started, back at the warehouse, or delivered after all: moments after the last attempt."""
    draw, count = stream(seed, "course.rto"), len(last)
    started_at = last + _us(draw.geometric(plan.decides, count) - 0.5 + draw.gamma(*plan.scan, count))
    received_at = started_at + _us(draw.uniform(*plan.way_back, count))
    return started_at, received_at, started_at + _us(draw.uniform(*plan.after_all, count))


def _us(days: Floats) -> Ints:
    return np.asarray(days * DAY).astype(np.int64)


def cancelled_unasked(market: Market, orders: Orders) -> Flags:
    """(n,) taken back before dispatch, whatever the shop does."""
    logit = cancel_logit(market.preset.news, market.people.reliability[orders.visits.person])
    return np.asarray(uniform(market.seed, "course.cancelled", len(orders)) < sigmoid(logit))


def cancel_logit(plan: NewsPlan, reliability: Floats) -> Floats:
    """The logit of being taken back unasked; unreliable buyers do it a little oftener."""
    return np.asarray(np.log(plan.cancelled / (1 - plan.cancelled)) + plan.cancelled_on_reliability * reliability)


def lost_if_shipped(market: Market, count: int) -> Flags:
    """(n,) lost by the courier, if handed over at all."""
    return np.asarray(uniform(market.seed, "course.lost", count) < market.preset.news.lost)


def _failed_attempts(fate: Fate, seed: int) -> Ints:
    """(n,) 0 to 2 for delivered parcels, 1 to 3 for those that come back."""
    least = np.array([0, *(PATIENCE[cause] for cause in range(1, 6))])[fate.cause]
    more = stream(seed, "course.patience").geometric(0.5, len(least)) - 1
    return np.where(fate.cause > 0, np.minimum(least + more, ATTEMPTS), fate.failed_attempts)


def _gaps(plan: CoursePlan, count: int, seed: int) -> Ints:
    """(3, n) microseconds before each attempt: none before the first, about a day before the others."""
    gaps = _us(stream(seed, "course.gaps").uniform(*plan.gap, (ATTEMPTS, count)))
    gaps[0] = 0
    return gaps
