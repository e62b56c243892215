"""Runs, models and their names, kept by MLflow in SQLite: the only file that knows MLflow.

MLflow is imported when something is asked of it (it takes seconds), told to stay off the network and to be quiet.
Files are found below `root`, never by the absolute paths that MLflow stores, so the folder may be moved or copied.
"""

import json
import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from data.contract import DAY
from data.errors import UsageError
from training import run_folder
from training.run_names import CHALLENGER, CHAMPION, RunRef, RunRow, champions, find, model_name, row_of

if TYPE_CHECKING:  # listing runs must not wait for trees and pictures
    import pandas as pd

    from training.bundle import Bundle
    from training.card import Card
    from training.plan import Plan
    from training.run import Outcome
    from training.run_record import Kept

_SWITCHES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK": "true",
    "MLFLOW_MODEL_CATALOG_URI": "",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}
_NOISE = (r"The ``noload`` loader strategy is deprecated", r".*Any type hint is inferred as AnyType")
_PINNED = ("xgboost", "numpy", "scipy", "pandas")
_CHAMPIONS_TAG, _MOST_CHAMPIONS = "champions", 100


class Tracker:
    """Runs under `root`: `mlflow.db` and `artifacts/POOL/RUN/artifacts/`. Both are made when a run is recorded."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._opened: Any = None

    def record(
        self,
        outcome: "Outcome",
        plan: "Plan",
        pool: str,
        history_fingerprint: str,
        bundle_folder: Path,
        cards: "dict[str, Card]",
    ) -> RunRef:
        """Keep a training run, register its model and name it `challenger`."""
        from training import run_record

        with TemporaryDirectory() as drafts:
            run_record.write_files(Path(drafts), outcome, cards)
            kept = run_record.kept(outcome, plan, pool, history_fingerprint)
            return self.keep(pool, kept, bundle_folder, Path(drafts))

    def keep(self, pool: str, kept: "Kept", bundle_folder: Path, files: Path) -> RunRef:
        """Keep a run with its files, register its model and name it `challenger`. An interrupted one ends as FAILED."""
        from training import run_record

        tags = {"pool": pool, "digest": run_record.digest_of(bundle_folder), **kept.tags}
        with run_folder.alone(self.root):
            run_id = self._client().create_run(self._experiment(pool), tags=tags, run_name=kept.name).info.run_id
            with self._running(run_id) as mlflow:
                model_id = _log_trees(mlflow, kept.bundle, tags)
                mlflow.log_params(kept.parameters)
                mlflow.log_metrics(kept.figures)
                mlflow.log_artifacts(str(files))
                mlflow.log_artifacts(str(bundle_folder), run_folder.BUNDLE)
            ref = self._register(pool, run_id, model_id, tags)
            self.set_alias(pool, CHALLENGER, ref)
        return ref

    def runs(self, pool: str) -> list[RunRow]:
        """Every run of the pool, the newest first; also those that failed."""
        experiment = (
            self._client().get_experiment_by_name(pool) if (self.root / run_folder.DATABASE).is_file() else None
        )
        if experiment is None:
            return []
        versions, names = self._versions(pool), self._aliases(pool)
        found = self._client().search_runs([experiment.experiment_id], order_by=["start_time DESC"], max_results=10_000)
        return [row_of(run, versions.get(run.info.run_id), names) for run in found]

    def resolve(self, pool: str, name: str) -> RunRef:
        """The run called `name`: an alias, a version, or a run id or the start of one (6 characters or more).

        Raises UsageError RUN001 if there is none, RUN002 if several begin so.
        """
        return find(name, pool, self._versions(pool), self._aliases(pool))

    def bundle_folder(self, ref: RunRef) -> Path:
        """The signed bundle of a run. Raises DataError RUN003 if its files are gone."""
        return run_folder.artifact(self.root, ref, run_folder.BUNDLE)

    def predictions(self, ref: RunRef) -> "pd.DataFrame":
        """The run's test orders (`run_record.predictions`). Raises DataError RUN003 if its files are gone."""
        import pandas as pd

        return pd.read_parquet(run_folder.artifact(self.root, ref, run_folder.PREDICTIONS))

    def attach(self, ref: RunRef, folder: Path, name: str, figures: dict[str, float], at: int) -> Path:
        """Keep the files of `folder` with a run under `name`, and figures of moment `at` (microseconds) in its course.

        What was kept under the name before is replaced. Returns where they lie.
        """
        with run_folder.alone(self.root):
            client, day = self._client(), at // DAY
            for figure, value in figures.items():
                client.log_metric(ref.run_id, figure, value, timestamp=at // 1_000, step=day)
            return run_folder.put(self.root, ref, folder, name)

    def set_alias(self, pool: str, alias: str, ref: RunRef) -> None:
        """Give the alias to a run. A new champion is remembered, so that it can be rolled back from."""
        client, model = self._client(), model_name(pool)
        if alias == CHAMPION:
            before = self._champions(pool)
            self._remember(pool, before if before[-1:] == [ref.version] else [*before, ref.version])
        client.set_registered_model_alias(model, alias, ref.version)

    def alias(self, pool: str, alias: str) -> RunRef | None:
        """The run that has the alias."""
        return self._ref(pool, self._aliases(pool).get(alias))

    def delete_alias(self, pool: str, alias: str) -> None:
        """Take the alias away; nothing happens if nothing has it."""
        if alias in self._aliases(pool):
            self._client().delete_registered_model_alias(model_name(pool), alias)

    def previous_champion(self, pool: str) -> RunRef | None:
        """The champion before this one; without a champion, the last there was."""
        before = self._before(pool)
        return self._ref(pool, before[-1] if before else None)

    def roll_back(self, pool: str) -> RunRef:
        """Make the previous champion champion again and forget the one after it. Raises UsageError RUN004 if none."""
        kept = self._before(pool)
        previous = self._ref(pool, kept[-1] if kept else None)
        if previous is None:
            to_do = "promote a run instead: rto promote RUN"
            raise UsageError("RUN004", f"pool {pool}", got="no earlier champion", expected="one", to_do=to_do)
        self._client().set_registered_model_alias(model_name(pool), CHAMPION, previous.version)
        self._remember(pool, kept)
        return previous

    def client(self) -> Any:
        """MLflow's client of this folder, for runs that make no model (`training/tuning_runs.py`)."""
        return self._client()

    def _before(self, pool: str) -> list[str]:
        """Champions before the present one, oldest first; without a present one, all of them."""
        past = self._champions(pool)
        return past[:-1] if CHAMPION in self._aliases(pool) else past

    def _champions(self, pool: str) -> list[str]:
        model = self._model(pool)
        if model is None:
            return []
        return champions(json.loads(model.tags.get(_CHAMPIONS_TAG, "[]")), self._aliases(pool).get(CHAMPION))

    def _remember(self, pool: str, versions: list[str]) -> None:
        kept = json.dumps(versions[-_MOST_CHAMPIONS:])
        self._client().set_registered_model_tag(model_name(pool), _CHAMPIONS_TAG, kept)

    def _register(self, pool: str, run_id: str, model_id: str, tags: dict[str, str]) -> RunRef:
        client, name = self._client(), model_name(pool)
        if self._model(pool) is None:
            client.create_registered_model(name, description="Trees only: the signed bundle of the run is the model.")
        made = client.create_model_version(name, f"models:/{model_id}", run_id, tags=tags, model_id=model_id)
        return RunRef(run_id, str(made.version), pool)

    def _experiment(self, pool: str) -> str:
        """The pool's experiment, made at first use; runs that died while recording are marked as failed."""
        client = self._client()
        found = client.get_experiment_by_name(pool)
        if found is None:
            artifacts = run_folder.artifacts_of(self.root, pool)
            return str(client.create_experiment(pool, artifact_location=artifacts.as_uri()))
        for run in client.search_runs([found.experiment_id], "attributes.status = 'RUNNING'"):
            client.set_terminated(run.info.run_id, "FAILED")
        return str(found.experiment_id)

    def _versions(self, pool: str) -> dict[str, str]:
        """Version by run id, the newest first."""
        if self._model(pool) is None:
            return {}
        found = self._client().search_model_versions(f"name = '{model_name(pool)}'", max_results=10_000)
        return {v.run_id: str(v.version) for v in sorted(found, key=lambda v: -int(v.version))}

    def _aliases(self, pool: str) -> dict[str, str]:
        model = self._model(pool)
        return {} if model is None else {name: str(version) for name, version in model.aliases.items()}

    def _model(self, pool: str) -> Any:
        if not (self.root / run_folder.DATABASE).is_file():
            return None
        found = self._client().search_registered_models(f"name = '{model_name(pool)}'")
        return self._client().get_registered_model(model_name(pool)) if found else None

    def _ref(self, pool: str, version: str | None) -> RunRef | None:
        return None if version is None else self.resolve(pool, version)

    def _client(self) -> Any:
        """MLflow's client of this folder's database, opened at first use."""
        if self._opened is None:
            self.root.mkdir(parents=True, exist_ok=True)
            with _quiet() as mlflow:
                try:
                    run_folder.follow_move(self.root)
                    client = mlflow.MlflowClient(run_folder.uri(self.root), run_folder.uri(self.root))
                    client.search_registered_models(max_results=1)  # opens the registry as well, while it is quiet
                except (mlflow.exceptions.MlflowException, sqlite3.DatabaseError) as error:
                    raise run_folder.unreadable(self.root, error) from error
            self._opened = client
        return self._opened

    @contextmanager
    def _running(self, run_id: str) -> Iterator[Any]:
        """MLflow with the run active: FINISHED when the block ends well, FAILED when it does not."""
        with _quiet() as mlflow:
            mlflow.set_tracking_uri(run_folder.uri(self.root))
            mlflow.set_registry_uri(run_folder.uri(self.root))
            with mlflow.start_run(run_id=run_id):
                yield mlflow


@contextmanager
def _quiet() -> Iterator[Any]:
    """MLflow, switched as this project needs it, its own warnings about itself not shown to users."""
    os.environ |= _SWITCHES
    with warnings.catch_warnings():
        for message in _NOISE:
            warnings.filterwarnings("ignore", message)
        import mlflow
        import mlflow.xgboost

        yield mlflow


def _log_trees(mlflow: Any, bundle: "Bundle", tags: dict[str, str]) -> str:
    """Log the booster with a signature of its own and pinned requirements (guessing them takes 10 s). Its model id."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    columns = Schema([ColSpec("double", feature.name) for feature in bundle.features])
    logged = mlflow.xgboost.log_model(
        bundle.model.booster,
        name="trees",
        model_format="ubj",
        signature=ModelSignature(columns, Schema([ColSpec("double")])),
        pip_requirements=[f"{package}=={installed(package)}" for package in _PINNED],
        tags=tags,
    )
    return str(logged.model_id)
