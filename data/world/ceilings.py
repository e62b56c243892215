"""How far anybody could get: the scores of those who know less and less of the truth, as figures with bands."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from data.contract import Action
from data.world.additive import best_additive
from data.world.marginal import Marginal
from data.world.oracle import entity_oracle, observable_oracle
from data.world.simulate import World
from data.world.streams import Flags, Floats
from data.world.truth import OUTCOMES

AIM, SEEN = "what the network is made for", "as the preset is; the network's are the ones aimed at"
LATENT, ENTITY, OBSERVABLE, GAIN = "all traits and intent", "entity oracle", "observable oracle", "gain"
BANDS = {
    "network": {LATENT: (0.82, 0.86), ENTITY: (0.82, 0.84), OBSERVABLE: (0.77, 0.79), GAIN: (0.010, 0.02)},
    "merchant": {LATENT: (0.82, 0.88), ENTITY: (0.82, 0.87), OBSERVABLE: (0.74, 0.79), GAIN: (0.006, 0.02)},
    "demo": {LATENT: (0.82, 0.87), ENTITY: (0.81, 0.86), OBSERVABLE: (0.76, 0.82), GAIN: (0.003, 0.02)},
}


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """(n,) cash orders that were just shipped and came to an end, in rows; and what became of every order."""

    rows: Flags
    rto: Flags


def judged(world: World) -> Judged:
    """The orders on which ceilings are told: nothing but cash, so that payment alone earns nothing."""
    outcome, inner = world.inner.course.outcome, world.inner
    ended = (outcome == OUTCOMES.index("delivered")) | (outcome == OUTCOMES.index("rto"))
    untouched = inner.handling.action == int(Action.ALLOW_COD)
    return Judged(ended & inner.orders.cod & untouched, outcome == OUTCOMES.index("rto"))


def ceilings(world: World) -> Iterator[Marginal]:
    """AUCs on cash orders. The best additive oracle learns on every second order and is judged, like the observable
    one beside it, on the others."""
    inner, found = world.inner, judged(world)
    oracle = observable_oracle(inner)
    every_second = np.arange(world.n_orders) % 2 == 1
    additive = best_additive(inner, oracle, inner.orders.cod & every_second)
    new = found.rows & ~every_second
    bands, source = BANDS.get(world.preset.name, BANDS["demo"]), AIM if world.preset.name == "network" else SEEN
    scores = {LATENT: world.truth["p_cod"].to_numpy(), ENTITY: entity_oracle(inner), OBSERVABLE: oracle.p}
    for name, score in scores.items():
        value = auc(score[found.rows], found.rto[found.rows])
        yield Marginal(f"COD AUC, {name}", value, *bands[name], source, 0.0027)
    gain = auc(oracle.p[new], found.rto[new]) - auc(additive[new], found.rto[new])
    yield Marginal("COD AUC, observable oracle above the best additive one", gain, *bands[GAIN], source, 0.0007)


def auc(score: Floats, rto: Flags) -> float:
    """Share of pairs of an RTO and a delivery in which the RTO scores higher; ties count half. NaN without pairs."""
    distinct, where = np.unique(score, return_inverse=True)
    came_back = np.bincount(where, weights=rto, minlength=len(distinct))
    arrived = np.bincount(where, weights=~rto, minlength=len(distinct))
    pairs = came_back.sum() * arrived.sum()
    return float(came_back @ (np.cumsum(arrived) - arrived / 2) / pairs) if pairs else float("nan")
