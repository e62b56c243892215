"""Who comes to the shops: when, from which device and phone, to be served where. `intent` is latent."""

from dataclasses import dataclass

import numpy as np

from data.contract import DAY, HOUR
from data.world.basket import Shelf
from data.world.geography import Geography
from data.world.people import People
from data.world.presets import Preset
from data.world.streams import Flags, Floats, Ints, running_count, running_sum, sigmoid, stream

IST_OFFSET = 5 * HOUR + HOUR // 2
HOUR_WEIGHT = np.array([5, 3, 2, 1, 1, 1, 2, 3, 5, 7, 8, 9, 9, 9, 8, 8, 8, 8, 9, 10, 11, 12, 11, 8], dtype=float)
NIGHT = (23, 0, 1, 2, 3, 4)
SALE_BOOST = 1.6
SOCIAL, SEARCH, DIRECT = 0, 1, 2  # what brought the buyer: a paid post, a paid search result, nothing paid for
SOURCE_EDGES = (0.45, 0.65)  # 45 % social, 20 % search
CAMPAIGNS = 6  # of each kind, for each merchant


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """What exists before the first order. Times are microseconds since 1970 UTC."""

    preset: Preset
    seed: int
    until: int
    geography: Geography
    people: People
    shelf: Shelf

    @property
    def begin(self) -> int:
        """The start of the period."""
        return self.until - self.preset.days * DAY


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """(n,) visits that end in an order, in order of time. `place` is home or another address; `intent` ~ N(0, 1)."""

    placed_at: Ints
    day: Floats
    sale: Flags
    night: Flags
    person: Ints
    merchant: Ints
    n_prior: Ints
    new_to_merchant: Flags
    place: Ints
    away: Flags
    phone: Ints
    new_phone: Flags
    device: Ints
    source: Ints
    campaign: Ints
    app: Flags
    intent: Floats


def receive(market: Market, n_orders: int) -> Visits:
    """Draw the visits of the whole period."""
    seed, people, (placed_at, person) = market.seed, market.people, _arrivals(market, n_orders)
    away = uniform(seed, "visits.away", n_orders) < market.preset.people.other_address
    merchant, phone = _merchants(market, person), _phones(market, person)
    intent = stream(seed, "visits.intent").normal(size=n_orders)
    return Visits(
        placed_at=placed_at,
        day=(placed_at - market.begin) / DAY,
        sale=_in_sale(market, placed_at),
        night=np.isin((placed_at + IST_OFFSET) // HOUR % 24, NIGHT),
        person=person,
        merchant=merchant,
        n_prior=running_count(person),
        new_to_merchant=running_count(person * len(market.preset.merchants) + merchant) == 0,
        place=np.where(away, people.second_home[person], people.home[person]),
        away=away,
        phone=phone,
        new_phone=running_count(phone) == 0,
        device=_devices(market, person),
        source=np.searchsorted(SOURCE_EDGES, uniform(seed, "visits.source", n_orders)),
        campaign=stream(seed, "visits.campaign").integers(CAMPAIGNS, size=n_orders),
        app=uniform(seed, "visits.app", n_orders) < _app_chance(people.reliability[person], intent),
        intent=intent,
    )


def _app_chance(steady: Floats, intent: Floats) -> Floats:
    return sigmoid(-0.3 + 0.3 * steady + 0.4 * intent)


def uniform(seed: int, name: str, count: int) -> Floats:
    """(count,) uniform numbers of the stream called `name`."""
    return stream(seed, name).random(count)


def _in_sale(market: Market, moment: Ints) -> Flags:
    day, preset = (moment - market.begin) / DAY, market.preset
    windows = [(sale.starts * preset.days, sale.starts * preset.days + sale.days) for sale in preset.sales]
    return np.asarray(np.any([(day >= start) & (day < end) for start, end in windows], axis=0))


def _arrivals(market: Market, n_orders: int) -> tuple[Ints, Ints]:
    """Moments and buyers, in order of time. A buyer may come once joined; a ring member only during the burst."""
    slots = market.begin + np.arange(market.preset.days * 24) * HOUR
    weight = HOUR_WEIGHT[(slots + IST_OFFSET) // HOUR % 24] * np.where(_in_sale(market, slots), SALE_BOOST, 1.0)
    draw = stream(market.seed, "visits.moments")
    moment = np.sort(draw.choice(slots, size=n_orders, p=weight / weight.sum()) + draw.integers(HOUR, size=n_orders))
    people = market.people
    since = np.where(people.ring, -np.inf, people.joined_day)
    since[np.argmin(since)] = -np.inf  # somebody is there from the first moment
    ranked = np.argsort(since, kind="stable")
    total = np.cumsum(people.rate[ranked])
    there = total[np.searchsorted(since[ranked], (moment - market.begin) / DAY, side="right") - 1]
    person = ranked[np.searchsorted(total, uniform(market.seed, "visits.buyers", n_orders) * there)]
    burst = people.joined_day[person] + uniform(market.seed, "visits.bursts", n_orders) * market.preset.people.ring_days
    moment = np.where(people.ring[person], market.begin + (burst * DAY).astype(np.int64), moment)
    order = np.argsort(moment, kind="stable")
    return moment[order], person[order]


def _merchants(market: Market, person: Ints) -> Ints:
    shares = [merchant.share for merchant in market.preset.merchants]
    other = stream(market.seed, "visits.merchants").choice(len(shares), size=len(person), p=shares)
    loyal = uniform(market.seed, "visits.loyal", len(person)) < market.preset.people.loyal
    return np.where(loyal, market.people.merchant[person], other)


def _phones(market: Market, person: Ints) -> Ints:
    """A number for each phone, 0 upwards. The first may be shared at home; unreliable buyers change theirs often."""
    plan, people = market.preset.people, market.people
    often = np.where(people.reliability[person] < -1.2, plan.phone_change_unreliable, plan.phone_change)
    changed = uniform(market.seed, "visits.phones", len(person)) < often
    version = running_sum(person, changed.astype(np.int64))
    return _numbered(np.where(version == 0, people.phone_owner[person], person), version)


def _devices(market: Market, person: Ints) -> Ints:
    changed = uniform(market.seed, "visits.devices", len(person)) < market.preset.people.device_change
    return _numbered(person, running_sum(person, changed.astype(np.int64)))


def _numbered(owner: Ints, version: Ints) -> Ints:
    _, number = np.unique(owner * 1_000_000 + version, return_inverse=True)
    return np.asarray(number, dtype=np.int64)
