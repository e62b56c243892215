"""Before an import: a draft written, a dry run shown."""

from pathlib import Path
from typing import Any

from data.console import fields, note, progress, table
from data.contract import ORDER_COLUMNS
from data.currency import minor_digits
from data.drafting.draft import draft
from data.drafting.write import toml_of
from data.errors import Fault, UsageError

_LAST_WEEKS = 12
_MONEY = {column.name for column in ORDER_COLUMNS if column.kind == "money"}


def write_draft(files: list[Path], out: Path | None, columns: tuple[str, ...] = ()) -> None:
    """A mapping proposed for files, on stdout or in a new file. columns: what a person knows, each as WHAT=HEADER.

    Raises UsageError CLI008 if the file is there, or `columns` cannot be read.
    """
    if out is not None and out.exists():
        raise UsageError("CLI008", "--out", got=f"{out}, which is there already", expected="a new file",
                         to_do="name another: what you finished by hand is not overwritten")  # fmt: skip
    with progress() as tell:
        text = toml_of(draft(files, tell, told_columns(columns)))
    if out is None:
        print(text, end="")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    asked = sum(line.startswith("# ?") or " # ?" in line for line in text.splitlines())
    note(f"{out}: {asked} lines with `# ?` wait for your answer")


def told_columns(columns: tuple[str, ...]) -> dict[str, str]:
    """`order_id=CN No` and the like as a table: column of the contract -> header."""
    told = {}
    for text in columns:
        what, mark, header = text.partition("=")
        if not mark or not what.strip() or not header.strip():
            raise UsageError(
                "CLI008",
                "--column",
                got=repr(text),
                expected='WHAT=HEADER, as order_id="CN No"',
                to_do="write the word for the column, =, and the file's header",
            )
        told[what.strip()] = header.strip()
    return told


def show_dry_run(seen: dict[str, Any]) -> None:
    """A dry run for people: what was understood first, what looks wrong last."""
    for line in seen["looks_wrong"]:
        print(f"LOOKS WRONG  {line}")
    print("nothing was kept\n")
    fields([(name, value) for name, value in _summary(seen).items() if value not in (None, "", "none")])
    print("\nthe first orders as understood (someone 3: a personal value; the same number is the same value)")
    for order in seen["first_orders"]:
        print("  " + ", ".join(f"{k} {v}" for k, v in with_money(order).items() if k != "news"))
        for news in order["news"]:
            print(f"      {news}")
    weeks = seen["weeks"]
    rows = [(w["week"], w["n_orders"], w["n_labelled"], _percent(w["rto_share"])) for w in weeks[-_LAST_WEEKS:]]
    title = f"the last {len(rows)} of {len(weeks)} weeks" if len(weeks) > len(rows) else "by week"
    print()
    table(("week of", "orders", "with a label", "RTO share"), rows, title)
    print()
    _show_refused(seen)
    for fault in seen["first_refused"]:
        print(f"refused: {Fault(**fault).as_error()}")
    for told in seen["checks_failed"]:
        what, _, to_do = told.partition("; ")
        print(f"check failed: {what}\n  to do     {to_do}")
    for one in seen["suspicions"]:
        print(f"{'question' if one['is_question'] else 'suspicious'}: {one['name']}")
        print(f"  found     {one['found']}\n  why       {one['why']}\n  to do     {one['to_do']}")
    if not seen["suspicions"]:
        print("nothing looks suspicious")


def with_money(order: dict[str, Any]) -> dict[str, Any]:
    """An order with its amounts as a person reads them, INR 1,499.00: a wrong unit shows."""
    currency = order.get("currency")
    if currency is None:
        return order
    digits = minor_digits(currency)
    return {
        name.removesuffix("_minor"): f"{currency} {value / 10**digits:,.{digits}f}" if name in _MONEY else value
        for name, value in order.items()
    }


def _show_refused(seen: dict[str, Any]) -> None:
    kinds = [
        (r["code"], r["column"], r["n"], f"{r['file']} row {r['row']}", r["got"]) for r in seen["refused_by_column"]
    ]
    if kinds:
        table(("code", "column", "cells", "for example", "which is"), kinds, "what would be refused")
        print()
    if seen["unknown_statuses"]:
        said = ", ".join(f"{status!r} {n:,}" for status, n in seen["unknown_statuses"].items())
        print(f"statuses that the mapping does not know: {said}\n")


def _summary(seen: dict[str, Any]) -> dict[str, Any]:
    maturity = seen["maturity"]
    return {
        "rows of all files": f"{seen['n_rows']:,}", "orders": f"{seen['n_orders']:,}", "news": f"{seen['n_news']:,}",
        "fates": _listed(seen["fates"]), "RTO share": _percent(seen["rto_share"]),
        "refused": _listed(seen["refused"]), "notes": _listed(seen["notes"]), "exported at": seen["exported_at"],
        "maturity": None if maturity["days"] is None else
        f"99 % of fates are told within {maturity['days']:g} days; {maturity['n_matured']:,} orders are older",
    }  # fmt: skip


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {n:,}" for name, n in counts.items()) or "none"


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"
