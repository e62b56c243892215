"""Commands of this room: import, check."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from data import contract
from data.console import Session, emit, fields, note, progress, table
from data.errors import UsageError
from data.imports.importing import Request, import_files
from data.options import JSON, POOL, moment
from data.pool import open_pool


@click.command("import", epilog="Example: rto import orders.csv.gz --mapping amazon-in --skip-bad-rows")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", help="A shipped mapping's name, or the path of your own (TOML).")
@click.option("--draft", "drafting", is_flag=True, help="Propose a mapping for files nobody has seen; keeps nothing.")
@click.option("--out", type=click.Path(path_type=Path), help="With --draft: where to write the proposal.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="WHAT=HEADER",
    help='With --draft: what a column is, as order_id="CN No" or status="Scan"; may be repeated.',
)
@click.option(
    "--dry-run", "trying", is_flag=True, help="Show what would be understood, and what looks wrong; keeps nothing."
)
@click.option("--merchant", help="Whose orders these are, where neither file nor mapping says.")
@click.option("--exported-at", help="When the files were exported (ISO 8601); default: from the data.")
@click.option("--skip-bad-rows", is_flag=True, help="Leave bad rows out, quarantine and count them.")
@POOL
@JSON
@click.pass_obj
def import_command(
    session: Session,
    files: tuple[Path, ...],
    mapping: str | None,
    drafting: bool,
    out: Path | None,
    columns: tuple[str, ...],
    trying: bool,
    merchant: str | None,
    exported_at: str | None,
    skip_bad_rows: bool,
    pool: str | None,
    as_json: bool,
) -> None:
    """Bring a shop's order history in.

    CSV, JSON lines and JSON (all also .gz), Parquet and Excel. Every row is either understood or refused with its
    place and what to do; personal values become pseudonyms on the way in and are not kept.

    For files without a mapping: --draft proposes one, --dry-run tries it without keeping anything.
    """
    _refuse_options(mapping, drafting, out, trying, as_json)
    if columns and not drafting:
        raise UsageError(
            "CLI008",
            "--column",
            got="without --draft",
            expected="--draft FILE... --column WHAT=HEADER",
            to_do="add --draft, or leave --column out: only a draft takes it",
        )
    if drafting:
        from data.imports.trying import write_draft

        write_draft(list(files), out, columns)
        return
    assert mapping is not None, "refused above"
    until = moment(exported_at, "--exported-at")
    if trying:
        from data.imports.dry_run import dry_run
        from data.imports.trying import show_dry_run
        from data.ingest import Options

        with progress() as tell:
            seen = dry_run(list(files), mapping, Options(merchant, until, skip_bad_rows=True), tell)
        emit(seen, as_json, show_dry_run)
        return
    request = Request(list(files), mapping, merchant, pool, until, skip_bad_rows)
    with progress() as tell:
        summary = import_files(session.home, request, tell)
    emit(summary, as_json, _show_import)


def _refuse_options(mapping: str | None, drafting: bool, out: Path | None, trying: bool, as_json: bool) -> None:
    """Options of `import` that do not go together, or lack another (CLI008)."""
    if drafting and (mapping or trying or as_json):
        raise UsageError("CLI008", "--draft", got="with --mapping, --dry-run or --json", expected="--draft FILE... [--out]",
                         to_do="try the draft afterwards: rto import FILE... --mapping draft.toml --dry-run")  # fmt: skip
    if out is not None and not drafting:
        raise UsageError(
            "CLI008",
            "--out",
            got="without --draft",
            expected="--draft FILE... --out mapping.toml",
            to_do="add --draft to write a mapping, or leave --out out",
        )
    if not drafting and mapping is None:
        raise UsageError("CLI008", "--mapping", got="nothing", expected="a shipped mapping's name, or the path of a .toml",
                         to_do="no mapping yet? rto import --draft FILE... proposes one")  # fmt: skip


def _show_import(summary: dict[str, Any]) -> None:
    for line in summary["looks_wrong"]:
        note(f"LOOKS WRONG  {line}")
    for line in summary["questions"]:
        note(f"QUESTION  {line}")
    hidden = ("checks", "files", "contract", "looks_wrong", "questions", "refused", "timezone")
    shown = {k: v for k, v in summary.items() if k not in hidden and v not in ("", [], {}, 0)}
    moment_there = datetime.fromtimestamp(summary["exported_at"] / contract.SECOND, ZoneInfo(summary["timezone"]))
    shown["exported_at"] = moment_there.isoformat(" ", "minutes")
    fields([(name.removeprefix("n_").replace("_", " "), _plain(value)) for name, value in shown.items()])
    if not summary["n_orders"] and summary["told_before"]:
        note("every order here was told before; only news that is new was taken in")
    show_checks(summary["checks"])


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {v:,}" if isinstance(v, int) else f"{k}: {v}" for k, v in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(str(v) for v in value)
    return f"{value:,}" if isinstance(value, int) else value


def show_checks(report: dict[str, Any]) -> None:
    """The checks that did not pass, and how many did."""
    failed = [r for r in report["results"] if r["outcome"] == "failed"]
    passed = sum(r["outcome"] == "passed" for r in report["results"])
    idle = len(report["results"]) - passed - len(failed)
    print(f"checks                {passed} passed, {len(failed)} failed, {idle} not applicable")
    if failed:
        rows = [
            (r["code"], r["severity"], r["title"], _fails_for(r), ", ".join(map(str, r["examples"][:3])))
            for r in failed
        ]
        table(("code", "severity", "what should hold", "fails for", "for example"), rows)
        for r in failed:
            print(f"{r['code']}  to do  {r['to_do']}")


def _fails_for(result: dict[str, Any]) -> str:
    """`12 of 200` rows, or what a check of the whole saw."""
    if result["n_failed"] is None:
        return "" if result["observed"] is None else f"saw {result['observed']:.4g}"
    return f"{result['n_failed']:,} of {result['n_checked']:,}"


@click.command("check", epilog="Example: rto check --html checks.html")
@click.option(
    "--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Also write them as one offline page."
)
@POOL
@JSON
@click.pass_obj
def check_command(session: Session, page: Path | None, pool: str | None, as_json: bool) -> None:
    """Run the numbered checks (docs/checks.md) on the whole history of a pool."""
    from data.checking import check_pool

    with progress() as tell:
        tell("check", 0, 1)
        report = check_pool(open_pool(session.home, pool))
    if page is not None:
        from data.checks.html import checks_page

        page.write_text(checks_page(report.as_dict()), encoding="utf-8")
        note(f"written: {page}")
    emit(report.as_dict(), as_json, show_checks)
    if report.hard_failures:
        from data.expectations import require

        require(report, str(page or ""))
