"""The folder of runs on disk, apart from MLflow: one writer at a time, paths that follow the folder when it moves."""

import fcntl
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from data.errors import DataError
from training.run_names import RunRef

DATABASE, ARTIFACTS = "mlflow.db", "artifacts"
BUNDLE, PREDICTIONS = "bundle", "predictions/test.parquet"

_ABSOLUTE_PATHS = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "model_versions": "storage_location",
    "logged_models": "artifact_location",
}
"""Where MLflow 3.17 keeps absolute paths: table -> column."""


def uri(root: Path) -> str:
    """MLflow's name of the database."""
    return f"sqlite:///{root / DATABASE}"


def unreadable(root: Path, error: Exception) -> DataError:
    """RUN005: the database cannot be read."""
    to_do = f"if another MLflow wrote it, copy it away, then: mlflow db upgrade {uri(root)}; else restore a backup"
    got = str(error).splitlines()[0][:200]
    return DataError("RUN005", str(root / DATABASE), got=got, expected="a database of runs", to_do=to_do)


def artifacts_of(root: Path, pool: str) -> Path:
    """Where a pool's runs keep their files."""
    return root / ARTIFACTS / pool


def artifact(root: Path, ref: RunRef, name: str) -> Path:
    """A file or folder of a run. Raises DataError RUN003 if it is gone."""
    path = artifacts_of(root, ref.pool) / ref.run_id / "artifacts" / name
    if not path.exists():
        to_do = "bring back the artifacts folder from a backup, or train again: rto train"
        raise DataError("RUN003", str(path), got="no such file", expected=f"{name} of run {ref.run_id}", to_do=to_do)
    return path


def put(root: Path, ref: RunRef, folder: Path, name: str) -> Path:
    """Copy the files of `folder` among those of a run that has ended; the tracker finds them there. Returns where."""
    path = artifacts_of(root, ref.pool) / ref.run_id / "artifacts" / name
    shutil.copytree(folder, path, dirs_exist_ok=True)
    return path


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Wait until no other process records here, and keep others waiting. Ends with the process, however it ends."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".recording").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def follow_move(root: Path) -> None:
    """Point MLflow's absolute paths here if the folder was moved or copied; else new runs land in the old place."""
    if not (root / DATABASE).is_file():
        return
    with closing(sqlite3.connect(root / DATABASE)) as connection, connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchall():
            return  # new, or its making was interrupted: MLflow will make what is absent
        stored = connection.execute("SELECT name, artifact_location FROM experiments").fetchall()
        ends = [(location, f"/{ARTIFACTS}/{name}") for name, location in stored]
        before = {location.removesuffix(end) for location, end in ends if location.endswith(end)} - {root.as_uri()}
        for old in before:
            for table, column in _ABSOLUTE_PATHS.items():
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                    (root.as_uri(), len(old) + 1, len(old) + 1, f"{old}/"),
                )
