"""The folder of runs on disk, apart from MLflow: one writer at a time, and paths that follow the folder when it moves."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

DATABASE, ARTIFACTS = "mlflow.db", "artifacts"

_ABSOLUTE_PATHS = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "model_versions": "storage_location",
    "logged_models": "artifact_location",
}
"""Where MLflow 3.17 keeps absolute paths: table -> column."""


def artifacts_of(root: Path, pool: str) -> Path:
    """Where a pool's runs keep their files."""
    return root / ARTIFACTS / pool


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Wait until no other process records here, and keep others waiting. Ends with the process, however it ends."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".recording").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def follow_move(root: Path) -> None:
    """Point MLflow's absolute paths here again if the folder was moved or copied; else new runs land in the old place."""
    if not (root / DATABASE).is_file():
        return
    with closing(sqlite3.connect(root / DATABASE)) as connection, connection:
        stored = connection.execute("SELECT name, artifact_location FROM experiments").fetchall()
        ends = [(location, f"/{ARTIFACTS}/{name}") for name, location in stored]
        before = {location.removesuffix(end) for location, end in ends if location.endswith(end)} - {root.as_uri()}
        for old in before:
            for table, column in _ABSOLUTE_PATHS.items():
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                    (root.as_uri(), len(old) + 1, len(old) + 1, f"{old}/"),
                )
