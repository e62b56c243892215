"""`rto calibrate`."""

from datetime import UTC, datetime
from typing import Any

import click

from data.console import Session, emit, progress, table
from data.contract import SECOND
from data.options import JSON, POOL, moment
from data.pool import open_pool


@click.command("calibrate", epilog="Example: rto calibrate --if-new && rto promote challenger --if-better")
@click.option("--run", default="champion", show_default=True, help="Whose calibrator: an alias, a version or a run id.")
@click.option("--weeks", type=click.IntRange(1, 520), default=4, show_default=True, help="Of the newest orders.")
@click.option("--until", help="Use nothing known after this moment (ISO 8601); default: all that is known.")
@click.option("--if-new", is_flag=True, help="Do nothing (exit 15) if the calibrator was fitted on the same already.")
@click.option("--dry-run", is_flag=True, help="Only judge; keep nothing.")
@POOL
@JSON
@click.pass_obj
def calibrate_command(session: Session, /, pool: str | None, as_json: bool, **asked: Any) -> None:
    """Refresh a model's calibrator on the newest weeks, without retraining.

    Fitted only on orders placed after the model was trained through: on those it was grown on, its scores look surer than
    they are; young ones count as far as their outcomes are told. Judged before and after on the newest matured part, by a
    forerunner fitted on what was told before it. Ends in a signed bundle as
    challenger that differs in nothing but its calibrator; where too few outcomes have been told since, it is refused
    (exit 12) and the old calibrator stays.
    """
    from training.recalibrate_run import Asked, calibrate_pool

    wanted = Asked(
        run=asked["run"],
        weeks=asked["weeks"],
        until=moment(asked["until"], "--until"),
        if_new=asked["if_new"],
        dry_run=asked["dry_run"],
    )
    with progress() as tell:
        result = calibrate_pool(open_pool(session.home, pool), session.mlruns, wanted, tell)
    emit(result, as_json, show_calibrated)


def show_calibrated(result: dict[str, Any]) -> None:
    """What was fitted and judged on what, before and after."""
    refit, judged, fit = result["refit"], result["judged"], result["fit"]
    print(f"version {result['from_version']}, trained through {_day(result['trained_through'])}: calibrated anew on "
          f"{refit['n']:,} orders placed {_day(refit['placed_from'])} to {_day(refit['placed_to'])}")  # fmt: skip
    print(
        f"judged on {judged['n']:,} orders from {_day(result['cut'])}, as fitted on {fit['n']:,} older ones by what was told then"
    )
    for scope in result["scopes"]:
        _show_scope(scope)
    if result["recorded"]:
        print(f"\ncalibration card: {result['card']}")
        print(
            f"run {result['run_id'][:12]}, version {result['version']} (challenger). Next: rto promote challenger --if-better"
        )
    else:
        print("\ndry run: nothing was kept")


def _show_scope(scope: dict[str, Any]) -> None:
    print(f"\n{scope['name']}: {scope['n']:,} orders, {scope['came']:.1%} came back; "
          f"said before {scope['said']['before']:.1%}, after {scope['said']['after']:.1%}")  # fmt: skip
    names = ("log_loss", "ece", "slope", "intercept")
    rows = [(of, *(_figure(scope[of][name]) for name in names)) for of in ("before", "after")]
    table(("", "log loss, 95 %", "ECE, 95 %", "slope, 95 %", "intercept, 95 %"), rows)
    if scope["after"]["ece"]:
        print(f"ECE of a perfectly calibrated model on as many orders: up to {scope['after']['ece']['floor_p95']:.4f}")
    change = scope["after_minus_before"]["log_loss"]
    if change and change["low"] is not None:
        print(
            f"log loss, after - before: {change['value']:+.5f} ({change['low']:+.5f} to {change['high']:+.5f}), below 0 is better"
        )


def _figure(one: dict[str, float | None] | None) -> str:
    if one is None:
        return "-"
    ends = "" if one["low"] is None else f" ({one['low']:.4f} to {one['high']:.4f})"
    return f"{one['value']:.4f}{ends}"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / SECOND, UTC).date().isoformat()
