"""The monitor's figures by week of placement: promised and came, first attempts, calibration. Weeks begin on Mondays, UTC."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.contract import DAY
from training.estimate import Estimated, estimate
from training.first_attempts import Excess, Yardstick
from training.holding import Truth, truth
from training.monitor_plan import MonitorPlan
from training.seen import Seen, Sight

Array: TypeAlias = np.ndarray[Any, Any]

_WEEK, _MONDAY = 7 * DAY, 4 * DAY  # 1970-01-05 was a Monday
FEWEST = 50
"""A week with fewer orders has no figures: they would be chance."""
_DRAWS = 100


@dataclass(frozen=True, slots=True)
class Week:
    """One week's orders. start: its Monday, microseconds.  since: placed after the run learned (else reference).

    promised: by the scores of its orders.  truth: None until every order of it has matured.  proxy: None until enough
    first attempts are told.
    """

    start: int
    since: bool
    n: int
    promised: dict[str, Estimated | None]
    truth: Truth | None
    proxy: Excess | None


def weeks_of(seen: Seen, measured: Yardstick | None, sight: Sight, plan: MonitorPlan) -> tuple[Week, ...]:
    """Every week with enough orders, oldest first; a week that the two parts share is told twice, once for each."""
    week = (seen.placed_at - _MONDAY) // _WEEK
    found = []
    for number in np.unique(week):
        for since in (False, True):
            here = seen.where((week == number) & (seen.since == since))
            start = int(number) * _WEEK + _MONDAY
            if len(here) >= FEWEST:
                found.append(_week(start, here, measured, sight, plan))
    return tuple(found)


def _week(start: int, here: Seen, measured: Yardstick | None, sight: Sight, plan: MonitorPlan) -> Week:
    ends = int(here.placed_at.max())
    grown = here.where(here.mature) if ends <= sight.moment - sight.matures_in else None
    judged = here.where(~here.called_off) if grown is None else grown
    tried = here.where(here.tried)
    n_tried = len(tried) if measured is not None else 0
    return Week(
        start,
        bool(here.since[0]),
        len(judged),
        estimate(judged.p, seed=plan.seed, n=_DRAWS),
        None if grown is None else truth(grown.p, grown.y, grown.clusters),
        measured.excess(tried.p, tried.failed) if measured is not None and n_tried >= FEWEST else None,
    )
