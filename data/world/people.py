"""Buyers of the made-up market: how reliable they are, where they live, when they came."""

from dataclasses import dataclass

import numpy as np

from data.world.geography import Geography
from data.world.presets import PeoplePlan, Preset
from data.world.streams import Flags, Floats, Ints, stream


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """(c,) buyers, in no order. `reliability` and `address_badness` are latent: truth only."""

    reliability: Floats
    address_badness: Floats
    ring: Flags
    rate: Floats
    joined_day: Floats  # day 0 is the start of the period; ring members: start of their burst
    household: Ints  # the buyer whose home this is: oneself, or the person before
    phone_owner: Ints  # the buyer whose phone this is
    home: Ints  # row in Geography
    second_home: Ints
    merchant: Ints  # the shop this buyer likes best


def populate(preset: Preset, geography: Geography, n_orders: int, seed: int) -> People:
    """Draw as many buyers as `n_orders` orders need."""
    plan, count = preset.people, max(2, round(n_orders / preset.people.orders_per_person))
    household = _households(plan, count, seed)
    ring = stream(seed, "people.rings").random(count) < plan.ring_share
    reliability = np.where(ring, plan.ring_reliability, _reliability(plan, household, seed))
    badness = stream(seed, "people.addresses").normal(size=count)[household]
    pins = stream(seed, "people.homes").choice(len(geography.share), size=(2, count), p=geography.share)
    home = pins[0][household]
    shares_phone = stream(seed, "people.phones").random(count) < plan.household_phone
    return People(
        reliability=reliability,
        address_badness=badness + 0.35 * (geography.tier[home] == 2),
        ring=ring,
        rate=_rates(plan, reliability, ring, seed),
        joined_day=_joined(preset, ring, seed),
        household=household,
        phone_owner=np.where(shares_phone, household, np.arange(count)),
        home=home,
        second_home=pins[1],
        merchant=stream(seed, "people.merchants").choice(
            len(preset.merchants), size=count, p=[merchant.share for merchant in preset.merchants]
        ),
    )


def _households(plan: PeoplePlan, count: int, seed: int) -> Ints:
    """Every second person may live with the person before."""
    person = np.arange(count, dtype=np.int64)
    joins = (person % 2 == 1) & (stream(seed, "people.households").random(count) < plan.household_share)
    return np.where(joins, person - 1, person)


def _reliability(plan: PeoplePlan, household: Ints, seed: int) -> Floats:
    """Standard normal, correlated within a household."""
    own = stream(seed, "people.reliability").normal(size=len(household))
    r = plan.household_correlation
    return np.where(household == np.arange(len(own)), own, r * own[household] + np.sqrt(1 - r * r) * own)


def _rates(plan: PeoplePlan, reliability: Floats, ring: Flags, seed: int) -> Floats:
    gamma = stream(seed, "people.rates").gamma(plan.rate_shape, 1.0, len(ring))
    return np.asarray(gamma * np.exp(plan.rate_on_reliability * reliability) * np.where(ring, plan.ring_rate, 1.0))


def _joined(preset: Preset, ring: Flags, seed: int) -> Floats:
    draw = stream(seed, "people.joined").random(len(ring))
    plan = preset.people
    usual = draw * (preset.days + plan.joined_before_days) - plan.joined_before_days
    return np.where(ring, draw * (preset.days - plan.ring_days), usual)
