"""What the observable oracle is unsure of, as grids: a buyer's reliability, an address's badness, a visit's intent."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from data.world.plans import PeoplePlan
from data.world.streams import Floats
from data.world.visits import UNRELIABLE

POINTS = 25
_STEP = -UNRELIABLE / 3.5  # the edge lies half way between two points
RING = POINTS
"""The state after the grid: a member of a ring, whose reliability is known."""
BADNESS = np.linspace(-2.88, 2.88, 9)
INTENT, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
INTENT_SHARE = _WEIGHTS / _WEIGHTS.sum()
NEVER = -1e4
"""A log likelihood that leaves nothing of a state."""


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """The grids and their prior logs.

    reliability: (s,) the grid, then the rings' value.  badness: (b,) of an address without its tier's share.
    alone: (s, b) prior of a buyer.  pair: (s, s) prior of two buyers at one address, both orders alike.
    """

    reliability: Floats
    alone: Floats
    pair: Floats
    of_badness: Floats


@lru_cache
def states_of(plan: PeoplePlan) -> States:
    """The grids for buyers of this plan. Every grid point stands for an equal step, so densities are the weights."""
    grid = _STEP * (np.arange(POINTS) - POINTS // 2)
    usual = _normalised(np.exp(-(grid**2) / 2))
    badness = np.log(_normalised(np.exp(-(BADNESS**2) / 2)))
    r = plan.household_correlation
    spread = (grid[:, None] ** 2 - 2 * r * grid[:, None] * grid + grid**2) / (1 - r * r)
    rings = _ring_alone(plan)
    single = np.log(np.append((1 - rings) * usual, rings))
    return States(
        reliability=np.append(grid, plan.ring_reliability),
        alone=single[:, None] + badness,
        pair=_pair(plan, _normalised(np.exp(-spread / 2))),
        of_badness=badness,
    )


def _ring_alone(plan: PeoplePlan) -> float:
    """Share of rings' members among the buyers who share no address."""
    others, alone = plan.ring_size - 1, 1 - plan.ring_shared
    in_ring = plan.ring_share * (others * alone + alone**others) / plan.ring_size
    return in_ring / (in_ring + (1 - plan.ring_share) * (1 - plan.household_share))


def _pair(plan: PeoplePlan, household: Floats) -> Floats:
    """Two buyers at one address live together, or are two of a ring of whom just one uses the first one's address."""
    others, share = plan.ring_size - 1, plan.ring_shared
    in_ring = plan.ring_share * others * share * (1 - share) ** (others - 1)
    at_home = (1 - plan.ring_share) * plan.household_share * (plan.ring_size // 2)
    pair = np.full((POINTS + 1, POINTS + 1), np.exp(NEVER))
    pair[:POINTS, :POINTS] = household * at_home / (at_home + in_ring)
    pair[RING, RING] = in_ring / (at_home + in_ring)
    return np.asarray(np.log(np.maximum(pair, 1e-300)))


def _normalised(weights: Floats) -> Floats:
    return np.asarray(weights / weights.sum())
