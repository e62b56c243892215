"""`rto tune` as a person runs it: stopped, killed, taken up again, and refused with reasons."""

import json
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from data.errors import Exit
from tests.cli.conftest import Run
from tests.helpers.commands import command, environment
from tests.helpers.installation import POOL, Installation, wait_for
from training.plan import load_plan
from training.tracking import Tracker
from training.tune import study_file
from training.tuning_origins import Origins

PLAN = "linear_penalties = [30.0]\n[trees]\ndepths = [2]\nmax_trees = 40\nlearning_rate = 0.1\nline_shares = [0.0]\n"
SPACE = """[trees]
depths = { choices = [[2], [3]] }
learning_rate = { low = 0.02, high = 0.3, log = true }
"""


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A search of three trials of a small plan."""
    (tmp_path / "plan.toml").write_text(PLAN)
    (tmp_path / "space.toml").write_text(SPACE)
    return ["tune", "--plan", str(tmp_path / "plan.toml"), "--space", str(tmp_path / "space.toml"),
            "--origins", "2", "--trials", "3"]  # fmt: skip


def trials(made: Installation, study: str = "%") -> list[tuple[int, str, float | None]]:
    """Number, state and value of each trial of a study, or of all, as the file has them."""
    path = study_file(made.pool)
    if not path.exists():
        return []
    asked = """SELECT number, state, value FROM trials JOIN studies USING (study_id)
               LEFT JOIN trial_values USING (trial_id) WHERE study_name LIKE ? ORDER BY trial_id"""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(asked, (study,)).fetchall()
    except sqlite3.OperationalError:  # the tables are being made
        return []


def states(made: Installation) -> list[str]:
    return [state for _, state, _ in trials(made)]


def killed(made: Installation, words: list[str], when: Callable[[], bool]) -> int:
    """Start the command as a process of its own and kill it once something has happened; its status."""
    with (made.home / "tune.log").open("w") as log:
        running = subprocess.Popen(
            command(*words), env=environment(made.home, made.mlruns), cwd=made.home.parent, stdout=log, stderr=log
        )
    try:
        wait_for(lambda: when() or running.poll() is not None, 240)
    finally:
        running.kill()
    return running.wait()


def test_a_search_that_is_killed_and_stopped_ends_as_if_it_had_run_through(
    run: Run, own: Installation, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert killed(own, words, lambda: states(own) == ["COMPLETE", "RUNNING"]) == -signal.SIGKILL
    kept = trials(own)[0]
    _check_another_plan_is_another_study_and_may_be_stopped(run, own, words, tmp_path, monkeypatch)
    ran = run(*words, "--json", at=own)
    assert ran.code == Exit.DONE, ran.err
    assert "goes on with a study of 1 trials" in ran.err
    assert trials(own)[0] == kept
    assert [state in ("COMPLETE", "PRUNED") for state in states(own)] == [True, False, False, True, True]
    _check_result(own, ran.json)
    _check_runs(own, ran.json)


def _check_another_plan_is_another_study_and_may_be_stopped(
    run: Run, own: Installation, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plan.toml").write_text(PLAN.replace("40", "20"))
    with monkeypatch.context() as patched:
        patched.setattr(Origins, "losses", _ctrl_c)
        stopped = run(*words, at=own)
    assert stopped.code == 130
    assert "a new study: since the last one another plan (the old one is kept)" in stopped.err
    assert "0 trials are kept; the same command goes on from there" in stopped.err
    assert states(own) == ["COMPLETE", "RUNNING", "FAIL"]  # the killed one is settled when its study goes on
    (tmp_path / "plan.toml").write_text(PLAN)


def _ctrl_c(*_: object) -> None:
    raise KeyboardInterrupt


def _check_result(own: Installation, found: dict) -> None:
    assert found["trials"]["failed"] == 1
    assert found["resumed"]
    assert found["gains"]["all orders"]["n"] == sum(one["judged"] for one in found["origins"])
    assert found["verdict"] in ("keep the default", "better than the default")
    page = Path(found["page"])
    assert {p.name for p in page.parent.iterdir()} == {"tuning.html", "tuning.json", "plan.toml", "plots"}
    assert {p.stem for p in (page.parent / "plots").iterdir()} == {"history", "slices", "origins"}
    assert page.read_text().count("data:image/svg+xml;base64,") == 3
    assert json.loads((page.parent / "tuning.json").read_text())["tried"][0]["number"] == 0


def _check_runs(own: Installation, found: dict) -> None:
    """One parent, a child for each trial, ended as the study has it; and no run of a model."""
    tracker = Tracker(own.mlruns)
    client = tracker.client()
    experiment = client.get_experiment_by_name(f"{POOL}~tuning").experiment_id
    runs = client.search_runs([experiment])
    of_kind = {kind: [r for r in runs if r.data.tags["kind"] == kind] for kind in ("search", "trial")}
    other, parent = sorted(of_kind["search"], key=lambda r: r.info.run_id == found["run_id"])
    assert (other.info.status, parent.data.tags["study"]) == ("FAILED", found["study"])
    children = {int(r.data.tags["trial"]): r for r in of_kind["trial"] if r.data.tags["study"] == found["study"]}
    assert parent.info.run_id == found["run_id"]
    assert parent.info.status == "FINISHED"
    assert {r.data.tags["mlflow.parentRunId"] for r in children.values()} == {parent.info.run_id}
    told = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}
    assert {n: r.info.status for n, r in children.items()} == {n: told[s] for n, s, _ in trials(own, found["study"])}
    plan = load_plan(Path(found["plan_file"]))
    assert plan.model_dump(mode="json") == found["plan"]
    assert Path(found["plan_file"]).read_text().startswith("# Written by rto tune: pool demo, study ")
    best = children[found["best_trial"]].data
    assert best.metrics["log_loss"] == found["log_loss"]
    assert best.params["trees.learning_rate"] == str(found["plan"]["trees"]["learning_rate"])
    assert [r.version for r in tracker.runs(POOL)] == ["1"]


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        (["--until", "2025-02-15"], Exit.TOO_LITTLE_HISTORY, "TUNE001 origin 1 of 2"),
        (["--out", "{folder}"], Exit.USAGE, "TUNE004"),
        (["--plan", "{odd_plan}"], Exit.PLAN, "PLAN002"),
        (["--space", "{odd_space}"], Exit.PLAN, "PLAN003"),
        (["--trials", "0"], Exit.USAGE, "Invalid value for '--trials'"),
    ],
)
def test_bad_input_is_refused_before_anything_is_tried(
    run: Run, installation: Installation, words, tmp_path, more, code, told
):
    (tmp_path / "odd_plan.toml").write_text("lerning_rate = 1\n")
    (tmp_path / "odd_space.toml").write_text("[trees]\nlerning_rate = { low = 0.1, high = 0.2 }\n")
    (tmp_path / "folder").mkdir()
    named = {name: str(tmp_path / name) for name in ("folder", "odd_plan.toml", "odd_space.toml")}
    given = [word.format(**{k.removesuffix(".toml"): v for k, v in named.items()}) for word in more]
    ran = run(*words, "--out", str(tmp_path / "best.toml"), *given, at=installation)
    assert ran.code == code, ran.err
    assert told in ran.err
    assert ran.out == ""
    assert trials(installation) == []
