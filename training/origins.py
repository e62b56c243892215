"""Rolling origins: moments of the past at which a model is trained anew, each judged on the days that followed.

    past, as known at the cut | gap, as long as a label matures | test: `span_days` from the cut

The newest origin comes so late that its last judged order is just old enough for its outcome to be told.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from data.contract import DAY, SECOND
from data.errors import TooLittleHistory
from data.history import History
from features.labels import Labels, labels_at, maturity
from training.newest import WINDOW_DAYS
from training.plan import Moments, Plan
from training.rows import Rows
from training.split import Blocks, BlockShares, check_blocks, split_by_time

FEWEST_ORIGINS = 4


@dataclass(frozen=True, slots=True)
class BacktestPlan:
    """origins: how many.  span_days: what each is judged on, and how far apart they are.

    weekly_days: over so many days calibration is judged with a calibrator refreshed each week; 0: not at all.
    window_days: of the newest orders, what a refreshed calibrator is fitted on.
    """

    origins: int = FEWEST_ORIGINS
    span_days: int = 30
    weekly_days: int = 0
    window_days: int = WINDOW_DAYS

    @property
    def reach_days(self) -> int:
        """Days after a cut that are looked at."""
        return max(self.span_days, self.weekly_days)


def cuts_of(rows: Rows, plan: BacktestPlan) -> list[int]:
    """The cuts, oldest first, each at midnight UTC. Raises TooLittleHistory BACK001 if the history is too short."""
    placed_at = rows.orders["placed_at"]
    end = (rows.moments.until - rows.moments.matures_in) // DAY * DAY
    newest = end - plan.reach_days * DAY
    cuts = [newest - back * plan.span_days * DAY for back in range(plan.origins)][::-1]
    first = int(placed_at[rows.mature].min())
    if cuts[0] - rows.moments.matures_in <= first:
        raise _too_short((end - first) / DAY, rows.moments.matures_in / DAY, plan)
    return cuts


def _too_short(days: float, gap: float, plan: BacktestPlan) -> TooLittleHistory:
    """days: of orders old enough to have an outcome.  gap: days until an outcome is told."""
    needed = plan.span_days * (plan.origins - 1) + plan.reach_days + gap
    fits = int((days - 2 * gap) / (plan.origins + 1))
    asked = "--span-days and --weekly-days" if plan.weekly_days else "--span-days"
    return TooLittleHistory(
        "BACK001",
        "history",
        got=f"{max(days, 0):.0f} days of orders old enough to have an outcome",
        expected=f"more than {needed:.0f}: {plan.origins} origins {plan.span_days} days apart, "
        f"{plan.reach_days} days after the last, {gap:.0f} days until an outcome is told, and a past before them",
        to_do="import a longer history"
        + (f", or judge each origin on fewer days, {fits} or less: {asked}" if fits > 0 else ""),
    )


def rows_at(whole: Rows, history: History, cut: int, reach_days: int, plan: Plan) -> Rows:
    """The rows one origin may see: labels as known at the cut, a gap as long as labels took by then, test after it.

    Rows are those placed before the end of the reach, the oldest first; they are views, no copies. Raises
    TooLittleHistory BACK002 if a block cannot do its work.
    """
    known, end = labels_at(history, cut), cut + reach_days * DAY
    placed_at = whole.orders["placed_at"]
    matures_in = maturity(known, placed_at)
    head = slice(0, int(np.searchsorted(placed_at, end)))
    shares = BlockShares(1 - plan.early_stop_share - plan.calibrate_share, plan.early_stop_share, plan.calibrate_share)
    y_past, y = known.y[head], whole.y[head]
    blocks = split_by_time(
        placed_at[head], ~np.isnan(y_past), ~np.isnan(y), cut=cut, matures_in=matures_in, end=end - 1 + matures_in,
        shares=shares,
    )  # fmt: skip
    _check(blocks, np.where(blocks.train, y_past, y), cut, plan)
    told = whole.labels
    return replace(
        whole,
        orders={name: column[head] for name, column in whole.orders.items()},
        readings={one: values[head] for one, values in whole.readings.items()},
        labels=Labels(told.asof, told.y[head], told.verdict[head], told.lag[head], told.cause[head]),
        y_past=y_past,
        cause_past=known.cause[head],
        lag_past=known.lag[head],
        y=y,
        mature=whole.mature[head],
        blocks=blocks,
        moments=Moments(whole.moments.until, cut, matures_in),
    )


def _check(blocks: Blocks, y: np.ndarray[tuple[int], np.dtype[np.float64]], cut: int, plan: Plan) -> None:
    try:
        check_blocks(blocks, y, plan.minimum_orders // 10)
    except TooLittleHistory as error:
        raise TooLittleHistory(
            "BACK002",
            f"origin {day_of(cut)}, {error.where}",
            got=error.got,
            expected=error.expected,
            to_do="import a longer history, or change --origins or --span-days so that each origin has a past and a test",
        ) from error


def day_of(at: int) -> str:
    """The day of a moment in UTC.

    >>> day_of(0)
    '1970-01-01'
    """
    return datetime.fromtimestamp(at // SECOND, UTC).date().isoformat()
