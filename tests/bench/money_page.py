"""docs/money.md: what decisions earn on a made-up market, and what a model forgets of orders it keeps away."""

from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "money.md"
DECISIONS, SPIRAL = "make bench-money", "make bench-spiral"


def put(command: str, about: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Replace what a command has measured: a line about the run, and its table."""
    begin, end = f"<!-- written by {command} -->", f"<!-- end of {command} -->"
    text = PAGE.read_text(encoding="utf-8")
    table = ["| " + " | ".join(cells) + " |" for cells in (headers, ["---"] * len(headers), *rows)]
    before, after = text[: text.index(begin)], text[text.index(end) :]
    PAGE.write_text(f"{before}{begin}\n{about}\n\n" + "\n".join(table) + f"\n{after}", encoding="utf-8")
