"""Labels of a whole history at a moment, and how long the truth takes to be told."""

from dataclasses import dataclass

import numpy as np

from data.history import Array, History
from data.label import MIXED, NOT_RTO, RTO, VOID
from features import compiled, scan

_make_labels = compiled.compile_kernel(scan.make_labels, judge=compiled.judge)

MATURE_QUANTILE = 0.99
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of each order at `asof`: y (n,) 1 RTO, 0 delivered, NaN neither; verdict (n,) as judged;
    lag (n,) microseconds from the order to the first telling of its fate, NaN if none; cause (n,) the reason it came back for.
    """

    asof: int
    y: Array
    verdict: Array
    lag: Array
    cause: Array

    @property
    def mixed(self) -> int:
        """Orders delivered in part: without a label, and counted."""
        return int((self.verdict == MIXED).sum())


def labels_at(history: History, asof: int) -> Labels:
    """The labels as known at `asof` (news known at that instant counts)."""
    n, news = len(history), history.news
    verdict, told_at, cause = (np.empty(n, dtype=np.int64) for _ in range(3))
    columns = (news[name] for name in ("type", "happened_at", "known_at", "rank", "reason", "voids"))
    _make_labels(history.start, asof + 1, *columns, verdict, told_at, cause)
    if (
        history.opening is not None
    ):  # older orders that are still kept would see an opening balance that knows what came later
        verdict[history.orders["placed_at"] < history.opening.since] = VOID
    y = np.where((verdict == NOT_RTO) | (verdict == RTO), verdict.astype(np.float64), np.nan)
    lag = np.where(told_at < 0, np.nan, told_at - history.orders["placed_at"])
    return Labels(asof, y, verdict, lag, cause)


def maturity(labels: Labels, placed_at: Array) -> int:
    """How long until 99 % of the verdicts are told, in microseconds; 0 if nothing was told.

    Young orders only show their quick verdicts, so the quantile is taken again over orders older than the last answer
    until it settles. The tail is RTO: deliveries are told days earlier, and both must be old enough.
    """
    lag, age = labels.lag, labels.asof - placed_at
    matures_in = 0.0
    for _ in range(_ROUNDS):
        told = lag[~np.isnan(lag) & (age >= matures_in)]
        if len(told) == 0:
            break
        matures_in = float(np.quantile(told, MATURE_QUANTILE))
    return int(matures_in)
