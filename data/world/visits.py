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
YEAR_DAYS = 365.25
SOCIAL, SEARCH, DIRECT = 0, 1, 2  # what brought the buyer: a paid post, a paid search result, nothing paid for
UNRELIABLE = -1.2  # buyers below change their phones often


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
    """(n,) visits that end in an order, in order of time. `place` is home or another address; `intent` ~ N(0, 1).

    `app`, `guest`, `no_email`, `curt` are what a shop sees of the intent (`SessionPlan`).
    """

    placed_at: Ints
    day: Floats
    sale: Flags
    night: Flags
    drift: Floats  # slow rise and yearly sine, on the logits of fake orders and refusal
    shift: Flags  # after the abrupt shift
    mix: Flags  # after the mix of orders changed
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
    guest: Flags
    no_email: Flags
    curt: Flags
    intent: Floats


def receive(market: Market, n_orders: int) -> Visits:
    """Draw the visits of the whole period."""
    seed, people, session = market.seed, market.people, market.preset.session
    placed_at, person = _arrivals(market, n_orders)
    away = uniform(seed, "visits.away", n_orders) < market.preset.people.other_address
    merchant, phone = _merchants(market, person), _phones(market, person)
    intent = stream(seed, "visits.intent").normal(size=n_orders)
    traces = {name: _trace(market, name, person, intent) for name in ("app", "guest", "no_email", "curt")}
    day, time = (placed_at - market.begin) / DAY, market.preset.time
    mix = day >= time.mix_at * market.preset.days
    return Visits(
        placed_at=placed_at,
        day=day,
        sale=_in_sale(market, placed_at),
        night=np.isin((placed_at + IST_OFFSET) // HOUR % 24, market.preset.time.night),
        drift=_drift(market, placed_at, day),
        shift=day >= time.shift_at * market.preset.days,
        mix=mix,
        person=person,
        merchant=merchant,
        n_prior=running_count(person),
        new_to_merchant=running_count(person * len(market.preset.merchants) + merchant) == 0,
        place=np.where(away, people.second_home[person], people.home[person]),
        away=away,
        phone=phone,
        new_phone=running_count(phone) == 0,
        device=_devices(market, person),
        source=_sources(market, mix),
        campaign=stream(seed, "visits.campaign").integers(session.n_campaigns, size=n_orders),
        **traces,
        intent=intent,
    )


def _sources(market: Market, mix: Flags) -> Ints:
    """What brought each visit; `mix` marks those that paid posts bring more of."""
    posts, found = market.preset.session.sources
    luck, posts_now = uniform(market.seed, "visits.source", len(mix)), posts + market.preset.time.mix_social * mix
    return (luck >= posts_now).astype(np.int64) + (luck >= posts_now + found)


def trace_logit(market: Market, name: str, steady: Floats, intent: Floats) -> Floats:
    """The logit of one trace of the session, given reliability and intent."""
    constant, of_intent, of_steady = getattr(market.preset.session, name)
    return np.asarray(constant + of_intent * intent + of_steady * steady)


def _trace(market: Market, name: str, person: Ints, intent: Floats) -> Flags:
    logit = trace_logit(market, name, market.people.reliability[person], intent)
    return np.asarray(uniform(market.seed, f"visits.{name}", len(person)) < sigmoid(logit))


def _drift(market: Market, placed_at: Ints, day: Floats) -> Floats:
    plan, year = market.preset.time, placed_at / DAY / YEAR_DAYS
    return np.asarray(plan.drift_per_day * day + plan.yearly * np.sin(2 * np.pi * year))


def uniform(seed: int, name: str, count: int) -> Floats:
    """(count,) uniform numbers of the stream called `name`."""
    return stream(seed, name).random(count)


def _in_sale(market: Market, moment: Ints) -> Flags:
    day, preset = (moment - market.begin) / DAY, market.preset
    windows = [(sale.starts * preset.days, sale.starts * preset.days + sale.days) for sale in preset.sales]
    return np.asarray(np.any([(day >= start) & (day < end) for start, end in windows], axis=0))


def _arrivals(market: Market, n_orders: int) -> tuple[Ints, Ints]:
    """Moments and buyers, in order of time. A buyer may come once joined; a ring member only from the burst on."""
    slots = market.begin + np.arange(market.preset.days * 24) * HOUR
    boost = np.where(_in_sale(market, slots), market.preset.time.sale_boost, 1.0)
    weight = np.asarray(market.preset.time.hours)[(slots + IST_OFFSET) // HOUR % 24] * boost
    draw = stream(market.seed, "visits.moments")
    moment = np.sort(draw.choice(slots, size=n_orders, p=weight / weight.sum()) + draw.integers(HOUR, size=n_orders))
    people = market.people
    since = np.where(people.ring, -np.inf, people.joined_day)
    since[np.argmin(since)] = -np.inf  # somebody is there from the first moment
    ranked = np.argsort(since, kind="stable")
    total = np.cumsum(people.rate[ranked])
    there = total[np.searchsorted(since[ranked], (moment - market.begin) / DAY, side="right") - 1]
    person = ranked[np.searchsorted(total, uniform(market.seed, "visits.buyers", n_orders) * there)]
    moment = _in_bursts(market, moment, person)
    order = np.argsort(moment, kind="stable")
    return moment[order], person[order]


def _in_bursts(market: Market, moment: Ints, person: Ints) -> Ints:
    """The same moments, but a ring member's orders follow each other in short gaps from the start of the burst."""
    people, plan = market.people, market.preset.people
    rows = np.flatnonzero(people.ring[person])
    gaps = stream(market.seed, "visits.bursts").exponential(plan.ring_gap_days * DAY, len(rows)).astype(np.int64)
    start = (people.joined_day[person[rows]] * DAY).astype(np.int64)
    late = running_sum(person[rows], gaps) % (market.preset.days * DAY - start)  # no order after the end
    out = moment.copy()
    out[rows] = market.begin + start + late
    return out


def _merchants(market: Market, person: Ints) -> Ints:
    shares = [merchant.share for merchant in market.preset.merchants]
    other = stream(market.seed, "visits.merchants").choice(len(shares), size=len(person), p=shares)
    loyal = uniform(market.seed, "visits.loyal", len(person)) < market.preset.people.loyal
    loyal |= market.people.ring[person]
    return np.where(loyal, market.people.merchant[person], other)


def _phones(market: Market, person: Ints) -> Ints:
    """A number for each phone, 0 upwards. The first may be shared at home; unreliable buyers change theirs often."""
    plan, people = market.preset.people, market.people
    often = np.where(people.reliability[person] < UNRELIABLE, plan.phone_change_unreliable, plan.phone_change)
    changed = uniform(market.seed, "visits.phones", len(person)) < often
    version = running_sum(person, changed.astype(np.int64))
    return _numbered(np.where(version == 0, people.phone_owner[person], person), version)


def _devices(market: Market, person: Ints) -> Ints:
    changed = uniform(market.seed, "visits.devices", len(person)) < market.preset.people.device_change
    version = running_sum(person, changed.astype(np.int64))
    return _numbered(np.where(version == 0, market.people.device_owner[person], person), version)


def _numbered(owner: Ints, version: Ints) -> Ints:
    _, number = np.unique(owner * 1_000_000 + version, return_inverse=True)
    return np.asarray(number, dtype=np.int64)
