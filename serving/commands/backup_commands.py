"""Commands: backup, restore."""

from pathlib import Path
from typing import Any

import click

from data.console import Session, emit, fields, note, progress
from data.keeping.backup import back_up, prune
from data.keeping.restoring import restore
from data.options import JSON
from serving.clock import Clock


@click.command("backup", epilog="Example: rto backup /srv/backups --keep-daily 7 --keep-weekly 4")
@click.argument("into", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--keep-daily",
    type=click.IntRange(0),
    help="Then delete older backups there, but the last of each of so many days.",
)
@click.option("--keep-weekly", type=click.IntRange(0), help="... and but the last of each of so many weeks.")
@JSON
@click.pass_obj
def backup_command(
    session: Session, into: Path, keep_daily: int | None, keep_weekly: int | None, as_json: bool
) -> None:
    """Copy pools and merchant keys into a new folder in INTO; safe beside a running service.

    The folder `keys` is not copied: keep its files apart. The runs of MLflow are not either.
    """
    with progress() as tell:
        made = back_up(session.home, into, Clock().now(), tell, note)
    result = made.told() | {"dropped": []}
    if keep_daily is not None or keep_weekly is not None:
        result["dropped"] = prune(into, keep_daily or 0, keep_weekly or 0)
    emit(result, as_json, _show)
    note(f"it needs these files of {session.home / 'keys'}, kept apart: {', '.join(made.manifest['keys'])}")


@click.command("restore", epilog="Example: rto restore /srv/backups/rto-20260211T180000Z")
@click.argument("folder", type=click.Path(path_type=Path))
@JSON
@click.pass_obj
def restore_command(session: Session, folder: Path, as_json: bool) -> None:
    """Bring the backup in FOLDER back to RTO_HOME, which may hold nothing but its keys. Every file is checked first."""
    with progress() as tell:
        result = restore(folder, session.home, tell).told() | {"home": str(session.home)}
    emit(result, as_json, _show)
    note("next: rto state verify, then rto serve; events told after the backup was made must be sent again")


def _show(result: dict[str, Any]) -> None:
    shown = {name: ", ".join(value) if isinstance(value, list) else value for name, value in result.items()}
    fields([(name, f"{value:,}" if isinstance(value, int) else value) for name, value in shown.items() if value != ""])
