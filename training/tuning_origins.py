"""Origins to tune on: several cuts in time, all inside the past of `rto train`, which never see its test.

    |------------- learn -------------| gap |--- judge ---|                                    origin 1
    |------------------- learn ---------------------| gap |--- judge ---|                      origin 2
    |                                        the past of rto train                    | gap |  its untouched test

At each cut only labels known then may teach, and the gap is as long as labels took to mature by then; what is judged comes
after the cut and is judged by labels known at the cut of `rto train`. Nothing known after that is used at all.
"""

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from data.contract import DAY
from data.errors import TooLittleHistory
from data.history import History
from features.labels import labels_at, maturity
from training.calibration import Floats
from training.evaluation import losses
from training.origins import rows_at
from training.plan import Moments, Plan
from training.rows import Design, Rows, design
from training.run import fit_twin
from training.split import cut_at
from training.trees import probability

Array: TypeAlias = np.ndarray[Any, Any]

JUDGED_SHARE = 0.5
"""Of the past, its newest part: what all origins together judge. The first origin learns from the older half."""
_LEAST_JUDGED = 100
_TO_DO = "fewer origins (--origins 2), or a longer history: nothing but the past of rto train is used"


@dataclass(frozen=True, slots=True)
class Days:
    """Orders of one origin's judged days, (d,) each: the days (since 1970, UTC), all orders and cash orders of each."""

    day: Array
    orders: Array
    cod: Array


@dataclass(frozen=True, slots=True)
class DayLosses:
    """Log loss of one plan on one origin, summed by day: all orders and cash orders, (d,) each."""

    orders: Array
    cod: Array


@dataclass(frozen=True, slots=True)
class _Span:
    """Where an origin parts its past from what it judges, and over how many days it judges."""

    cut: int
    days: int


