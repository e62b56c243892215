"""How commands speak: results on stdout (as JSON with --json), progress and notes on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Session:
    """Where this installation keeps its files; made once by the command line from the environment."""

    home: Path
    mlruns: Path


Tell = Callable[[str, int, int], None]


@contextmanager
def progress() -> Iterator[Tell]:
    """`tell(what, done, total)` moves a bar on stderr; where stderr is no terminal it stays silent."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda what, done, total: None
        return
    columns = (TextColumn("{task.description:<32}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


def note(text: str) -> None:
    """A line for the person watching; never part of the result."""
    print(text, file=sys.stderr)


def emit(result: Any, as_json: bool, show: Callable[[Any], None]) -> None:
    """The result on stdout: as JSON, or as `show` prints it."""
    if as_json:
        print(json.dumps(result, indent=1, default=str))
    else:
        show(result)


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
    """A table on stdout; numbers to the right. Columns are never cut when stdout is a file."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    numeric = [
        all(isinstance(row[j], int | float | None) or _figure(row[j]) for row in rows) for j in range(len(headers))
    ]
    for header, right in zip(headers, numeric, strict=True):
        made.add_column(header, justify="right" if right else "left", overflow="fold")
    for row in rows:
        made.add_row(*("-" if cell is None else str(cell) for cell in row))
    console = Console()
    Console(width=console.width if console.is_terminal else 200).print(made)


def _figure(cell: Any) -> bool:
    return isinstance(cell, str) and cell[:1] in "0123456789-+." and cell[:1] != ""


def fields(pairs: Sequence[tuple[str, Any]]) -> None:
    """Name and value, a line each."""
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        print(f"{name:<{width}}  {value}")
