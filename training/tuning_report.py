"""What a search found, as plain values: the best plan beside the default, how sure that is, and what mattered."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial

from training.plan import Plan
from training.tuning_gain import Gain, gain_of
from training.tuning_plots import Tried
from training.tuning_space import Choices, Space, value_at
from training.tuning_study import Search, ended, finished, is_default, losses_of, state_of

Array: TypeAlias = np.ndarray[Any, Any]

KEEP = "keep the default"
BETTER = "better than the default"
_GOOD_SHARE = 0.25  # what mattered is what tells the best quarter of the trials from all
_LEAST_TRIALS = 12  # fewer finished ones tell nothing of what mattered


@dataclass(frozen=True, slots=True)
class Found:
    """best: the plan of least log loss; the default's own if nothing did better.  gains: by orders ("all orders",
    "COD only"; None without such orders).  origins: all orders, origin by origin.  importances: None: too few trials."""

    best: Plan
    number: int
    gains: dict[str, Gain | None]
    origins: tuple[Gain, ...]
    log_loss: float
    default_log_loss: float
    importances: dict[str, float] | None
    tried: tuple[Tried, ...]
    n: dict[str, int]

    @property
    def verdict(self) -> str:
        """`KEEP`, or `BETTER` where that holds even for the luckiest of all trials."""
        gain = self.gains["all orders"]
        return BETTER if gain is not None and gain.beyond_noise else KEEP

    @property
    def sentence(self) -> str:
        """The verdict and why."""
        gain = self.gains["all orders"]
        if self.best_is_default or gain is None:
            return f"{KEEP}: no other plan did better on these origins"
        if gain.beyond_noise:
            return f"{BETTER} beyond noise, also as the best of {self.n['finished']}"
        return f"{KEEP}: the gain is within noise for the best of {self.n['finished']} trials"

    @property
    def best_is_default(self) -> bool:
        return next(t for t in self.tried if t.number == self.number).is_default


def found_by(study: optuna.Study, of: Search) -> Found:
    """Read the study. At least the default has been judged to the end."""
    done = finished(study)
    best = min(done, key=lambda t: (t.value, not is_default(t), t.number))
    place = done.index(best)
    gains, origins = _gains(done, place, of)
    return Found(
        best=of.base if is_default(best) else of.space.plan(of.base, best.params),
        number=best.number,
        gains=gains,
        origins=origins,
        log_loss=best.user_attrs["log_loss"],
        default_log_loss=done[0].user_attrs["log_loss"],
        importances=_importances(study, len(done)),
        tried=tuple(map(_tried, sorted(ended(study), key=lambda t: t.number))),
        n={name: sum(state_of(t) == name for t in study.get_trials(deepcopy=False))
           for name in ("finished", "stopped early", "failed")},
    )  # fmt: skip


def _gains(done: list[FrozenTrial], place: int, of: Search) -> tuple[dict[str, Gain | None], tuple[Gain, ...]]:
    scopes: dict[str, Literal["orders", "cod"]] = {"all orders": "orders", "COD only": "cod"}
    gains: dict[str, Gain | None] = {}
    for name, which in scopes.items():
        losses = losses_of(done, which)
        orders = np.concatenate([getattr(days, which) for days in of.origins.days])
        gains[name] = gain_of(losses, losses[0], orders, place, of.seed) if orders.sum() else None
    losses, origins, start = losses_of(done, "orders"), [], 0
    for days in of.origins.days:
        own = losses[:, start : start + len(days.orders)]
        origins.append(gain_of(own, own[0], days.orders, place, of.seed))
        start += len(days.orders)
    return gains, tuple(origins)


def _importances(study: optuna.Study, n_finished: int) -> dict[str, float] | None:
    if n_finished < _LEAST_TRIALS:
        return None
    evaluator = PedAnovaImportanceEvaluator(target_quantile=_GOOD_SHARE)
    found = {name: float(share) for name, share in get_param_importances(study, evaluator=evaluator).items()}
    return found if all(map(np.isfinite, found.values())) and sum(found.values()) > 0 else None


def _tried(trial: FrozenTrial) -> Tried:
    last = trial.intermediate_values[max(trial.intermediate_values)]
    return Tried(trial.number, trial.params, float(last), state_of(trial) == "finished", is_default(trial))


def changed(default: Plan, best: Plan, space: Space) -> dict[str, dict[str, Any]]:
    """What was searched, by name: the default's value and the best plan's."""
    names = space.dimensions
    return {name: {"default": value_at(default, name), "best": value_at(best, name)} for name in names}


def scales_of(space: Space) -> dict[str, str]:
    """How to draw each dimension: "choices", "log" or "linear"."""
    return {
        name: "choices" if isinstance(one, Choices) else "log" if one.log else "linear"
        for name, one in space.dimensions.items()
    }


def as_dict(found: Found, of: Search) -> dict[str, Any]:
    """Plain values, fit for strict JSON."""
    return {
        "verdict": found.verdict,
        "why": found.sentence,
        "trials": found.n,
        "best_trial": found.number,
        "log_loss": found.log_loss,
        "default_log_loss": found.default_log_loss,
        "gains": {name: None if gain is None else asdict(gain) for name, gain in found.gains.items()},
        "origins": [
            about | {"gain": asdict(gain)} for about, gain in zip(of.origins.about(), found.origins, strict=True)
        ],
        "importances": found.importances,
        "searched": changed(of.base, found.best, of.space),
        "plan": found.best.model_dump(mode="json"),
    }


def figures(found: Found) -> dict[str, float]:
    """Numbers for the parent run, by name."""
    told: dict[str, float | None] = {"log_loss": found.log_loss, "default.log_loss": found.default_log_loss}
    told |= {f"trials.{name.replace(' ', '_')}": float(n) for name, n in found.n.items()}
    for name, gain in found.gains.items():
        if gain is not None:
            stem = f"{'all' if name == 'all orders' else 'cod'}.minus_default.log_loss"
            told |= {f"{stem}.{end}": getattr(gain, end) for end in ("mean", "low", "high", "sure_low", "sure_high")}
    return {name: float(value) for name, value in told.items() if value is not None}
