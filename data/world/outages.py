"""Days on which a courier hardly delivers in a district."""

from dataclasses import dataclass

import numpy as np

from data.world.plans import GeographyPlan
from data.world.streams import Floats, Ints, stream

FAR = 100_000  # days; more than any period is long
YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class Outages:
    """(o,) outages in order of cell and start. A cell is courier x district; days count from the period's start."""

    cell: Ints
    starts: Floats
    ends: Floats
    strength: float
    n_districts: int

    def effect(self, courier: Ints, district: Ints, day: Floats) -> Floats:
        """(n,) `strength` where the cell's last outage that began by `day` still lasts, else 0."""
        if not len(self.cell):
            return np.zeros(len(day))
        cell = courier * self.n_districts + district
        last = np.searchsorted(self.cell * FAR + self.starts, cell * FAR + day, side="right") - 1
        at = np.maximum(last, 0)
        return np.asarray(self.strength * ((last >= 0) & (self.cell[at] == cell) & (day < self.ends[at])))


def break_down(plan: GeographyPlan, days: int, shape: tuple[int, ...], seed: int) -> Outages:
    """Draw the outages of (couriers, districts) over `days` days."""
    draw = stream(seed, "geography.outages")
    count = draw.poisson(plan.outages_a_year * days / YEAR_DAYS, shape[0] * shape[1])
    cell = np.repeat(np.arange(len(count)), count)
    starts = draw.uniform(0, days, len(cell))
    ends = starts + draw.uniform(*plan.outage_days, len(cell))
    ranked = np.lexsort((starts, cell))
    return Outages(cell[ranked], starts[ranked], ends[ranked], plan.outage_effect, shape[1])
