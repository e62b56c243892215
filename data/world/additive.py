"""The best additive oracle: all that the observable oracle knows, but no interactions between what it knows.

Its log-odds are a sum of one free function for each thing known: a spline for each number, a step for each yes or no.
The functions are fitted to the oracle's own probability, so there is no noise of outcomes in them: what it lacks
against the oracle is what no line, however well its single terms are bent, can say.
"""

from typing import TYPE_CHECKING

import numpy as np

from data.world.oracle import Oracle
from data.world.oracle_risk import what_is_known
from data.world.oracle_seen import TRACES
from data.world.streams import Flags, Floats, sigmoid
from data.world.visits import SOCIAL

if TYPE_CHECKING:
    from data.world.simulate import Inner

KNOTS = 10
_RIDGE, _CLOSE, _MOST_STEPS = 1e-6, 1e-9, 50


def best_additive(inner: "Inner", oracle: Oracle, learn: Flags) -> Floats:
    """(n,) probability of each order by the best additive function of the oracle's inputs, fitted on the rows `learn`."""
    design = _design(inner, oracle, learn)
    return np.asarray(sigmoid(design @ fit_soft(design[learn], oracle.p[learn])))


def fit_soft(design: Floats, p: Floats) -> Floats:
    """(k,) coefficients of the logistic function that comes closest to the probabilities `p`, by Newton's steps."""
    beta, ridge, before = np.zeros(design.shape[1]), _RIDGE * len(p) * np.eye(design.shape[1]), np.inf
    for _ in range(_MOST_STEPS):
        margin = design @ beta
        said = sigmoid(margin)
        loss = float((np.logaddexp(0.0, margin) - p * margin).mean())
        if before - loss < _CLOSE:
            break
        before = loss
        curve = design.T @ (design * (said * (1 - said))[:, None]) + ridge
        beta = beta + np.linalg.solve(curve, design.T @ (p - said) - ridge @ beta)
    return beta


def _design(inner: "Inner", oracle: Oracle, learn: Flags) -> Floats:
    """(n, k) a one, the steps and the splines' hats."""
    numbers = [_hats(column, column[learn]) for column in _numbers(inner, oracle)]
    steps = np.stack(_steps(inner), axis=1).astype(np.float64)
    return np.concatenate([np.ones((len(steps), 1)), steps, *numbers], axis=1)


def _numbers(inner: "Inner", oracle: Oracle) -> list[Floats]:
    """What is known as numbers; the shop, the goods and the places by their true effects."""
    orders, visits, geo, known = inner.orders, inner.orders.visits, inner.market.geography, what_is_known(inner)
    shop = np.array([merchant.refusal for merchant in inner.market.preset.merchants])
    ring = np.clip(oracle.ring, 1e-6, 1 - 1e-6)
    return [
        oracle.reliability,
        oracle.spread,
        oracle.badness,
        np.log(ring / (1 - ring)),
        geo.refusal[visits.place],
        geo.address[visits.place],
        shop[visits.merchant],
        orders.baskets.refusal,
        orders.value,
        orders.baskets.discount_share,
        np.log1p(visits.n_prior),
        visits.drift,
        (known.chance * known.attempt).sum(axis=1),
        (known.chance * known.courier).sum(axis=1),
        inner.transit.delay_share[:, 0],
        inner.transit.delay_share[:, 2],
    ]


def _steps(inner: "Inner") -> list[Flags]:
    """What is known as yes or no."""
    orders, visits, tier = inner.orders, inner.orders.visits, inner.market.geography.tier
    return [
        tier[visits.place] == 1,
        tier[visits.place] == 2,
        orders.baskets.list_value >= inner.market.preset.causes.value_step_rupees,
        visits.n_prior == 0,
        visits.new_to_merchant,
        visits.new_phone,
        visits.source == SOCIAL,
        visits.night,
        visits.sale,
        visits.shift,
        visits.away,
        orders.gibberish,
        orders.written != visits.place,
        *(getattr(visits, name) for name in TRACES),
    ]


def _hats(column: Floats, learn: Floats) -> Floats:
    """(n, k) a piecewise linear function through `KNOTS` quantiles, as a sum of hats; the first hat is left out."""
    knots = np.unique(np.quantile(learn, np.linspace(0, 1, KNOTS)))
    if len(knots) < 2:
        return np.empty((len(column), 0))
    return np.stack([np.interp(column, knots, hat) for hat in np.eye(len(knots))[1:]], axis=1)
