"""How good are these probabilities: one number for each question, and where they hold.

Every figure is computed from a `Tally`, orders counted by distinct score. Equal scores are therefore one thing: no
figure depends on the order of rows, and orders that the model cannot tell apart share credit evenly. A figure that
is not defined (one outcome only, no orders) is None, never a number.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data.errors import DataError

Floats = NDArray[np.float64]

BINS = 15
ORDERS_PER_BIN = 50  # thinner bins would show chance, not calibration
SMALLEST_P = 1e-15
Z95 = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Orders counted by distinct score, lowest first: score `p`, RTOs and delivered orders there, each (g,)."""

    p: Floats
    rto: Floats
    delivered: Floats

    @property
    def orders(self) -> Floats:
        """(g,) orders at each score."""
        total: Floats = self.rto + self.delivered
        return total

    @property
    def one_sided(self) -> bool:
        """Are there no orders, or orders of one outcome only?"""
        return not (self.rto.sum() and self.delivered.sum())


Statistic = Callable[[Tally], float | None]


@dataclass(frozen=True, slots=True)
class Metrics:
    """All orders of one block or slice, judged. None: not defined there."""

    n: int
    positives: int
    base_rate: float | None
    auc: float | None
    pr_auc: float | None
    log_loss: float | None
    brier: float | None
    ece: float | None
    lift_at_10: float | None

    def as_dict(self) -> dict[str, float | None]:
        """Figures by name, in the order of a table."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Bin:
    """One group of similar scores: what was said, what came, and its 95 % Wilson interval. Shares run 0 to 1."""

    p_low: float
    p_high: float
    p_mean: float
    n: int
    positives: int
    rto_share: float
    low: float
    high: float


def measure(p: ArrayLike, y: ArrayLike) -> Metrics:
    """Every metric of scores `p` (n,), 0 to 1, against outcomes `y` (n,), 0 or 1. Raises DataError TRAIN010."""
    counted = tally(p, y)
    n, positives = int(counted.orders.sum()), int(counted.rto.sum())
    figures = {name: statistic(counted) for name, statistic in STATISTICS.items()}
    return Metrics(n=n, positives=positives, base_rate=positives / n if n else None, **figures)


def tally(p: ArrayLike, y: ArrayLike) -> Tally:
    """Count orders by score. p (n,) 0 to 1, y (n,) 0 or 1; DataError TRAIN010 for anything else."""
    scores, outcomes = checked(p, y)
    distinct, where = np.unique(scores, return_inverse=True)
    delivered = np.bincount(where, weights=1 - outcomes, minlength=len(distinct)).astype(np.float64)
    return Tally(distinct, np.bincount(where, minlength=len(distinct)) - delivered, delivered)


def reliability(p: ArrayLike, y: ArrayLike, bins: int = BINS) -> tuple[Bin, ...]:
    """What came of orders with similar scores, lowest first: the bins of ECE, at most `bins` of them."""
    counted = tally(p, y)
    where = bin_of(counted, bins)
    return tuple(_bin(counted, where == number) for number in np.unique(where))


def lift(p: ArrayLike, y: ArrayLike, share: float) -> float | None:
    """RTO share among the riskiest `share` of orders (0 to 1), divided by that of all. Ties count by expectation."""
    return _lift(tally(p, y), share)


def gains(p: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Riskiest first: (share of orders looked at, share of RTOs among them), both rising from 0."""
    return _gains(tally(p, y))


