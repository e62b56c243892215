"""Buyers of whom a merchant of several knows no outcome itself, scored as if nobody knew them: for pools that ask for it.

What became of a buyer elsewhere then moves nothing that this merchant is told, not even the risk: who scores made-up orders
with strangers' phones learns nothing of them.
"""

from collections.abc import Sequence

import numpy as np

from features.keys import OTHERS_BUYER
from features.layout import Readings
from serving.scores.reasons import known_here, most_known


def as_strangers(readings: Readings, own_only: Sequence[bool]) -> Readings:
    """The readings as of orders whose buyers' keys no fact has touched, where their merchants know no outcome of them.

    own_only: (n,) is all that the pool counts the order's own merchant's? Then nothing is hidden.
    """
    hidden = ~np.asarray(own_only, dtype=bool) & ~known_here(most_known(readings), len(own_only))
    if not hidden.any():
        return readings
    return {
        one: np.where(hidden & ~np.isnan(values), 0.0, values) if one.key in OTHERS_BUYER else values
        for one, values in readings.items()
    }
