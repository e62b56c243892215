"""A search for a better plan, like a table of contents: origins inside the past, trials, verdict, record, plan file."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import optuna
from matplotlib.figure import Figure

from data.checking import check_history
from data.checks.check import Purpose
from data.console import Tell, note
from data.errors import UsageError
from data.expectations import require
from data.history import History
from data.pool import Pool, replace_text
from features.catalog import fingerprint as catalog_fingerprint
from training.card_page import page, utc
from training.held_out import history_to_learn_from
from training.pictures import embedded
from training.plan import Plan
from training.plan_file import plan_toml
from training.release import fingerprint
from training.remembered import remembering
from training.rows import build_rows
from training.tracking import Tracker
from training.tuning_origins import Origins
from training.tuning_plots import history_plot, importance_plot, origins_plot, slice_plot
from training.tuning_report import Found, as_dict, figures, found_by, scales_of
from training.tuning_runs import TuningRuns
from training.tuning_space import Space
from training.tuning_study import Event, Identity, Opened, Search, ended, finished, name_of, opened, search, states

_PACKAGES = ("rto-risk", "xgboost", "numpy")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to search from where. until: use nothing known later, in microseconds; None: all.  out: the plan's file."""

    base: Plan
    space: Space
    n_origins: int
    seed: int
    until: int | None
    out: Path


@dataclass(frozen=True, slots=True)
class Budget:
    """trials: that many in the study, those of earlier runs included.  seconds: for this run.  None: no limit.

    clock: seconds that only ever rise.
    """

    trials: int | None
    seconds: float | None
    clock: Callable[[], float]

    def begin(self) -> Callable[[int], bool]:
        """From now on: is it over, with so many trials ended?"""
        start = self.clock()

        def over(n_ended: int) -> bool:
            late = self.seconds is not None and self.clock() - start >= self.seconds
            return late or (self.trials is not None and n_ended >= self.trials)

        return over


def study_file(pool: Pool) -> Path:
    """Where a pool's studies are kept."""
    return pool.home / "tuning" / f"{pool.name}.sqlite"


def tune_pool(pool: Pool, mlruns: Path, wanted: Wanted, budget: Budget, tell: Tell) -> dict[str, Any]:
    """Search, judge, record, write the best plan. Returns what the command shows.

    An interruption keeps every trial that has ended; the same call goes on from there.
    """
    _require_writable(wanted.out)
    tell("load the history", 0, 1)
    history = history_to_learn_from(pool)
    require(check_history(history).judged_for(Purpose.TRAINING))
    rows = build_rows(history, wanted.base, wanted.until, tell)
    wanted = replace(wanted, base=wanted.base.for_orders(int(rows.learn.sum())))
    of = Search(wanted.base, wanted.space, Origins(history, rows, wanted.base, wanted.n_origins), wanted.seed)
    identity = identity_of(history, wanted)
    with opened(study_file(pool), identity) as found, remembering():
        _say_which(found)
        runs = TuningRuns(Tracker(mlruns), pool.name, name_of(identity), list(wanted.space.dimensions))
        told = {**identity, "cut": str(utc(rows.moments.cut))}
        runs.begin({"data_fingerprint": identity["history"]}, told, states(found.study))
        try:
            search(found.study, of, budget.begin(), _both(runs.told, _progress(found.study, budget, tell)))
        except BaseException:
            runs.stop(states(found.study))
            note(f"{len(ended(found.study))} trials are kept; the same command goes on from there")
            raise
        result = found_by(found.study, of)
        about = {"pool": pool.name, "study": name_of(identity), "resumed": found.resumed, "run_id": runs.parent,
                 "cut": rows.moments.cut, "until": rows.moments.until}  # fmt: skip
        return _kept(runs, result, of, about | {"plan_file": str(wanted.out)}, wanted.out)