def checked(p: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """`p` and `y` as floats (n,). Raises DataError TRAIN010 unless 0 <= p <= 1, y is 0 or 1 and the lengths agree."""
    scores, outcomes = np.asarray(p, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if scores.ndim != 1 or scores.shape != outcomes.shape:
        raise _refused(f"shapes {scores.shape} and {outcomes.shape}", "one score and one outcome for each order")
    if not ((scores >= 0) & (scores <= 1)).all():
        raise _refused(f"{(~((scores >= 0) & (scores <= 1))).sum():,} scores", "scores between 0 and 1, none missing")
    if not np.isin(outcomes, (0.0, 1.0)).all():
        raise _refused(f"{(~np.isin(outcomes, (0.0, 1.0))).sum():,} outcomes", "outcomes of 0 or 1, none missing")
    return scores, outcomes


def _refused(got: str, expected: str) -> DataError:
    to_do = "judge only orders that have both a score and a known outcome"
    return DataError("TRAIN010", "evaluation", got=got, expected=expected, to_do=to_do)


def _auc(counted: Tally) -> float | None:
    """Share of (RTO, delivered) pairs in which the RTO scores higher; a tie is half a pair."""
    if counted.one_sided:
        return None
    below = np.cumsum(counted.delivered) - counted.delivered / 2
    return float(counted.rto @ below / (counted.rto.sum() * counted.delivered.sum()))


def _pr_auc(counted: Tally) -> float | None:
    """Average precision: precision at each score, weighted by the RTOs found there."""
    if counted.one_sided:
        return None
    looked_at, found = np.cumsum(counted.orders[::-1]), np.cumsum(counted.rto[::-1])
    return float(counted.rto[::-1] @ (found / looked_at) / found[-1])


def _log_loss(counted: Tally) -> float | None:
    if not counted.orders.sum():
        return None
    of_rto, of_delivered = losses(counted.p)
    return float((counted.rto @ of_rto + counted.delivered @ of_delivered) / counted.orders.sum())


def losses(p: Floats) -> tuple[Floats, Floats]:
    """Log loss of each score (n,) if the parcel comes back, and if it is delivered; never infinite."""
    inside = np.clip(p, SMALLEST_P, 1 - SMALLEST_P)
    return -np.log(inside), -np.log1p(-inside)


def _brier(counted: Tally) -> float | None:
    if not counted.orders.sum():
        return None
    squares = counted.rto @ (1 - counted.p) ** 2 + counted.delivered @ counted.p**2
    return float(squares / counted.orders.sum())


def _ece(counted: Tally) -> float | None:
    """Mean distance between what was said and what came, over bins of equally many orders."""
    if not counted.orders.sum():
        return None
    surplus = np.bincount(bin_of(counted, BINS), weights=counted.orders * counted.p - counted.rto)
    return float(np.abs(surplus).sum() / counted.orders.sum())


def _lift(counted: Tally, share: float = 0.10) -> float | None:
    if not counted.rto.sum():
        return None
    looked_at, found = _gains(counted)
    return float(np.interp(share, looked_at, found) / share)


def _gains(counted: Tally) -> tuple[Floats, Floats]:
    steps = (np.cumsum(counts[::-1]) for counts in (counted.orders, counted.rto))
    looked_at, found = (np.concatenate([[0.0], step / max(step[-1:].sum(), 1)]) for step in steps)
    return looked_at, found


STATISTICS: Mapping[str, Statistic] = MappingProxyType(
    {"auc": _auc, "pr_auc": _pr_auc, "log_loss": _log_loss, "brier": _brier, "ece": _ece, "lift_at_10": _lift}
)
"""Name of a metric -> its meaning; the names are those of `Metrics`."""


def bin_of(counted: Tally, bins: int) -> NDArray[np.intp]:
    """(g,) bin of each score. Orders of one score stay together, in the bin where their middle falls."""
    n = counted.orders.sum()
    fewer = max(1, min(bins, int(n // ORDERS_PER_BIN)))
    middle = np.cumsum(counted.orders) - counted.orders / 2
    numbers: NDArray[np.intp] = np.minimum(fewer * middle // max(n, 1), fewer - 1).astype(np.intp)
    return numbers


def _bin(counted: Tally, here: NDArray[np.bool_]) -> Bin:
    p, orders = counted.p[here], counted.orders[here]
    n, positives = int(orders.sum()), int(counted.rto[here].sum())
    low, high = wilson(positives, n)
    return Bin(float(p[0]), float(p[-1]), float(orders @ p / n), n, positives, positives / n, low, high)


def wilson(positives: int, n: int) -> tuple[float, float]:
    """95 % interval of a share, `positives` of `n` > 0 (Wilson 1927): inside 0 to 1 even for 0 of 3.

    >>> [round(end, 3) for end in wilson(0, 3)]
    [0.0, 0.561]
    """
    share, weight = positives / n, Z95**2 / n
    centre = (share + weight / 2) / (1 + weight)
    reach = np.sqrt(weight * share * (1 - share) + weight**2 / 4) / (1 + weight)
    return max(0.0, float(centre - reach)), min(1.0, float(centre + reach))
