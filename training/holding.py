"""Does a probability keep its word? Truth of some orders: metrics, calibration in the large and its slope, with errors.

In the large: share that came back less mean score. Slope: outcomes regressed on the score's log-odds; 1 is right,
below 1 the scores are too bold (high ones too high, low ones too low), above 1 too timid (Cox 1958; Van Calster et al.
2019, doi:10.1186/s12916-019-1466-7). Errors count orders of one buyer, and of one day, together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from training import influence
from training.clusters import Clusters

Array: TypeAlias = np.ndarray[Any, Any]

_FEWEST = 20  # of either outcome: below it a normal interval of AUC or slope is no longer believable


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its standard error."""

    value: float
    error: float

    def ends(self, z: float) -> tuple[float, float]:
        """The interval of `z` standard errors to either side."""
        return self.value - z * self.error, self.value + z * self.error


@dataclass(frozen=True, slots=True)
class Truth:
    """What became of n orders, `rto` of which came back. said: mean score.  came: share that came back.

    large: came less said.  The others are None where they cannot be told.
    """

    n: int
    rto: int
    said: float
    came: float
    large: Figure | None
    slope: Figure | None
    auc: Figure | None
    log_loss: Figure | None


def truth(p: Array, y: Array, clusters: Clusters) -> Truth | None:
    """p: (n,) scores, y: (n,) outcomes, all known. None without orders."""
    if len(p) == 0:
        return None
    rto = int(y.sum())
    enough = min(rto, len(y) - rto) >= _FEWEST

    def told(of: Callable[[Array, Array], influence.Figure | None], needs_both: bool = False) -> Figure | None:
        found = of(p, y) if enough or not needs_both else None
        error = None if found is None else clusters.standard_error(found.parts)
        return None if found is None or error is None else Figure(found.value, error)

    return Truth(
        len(p),
        rto,
        float(p.mean()),
        float(y.mean()),
        large=told(_large),
        slope=told(influence.slope, needs_both=True),
        auc=told(influence.auc, needs_both=True),
        log_loss=told(influence.log_loss),
    )


def _large(p: Array, y: Array) -> influence.Figure | None:
    said_less_came = influence.surplus(p, y)
    return said_less_came and influence.Figure(-said_less_came.value, -said_less_came.parts)
