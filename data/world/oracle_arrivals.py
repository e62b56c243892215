"""What the moments of a buyer's orders say: steady buyers buy a little oftener, rings come in bursts to one shop."""

from typing import TYPE_CHECKING

import numpy as np

from data.contract import DAY
from data.world.oracle_states import NEVER, POINTS, RING, States
from data.world.people import BURST_ROOM_DAYS
from data.world.streams import Flags, Floats, Ints
from data.world.visits import Market

if TYPE_CHECKING:
    from data.world.simulate import Inner

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)


def arrivals(inner: "Inner", states: States) -> Floats:
    """(n, s) what each order's moment and shop add to the log likelihood of its buyer's states."""
    visits, market = inner.orders.visits, inner.market
    ranked = np.argsort(visits.person, kind="stable")
    first = ranked[np.searchsorted(visits.person[ranked], visits.person)]
    exposure, per_day = _exposure(market, visits.placed_at)
    total = np.empty((len(first), len(states.reliability)))
    total[:, :POINTS] = _usual(market, states, visits.n_prior, visits.day[first], (exposure, exposure[first]))
    one_shop, left = _shops(inner, first)
    total[:, :POINTS] += (_running(visits.person, np.log(per_day)) + one_shop)[:, None]
    total[:, RING] = np.where(left, NEVER, _ring(inner, exposure[-1]))
    change = total.copy()
    later = visits.n_prior[ranked] > 0
    change[ranked[later]] -= total[ranked[np.flatnonzero(later) - 1]]
    return change


def _exposure(market: Market, placed_at: Ints) -> tuple[Floats, Floats]:
    """(n,) orders to be expected of a buyer with rate 1 from the beginning to each order, and a day around it."""
    people = market.people
    since = np.where(people.ring, -np.inf, people.joined_day)
    ranked = np.argsort(since, kind="stable")
    day = (placed_at - market.begin) / DAY
    there = np.cumsum(people.rate[ranked])[np.searchsorted(since[ranked], day, side="right") - 1]
    exposure = np.cumsum(1.0 / there)
    today = np.bincount(day.astype(np.int64), weights=1.0 / there)[day.astype(np.int64)]
    return exposure, np.asarray(today, dtype=np.float64)


def _usual(market: Market, states: States, n_prior: Ints, first_day: Floats, exposure: tuple[Floats, Floats]) -> Floats:
    """(n, points) log chance of so many orders since the first one: rate ~ Gamma, joined at an unknown day before."""
    plan, days = market.preset.people, market.preset.days
    now, at_first = exposure
    factor = np.exp(plan.rate_on_reliability * states.reliability[:POINTS])
    shape, orders = plan.rate_shape, n_prior[:, None] + 1.0
    span = days + plan.joined_before_days
    log = np.log(plan.joined_before_days / span) - (shape + orders) * np.log1p(factor * now[:, None])
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        joined = at_first * (node + 1) / 2  # exposure grows almost evenly with time
        share = np.log(np.maximum(first_day, 1e-9) / span * weight / 2)
        log = np.logaddexp(log, share[:, None] - (shape + orders) * np.log1p(factor * (now - joined)[:, None]))
    steps = np.concatenate([[0.0], np.cumsum(np.log(shape + np.arange(n_prior.max() + 1)))])
    return np.asarray(log + steps[n_prior + 1][:, None] + orders * np.log(factor))


def _ring(inner: "Inner", whole: float) -> Floats:
    """(n,) the same for a member of a ring: one shop, gaps of a few days, a Poisson number of orders."""
    visits, plan, days = inner.orders.visits, inner.market.preset.people, inner.market.preset.days
    rate = plan.rate_shape * np.exp(plan.rate_on_reliability * plan.ring_reliability) * plan.ring_rate
    more = _poisson_tail(rate * whole, int(visits.n_prior.max()) + 2)
    ranked = np.argsort(visits.person, kind="stable")
    gap = np.diff(visits.day[ranked], prepend=0.0)
    step = -gap / plan.ring_gap_days - np.log(plan.ring_gap_days)
    step[visits.n_prior[ranked] == 0] = -np.log(days - BURST_ROOM_DAYS)
    moments = np.empty(len(ranked))
    moments[ranked] = step
    return np.asarray(_running(visits.person, moments) + np.log(more[visits.n_prior + 1]))


def _poisson_tail(mean: float, count: int) -> Floats:
    """(count,) chance of at least so many."""
    logs = np.cumsum(np.log(mean / np.arange(1, count))) if count > 1 else np.array([])
    mass = np.exp(-mean) * np.concatenate([[1.0], np.exp(logs)])
    return np.asarray(np.maximum(1 - np.concatenate([[0.0], np.cumsum(mass)[:-1]]), 1e-300))


def _shops(inner: "Inner", first: Ints) -> tuple[Floats, Flags]:
    """(n,) log chance that a usual buyer's orders so far all went to the first one's shop; whether one did not.

    A ring has one target, so an order elsewhere rules a ring out, and then the chance no longer matters.
    """
    visits, preset = inner.orders.visits, inner.market.preset
    share = np.array([merchant.share for merchant in preset.merchants])[visits.merchant[first]]
    loyal, orders = preset.people.loyal, visits.n_prior + 1.0
    same = share * (loyal + (1 - loyal) * share) ** orders + (1 - share) * ((1 - loyal) * share) ** orders
    left = _running(visits.person, (visits.merchant != visits.merchant[first]).astype(np.float64)) > 0
    return np.where(left, 0.0, np.log(same / share)), np.asarray(left)


def _running(group: Ints, values: Floats) -> Floats:
    """(n,) sum so far within each group, the row included. Rows stand in order of time."""
    ranked = np.argsort(group, kind="stable")
    total = np.cumsum(values[ranked])
    starts = np.flatnonzero(np.diff(group[ranked], prepend=-1))
    before = np.repeat(total[starts] - values[ranked][starts], np.diff(starts, append=len(group)))
    out = np.empty(len(group))
    out[ranked] = total - before
    return out