class Origins:
    """The origins with their designs, made once for all plans that differ only in how a model is fitted to them."""

    def __init__(self, history: History, rows: Rows, plan: Plan, n_origins: int) -> None:
        """rows: as `rto train` would have them. Raises TooLittleHistory TUNE001 where an origin cannot do its work."""
        self._history, self._known = history, _known_at_cut(history, rows)
        self._spans = _spans(self._known, n_origins)
        self._made: dict[tuple[int, str], tuple[Rows, Design]] = {}
        self.rows = tuple(self._rows(plan, origin) for origin in range(n_origins))
        self.days = tuple(_days(origin) for origin in self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def losses(self, plan: Plan, origin: int) -> DayLosses:
        """Fit the plan on an origin's past as `rto train` would, and judge it on what came after."""
        rows, made = self._of(plan, origin)
        test, twin = rows.blocks.test, fit_twin(rows, plan, made)
        p = np.asarray(twin.calibrator.apply(probability(twin.model.margin(made.x[test]))), dtype=np.float64)
        return _by_day(_loss(p, rows.y[test]), rows.orders["placed_at"][test], rows.is_cod[test])

    def about(self) -> list[dict[str, Any]]:
        """Of each origin: its moments and how many orders learn and are judged."""
        return [_about(rows) for rows in self.rows]

    def _rows(self, plan: Plan, origin: int) -> Rows:
        """The origin's rows, its past in blocks as this plan wants them."""
        span, which = self._spans[origin], f"origin {origin + 1} of {len(self._spans)}"
        try:
            rows = rows_at(self._known, self._history, span.cut, span.days, plan)
        except TooLittleHistory as error:
            where = f"{which}, {error.where.partition(', ')[2] or error.where}"
            raise TooLittleHistory("TUNE001", where, got=error.got, expected=error.expected, to_do=_TO_DO) from error
        n, n_past = int(rows.blocks.test.sum()), int(rows.blocks.train.sum())
        if n < _LEAST_JUDGED or n_past < plan.minimum_orders:
            got = f"{n:,} orders to judge, {n_past:,} to learn from"
            expected = f"at least {_LEAST_JUDGED:,} and {plan.minimum_orders:,}"
            raise TooLittleHistory("TUNE001", which, got=got, expected=expected, to_do=_TO_DO)
        return rows

    def _of(self, plan: Plan, origin: int) -> tuple[Rows, Design]:
        """An origin's own orders and their design, kept until a plan needs another one."""
        key = origin, plan.model_dump_json(exclude=_FITTING)
        if key not in self._made:
            for other in [k for k in self._made if k[0] == origin]:
                del self._made[other]
            self._made[key] = _alone(self._rows(plan, origin), plan)
        return self._made[key]


_FITTING = {"trees", "linear_penalties", "seed", "minimum_orders"}
"""Keys of a plan that change how a model is fitted to a design, but not the design. Any other key makes a new one."""


def _known_at_cut(history: History, rows: Rows) -> Rows:
    """The same rows with labels and maturity as known at the cut of `rto train`: what may be used here at all."""
    end, placed_at = rows.moments.cut, rows.orders["placed_at"]
    labels = labels_at(history, end)
    matures_in = maturity(labels, placed_at)
    mature = ~np.isnan(labels.y) & (placed_at <= end - matures_in)
    return replace(rows, labels=labels, y=labels.y, mature=mature, moments=Moments(end, end, matures_in))


def _spans(known: Rows, n_origins: int) -> list[_Span]:
    """Whole days (UTC) that hold about equally many matured orders, the newest `JUDGED_SHARE` of them in all."""
    placed_at = known.orders["placed_at"]
    end = (known.moments.until - known.moments.matures_in) // DAY * DAY
    times = placed_at[known.mature & (placed_at < end)]
    shares = [JUDGED_SHARE * (n_origins - number) / n_origins for number in range(n_origins)]
    cuts = [cut_at(times, share) // DAY * DAY for share in shares]
    return [_Span(cut, (following - cut) // DAY) for cut, following in zip(cuts, [*cuts[1:], end], strict=True)]


def _alone(rows: Rows, plan: Plan) -> tuple[Rows, Design]:
    """The origin's own orders without the rest of the history, and their design; the readings are not needed again."""
    blocks = rows.blocks
    made = design(rows, plan, rows.past, rows.learn)
    used = blocks.train | blocks.gap | blocks.test
    parts = {name: getattr(blocks, name)[used] for name in blocks.__slots__}
    labels = replace(
        rows.labels, **{name: getattr(rows.labels, name)[used] for name in ("y", "verdict", "lag", "cause")}
    )
    own = replace(
        rows, orders={name: column[used] for name, column in rows.orders.items()}, readings={}, labels=labels,
        y_past=rows.y_past[used], cause_past=rows.cause_past[used], lag_past=rows.lag_past[used], y=rows.y[used],
        mature=rows.mature[used], blocks=replace(blocks, **parts),
    )  # fmt: skip
    return own, replace(made, x=made.x[used])


def _loss(p: Floats, y: Array) -> Array:
    of_rto, of_delivered = losses(p)
    return np.where(y == 1, of_rto, of_delivered)


def _by_day(loss: Array, placed_at: Array, is_cod: Array) -> DayLosses:
    where = np.unique(placed_at // DAY, return_inverse=True)[1]
    return DayLosses(np.bincount(where, weights=loss), np.bincount(where, weights=np.where(is_cod, loss, 0.0)))


def _days(rows: Rows) -> Days:
    test = rows.blocks.test
    day, where = np.unique(rows.orders["placed_at"][test] // DAY, return_inverse=True)
    return Days(day, np.bincount(where), np.bincount(where, weights=rows.is_cod[test]).astype(np.int64))


def _about(rows: Rows) -> dict[str, Any]:
    placed_at, test = rows.orders["placed_at"], rows.blocks.test
    return {
        "cut": rows.moments.cut,
        "judged_through": int(placed_at[test].max()),
        "learn": int(rows.blocks.train.sum()),
        "judged": int(test.sum()),
        "rto": int(rows.y[test].sum()),
    }
