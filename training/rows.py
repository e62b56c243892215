"""From a history to training rows: moments, labels, blocks, shrinkage and the design matrix."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.errors import TooLittleHistory
from data.history import Columns, History
from features.assemble import matrix
from features.catalog import CATALOG, LEVELLED, RATED, Feature, level_feature, needed_sums
from features.labels import Labels, labels_at, maturity
from features.layout import Readings
from features.order import levels
from features.rates import Shrinkage
from features.replay import Progress, replay
from features.snapshot import Snapshot
from training.plan import PLENTY, Moments, Plan
from training.shrinkage import Outcomes, fit_shrinkage
from training.split import Blocks, BlockShares, check_blocks, cut_at, split_by_time
from training.trees import Sample

Array: TypeAlias = np.ndarray[Any, Any]

_LEAST_ORDERS = 30  # a value seen on fewer orders teaches noise
_MOST_LEVELS = 40


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything a run learns from and is judged on; all arrays have one entry for each order of the history.

    y_past, cause_past, lag_past: labels, reasons of returns and how long they took, as known at the cut.  y: labels as
    known at `moments.until`.  mature: old enough at `until`.
    weight: how many orders each stands for in what is learned; one each if None.
    """

    orders: Columns
    readings: Readings
    labels: Labels
    y_past: Array
    cause_past: Array
    lag_past: Array
    y: Array
    mature: Array
    blocks: Blocks
    moments: Moments
    weight: Array | None = None

    @property
    def learn(self) -> Array:
        """(n,) the orders from which the judged model's trees are grown, and those that stop them."""
        return np.asarray(self.blocks.trees | self.blocks.early_stop)

    def sample(self, x: Array, y: Array, taken: Array) -> Sample:
        """What is to be learned from the rows `taken` (n,) of x (n, k) and y (n,)."""
        return Sample(x, y, self.weight)[taken]

    @property
    def past(self) -> Outcomes:
        """What had become of the orders as known at the cut."""
        return Outcomes(self.y_past, self.cause_past, self.orders["payment_method"])

    @property
    def now(self) -> Outcomes:
        """What became of the orders as known at `moments.until`."""
        return Outcomes(self.y, self.labels.cause, self.orders["payment_method"])

    @property
    def is_cod(self) -> Array:
        """Placed as cash on delivery; unknown payment methods are not."""
        return np.asarray(self.orders["payment_method"] == "cod", dtype=bool)


def build_rows(
    history: History, plan: Plan, until: int | None, progress: Progress, snapshot: Snapshot | None = None
) -> Rows:
    """Replay the history and part it in time. Nothing known after `until` (default: all that is known) is used.

    snapshot: of a former replay, to go on from.

    Raises TooLittleHistory if there are too few matured orders, or only one outcome among them.
    """
    moment = history.known_through if until is None else min(until, history.known_through)
    placed_at = history.orders["placed_at"]
    labels = labels_at(history, moment)
    matures_in = maturity(labels, placed_at)
    mature = ~np.isnan(labels.y) & (placed_at <= moment - matures_in)
    _enough(labels.y[mature], plan)
    cut = cut_at(placed_at[mature], plan.test_share)
    at_cut = labels_at(history, cut)
    y_past = at_cut.y
    shares = BlockShares(1 - plan.early_stop_share - plan.calibrate_share, plan.early_stop_share, plan.calibrate_share)
    blocks = split_by_time(
        placed_at, ~np.isnan(y_past), ~np.isnan(labels.y), cut=cut, matures_in=matures_in, end=moment, shares=shares
    )
    check_blocks(blocks, np.where(blocks.train, y_past, labels.y), plan.minimum_orders // 10)
    readings = replay(history, needed_sums(), progress, snapshot)
    moments = Moments(moment, cut, matures_in)
    return Rows(
        history.orders,
        readings,
        labels,
        y_past,
        at_cut.cause,
        at_cut.lag,
        labels.y,
        mature,
        blocks,
        moments,
        history.stands_for,
    )


def _enough(y: Array, plan: Plan) -> None:
    n, n_rto = len(y), int(y.sum())
    if n < plan.minimum_orders:
        to_do = "import a longer history; young orders count once they are old enough"
        got = f"{n:,} matured orders with an outcome"
        raise TooLittleHistory(
            "TRAIN002", "history", got=got, expected=f"at least {plan.minimum_orders:,}", to_do=to_do
        )
    if n_rto in (0, n):
        to_do = "check how the mapping reads the outcome: rto check"
        got = f"{n_rto:,} RTO among {n:,} orders"
        raise TooLittleHistory("TRAIN003", "history", got=got, expected="both outcomes", to_do=to_do)


@dataclass(frozen=True, slots=True)
class Design:
    """The matrix (n, k) of the features that say something here, and what it took to make it."""

    x: Array
    features: tuple[Feature, ...]
    shrinkage: Shrinkage


def design(rows: Rows, plan: Plan, outcomes: Outcomes, learn_from: Array) -> Design:
    """Fit shrinkage on the outcomes of `learn_from` (mask), assemble the matrix, drop what never varies there."""
    shrinkage = fit_shrinkage(rows.readings, outcomes, learn_from)
    catalog = (*CATALOG, *common_levels(rows.orders, learn_from))
    wanted = tuple(f for f in catalog if f.name not in plan.leave_out)
    x = matrix(rows.orders, rows.readings, shrinkage, wanted)
    says = varies(x[learn_from])
    return Design(x[:, says], tuple(f for f, s in zip(wanted, says, strict=True) if s), shrinkage)


def common_levels(orders: Columns, learn_from: Array) -> tuple[Feature, ...]:
    """A feature for each value that is common among the rows to learn from, the commonest first.

    On plenty of orders a column with a rate of its own has none: the rate says more there, and the columns cost time.
    """
    found: list[Feature] = []
    rated = RATED if learn_from.sum() >= PLENTY else ()
    for column in LEVELLED:
        if column in rated:
            continue
        counts = Counter(v for v in levels(orders, column)[learn_from] if v is not None)
        common = [value for value, n in counts.most_common(_MOST_LEVELS) if n >= _LEAST_ORDERS]
        found += [level_feature(column, value) for value in common if len(counts) > 1]
    return tuple(found)


_GLANCE = 4_000  # rows: those that differ among some rows differ among all


def varies(x: Array) -> Array:
    """(k,) which columns say something: enough rows differ from the column's commonest value (missing is a value)."""
    some = x[:: max(1, len(x) // _GLANCE)]
    return np.array([_says(some[:, j]) or _says(x[:, j]) for j in range(x.shape[1])], dtype=bool)


def _says(column: Array) -> bool:
    _, counts = np.unique(column, return_counts=True, equal_nan=True)
    return len(counts) > 1 and len(column) - int(counts.max()) >= _LEAST_ORDERS
