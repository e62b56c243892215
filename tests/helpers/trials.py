"""Light replays: checkouts with skewed money, a policy that acts on the risky of them, and the truth about both."""

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from serving.decisions.off_policy import Logged, Wanted, evaluate
from serving.decisions.savings import saving

Array: TypeAlias = np.ndarray[Any, Any]

ORDERS = 3_000
HOLDOUT = 0.05


@dataclass(frozen=True, eq=False)
class Trial:
    """(n,) checkouts drawn into two arms. true_saving: minor units for each checkout, over the draw of outcomes too."""

    money: Array
    held: Array
    acted: Array
    true_saving: float


@dataclass(frozen=True, eq=False)
class Log:
    """(n,) logged decisions, and what shipping every order would have earned on average, by the chances."""

    action: Array
    propensity: Array
    money: Array
    wanted: Array
    predicted: Array
    predicted_done: Array
    true_value: float


_RISKY = 0.45


def _market(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Risks and order values (minor units), as of cash orders in India."""
    return rng.beta(1.3, 3.5, n), np.exp(np.log(70_000) + 0.6 * rng.normal(size=n))


def _earned(back: Array, value: Array) -> Array:
    return np.where(back, -18_000.0 - 0.03 * value, 0.45 * value - 9_000.0)


def _called(p: Array) -> Array:
    """The risk after a call: a quarter of what would come back is set right."""
    return np.asarray(0.75 * p)


_CALL = 1_800.0
_LATER = 20_000.0
"""Earned of every logged order: without it the risky ones earn about nothing, and a wrong weight would not show."""


@cache
def _true_saving() -> float:
    p, value = _market(np.random.default_rng(0), 2_000_000)
    return float(
        np.where(p > _RISKY, (p - _called(p)) * (_earned(False, value) - _earned(True, value)) - _CALL, 0).mean()
    )  # type: ignore[arg-type]


@cache
def _true_shipping() -> float:
    p, value = _market(np.random.default_rng(0), 2_000_000)
    return float((p * _earned(True, value) + (1 - p) * _earned(False, value)).mean())  # type: ignore[arg-type]


def an_experiment(rng: np.random.Generator, n: int = ORDERS) -> Trial:
    p, value = _market(rng, n)
    held = rng.random(n) < HOLDOUT
    acted = (p > _RISKY) & ~held
    back = rng.random(n) < np.where(acted, _called(p), p)
    return Trial(_earned(back, value) - _CALL * acted, held, acted, _true_saving())


def a_log(rng: np.random.Generator, n: int = ORDERS) -> Log:
    """A log with a holdout of a fifth; the policy in question ships everything (action 0)."""
    p, value = _market(rng, n)
    wanted, share = p > _RISKY, 0.2
    held = rng.random(n) < share
    action = (wanted & ~held).astype(np.int64)
    propensity = np.where(wanted, np.where(held, share, 1 - share), 1.0)
    back = rng.random(n) < np.where(action == 1, _called(p), p)
    guessed = 0.4 * p + 0.1  # a model that is quite wrong: the weights must mend it
    shipped = guessed * _earned(True, value) + (1 - guessed) * _earned(False, value)  # type: ignore[arg-type]
    shipped, money = shipped + _LATER, _earned(back, value) + _LATER - _CALL * action
    return Log(
        action, propensity, money, np.zeros(n, np.int64), shipped, shipped - _CALL * action, _true_shipping() + _LATER
    )


@cache
def covered(replays: int, seed: int) -> dict[str, float]:
    """How often each 95 % interval holds the truth."""
    rng, hits = np.random.default_rng(seed), {"savings": 0, "ips": 0, "snips": 0, "dr": 0}
    for _ in range(replays):
        trial, log = an_experiment(rng), a_log(rng)
        found = saving(trial.money, trial.held)
        hits["savings"] += found.low <= trial.true_saving <= found.high
        wanted = Wanted(log.wanted, log.predicted, log.predicted_done, np.ones(len(log.wanted), dtype=bool))
        for way, one in evaluate(Logged(log.action, log.propensity, log.money), wanted).estimates.items():
            hits[way] += one.low <= log.true_value <= one.high
    return {way: hit / replays for way, hit in hits.items()}
