"""`rto retention`: how long what is kept."""

from datetime import UTC, datetime
from typing import Any

import click

from data.console import Session, emit, fields, note, progress
from data.contract import DAY, SECOND
from data.errors import NothingNew, UsageError
from data.keeping.opening import YOUNGEST
from data.options import JSON, POOL
from data.pool import open_pool
from serving.clock import Clock

LEAST_ORDERS, LEAST_DECISIONS = YOUNGEST // DAY, 30
"""Days: outcomes are told for weeks, and a younger order would be cut off from its own."""


@click.command("retention", epilog="Example: rto retention --orders-days 730 --decisions-days 400 --yes")
@click.option("--orders-days", envvar="RTO_KEEP_ORDERS_DAYS", type=click.IntRange(LEAST_ORDERS),
              help="Orders and news: those of which nothing was told for so long become an opening balance.")  # fmt: skip
@click.option("--decisions-days", envvar="RTO_KEEP_DECISIONS_DAYS", type=click.IntRange(LEAST_DECISIONS),
              help="Decisions older than this are deleted.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@POOL
@JSON
@click.pass_obj
def retention_command(
    session: Session, orders_days: int | None, decisions_days: int | None, dry_run: bool, yes: bool, pool: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Prune a pool: old orders are folded into an opening balance from which every rebuild starts, old decisions go.

    Features stay what they were, to the last digit; the rows to learn from become fewer: `rto train` says from when on
    there are any. What is not named is kept for ever. RTO_KEEP_ORDERS_DAYS and RTO_KEEP_DECISIONS_DAYS say the same for a
    schedule. Safe beside the service and after a crash: give the same command again.

    Exit status: 0 if something went; 15 if nothing is that old.
    """
    from serving.keeping.retention import Keep, prune, would_go

    if orders_days is None and decisions_days is None:
        raise UsageError(
            "CLI008",
            "rto retention",
            got="no number of days",
            expected="--orders-days or --decisions-days",
            to_do="say how many days are kept, of orders, of decisions or of both",
        )
    found, keep, now = open_pool(session.home, pool), Keep(orders_days, decisions_days), Clock().now()
    if dry_run or not yes:
        told = would_go(found, keep, now)
        if dry_run:
            emit({"pool": found.name, "dry_run": True, **told}, as_json, _show)
            return
        note(f"{told['orders']} orders and {told['decisions']} decisions of pool {found.name} go for good")
        click.confirm("Prune?", abort=True, err=True)
    with progress() as tell:
        told = prune(found, keep, now, tell)
    if not told["orders"] and not told["decisions"]:
        raise NothingNew(
            "RETAIN001",
            f"pool {found.name}",
            got="nothing that old",
            expected="rows older than the days named",
            to_do="nothing; ask for fewer days if you expected otherwise",
        )
    emit({"pool": found.name, "dry_run": False, **told}, as_json, _show)
    note("backups made before now still hold the rows: let them age out (docs/operations.md)")


def _show(result: dict[str, Any]) -> None:
    since = result["since"]
    day = None if since is None else datetime.fromtimestamp(since / SECOND, UTC).isoformat(timespec="seconds")
    shown = result | {"since": day or "for ever"}
    fields([(name.replace("_", " "), value) for name, value in shown.items()])
