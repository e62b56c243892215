"""Commands of this room: score, doctor."""

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from data.console import Session, emit, fields, note, progress
from data.errors import CheckFailed
from data.keeping.database import open_database
from data.options import JSON, POOL, moment
from data.pool import open_pool
from serving.clock import Clock
from serving.commands.serve_commands import rebuild_if_stale
from serving.decisions.stages import CHECKOUT, STAGES
from serving.settings import settings


@click.command("score", epilog="Example: rto score today.csv --mapping amazon-in --out scored.csv")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", required=True, help="A shipped mapping's name, or the path of your own (TOML).")
@click.option("--merchant", help="Whose orders these are, where neither file nor mapping says.")
@click.option("--at", help="The moment to score at (ISO 8601); default: now.")
@click.option("--stage", type=click.Choice(STAGES), default=CHECKOUT, show_default=True, help="What can still be done.")
@click.option("--out", type=click.Path(path_type=Path), help="A .csv or .parquet file; default: CSV on stdout.")
@click.option("--explain", default=5, show_default=True, type=click.IntRange(0, 20), help="Reasons for each order.")
@click.option("--skip-bad-rows", is_flag=True, help="Leave bad rows out and count them.")
@POOL
@JSON
@click.pass_obj
def score_command(
    session: Session,
    files: tuple[Path, ...],
    mapping: str,
    merchant: str | None,
    at: str | None,
    stage: str,
    out: Path | None,
    explain: int,
    skip_bad_rows: bool,
    pool: str | None,
    as_json: bool,
) -> None:
    """Score the orders of a file: risk, advice, expected money and reasons, one row for each, with the service's numbers.

    No buyer and no decision is kept; the online state is brought up to date first. Statuses in the file are not looked at.
    """
    from serving.scores.score_file import published, score_file
    from serving.scores.score_rows import Request
    from serving.scores.score_table import Rows, sink_of

    now = moment(at, "--at")
    request = Request(
        list(files), mapping, merchant, Clock().now() if now is None else now, stage, explain, skip_bad_rows
    )
    found = open_pool(session.home, pool)
    published(found)  # no state is built for a pool that has no model
    with closing(open_database(found.database)) as connection:
        rebuild_if_stale(connection, found)
    if as_json and out is None:
        rows = Rows()
        with progress() as tell:
            summary = score_file(found, request, rows, tell)
        emit({**summary, "scored": rows.rows}, True, lambda r: None)
        return
    with progress() as tell, sink_of(out) as sink:
        summary = score_file(found, request, sink, tell)
    _show(summary | {"out": None if out is None else str(out)}, as_json)


def _show(summary: dict[str, Any], as_json: bool) -> None:
    if summary["stage"] == CHECKOUT and not as_json:
        note("advice as at the checkout, where the way to pay is still open; for orders placed already: --stage placed")
    if summary["out"] is None:
        note(f"{summary['orders']:,} orders scored as of {summary['scored_at']}, stage {summary['stage']}")
        for one in summary["warnings"]:
            note(f"warning: {one['text']}")
        return
    emit(summary, as_json, lambda r: fields([(k, _plain(v)) for k, v in r.items() if v not in ({}, None, [])]))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(one["text"] for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{k}: {v:,}" if isinstance(v, int) else f"{k}: {v}" for k, v in value.items())
    return f"{value:,}" if isinstance(value, int) else value


@click.command("doctor", epilog="Example: rto doctor --json")
@JSON
@click.pass_obj
def doctor_command(session: Session, as_json: bool) -> None:
    """Look over this installation and say what is wrong and what to do. Changes nothing.

    Ends with 13 if there is a problem; a warning is none.
    """
    from dataclasses import replace

    from serving.health.doctor import PROBLEM, Patient, examine

    at = replace(settings(), home=session.home, mlruns=session.mlruns)
    findings = examine(Patient(at, Clock().now()))
    problems = [one for one in findings if one.status == PROBLEM]
    emit([one.as_dict() for one in findings], as_json, _show_findings)
    if problems:
        got = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}, the first: {problems[0].found}"
        raise CheckFailed("DOC001", "this installation", got=got, expected="none", to_do=problems[0].to_do)


def _show_findings(findings: list[dict[str, str]]) -> None:
    for one in findings:
        print(f"{one['status']:<8} {one['check']}: {one['found']}")
        if one["to_do"]:
            print(f"         to do: {one['to_do']}")
