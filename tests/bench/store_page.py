"""The part of docs/engine.md that `make bench-store` measures, and its tables."""

from pathlib import Path
from typing import Any

BEGIN, END = "<!-- written by make bench-store -->", "<!-- end of the stores -->"
_STORES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
TABLES: dict[str, tuple[str, tuple[tuple[str, str, str], ...]]] = {
    "news": ("News made durable", (
        ("what", "told", ""), ("n", "pieces", ","), ("per_second", "a second", ",.0f"), ("ack_p50_ms", "ack p50, ms", ".1f"),
        ("ack_p99_ms", "ack p99, ms", ".1f"), ("cpu_ms", "our CPU each, ms", ".2f"), ("lag_s", "lag, s", ".3f"), ("load", "load", ".1f"))),
    "reads": ("One order's keys, read in process", (
        ("what", "read", ""), ("keys", "keys kept", ","), ("n", "reads", ","), ("p50_ms", "p50, ms", ".2f"),
        ("p99_ms", "p99, ms", ".2f"), ("cpu_ms", "CPU, ms", ".2f"), ("load", "load", ".1f"))),
    "history": ("A history into a fresh store", (
        ("n", "orders", ","), ("keys", "keys", ","), ("seconds", "seconds", ".0f"), ("cpu_s", "our CPU, s", ".0f"),
        ("load", "load", ".1f"))),
    "restore": ("A restore", (
        ("gb", "GB", ".2f"), ("seconds", "seconds", ".1f"), ("cpu_s", "our CPU, s", ".1f"), ("seconds_per_gb", "seconds for each GB", ".0f"),
        ("load", "load", ".1f"))),
}  # fmt: skip
"""Of each table its title and columns: name in a row, heading, and how a figure is written."""


def lines(name: str, rows: list[dict[str, Any]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and cells of a table; what was not measured is left empty."""
    _, columns = TABLES[name]
    cells = [
        (_STORES[row["store"]], *("" if row.get(key) is None else format(row[key], form) for key, _, form in columns))
        for row in rows
    ]
    return ("store", *(heading for _, heading, _ in columns)), cells


def write_page(page: Path, result: dict[str, Any]) -> None:
    """Replace what stands between the two marks."""
    text = page.read_text()
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    page.write_text(f"{before}{BEGIN}\n{_measured(result)}{after}")


def _measured(result: dict[str, Any]) -> str:
    about = result["about"]
    libraries = ", ".join(f"{name} {version}" for name, version in about["libraries"].items())
    found = [
        f"{result['at'][:10]}, {about['machine']}, {about['cores']} cores, Python {about['python']}, {libraries}; seed {about['seed']}.",
        "",
    ]
    for name, (title, columns) in TABLES.items():
        head, cells = lines(name, result["rows"][name])
        align = ["---", *("---" if form == "" else "--:" for _, _, form in columns)]
        table = [f"| {' | '.join(row)} |" for row in (head, align, *cells)]
        found += [f"{title}:", "", *table, ""]
    return "\n".join(found)
