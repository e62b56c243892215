"""A training run, like a table of contents. Each step takes values and returns values; tracking comes after."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from data.contract import Payment
from data.history import History
from features.snapshot import Snapshot
from training.baselines import baselines
from training.bundle import Bundle
from training.calibration import BetaCalibrator, fit_calibrator
from training.choosing import choose, turns
from training.newest import Told, newest, refreshed
from training.order_only import with_order_only
from training.plan import Plan
from training.report import MODEL, Scope, counts, scopes
from training.rows import Design, Rows, build_rows, design
from training.trees import Model, Shape, fit_shape, probability

Array: TypeAlias = np.ndarray[Any, Any]
Progress: TypeAlias = Callable[[str, int, int], None]

_PREPAID_ORDERS, _PREPAID_RTO = 200, 5
_GOLDEN_ROWS = 200


@dataclass(frozen=True, slots=True)
class Twin:
    """The judged model: fitted on the past alone. The served one is its twin, refitted on everything matured."""

    shape: Shape
    model: Model
    calibrator: BetaCalibrator
    design: Design


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gives: the bundle to serve (unsigned), its golden rows, and what the judged twin achieved.

    plan: as it was followed, with the trees it chose by the number of orders.
    """

    plan: Plan
    bundle: Bundle
    golden: Array
    rows: Rows
    twin: Twin
    predictions: dict[str, Array]
    scopes: tuple[Scope, ...]
    counts: dict[str, int]


def train(
    history: History, plan: Plan, until: int | None, progress: Progress, snapshot: Snapshot | None = None
) -> Outcome:
    """Rows, split, shape, trees, calibration, evaluation on the untouched future, refit. Deterministic for a plan."""
    rows = build_rows(history, plan, until, progress, snapshot)
    plan = plan.for_orders(int(rows.learn.sum()))
    progress("choose the shape", 1, 4)
    twin = fit_twin(rows, plan)
    progress("judge on the future", 2, 4)
    predictions = predict_test(rows, twin)
    test = rows.blocks.test
    judged = scopes(predictions, rows.y[test], rows.is_cod[test])
    progress("refit on everything matured", 3, 4)
    bundle, golden = refit(rows, twin, plan, judged)
    progress("done", 4, 4)
    return Outcome(plan, bundle, golden, rows, twin, predictions, judged, counts(rows))


def fit_twin(rows: Rows, plan: Plan, made: Design | None = None) -> Twin:
    """Choose and fit on the past, with labels as known at the cut. made: the design of these rows, if there is one."""
    blocks, y, learn = rows.blocks, rows.y_past, rows.learn
    plan = plan.for_orders(int(learn.sum()))
    made = made or design(rows, plan, rows.past, learn)
    sample = rows.sample(made.x, y, learn)
    shape = choose(turns(sample, int(blocks.early_stop.sum())), made.features, plan)
    model = fit_shape(sample, made.features, shape, plan)
    fresh = rows.sample(made.x, y, blocks.calibrate)
    calibrator = fit_calibrator(probability(model.margin(fresh.x)), fresh.y, weight=fresh.counts)
    moments, twin = rows.moments, Twin(shape, model, calibrator, made)
    told = Told(moments.cut, rows.orders["placed_at"], y, rows.lag_past, moments.matures_in, rows.weight)
    return replace(twin, calibrator=_on_the_newest(rows, twin, told)[0])


def _on_the_newest(rows: Rows, twin: Twin, told: Told) -> tuple[BetaCalibrator, int]:
    """The twin's calibrator moved by the newest outcomes of orders its trees have not seen, and when the last of them
    was placed."""
    placed_at = told.placed_at
    grown = placed_at[rows.learn].max()
    found = newest(told, placed_at > grown)
    raw = np.full(len(placed_at), np.nan)
    raw[found.taken] = probability(twin.model.margin(twin.design.x[found.taken]))
    through = placed_at[found.taken].max() if found.taken.any() else grown
    return refreshed(raw, told, found, twin.calibrator), int(through)


def predict_test(rows: Rows, twin: Twin) -> dict[str, Array]:
    """Probabilities of the twin and of every baseline for the test orders."""
    past, test = rows.blocks.train, rows.blocks.test
    x, y = twin.design.x, rows.y_past
    found = baselines(rows.sample(x, y, past), x[test], twin.design.features, twin.shape.penalty)
    return found | {MODEL: np.asarray(twin.calibrator.apply(probability(twin.model.margin(x[test]))))}


def refit(rows: Rows, twin: Twin, plan: Plan, judged: tuple[Scope, ...]) -> tuple[Bundle, Array]:
    """The twin's shape and tree count on all matured rows, its calibrator moved by the newest outcomes; and golden rows
    to recognise it by."""
    made = design(rows, plan, rows.now, rows.mature)
    model = fit_shape(rows.sample(made.x, rows.y, rows.mature), made.features, twin.shape, plan)
    moments = rows.moments
    told = Told(moments.until, rows.orders["placed_at"], rows.y, rows.labels.lag, moments.matures_in, rows.weight)
    calibrator, calibrated_through = _on_the_newest(rows, twin, told)
    about = {
        "moments": moments.as_dict(),
        "trained_through": int(rows.orders["placed_at"][rows.mature].max()),
        "calibrated_through": calibrated_through,
        "counts": counts(rows),
        "shape": {name: getattr(twin.shape, name) for name in twin.shape.__slots__},
        "evidence": [scope.as_dict() for scope in judged],
        "judged": "the twin fitted on the past alone; the served model is refitted on everything matured, "
        "its calibrator moved by the newest outcomes",
    }
    bundle = Bundle(model, made.features, calibrator, made.shrinkage, about, prepaid_known(rows))
    bundle = with_order_only(bundle, rows, twin.design, made)
    newest = np.flatnonzero(rows.mature)[-_GOLDEN_ROWS:]
    return bundle, made.x[newest]


def prepaid_known(rows: Rows) -> bool:
    """Are there enough prepaid outcomes, some of them RTO, to say anything about paying first?"""
    prepaid = rows.mature & np.asarray(rows.orders["payment_method"] == Payment.PREPAID, dtype=bool)
    return bool(prepaid.sum() >= _PREPAID_ORDERS and rows.y[prepaid].sum() >= _PREPAID_RTO)
