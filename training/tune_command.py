"""`rto tune`."""

from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import click

from data.console import Session, emit, progress, table
from data.contract import SECOND
from data.options import JSON, POOL, moment
from data.pool import open_pool

TRIALS = 40


@click.command("tune", epilog="Example: rto tune --trials 60 && rto train --plan var/tuning/demo.toml")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), help="The plan to beat; default: the default plan."
)
@click.option(
    "--space", "space_file", type=click.Path(path_type=Path), help="What to try, in TOML; default: plans/space.toml."
)
@click.option(
    "--trials", type=click.IntRange(min=1), help="Until the study has so many, earlier ones included; default: 40."
)
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Begin no trial after so many minutes.")
@click.option(
    "--origins",
    "n_origins",
    type=click.IntRange(2, 10),
    default=4,
    show_default=True,
    help="Spans of the past to judge on.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=7,
    show_default=True,
    help="The same seed tries the same plans.",
)
@click.option("--until", help="Use nothing known after this moment (ISO 8601); default: all that is known.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="The best plan's file; default: tuning/POOL.toml in RTO_HOME."
)
@POOL
@JSON
@click.pass_obj
def tune_command(session: Session, /, pool: str | None, out: Path | None, as_json: bool, **asked: Any) -> None:
    """Search for a plan that trains a better model, on origins inside the past.

    The untouched test of rto train is never looked at. What is stopped goes on where it was, by the same command; another
    history, plan, space, seed or number of origins begins another study. Ends in a plan file and a verdict: a gain that is
    within noise for the best of so many trials says to keep the default.
    """
    from training.plan import load_plan
    from training.tune import Budget, Wanted, tune_pool
    from training.tuning_space import load_space

    found, base = open_pool(session.home, pool), load_plan(asked["plan_file"])
    wanted = Wanted(
        base=base,
        space=load_space(asked["space_file"], base),
        n_origins=asked["n_origins"],
        seed=asked["seed"],
        until=moment(asked["until"], "--until"),
        out=out or found.home / "tuning" / f"{found.name}.toml",
    )
    trials, minutes = asked["trials"], asked["minutes"]
    budget = Budget(TRIALS if trials is None and minutes is None else trials, minutes and 60 * minutes, monotonic)
    with progress() as tell:
        result = tune_pool(found, session.mlruns, wanted, budget, tell)
    emit(result, as_json, show_tuned)


def show_tuned(result: dict[str, Any]) -> None:
    """Origins, the plan, its gain and the verdict."""
    n = result["trials"]
    print(f"{n['finished']} trials judged on {len(result['origins'])} origins, {n['stopped early']} stopped early, "
          f"{n['failed']} failed; nothing known after {_day(result['cut'])} was used\n")  # fmt: skip
    rows = [(_day(f["cut"]), _day(f["judged_through"]), f"{f['learn']:,}", f"{f['judged']:,}", _signed(f["gain"]["mean"]))
            for f in result["origins"]]  # fmt: skip
    table(("judged from", "through", "learned from", "judged", "best - default"), rows)
    print()
    changed = [(k, _setting(v["default"]), _setting(v["best"])) for k, v in result["searched"].items()]
    table(("plan", "default", f"best (trial {result['best_trial']})"), changed)
    print("\nlog loss, best - default, below 0 is better")
    for name, gain in result["gains"].items():
        if gain is None or gain["low"] is None:
            print(f"  {name}: not applicable")
        else:
            print(f"  {name}, {gain['n']:,}: {_signed(gain['mean'])} ({_signed(gain['low'])} to {_signed(gain['high'])}); "
                  f"as the best of {n['finished']}: {_signed(gain['sure_low'])} to {_signed(gain['sure_high'])}")  # fmt: skip
    if result["importances"]:
        told = ", ".join(f"{name} {100 * share:.0f} %" for name, share in list(result["importances"].items())[:5])
        print(f"what mattered: {told}")
    print(f"\nverdict: {result['why']}")
    print(f"page: {result['page']}")
    print(f"plan: {result['plan_file']}. To train by it: rto train --plan {result['plan_file']}")


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / SECOND, UTC).date().isoformat()


def _signed(value: float) -> str:
    return f"{value:+.5f}"


def _setting(value: Any) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)