def identity_of(history: History, wanted: Wanted) -> Identity:
    """What a study stands for, part by part: a change of any part begins another study."""
    return {
        "history": f"{fingerprint(history)} known through {utc(history.known_through)}",
        "until": str(utc(wanted.until)),
        "plan": wanted.base.model_dump_json(),
        "space": json.dumps(wanted.space.as_dict(), sort_keys=True),
        "origins": str(wanted.n_origins),
        "seed": str(wanted.seed),
        "features": catalog_fingerprint(),
        "versions": ", ".join(f"{name} {installed(name)}" for name in _PACKAGES),
    }


def _say_which(found: Opened) -> None:
    if found.resumed:
        note(f"goes on with a study of {len(ended(found.study))} trials")
    elif found.changed:
        note(f"a new study: since the last one another {', '.join(found.changed)} (the old one is kept)")


def _require_writable(path: Path) -> None:
    """Before hours of work rather than after."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = path.with_name(f".{path.name}.probe")
        probe.touch()
        probe.unlink()
        if path.exists():
            path.open("a").close()
    except OSError as error:
        expected = "a file that can be written"
        raise UsageError("TUNE004", str(path), got=str(error), expected=expected, to_do="pass another --out") from error


def _both(one: Callable[[Event], None], other: Callable[[Event], None]) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        one(event)
        other(event)

    return tell


def _progress(study: optuna.Study, budget: Budget, tell: Tell) -> Callable[[Event], None]:
    def told(event: Event) -> None:
        done = finished(study)
        best = f", best {min(t.value or 0.0 for t in done):+.5f}" if done else ""
        n_ended = len(ended(study))
        tell(f"trial {event.number}{best}", n_ended, budget.trials or n_ended + 1)

    return told


def _kept(runs: TuningRuns, found: Found, of: Search, about: dict[str, Any], out: Path) -> dict[str, Any]:
    """Write plan, page, pictures and table; keep them with the run."""
    told = about | as_dict(found, of)
    plan = plan_toml(found.best, _remarks(told))
    replace_text(out, plan)
    with tempfile.TemporaryDirectory() as draft:
        folder = Path(draft)
        (folder / "plots").mkdir()
        drawn = _pictures(found, of, told)
        for name, figure in drawn.items():
            figure.savefig(folder / "plots" / f"{name}.png", metadata={"Software": None})
        shown = {name: embedded(figure) for name, figure in drawn.items()}
        trials = [{"number": t.number, "finished": t.finished, "difference": t.difference, **t.parameters}
                  for t in found.tried]  # fmt: skip
        (folder / "tuning.json").write_text(json.dumps(told | {"tried": trials}, indent=1, allow_nan=False))
        (folder / "tuning.html").write_text(page("tuning", told | {"pictures": shown}), encoding="utf-8")
        (folder / "plan.toml").write_text(plan)
        files = runs.end(figures(found), folder)
    return told | {"page": str(files / "tuning.html")}


def _pictures(found: Found, of: Search, told: dict[str, Any]) -> dict[str, Figure]:
    days = [str(utc(origin["cut"]))[:10] for origin in told["origins"]]
    drawn = {
        "history": history_plot(found.tried),
        "slices": slice_plot(found.tried, scales_of(of.space)),
        "origins": origins_plot(days, [(gain.mean, gain.low, gain.high) for gain in found.origins]),
    }
    return drawn if found.importances is None else drawn | {"importances": importance_plot(found.importances)}


def _remarks(told: dict[str, Any]) -> tuple[str, ...]:
    gain = told["gains"]["all orders"]
    sure = "" if gain["sure_low"] is None else f", 95 % {gain['sure_low']:+.5f} to {gain['sure_high']:+.5f}"
    return (
        f"Written by rto tune: pool {told['pool']}, study {told['study']}, trial {told['best_trial']}.",
        f"Log loss minus the default's on the same {gain['n']:,} orders: {gain['mean']:+.5f}{sure} (best of all trials).",
        f"Verdict: {told['why']}.",
    )
