"""The reason a courier books for a failed attempt: the true cause seen through a noisy pen."""

import numpy as np

from data.contract import Reason
from data.world.outcomes import ADDRESS, COURIER, FAKE, REFUSED, UNREACHABLE
from data.world.streams import Ints
from data.world.visits import uniform

_R = Reason
RECORDED: dict[int, dict[Reason, float]] = {
    0: {_R.UNREACHABLE: 0.80, _R.NO_ATTEMPT: 0.12, _R.OTHER: 0.08},
    FAKE: {_R.FAKE_OR_NO_INTENT: 0.22, _R.UNREACHABLE: 0.45, _R.REFUSED: 0.18, _R.OTHER: 0.15},
    REFUSED: {_R.REFUSED: 0.80, _R.UNREACHABLE: 0.06, _R.OTHER: 0.14},
    ADDRESS: {_R.BAD_ADDRESS: 0.78, _R.UNREACHABLE: 0.10, _R.REFUSED: 0.06, _R.OTHER: 0.06},
    UNREACHABLE: {_R.UNREACHABLE: 0.68, _R.REFUSED: 0.25, _R.OTHER: 0.07},
    COURIER: {_R.NO_ATTEMPT: 0.50, _R.DAMAGED: 0.15, _R.REFUSED: 0.25, _R.OTHER: 0.10},
}
"""True cause -> what the courier writes down, and how often. Assumed, and set so that the booked mix is ClickPost's;
a quarter of unreachable buyers and courier's faults is booked as refused, half of the fakes as unreachable."""


def book(seed: int, attempt: int, cause: Ints) -> Ints:
    """(n,) the reason a courier would book for a failed attempt on each order (`contract.Reason`)."""
    draw, reason = uniform(seed, f"news.reasons.{attempt}", len(cause)), np.zeros(len(cause), dtype=np.int64)
    for true_cause, booked in RECORDED.items():
        mine = cause == true_cause
        edges = np.cumsum([*booked.values()])[:-1]
        reason[mine] = np.array([int(kind) for kind in booked])[np.searchsorted(edges, draw[mine])]
    return reason
