"""Buyers of the made-up market: how reliable they are, whom they live with, where, when they came."""

from dataclasses import dataclass

import numpy as np

from data.world.geography import Geography
from data.world.plans import PeoplePlan
from data.world.presets import Preset
from data.world.streams import Flags, Floats, Ints, stream

BURST_ROOM_DAYS = 25  # a ring begins at least so long before the end


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """(c,) buyers, in no order. `reliability` and `address_badness` are latent: truth only."""

    reliability: Floats
    address_badness: Floats
    ring: Flags
    ring_number: Ints  # -1 outside rings
    rate: Floats
    joined_day: Floats  # day 0 is the start of the period; ring members: start of the ring's burst
    household: Ints  # the buyer whose home this is: oneself, the person before, or the first of the ring
    phone_owner: Ints  # the buyer whose phone this is
    device_owner: Ints
    home: Ints  # row in Geography
    second_home: Ints
    merchant: Ints  # the shop this buyer likes best; a ring has one target


def populate(preset: Preset, geography: Geography, n_orders: int, seed: int) -> People:
    """Draw as many buyers as `n_orders` orders need."""
    plan, count = preset.people, max(2, round(n_orders / preset.people.orders_per_person))
    number = _rings(plan, count, seed)
    ring, head = number >= 0, np.where(number >= 0, number * plan.ring_size, np.arange(count))
    in_pairs = _households(plan, count, seed)
    shared = np.where(stream(seed, "people.ring_shares").random((2, count)) < plan.ring_shared, head, np.arange(count))
    household = np.where(ring, shared[0], in_pairs)
    pins = stream(seed, "people.homes").choice(len(geography.share), size=(2, count), p=geography.share)
    home = pins[0][household]
    reliability = np.where(ring, plan.ring_reliability, _reliability(plan, in_pairs, seed))
    badness = stream(seed, "people.addresses").normal(size=count)[household]
    shares_phone = stream(seed, "people.phones").random(count) < plan.household_phone
    shops = [merchant.share for merchant in preset.merchants]
    favourite = stream(seed, "people.merchants").choice(len(shops), size=count, p=shops)
    return People(
        reliability=reliability,
        address_badness=badness + preset.addresses.tier2_badness * (geography.tier[home] == 2),
        ring=ring,
        ring_number=number,
        rate=_rates(plan, reliability, ring, seed),
        joined_day=_joined(preset, ring, head, seed),
        household=household,
        phone_owner=np.where(shares_phone & ~ring, household, np.arange(count)),
        device_owner=np.where(ring, shared[1], np.arange(count)),
        home=home,
        second_home=pins[1],
        merchant=favourite[head],
    )


def _rings(plan: PeoplePlan, count: int, seed: int) -> Ints:
    """(c,) the ring of each buyer: buyers in a row, `ring_size` of them, are a ring now and then."""
    block = np.arange(count, dtype=np.int64) // plan.ring_size
    chosen = stream(seed, "people.rings").random(block[-1] + 1) < plan.ring_share
    return np.where(chosen[block], block, -1)


def _households(plan: PeoplePlan, count: int, seed: int) -> Ints:
    """Every second person may live with the person before; `household_share` of all do."""
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
    gamma = np.where(ring, plan.rate_shape, gamma)  # nobody in a ring is idle
    return np.asarray(gamma * np.exp(plan.rate_on_reliability * reliability) * np.where(ring, plan.ring_rate, 1.0))


def _joined(preset: Preset, ring: Flags, head: Ints, seed: int) -> Floats:
    draw = stream(seed, "people.joined").random(len(ring))
    before = preset.people.joined_before_days
    usual = draw * (preset.days + before) - before
    return np.where(ring, draw[head] * (preset.days - BURST_ROOM_DAYS), usual)
