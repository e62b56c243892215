"""Commands of this room: train, runs, evaluate, promote, rollback."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from data.console import Session, emit, fields, note, progress, table
from data.contract import SECOND
from data.errors import GateRefused, UsageError
from data.options import JSON, POOL, moment
from data.pool import open_pool


@click.command("train", epilog="Example: rto train --until 2026-03-01")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), help="A plan in TOML; default: plans/default.toml."
)
@click.option("--until", help="Use nothing known after this moment (ISO 8601); default: all that is known.")
@click.option("--if-new", is_flag=True, help="Do nothing (exit 15) if the newest run learned from the same.")
@POOL
@JSON
@click.pass_obj
def train_command(
    session: Session, plan_file: Path | None, until: str | None, if_new: bool, pool: str | None, as_json: bool
) -> None:
    """Train a calibrated model on the past and judge it on the untouched future.

    Ends in a table of the model beside its baselines, a run in MLflow, and a signed bundle as `challenger`.
    """
    from training.plan import load_plan
    from training.release import train_pool

    plan, found = load_plan(plan_file), open_pool(session.home, pool)
    with progress() as tell:
        result = train_pool(found, session.mlruns, plan, moment(until, "--until"), tell, if_new=if_new)
    emit(result, as_json, show_run)


def show_run(result: dict[str, Any]) -> None:
    """The table a run ends in."""
    counts, moments = result["counts"], result["moments"]
    cut = datetime.fromtimestamp(moments["cut"] / SECOND, UTC).date()
    print(f"{counts['orders']:,} orders, {counts['matured']:,} matured, {counts['rto']:,} RTO; "
          f"cut {cut}, gap {moments['matures_in'] / 86_400 / SECOND:.1f} days, "
          f"{counts['test']:,} test orders after it")  # fmt: skip
    for scope in result["scopes"]:
        show_scope(scope)
    shape = result["shape"]
    print(f"\nshape: {shape_in_words(shape)}; features: {result['n_features']}")
    print(f"model card and data card: {result['cards']}")
    print(f"run {result['run_id'][:12]}, version {result['version']} (challenger). Next: rto promote challenger")


def shape_in_words(shape: dict[str, Any]) -> str:
    """What makes up the log-odds."""
    trees, share = f"{shape['n_trees']:,} trees of depth {shape['depth']}", shape["line_share"]
    if share in (0, 1):
        return trees if share == 0 else "a logistic line, no trees"
    return f"{1 - share:.0%} {trees}, {share:.0%} a logistic line"


def show_scope(scope: dict[str, Any]) -> None:
    """Metrics of each model over one set of orders, the model's 95 % intervals, and what follows from them."""
    from training.report import verdict

    metrics = scope["metrics"]
    n, base = metrics["model"]["n"], metrics["model"]["base_rate"]
    print(f"\n{scope['name']}: {n:,} test orders, base rate {base:.1%}")
    names = ("auc", "pr_auc", "log_loss", "brier", "ece", "lift_at_10")
    rows = [(model, *(_figure(m[name]) for name in names)) for model, m in metrics.items()]
    table(("", "AUC", "PR-AUC", "log loss", "Brier", "ECE", "lift at 10 %"), rows)
    if scope["auc"]:
        print(f"model, 95 %: AUC {scope['auc'][0]:.3f} to {scope['auc'][1]:.3f}"
              f", log loss {scope['log_loss'][0]:.4f} to {scope['log_loss'][1]:.4f}")  # fmt: skip
    for other, pairs in scope["against"].items():
        if "log_loss" in pairs:
            mean, low, high = pairs["log_loss"]
            print(f"log loss against {other}: {mean:+.5f} ({low:+.5f} to {high:+.5f}), below 0 is better")
    print(f"verdict: {verdict(scope)}")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


@click.command("runs", epilog="Example: rto runs --json")
@POOL
@JSON
@click.pass_obj
def runs_command(session: Session, pool: str | None, as_json: bool) -> None:
    """The pool's training runs, newest first."""
    from dataclasses import asdict

    from training.tracking import Tracker

    rows = [asdict(r) for r in Tracker(session.mlruns).runs(open_pool(session.home, pool).name)]
    names = (
        "version",
        "run_id",
        "status",
        "aliases",
        "cut",
        "n_test",
        "auc_all",
        "log_loss_all",
        "auc_cod",
        "log_loss_cod",
    )
    emit(rows, as_json, lambda found: table(names, [tuple(_cell(row[n]) for n in names) for row in found]))


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, tuple | list):
        return ", ".join(value) or "-"
    return value[:12] if isinstance(value, str) else value


