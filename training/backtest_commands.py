"""The command `backtest`: train at several moments of the past, and judge each on what came after it."""

from pathlib import Path
from typing import Any

import click

from data.console import Session, emit, progress, table
from data.options import JSON, POOL, moment

_MOST_SLICES = 5


@click.command("backtest", epilog="Example: rto backtest --origins 6 --weekly-days 90")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), help="A plan in TOML; default: plans/default.toml."
)
@click.option(
    "--origins", type=click.IntRange(min=4), default=4, show_default=True, help="How many moments to train at."
)
@click.option(
    "--span-days",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="Days each origin is judged on; origins are as far apart.",
)
@click.option(
    "--weekly-days",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Also judge calibration over so many days, the calibrator refreshed each week; 0: not.",
)
@click.option("--until", help="Use nothing known after this moment (ISO 8601); default: all that is known.")
@click.option(
    "--beside",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Parquet with order_id and p: probabilities from elsewhere, judged beside the model. May be repeated.",
)
@POOL
@JSON
@click.pass_obj
def backtest_command(
    session: Session,
    plan_file: Path | None,
    origins: int,
    span_days: int,
    weekly_days: int,
    until: str | None,
    beside: tuple[Path, ...],
    pool: str | None,
    as_json: bool,
) -> None:
    """Train at several moments of the past and judge each model on the days that followed.

    Each origin learns only what was known by then; outcomes told later are its gap. Every figure is the mean of the
    origins, with a 95 % interval in which the orders of one buyer, and of one day, count as dependent.
    """
    from data.pool import open_pool
    from training.backtest_run import Wanted, backtest_pool
    from training.origins import BacktestPlan
    from training.plan import load_plan
    from training.tracking import Tracker

    plan, found = load_plan(plan_file), open_pool(session.home, pool)
    wanted = Wanted(BacktestPlan(origins, span_days, weekly_days), moment(until, "--until"), beside)
    with progress() as tell:
        result = backtest_pool(found, Tracker(session.mlruns), plan, wanted, tell)
    emit(result, as_json, show_backtest)


def show_backtest(result: dict[str, Any]) -> None:
    """Origins, then for each scope: metrics by model, differences, the model by slice; calibration last."""
    rows = [
        (o["cut"], f"{o['learned_from']:,}", f"{o['judged']:,}", f"{o['matures_in_days']:.1f}")
        for o in result["origins"]
    ]
    table(("origin", "learned from", "judged on", "gap, days"), rows)
    for scope in result["scopes"]:
        _show_scope(scope)
    _show_slices(result["scopes"][-1], result["beside"])
    for scope in result["weekly"]:
        _show_weekly(scope, result["plan"]["weekly_days"])
    print(f"\nrun {result['run_id'][:12]}: page, pictures, JSON and every prediction in {result['files']}")


def _show_scope(scope: dict[str, Any]) -> None:
    print(
        f"\n{scope['name']}: {scope['n']:,} orders, {scope['positives'] / scope['n']:.1%} came back; mean of the origins"
    )
    names = ("auc", "pr_auc", "log_loss", "brier", "ece", "lift_at_10", "slope", "intercept")
    titles = ("AUC", "PR-AUC", "log loss", "Brier", "ECE", "lift at 10 %", "slope", "intercept")
    rows = [(model, *(_figure(m[name]) for name in names)) for model, m in scope["models"].items()]
    own = scope["models"]["model"]
    rows.insert(1 + list(scope["models"]).index("model"), ("  95 %", *(_ends(own[name]) for name in names)))
    table(("", *titles), rows)
    for other, found in scope["against"].items():
        parts = [
            f"{title} {_signed(found[key])}" for key, title in (("log_loss", "log loss"), ("auc", "AUC")) if found[key]
        ]
        if found["lift_share"]:
            parts.append(f"lift {found['lift_share']['mean']:.1%} of its")
        print(f"model against {other}: {', '.join(parts) or 'not applicable'}")
    floor = own["ece"]
    if floor:
        print(
            f"ECE of a perfectly calibrated model: mean {floor['floor_mean']:.4f}, 95th percentile {floor['floor_p95']:.4f}"
        )


def _show_slices(scope: dict[str, Any], beside: list[str]) -> None:
    print(f"\nslices, {scope['name']}; the {_MOST_SLICES} largest of each kind, the rest on the page")
    rows = []
    for part in scope["slices"].values():
        if part["note"]:
            rows.append((part["title"], part["note"], *[""] * (5 + len(beside))))
        for one in part["slices"][:_MOST_SLICES]:
            gaps = (_figure(one["against"][other]["auc"]) for other in beside)
            told = (f"{one['n']:,}", f"{one['positives'] / one['n']:.1%}", _figure(one["auc"]), _ends(one["auc"]))
            rows.append((part["title"], one["name"], *told, _figure(one["surplus"]), *gaps))
    headers = ("", "", "orders", "came back", "AUC", "95 %", "said minus came")
    table((*headers, *(f"AUC minus {other}'s" for other in beside)), rows)


def _show_weekly(scope: dict[str, Any], days: int) -> None:
    print(f"\ncalibration over {days} days, {scope['name']}: {scope['n']:,} orders")
    rows = [
        (model, _figure(m["ece"]), _ends(m["ece"]), _figure(m["slope"]), _figure(m["intercept"]))
        for model, m in (scope["models"] | scope["by_tier"]).items()
    ]
    table(("", "ECE", "95 %", "slope", "intercept"), rows)


def _figure(found: dict[str, Any] | None) -> str:
    return "-" if found is None else f"{found['mean']:.4f}"


def _ends(found: dict[str, Any] | None) -> str:
    return "" if found is None or found["low"] is None else f"{found['low']:.3f}..{found['high']:.3f}"


def _signed(found: dict[str, Any]) -> str:
    ends = "" if found["low"] is None else f" ({found['low']:+.4f} to {found['high']:+.4f})"
    return f"{found['mean']:+.4f}{ends}"
