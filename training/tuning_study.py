"""The study of a pool's plans: Optuna's, in an SQLite file, so that a search that is stopped goes on where it was.

A study belongs to what it judges on: other data, another space, plan, seed or number of origins is another study. Each
trial draws from a seed of its own, made of the study's seed and how many trials have ended: so a search that was killed and
resumed tries the same plans as one that was not. What is unfinished is marked as failed and tried again.
"""

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from data.errors import DataError, UsageError
from training.plan import Plan
from training.tuning_origins import DayLosses, Origins
from training.tuning_space import Space

Identity: TypeAlias = Mapping[str, str]
"""What a study judges on and searches, by name; any change makes another study."""
State: TypeAlias = Literal["running", "finished", "stopped early", "failed"]

_WAIT_S = 10.0
_STARTUP = 10  # trials drawn evenly over the space before any is led by others
_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "stopped early",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


@dataclass(frozen=True, slots=True)
class Event:
    """A trial has begun or ended. steps: log loss minus the default's over the origins so far, one entry each."""

    number: int
    state: State
    plan: Plan | None = None
    steps: tuple[float, ...] = ()
    log_loss: float | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched: the plan to begin with, the space around it, the origins to judge on, and the seed."""

    base: Plan
    space: Space
    origins: Origins
    seed: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A study. resumed: there were trials. changed: what differs from the newest other study; empty if there is none."""

    study: optuna.Study
    resumed: bool
    changed: tuple[str, ...]


@contextmanager
def opened(path: Path, identity: Identity) -> Iterator[Opened]:
    """The study of this identity, made at first use; nobody else may search here meanwhile.

    Raises UsageError TUNE002 if somebody does, DataError TUNE003 where the file cannot be read or written.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with _storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("a") as lock:
            _hold(lock.fileno(), path)
            storage = RDBStorage(f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": _WAIT_S}})
            try:
                yield _study(storage, identity)
            finally:
                storage.remove_session()
                storage.engine.dispose()


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, StorageInternalError, OSError) as error:
        told = str(error.__cause__ or error).splitlines()[0][:200]
        to_do = "make the folder writable and let go of the file; a file that is no study: move it away"
        expected = "a study that can be read and written"
        raise DataError("TUNE003", str(path), got=told, expected=expected, to_do=to_do) from error


def _hold(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        got, to_do = "another rto tune of this pool at work", "wait until it has ended, or stop it"
        raise UsageError("TUNE002", str(path), got=got, expected="one at a time", to_do=to_do) from error


def name_of(identity: Identity) -> str:
    """A study's name: the same for the same identity."""
    return hashlib.sha256(json.dumps(dict(identity), sort_keys=True).encode()).hexdigest()[:16]


def _study(storage: RDBStorage, identity: Identity) -> Opened:
    name, there = name_of(identity), storage.get_all_studies()
    known = {one.study_name for one in there}
    others = [one.user_attrs.get("identity", {}) for one in there if one.study_name != name]
    newest = others[-1] if others else dict(identity)
    study = optuna.create_study(storage=storage, study_name=name, direction="minimize", load_if_exists=True)
    if name not in known:
        study.set_user_attr("identity", dict(identity))
    _fail_running(study)  # of a process that was killed
    changed = tuple(part for part in identity if newest.get(part) != identity[part])
    return Opened(study, bool(ended(study)), changed if name not in known else ())


def _fail_running(study: optuna.Study) -> None:
    """Nobody else searches here, so what is running and not ours was left behind."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def ended(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that were judged to the end or stopped early; what failed is none of them."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """Trials judged on every origin, the default first."""
    found = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return sorted(found, key=lambda trial: (not is_default(trial), trial.number))


def state_of(trial: FrozenTrial) -> State:
    """How a trial stands, in this project's words."""
    return _STATES[trial.state]


def states(study: optuna.Study) -> dict[int, State]:
    """How each trial stands, by number; one that waits to begin is not told."""
    return {trial.number: state_of(trial) for trial in study.get_trials(deepcopy=False) if trial.state in _STATES}


def is_default(trial: FrozenTrial) -> bool:
    """Is it the plan that the search began with?"""
    return bool(trial.user_attrs.get("default"))


def losses_of(trials: list[FrozenTrial], which: Literal["orders", "cod"]) -> np.ndarray[Any, Any]:
    """(trials, days of all origins) log loss summed by day, of all orders or of cash orders."""
    return np.array([np.concatenate(trial.user_attrs[which]) for trial in trials])


def search(study: optuna.Study, of: Search, over: Callable[[int], bool], tell: Callable[[Event], None]) -> None:
    """Try plans until `over` (of the number of trials that have ended) says so; the default is tried in any case.

    An interruption marks the running trial as failed and goes on as what it was.
    """
    try:
        while not (any(map(is_default, finished(study))) and over(len(ended(study)))):
            _try_one(study, of, tell)
    except BaseException:
        _fail_running(study)
        raise


def _try_one(study: optuna.Study, of: Search, tell: Callable[[Event], None]) -> None:
    n_ended = len(ended(study))
    study.sampler = optuna.samplers.TPESampler(seed=_seed(of.seed, n_ended), n_startup_trials=_STARTUP)
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=_STARTUP // 2)
    _default_first(study, of)
    trial = study.ask(of.space.distributions())
    plan = of.base if trial.user_attrs.get("default") else of.space.plan(of.base, trial.params)
    tell(Event(trial.number, "running", plan))
    _judge(study, trial, plan, of)
    kept = study.get_trials(deepcopy=False)[trial.number]
    steps = tuple(kept.intermediate_values.values())
    tell(Event(trial.number, state_of(kept), plan, steps, kept.user_attrs.get("log_loss")))


def _default_first(study: optuna.Study, of: Search) -> None:
    there = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.WAITING))
    if not any(map(is_default, there)):
        study.enqueue_trial(of.space.parameters(of.base), user_attrs={"default": True})


def _judge(study: optuna.Study, trial: optuna.Trial, plan: Plan, of: Search) -> None:
    """Origin by origin; stopped where what it lost to the default so far is above the median of earlier trials."""
    default = next((t for t in finished(study) if is_default(t)), None)
    found: list[DayLosses] = []
    lost, orders = 0.0, 0
    for origin in range(len(of.origins)):
        found.append(of.origins.losses(plan, origin))
        orders += int(of.origins.days[origin].orders.sum())
        if default is not None:
            lost += float(found[-1].orders.sum() - np.sum(default.user_attrs["orders"][origin]))
        trial.report(lost / orders, origin)
        if default is not None and origin + 1 < len(of.origins) and trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return
    trial.set_user_attr("orders", [one.orders.tolist() for one in found])
    trial.set_user_attr("cod", [one.cod.tolist() for one in found])
    trial.set_user_attr("log_loss", float(sum(one.orders.sum() for one in found) / orders))
    study.tell(trial, lost / orders)


def _seed(seed: int, n_ended: int) -> int:
    return int(np.random.default_rng([seed, n_ended]).integers(2**31))
