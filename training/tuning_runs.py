"""A study as runs: one parent for the search, one child for each trial. In an experiment of its own, `POOL~tuning`.

These runs make no model: `rto runs` does not list them, and nothing of them can be promoted. A search that goes on
finds its parent again; a child left running by a process that was killed ends as what the study says of its trial.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.run_folder import alone, artifacts_of
from training.tracking import Tracker
from training.tuning_space import value_at
from training.tuning_study import Event, State

_STATUS: dict[State, str] = {
    "running": "RUNNING",
    "finished": "FINISHED",
    "stopped early": "KILLED",  # MLflow's word for ended on purpose
    "failed": "FAILED",
}


def experiment_of(pool: str) -> str:
    """The experiment of a pool's searches; no pool can be called so.

    >>> experiment_of("demo")
    'demo~tuning'
    """
    return f"{pool}~tuning"


class TuningRuns:
    """The runs of one study, `study` being its name. names: the parameters shown of each trial."""

    def __init__(self, tracker: Tracker, pool: str, study: str, names: list[str]) -> None:
        self.parent = ""
        self._root, self._client, self._names = tracker.root, tracker.client(), names
        self._pool, self._study = pool, study
        self._children: dict[int, str] = {}

    def begin(self, tags: Mapping[str, str], parameters: Mapping[str, str], trials: Mapping[int, State]) -> None:
        """Find or make the parent. trials: how each of the study's trials stands, by number."""
        with alone(self._root):
            experiment = self._experiment()
            found = self._runs(experiment, "search")
            self.parent = (
                found[0].info.run_id if found else self._make(experiment, f"tune {self._pool}", "search", tags)
            )
            self._client.update_run(self.parent, status="RUNNING")
            for name, value in parameters.items():
                self._client.log_param(self.parent, name, value)
            self._settle(experiment, trials)

    def told(self, event: Event) -> None:
        """A trial has begun or ended."""
        with alone(self._root):
            if event.state == "running" and event.plan is not None:
                run = self._child(self._experiment(), event.number)
                self._children[event.number] = run
                for name in self._names:
                    self._client.log_param(run, name, str(value_at(event.plan, name)))
                return
            run = self._children.pop(event.number)
            for step, lost in enumerate(event.steps):
                self._client.log_metric(run, "log_loss_minus_default", lost, step=step)
            if event.log_loss is not None:
                self._client.log_metric(run, "log_loss", event.log_loss)
            self._client.set_terminated(run, _STATUS[event.state])

    def end(self, figures: Mapping[str, float], files: Path) -> Path:
        """Keep the figures and files of the search so far. Returns where the files are."""
        with alone(self._root):
            for name, value in figures.items():
                self._client.log_metric(self.parent, name, value)
            self._client.log_artifacts(self.parent, str(files))
            self._client.set_terminated(self.parent, "FINISHED")
        return artifacts_of(self._root, experiment_of(self._pool)) / self.parent / "artifacts"

    def stop(self, trials: Mapping[int, State]) -> None:
        """The search was interrupted before its end."""
        with alone(self._root):
            self._settle(self._experiment(), trials)
            self._client.set_terminated(self.parent, "FAILED")

    def _settle(self, experiment: str, trials: Mapping[int, State]) -> None:
        """Each trial of the study has a child that ended as the study says; one broken off too soon to have any gets it."""
        there = {int(run.data.tags["trial"]): run.info for run in self._runs(experiment, "trial")}
        for number, state in trials.items():
            run = there[number].run_id if number in there else self._child(experiment, number)
            if number not in there or there[number].status == "RUNNING":
                self._client.set_terminated(run, _STATUS[state])

    def _child(self, experiment: str, number: int) -> str:
        tags = {"mlflow.parentRunId": self.parent, "trial": str(number)}
        return self._make(experiment, f"trial {number}", "trial", tags)

    def _experiment(self) -> str:
        name = experiment_of(self._pool)
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(name, artifact_location=artifacts_of(self._root, name).as_uri()))

    def _runs(self, experiment: str, kind: str) -> list[Any]:
        asked = f"tags.study = '{self._study}' and tags.kind = '{kind}'"
        return list(self._client.search_runs([experiment], asked, max_results=10_000))

    def _make(self, experiment: str, name: str, kind: str, tags: Mapping[str, str]) -> str:
        whole = {"pool": self._pool, "study": self._study, "kind": kind, **tags}
        return str(self._client.create_run(experiment, tags=whole, run_name=name).info.run_id)
