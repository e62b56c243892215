"""Command of this room: report."""

from datetime import date
from pathlib import Path

import click

from data.console import Session, emit, fields
from data.errors import UsageError
from data.keeping.database import open_database
from data.options import JSON, POOL
from data.pool import replace_bytes
from serving.clock import Clock
from serving.commands.serve_commands import merchant_of, rebuild_if_stale
from serving.desk import Desk
from serving.page import Period, make_report
from serving.reports import Report, render, tables
from serving.reports.downloads import csv_bytes, xlsx_bytes
from training.bundle import signing_key

_FORMS = (".html", ".csv", ".xlsx")


@click.command("report", epilog="Example: rto report --merchant asha-fashion --from 2026-01-01 --out report.html")
@click.option("--merchant", help="Whose report; not needed where the pool has one merchant.")
@click.option("--out", type=click.Path(path_type=Path), help="What to write: .html (the page), .xlsx, or .csv.")
@click.option("--table", default="summary", show_default=True, help="Which table a .csv holds.")
@click.option("--tables", "folder", type=click.Path(path_type=Path), help="A folder for every table as CSV.")
@click.option("--from", "since", help="First day of orders, as 2026-01-01, or 'all'.  [default: the last 90 days]")
@click.option("--to", "until", help="Last day of orders, as 2026-03-31.  [default: the newest]")
@POOL
@JSON
@click.pass_obj
def report_command(
    session: Session, merchant: str | None, out: Path | None, table: str, folder: Path | None,
    since: str | None, until: str | None, pool: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write a merchant's report: one page without network or script, or its tables for a spreadsheet.

    CSV files are UTF-8 with a byte order mark, which Excel needs. A text that a spreadsheet would take for a formula
    has an apostrophe before it.
    """
    if out is None and folder is None:
        raise UsageError(
            "REPORT001",
            "--out",
            got="nothing to write",
            expected="--out FILE or --tables DIR",
            to_do="name a page or sheet with --out, or a folder with --tables",
        )
    if out is not None and out.suffix.lower() not in _FORMS:
        raise UsageError(
            "REPORT001",
            "--out",
            got=repr(out.suffix),
            expected=f"a file named {', '.join(_FORMS)}",
            to_do="end the name in one of them",
        )
    wanted = _period(since, until)
    report = _report(session, pool, merchant, wanted)
    written = [*([_write(report, out, table)] if out else []), *(_write_all(report, folder) if folder else [])]
    result = {"merchant": report.meta.merchant_id, "written": [str(path) for path in written],
              "bytes": sum(path.stat().st_size for path in written)}  # fmt: skip
    emit(result, as_json, lambda r: fields([(k, "\n  ".join(v) if isinstance(v, list) else v) for k, v in r.items()]))


def _period(since: str | None, until: str | None) -> Period:
    everything = since == "all"
    first, last = None if everything else _day(since, "--from"), _day(until, "--to")
    if first is not None and last is not None and first > last:
        raise UsageError(
            "REPORT002",
            "--from",
            got=f"{first}, after --to {last}",
            expected="a day before it",
            to_do="swap the two days, or leave one out",
        )
    return Period(first, last, everything)


def _day(text: str | None, option: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            "REPORT002",
            option,
            got=repr(text),
            expected="a day, as 2026-02-28",
            to_do="write the day so; --from all takes everything",
        ) from None


def _report(session: Session, pool: str | None, merchant: str | None, period: Period) -> Report:
    clock = Clock()
    found, wanted = merchant_of(session, pool, merchant)
    connection = open_database(found.database)
    try:
        rebuild_if_stale(connection, found)
    finally:
        connection.close()
    desk = Desk(found, signing_key(session.home).public_key(), clock)
    try:
        return make_report(found, desk.merchants[wanted], desk.bundle(), clock.now(), period)
    finally:
        desk.close()


def _write(report: Report, out: Path, table: str) -> Path:
    """The report in the form the file's name says."""
    out.parent.mkdir(parents=True, exist_ok=True)
    form = out.suffix.lower()
    if form == ".html":
        replace_bytes(out, render(report).encode())
    elif form == ".xlsx":
        replace_bytes(out, xlsx_bytes(tables(report).values(), "RTO report"))
    else:
        found = tables(report)
        if table not in found:
            raise UsageError(
                "REPORT003",
                "--table",
                got=repr(table),
                expected=f"one of {', '.join(found)}",
                to_do="name one of them with --table",
            )
        replace_bytes(out, csv_bytes(found[table]))
    return out


def _write_all(report: Report, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in tables(report).items():
        replace_bytes(folder / f"{name}.csv", csv_bytes(table))
        paths.append(folder / f"{name}.csv")
    return paths
