"""The risk of an order at every point of the oracle's grids, and how likely what was told of it is there.

Axes: r orders, s states of the buyer, i points of intent, b points of badness, c couriers.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from data.world.chances import shocked
from data.world.course import cancel_logit
from data.world.oracle_seen import Seen
from data.world.oracle_states import BADNESS, INTENT, States
from data.world.oracle_told import Told
from data.world.outcomes import (
    ADDRESS,
    ATTEMPTS,
    COURIER,
    FAKE,
    REFUSED,
    UNREACHABLE,
    Base,
    Logits,
    Traits,
    base_logits,
)
from data.world.streams import Flags, Floats, Ints, sigmoid
from data.world.transit import Transit, courier_told, outages_of

if TYPE_CHECKING:
    from data.world.simulate import Inner


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """(n,) what the oracle need not infer: the equations without the latents, as the order was paid.

    attempt, courier: (n, c) as of every courier.  chance: (n, c) that it carries the parcel, as far as the shop can know.
    """

    base: Base
    attempt: Floats
    courier: Floats
    chance: Floats
    tier2: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where to look at r orders. steady: (1 or r, s) reliability.  badness: (r, b).  intent: (r, s, i) shares given it."""

    steady: Floats
    badness: Floats
    intent: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """(r, s, b) the risk of each order if shipped, and the log likelihood of the end that was told."""

    risk: Floats
    told: Floats


def what_is_known(inner: "Inner") -> Known:
    """Places, goods, shops, payment, season; the courier where the shop is told."""
    market, orders = inner.market, inner.orders
    plan = market.preset.causes
    bases = [base_logits(market, orders, transit) for transit in _by_courier(inner)]
    paid = np.where(orders.cod, 0.0, 1.0)[:, None]
    cash = bases[0].logits
    return Known(
        base=replace(bases[0], logits=cash.where(orders.cod, cash.if_prepaid(plan))),
        attempt=np.stack([base.logits.attempt for base in bases], axis=1) + plan.prepaid[3] * paid,
        courier=np.stack([base.logits.courier for base in bases], axis=1),
        chance=_couriers(inner),
        tier2=market.geography.tier[market.people.home[orders.visits.person]] == 2,
    )


def _by_courier(inner: "Inner") -> list[Transit]:
    """The same journeys with each courier. Outages at the time of delivery are known: no log tells them so early."""
    visits, transit, geo = inner.orders.visits, inner.transit, inner.market.geography
    outages = outages_of(inner.market)
    day, found = visits.day + transit.dispatch_days + transit.journey_days, []
    for number in range(len(geo.courier)):
        courier = np.full(len(day), number)
        outage = outages.effect(courier, geo.district_code[visits.place], day)
        found.append(replace(transit, courier=courier, outage=outage))
    return found


def _couriers(inner: "Inner") -> Floats:
    """(n, c) sure where the courier is told, else the district's usual shares."""
    geo, place = inner.market.geography, inner.orders.visits.place
    count, main = len(geo.courier), inner.market.preset.geography.main_courier
    usual = np.full((len(place), count), (1 - main) / count)
    usual[np.arange(len(place)), geo.main_courier[geo.district_code[place]]] += main
    told = courier_told(inner.market, len(place))
    return np.where(told[:, None], np.eye(count)[inner.transit.courier], usual)


def grid_of(inner: "Inner", known: Known, seen: Seen, states: States, rows: Ints) -> Grid:
    """The oracle's grids for the orders `rows`."""
    badness = BADNESS + inner.market.preset.addresses.tier2_badness * known.tier2[rows, None]
    return Grid(states.reliability[None, :], badness, seen.intent[seen.traces[rows]])


def at_every_point(inner: "Inner", known: Known, told: Told, grid: Grid, rows: Ints) -> Points:
    """Risk and evidence of the orders `rows`."""
    plan, base = inner.market.preset.causes, _taken(known.base, rows)
    fake, refused, left, spared = _at_the_door(inner, base, grid, rows)
    brought, ends = _on_the_way(inner, known, told, grid, rows)
    weight = plan.address_badness * grid.badness[:, None, :] - plan.address_reliability * grid.steady[:, :, None]
    astray = sigmoid(base.logits.address + weight)
    risk = (1 - (spared * brought)[:, :, None] * (1 - astray)) * (1 - plan.delivered_after_all)
    of = told.weight[rows][:, :, None]
    before = of[:, FAKE] * fake + of[:, REFUSED] * refused
    likely = before[:, :, None] + left[:, :, None] * (of[:, ADDRESS, None] * astray + (1 - astray) * ends[:, :, None])
    likely[told.cancelled[rows]] = 1.0
    sign = np.where(told.cancelled[rows], 1.0, -1.0)[:, None]
    cancelled = sigmoid(sign * cancel_logit(inner.market.preset.news, grid.steady))
    return Points(risk, np.log(np.maximum(likely, 1e-300)) + np.log(cancelled)[:, :, None])


def _taken(base: Base, rows: Ints) -> Base:
    """These rows, with two axes more."""
    one = base.logits
    columns = (one.fake, one.refusal, one.address, one.attempt, one.courier)
    return Base(Logits(*(column[rows, None, None] for column in columns)), base.refusal_reliability[rows, None, None])


def _at_the_door(inner: "Inner", base: Base, grid: Grid, rows: Ints) -> tuple[Floats, ...]:
    """(r, s) fake; refused and neither, at the delay that was; neither, at the delays to be expected. Intent averaged."""
    plan, transit, average = inner.market.preset.causes, inner.transit, shocked(inner.market.preset.causes)
    logits = base.at(plan, Traits(grid.steady[:, :, None], np.zeros(1), INTENT))
    real = grid.intent * sigmoid(-logits.fake)
    refused = [(real * average.refused(logits.refusal + shift)).sum(axis=2) for shift in plan.delay]
    share, bucket = transit.delay_share[rows, :, None], transit.delay_bucket[rows, None]
    expected = share[:, 0] * refused[0] + share[:, 1] * refused[1] + share[:, 2] * refused[2]
    here, meant = np.choose(bucket, refused), real.sum(axis=2)
    return 1 - meant, here, meant - here, meant - expected


def _on_the_way(inner: "Inner", known: Known, told: Told, grid: Grid, rows: Ints) -> tuple[Floats, Floats]:
    """(r, s) brought to the buyer; and how likely the end told is, if unreachable, the courier's fault or neither."""
    plan, average = inner.market.preset.causes, shocked(inner.market.preset.causes)
    attempt = known.attempt[rows, :, None] - plan.attempt_reliability * grid.steady[:, None, :]
    chance, fault = known.chance[rows, :, None], known.courier[rows, :, None]
    gone = average.missing(attempt, ATTEMPTS)
    fine, of = chance * (1 - fault), told.weight[rows][:, :, None]
    ends = of[:, UNREACHABLE] * (chance * gone).sum(axis=1)
    ends += of[:, COURIER] * (chance * fault * (1 - gone)).sum(axis=1)
    for times in range(ATTEMPTS):
        here = np.flatnonzero((told.missed[rows] == times) & (told.weight[rows, 0] > 0))
        ends[here] += of[here, 0] * (fine[here] * average.missing(attempt[here], times)).sum(axis=1)
    return (fine * (1 - gone)).sum(axis=1), ends
