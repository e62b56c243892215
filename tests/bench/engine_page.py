"""The measured part of docs/engine.md, written from the figures of one run of `make bench-engine`."""

from pathlib import Path
from typing import Any

BEGIN, END = "<!-- written by make bench-engine -->", "<!-- end -->"
_NAMES = {
    "ours": "this replay", "polars": "Polars", "duckdb": "DuckDB", "pandas": "pandas, at its best",
    "rows": "pandas, a row at a time (200 orders, extrapolated)",
    "files": "this replay, Parquet to Parquet", "floor": "floor: read, sort, write",
}  # fmt: skip


def write_page(page: Path, told: dict[str, Any]) -> None:
    """Replace what stands between the two marks."""
    text = page.read_text()
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    page.write_text(f"{before}{BEGIN}\n{measured(told)}{after}")


def measured(told: dict[str, Any]) -> str:
    """When, on what, with what, and the table."""
    libraries = ", ".join(f"{name} {version}" for name, version in told["libraries"].items())
    lines = [
        f"{told['at'][:10]}, {told['machine']}, {told['cores']} cores, Python {told['python']}, {libraries}; seed {told['seed']}.",
        "",
        "| engine | orders | seconds | CPU s | orders/s | peak GiB | clock, times ours | CPU, times ours | load |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in told["rows"]:
        lines.append(
            f"| {_NAMES[row['engine']]} | {row['orders']:,} | {row['seconds']:.1f} | {row['cpu']:.1f} | {row['per_second']:,.0f} "
            f"| {row['peak_gib']:.2f} | {row['ratio']:.1f} | {row['cpu_ratio']:.1f} | {row['load']:.1f} |"
        )
    return "\n".join([*lines, ""])
