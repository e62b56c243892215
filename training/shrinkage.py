"""Fitting how strongly each rate leans on the next wider key."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.contract import Reason
from features.catalog import CATALOG, Feature, Rate
from features.contribution import Measure, in_cash
from features.layout import Readings
from features.rates import STRENGTHS, Shrinkage, evidence, step

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of all n orders. y: (n,) 1 RTO, 0 delivered.  cause: (n,) the reason it came back for.
    payment: (n,) methods."""

    y: Array
    cause: Array
    payment: Array

    def of(self, measure: Measure) -> Array:
        """(n,) 1 where the order counts in `of` of a rate, else 0."""
        reason = _REASONS.get(measure)
        return self.y if reason is None else self.y * (self.cause == reason)


_REASONS = {Measure.UNREACHABLE: Reason.UNREACHABLE, Measure.BAD_ADDRESS: Reason.BAD_ADDRESS}


def fit_shrinkage(
    readings: Readings, outcomes: Outcomes, rows: Array, catalog: tuple[Feature, ...] = CATALOG
) -> Shrinkage:
    """Strengths for every rate of the catalog, widest key first, each by predictive log likelihood.

    readings: for all n orders.  rows: (n,) mask of rows whose label may be used. Rates of cash orders are fitted on
    cash orders. Each outcome is predicted from those known before it, so no row helps to predict itself.
    """
    prior: dict[str, float] = {"": _share(outcomes.y[rows])}
    strength: dict[str, dict[str, float]] = {}
    cash = rows & in_cash(outcomes.payment)
    for feature in catalog:
        if isinstance(feature.source, Rate):
            used = cash if feature.source.among == Measure.COD_KNOWN else rows
            if not used.any():
                continue
            y = outcomes.of(feature.source.of)
            prior[feature.name] = _share(y[used])
            strength[feature.name] = _fit_chain(feature.source, readings, y, used, prior[feature.name])
    return Shrinkage(prior, strength)


def _share(y: Array) -> float:
    """Share of RTO with one pseudo-order of each kind, so that it is never 0 or 1."""
    return float((y.sum() + 1.0) / (len(y) + 2.0))


def _fit_chain(rate: Rate, readings: Readings, y: Array, used: Array, prior: float) -> dict[str, float]:
    wider, chosen = np.full(int(used.sum()), prior), {}
    for key in reversed(rate.chain):
        of, among = (told[used] for told in evidence(rate, key, readings))
        scores = {s: _likelihood(step(of, among, wider, s), y[used]) for s in STRENGTHS}
        chosen[key] = max(scores, key=lambda s: (round(scores[s], 9), s))  # of equals, lean more on the wider key
        wider = step(of, among, wider, chosen[key])
    return chosen


def _likelihood(p: Array, y: Array) -> float:
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return float(np.mean(np.where(y == 1, np.log(p), np.log1p(-p))))
