"""A writer's log is brought into the file beside it, and begins anew however busy the writer is."""

from pathlib import Path

import pytest

from data.keeping import checkpoints
from data.keeping.checkpoints import Checkpoints
from data.keeping.database import immediate, open_database, scalar

COMMITS = 2_000


def longest_log(path: Path, brought: Checkpoints, connection: object) -> int:
    """Pages of the log at most, over many commits without a pause."""
    longest = 0
    for n in range(COMMITS):
        with immediate(connection):  # type: ignore[arg-type]
            connection.execute("INSERT INTO written VALUES (?)", (n.to_bytes(4) * 1_000,))  # type: ignore[attr-defined]
        brought.between_commits()
        longest = max(longest, path.with_name(f"{path.name}-wal").stat().st_size // 4_120)
    return longest


def test_a_busy_writers_log_begins_anew_and_all_of_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, pages in (("_ROUND", 50), ("_LONG", 200), ("_SHARE", 4)):
        monkeypatch.setattr(checkpoints, name, pages)
    path = tmp_path / "store.sqlite"
    connection = open_database(path)
    connection.execute("CREATE TABLE written (n BLOB)")
    brought = Checkpoints(connection)
    assert longest_log(path, brought, connection) < COMMITS  # each commit logs two pages or more
    brought.close()
    connection.close()
    again = open_database(path, read_only=True)
    assert scalar(again, "SELECT COUNT(DISTINCT n) FROM written") == COMMITS
    assert scalar(again, "PRAGMA integrity_check") == "ok"
    again.close()
