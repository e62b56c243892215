"""The addresses parcels go to, as traits: which parts are left out, how many typing errors; the words come later."""

from dataclasses import dataclass

import numpy as np

from data.world.geography import Geography
from data.world.people import People
from data.world.plans import AddressPlan
from data.world.streams import Flags, Floats, Ints, sigmoid, stream
from data.world.visits import Visits

PARTS = ("no_house", "no_locality", "no_landmark", "typo")


@dataclass(frozen=True, slots=True, eq=False)
class Homes:
    """(k,) addresses, one for each household and one for each buyer's other place; (n,) `of` says which an order has.

    Given the latent `badness`, the four traits are independent, with the logits of `AddressPlan`. The house number of a
    `rural` address is never missing: it has none. `anew` (n,): this order left the landmark out, whatever the home.
    """

    place: Ints
    badness: Floats
    rural: Flags
    no_house: Flags
    no_locality: Flags
    no_landmark: Flags
    typo: Flags
    of: Ints
    anew: Flags


def settle(plan: AddressPlan, people: People, geography: Geography, visits: Visits, seed: int) -> Homes:
    """Draw the addresses of these visits."""
    owner = np.where(visits.away, visits.person, people.household[visits.person]) * 2 + visits.away
    kept, row, of = np.unique(owner, return_index=True, return_inverse=True)
    place, badness = visits.place[row], people.address_badness[kept // 2]
    lots = {name: stream(seed, f"homes.{name}").random(2 * len(people.rate))[kept] for name in (*PARTS, "rural")}
    rural = (geography.tier[place] == 2) & (lots["rural"] < plan.rural)
    traits = {name: lots[name] < sigmoid(trait_logit(plan, name, badness)) for name in PARTS}
    traits["no_house"] &= ~rural
    anew = stream(seed, "homes.anew").random(len(of)) < plan.rewritten
    return Homes(place, badness, rural, **traits, of=of.astype(np.int64), anew=anew)


def trait_logit(plan: AddressPlan, name: str, badness: Floats) -> Floats:
    """The logit of one trait of an address, given its badness."""
    constant, weight = getattr(plan, name)
    return np.asarray(constant + weight * badness)
