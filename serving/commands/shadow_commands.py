"""`rto shadow`: the challenger that is scored beside the champion, and how the two compare on real decisions."""

from contextlib import closing
from typing import Any

import click

from data.console import Session, emit, fields, note, table
from data.errors import UsageError
from data.options import JSON, POOL
from data.pool import Pool, open_pool
from serving.commands.policy_commands import MERCHANT
from serving.commands.serve_commands import merchant_of


@click.group("shadow")
def shadow_group() -> None:
    """A challenger beside the champion: begun by rto promote RUN --shadow, it answers nobody."""


@shadow_group.command("report", epilog="Example: rto shadow report --merchant asha-fashion")
@click.option("--bundle", help="Name of a bundle that was scored in the shadow before; default: the one that is now.")
@MERCHANT
@POOL
@JSON
@click.pass_obj
def report_command(session: Session, bundle: str | None, merchant: str | None, pool: str | None, as_json: bool) -> None:
    """Risks, advice and, where they are known by now, outcomes: the challenger against the champion.

    Outcomes are of orders as the champion's advice left them: where it refused cash, nobody knows what the challenger's would
    have brought.
    """
    from data.keeping.database import open_database
    from data.segments import load_history
    from serving.shadow.shadow_report import compared, read
    from training.bundle import read_bundle, signing_key

    found, merchant_id = merchant_of(session, pool, merchant)
    name = bundle or _named(found)
    digest = read_bundle(found.bundles / name, signing_key(session.home).public_key()).digest
    with closing(open_database(found.database, read_only=True)) as connection:
        pairs, failed = read(connection, merchant_id, digest)
    result = {"pool": found.name, "merchant": merchant_id, "challenger": name, "digest": digest}
    emit(result | compared(pairs, failed, load_history(found), merchant_id), as_json, _show)


@shadow_group.command("stop", epilog="Example: rto shadow stop")
@POOL
@JSON
@click.pass_obj
def stop_command(session: Session, pool: str | None, as_json: bool) -> None:
    """Score nothing in the shadow any more. What was kept stays, and can be reported by its bundle's name."""
    found = open_pool(session.home, pool)
    name = _named(found)
    found.shadow.unlink()
    emit({"pool": found.name, "stopped": name}, as_json, lambda r: fields(list(r.items())))


def _named(pool: Pool) -> str:
    if not pool.shadow.exists():
        raise UsageError("SHADOW001", f"pool {pool.name}", got="no challenger in the shadow", expected="one",
                         to_do="rto promote RUN --shadow, or name an earlier one with --bundle")  # fmt: skip
    return pool.shadow.read_text().strip()


def _show(result: dict[str, Any]) -> None:
    risk, advice, outcomes = (result[name] for name in ("risk", "advice", "outcomes"))
    fields([(name, result[name]) for name in ("merchant", "challenger", "decisions")])
    for place, n in result["failed"].items():
        print(f"failed on {n:,}: {place}")
    if risk is None:
        note("nothing was scored by both yet")
        return
    moved = risk["difference"]
    print(f"\nmean risk {risk['champion_mean']:.3f} by the champion, {risk['challenger_mean']:.3f} by the challenger: "
          f"{moved['mean']:+.3f} (nine of ten between {moved['p5']:+.3f} and {moved['p95']:+.3f}); "
          f"{risk['moved_share']:.1%} differ by more than 0.05")  # fmt: skip
    print(f"\nadvice changed on {advice['changed']:,} of {result['decisions']:,}")
    if advice["changes"]:
        rows = [(one["champion"], one["challenger"], f"{one['decisions']:,}") for one in advice["changes"]]
        table(("champion", "challenger", "decisions"), rows)
    if advice["of_them_by_a_cap"]:
        note(
            f"{advice['of_them_by_a_cap']:,} of them where a cap was used up for the champion; the challenger is asked without"
        )
    _show_outcomes(outcomes)
    if result["history_moved_on"]:
        note(f"{result['history_moved_on']:,} were scored after more news had come than the champion knew")


def _show_outcomes(outcomes: dict[str, Any]) -> None:
    if "rto" not in outcomes:
        print("\nno outcome of these orders is known yet")
        return
    print(f"\n{outcomes['orders']:,} orders with a known outcome, {outcomes['rto']:,} RTO:")
    rows = [(name, *(_figure(outcomes[name][metric]) for metric in ("log_loss", "brier", "auc", "ece")))
            for name in ("champion", "challenger")]  # fmt: skip
    table(("", "log loss", "Brier", "AUC", "ECE"), rows)
    if (loss := outcomes["log_loss"]) is not None:
        print(
            f"log loss {loss['difference']:+.5f} ({loss['low']:+.5f} to {loss['high']:+.5f}), below 0 the challenger is better"
        )
    note("outcomes are of orders as the champion's advice left them")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
