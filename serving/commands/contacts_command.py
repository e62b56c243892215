"""`rto contacts`: what came of the contacts that `rto queue` told."""

from pathlib import Path
from typing import Any

import click

from data.console import Session, emit, fields
from data.keeping.database import open_database
from data.options import JSON, POOL
from serving.clock import Clock
from serving.commands.policy_commands import MERCHANT
from serving.commands.serve_commands import merchant_of


@click.command("contacts", epilog="Example: rto contacts today.csv --merchant asha-fashion")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--skip-bad-rows", is_flag=True, help="Leave bad rows out and count them.")
@MERCHANT
@POOL
@JSON
@click.pass_obj
def contacts_command(
    session: Session, file: Path, skip_bad_rows: bool, merchant: str | None, pool: str | None, as_json: bool
) -> None:
    """Take in what came of contacts: the CSV of `rto queue --out` with its last two columns filled in.

    outcome is confirmed, no_reply, unreachable or cancelled; empty where nobody tried. contacted_at is when, by the merchant's
    clock unless it says otherwise. An order that no queue ever held, as one that is held out, is refused: nothing is taken
    in then. The same file again changes nothing. Over HTTP: POST /v1/queue/outcomes.
    """
    from serving.calling.contacts_file import ContactFile, take_in

    found, merchant_id = merchant_of(session, pool, merchant)
    connection = open_database(found.database)
    try:
        told = take_in(connection, found.merchants()[merchant_id], ContactFile(file, skip_bad_rows), Clock().now())
    finally:
        connection.close()
    emit({"merchant": merchant_id, **told}, as_json, _show)


def _show(told: dict[str, Any]) -> None:
    by = ", ".join(f"{n:,} {name}" for name, n in told["outcomes"].items()) or "none"
    fields([
        ("taken in", f"{told['accepted']:,} of {by}"),
        ("told before", f"{told['duplicates']:,}"),
        ("without an outcome", f"{told['without_outcome']:,}"),
        ("left out", f"{told['refused']:,}" + "".join(f"; {n:,} {why}" for why, n in told["reasons"].items())),
    ])  # fmt: skip