@click.command(
    "evaluate", epilog="Example: rto evaluate challenger --from 2026-02-01 --to 2026-03-01 --against champion"
)
@click.argument("run")
@click.option("--from", "start", help="First moment of the span (ISO 8601).")
@click.option("--to", "end", help="End of the span, itself outside.")
@click.option("--against", help="Another run: compare on the test orders both have.")
@POOL
@JSON
@click.pass_obj
def evaluate_command(
    session: Session, run: str, start: str | None, end: str | None, against: str | None, pool: str | None, as_json: bool
) -> None:
    """Judge a run again on a span of its own test: orders it has not learned from."""
    from training.release import evaluate_run
    from training.tracking import Tracker

    name = open_pool(session.home, pool).name
    span = (moment(start, "--from"), moment(end, "--to"))
    result = evaluate_run(Tracker(session.mlruns), name, run, span, against)
    emit(result, as_json, _show_evaluated)


def _show_evaluated(result: dict[str, Any]) -> None:
    for scope in result["scopes"]:
        show_scope(scope)
    if result["against"]:
        show_comparison(result["against"])


def show_comparison(comparison: dict[str, Any]) -> None:
    """Paired differences on the orders both runs were judged on; cash orders alone beside all."""
    if comparison["n"] == 0:
        print("\nno test order in common: nothing to compare")
        return
    _show_differences("all orders", comparison)
    if comparison["cod"]:
        _show_differences("COD only", comparison["cod"])
    together = "of one buyer, and of one day," if comparison["by_buyer"] else "of one day (buyers are not told apart)"
    note(f"95 % intervals, in which orders {together} count together")
    note(f"judged on other orders: {comparison['only_one']:,} by the first, {comparison['only_other']:,} by the second")
    if comparison["outcomes_changed"]:
        note(f"{comparison['outcomes_changed']:,} orders have another outcome by now; the first run's counts")


def _show_differences(name: str, found: dict[str, Any]) -> None:
    print(f"\n{name}, on {found['n']:,} test orders of both:")
    names = {"log_loss": "log loss", "auc": "AUC", "pr_auc": "PR-AUC", "brier": "Brier", "lift_at_10": "lift at 10 %"}
    rows = []
    for metric, title in names.items():
        if found[metric]:
            mean, low, high = found[metric]
            own = (_figure(found[one][metric]) for one in ("one", "other"))
            rows.append((title, *own, f"{mean:+.5f}", f"{low:+.5f} to {high:+.5f}"))
    if rows:
        table(("", "first", "second", "first - second", "95 %"), rows)
    else:
        print("not applicable: one outcome only, or too few buyers to tell chance")


@click.command("promote", epilog="Example: rto promote challenger --if-better || echo kept the old one")
@click.argument("run", default="challenger")
@click.option("--if-better", is_flag=True, help="Refuse (exit 14) unless its log loss is lower than the champion's.")
@click.option("--dry-run", is_flag=True, help="Only compare.")
@click.option(
    "--shadow", is_flag=True, help="Score it beside the champion instead; it answers nobody. Then rto shadow report"
)
@POOL
@JSON
@click.pass_obj
def promote_command(
    session: Session, run: str, if_better: bool, dry_run: bool, shadow: bool, pool: str | None, as_json: bool
) -> None:
    """Publish a run's model: the service takes it within seconds, without a restart."""
    from training.release import promote, promote_shadow
    from training.tracking import Tracker

    found = open_pool(session.home, pool)
    if shadow:
        if if_better or dry_run:
            raise UsageError("CLI008", "--shadow", got="--if-better or --dry-run beside it", expected="it alone",
                             to_do="compare first: rto promote --dry-run")  # fmt: skip
        emit(promote_shadow(found, Tracker(session.mlruns), run), as_json, _show_promoted_shadow)
        return
    result = promote(found, Tracker(session.mlruns), run, if_better=if_better, dry_run=dry_run)
    emit(result, as_json, _show_promoted)
    if not result["promoted"] and not dry_run:
        raise GateRefused("GATE001", f"run {run}", got=result["why"], expected="a lower log loss than the champion's",
                          to_do=f"keep the old one, or look: rto evaluate {run} --against champion")  # fmt: skip


def _show_promoted_shadow(result: dict[str, Any]) -> None:
    fields(list(result.items()))
    note("scored beside the champion from now on, where the service runs. How it compares: rto shadow report")


def _show_promoted(result: dict[str, Any]) -> None:
    if result["comparison"]:
        show_comparison(result["comparison"])
    shown = [(k, v) for k, v in result.items() if k != "comparison"]
    fields(shown)


@click.command("rollback", epilog="Example: rto rollback")
@POOL
@JSON
@click.pass_obj
def rollback_command(session: Session, pool: str | None, as_json: bool) -> None:
    """Go back to the model that was served before the present one."""
    from training.release import roll_back
    from training.tracking import Tracker

    result = roll_back(open_pool(session.home, pool), Tracker(session.mlruns))
    note("the service takes it within seconds")
    emit(result, as_json, lambda r: fields(list(r.items())))
