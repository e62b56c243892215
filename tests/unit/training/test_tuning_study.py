"""A search can be killed at any moment and goes on as what it was; other data are another study; nobody searches twice."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from data.errors import DataError, UsageError
from training import tuning_study
from training.plan import Plan, TreePlan
from training.tuning_origins import DayLosses, Days
from training.tuning_report import KEEP, as_dict, found_by
from training.tuning_space import load_space
from training.tuning_study import Event, Search, ended, finished, name_of, opened, search, state_of

BASE = Plan(trees=TreePlan(depths=(2,), learning_rate=0.1, l2=5.0))
IDENTITY = {"history": "h1", "space": "s1", "seed": "7"}
SPACE = """
[trees]
depths = { choices = [[2], [4]] }
learning_rate = { low = 0.02, high = 0.2, log = true }
l2 = { low = 0.5, high = 50.0, log = true }
"""


@dataclass
class Valley:
    """Origins of a made-up loss, least at a learning rate of 0.05: what a search asks of origins, without a history.

    stop_at: the number of the fit at which somebody presses Ctrl-C.
    """

    stop_at: int | None = None
    fits: int = 0
    days: tuple[Days, ...] = field(default_factory=lambda: tuple(
        Days(np.arange(10) + 10 * k, np.full(10, 20), np.full(10, 12)) for k in range(3)))  # fmt: skip

    def __len__(self) -> int:
        return len(self.days)

    def about(self) -> list[dict[str, int]]:
        return [{"cut": k} for k in range(3)]

    def losses(self, plan: Plan, origin: int) -> DayLosses:
        self.fits += 1
        if self.fits == self.stop_at:
            raise KeyboardInterrupt
        height = 0.4 + 0.05 * np.log(plan.trees.learning_rate / 0.05) ** 2 + 0.003 * plan.trees.depths[0]
        wave = 1 + 0.01 * np.sin(np.arange(10) + origin + plan.trees.l2)
        return DayLosses(20 * height * wave, 12 * height * wave)


def made_of(folder: Path, stop_at: int | None = None, base: Plan = BASE) -> Search:
    path = folder / "space.toml"
    path.write_text(SPACE)
    return Search(base, load_space(path, base), Valley(stop_at), seed=7)  # type: ignore[arg-type]


@pytest.fixture
def of(tmp_path: Path):
    return partial(made_of, tmp_path)


@dataclass(frozen=True)
class Searched:
    """A search of 24 trials from start to end, its study closed again."""

    path: Path
    of: Search
    told: list[Event]


@pytest.fixture(scope="module")
def searched(tmp_path_factory) -> Searched:
    folder = tmp_path_factory.mktemp("searched")
    made = made_of(folder)
    return Searched(folder / "a.sqlite", made, run(folder / "a.sqlite", made, 24))


def run(path: Path, of: Search, n_trials: int, identity: dict[str, str] | None = None) -> list[Event]:
    told: list[Event] = []
    with opened(path, identity or IDENTITY) as found:
        search(found.study, of, lambda n: n >= n_trials, told.append)
    return told


def course(path: Path) -> list[tuple]:
    """What was tried and how it ended, but for what was interrupted."""
    with opened(path, IDENTITY) as found:
        return [(t.params, t.value, state_of(t), t.intermediate_values) for t in ended(found.study)]


def test_a_search_stopped_anywhere_and_resumed_tries_the_same_plans(tmp_path, of, searched):
    path = tmp_path / "parts.sqlite"
    for stop_at in (2, 20):  # while the default is judged; in the middle of a later trial
        with pytest.raises(KeyboardInterrupt):
            run(path, of(stop_at), 13)
    run(path, of(), 13)  # the last three are led by those before
    assert course(path) == course(searched.path)[:13]
    with opened(path, IDENTITY) as found:
        states = [state_of(t) for t in found.study.get_trials()]
        assert found.resumed
    assert states.count("failed") == 2
    assert states[0] == "failed"


def test_a_trial_left_running_by_a_killed_process_is_failed_and_tried_again(tmp_path, of):
    path = tmp_path / "a.sqlite"
    run(path, of(), 2)
    with opened(path, IDENTITY) as found:
        found.study.ask(of().space.distributions())  # and the process is gone
    with opened(path, IDENTITY) as found:
        assert [state_of(t) for t in found.study.get_trials()] == ["finished", "finished", "failed"]


def test_the_default_comes_first_and_trials_that_lose_are_stopped_early(searched):
    with opened(searched.path, IDENTITY) as found:
        first, *others = finished(found.study)
        assert (first.number, first.value, first.user_attrs["default"]) == (0, 0.0, True)
        stopped = [t for t in ended(found.study) if state_of(t) == "stopped early"]
        assert len(stopped) >= 3
        assert min(t.value for t in stopped) > np.median([t.value for t in others])
        assert searched.of.origins.fits < 3 * 24
        assert len({t.params["trees.l2"] for t in ended(found.study)}) == 24  # each draws anew
    assert [e.state for e in searched.told[:2]] == ["running", "finished"]
    assert searched.told[1].plan == BASE
    assert {len(e.steps) for e in searched.told if e.state == "finished"} == {3}


def test_the_search_finds_the_valley_and_the_report_reads_it(searched):
    with opened(searched.path, IDENTITY) as found:
        result = found_by(found.study, searched.of)
    assert result.best.trees.learning_rate == pytest.approx(0.05, rel=0.3)
    assert result.verdict == "better than the default"
    assert next(iter(result.importances)) == "trees.learning_rate"
    assert sum(result.importances.values()) == pytest.approx(1)
    said = as_dict(result, searched.of)
    assert said["gains"]["all orders"]["mean"] == pytest.approx(result.log_loss - result.default_log_loss)
    assert said["gains"]["COD only"]["n"] == 360
    assert said["searched"]["trees.learning_rate"]["default"] == 0.1
    assert said["trials"]["finished"] + said["trials"]["stopped early"] == 24


def test_where_nothing_does_better_the_default_is_kept(tmp_path, of):
    made = of(base=BASE.model_copy(update={"trees": BASE.trees.model_copy(update={"learning_rate": 0.05})}))
    run(tmp_path / "a.sqlite", made, 3)
    with opened(tmp_path / "a.sqlite", IDENTITY) as found:
        result = found_by(found.study, made)
    assert (result.verdict, result.best, result.number) == (KEEP, made.base, 0)
    assert "no other plan did better" in result.sentence
    assert result.importances is None  # of four trials


def test_other_data_are_another_study_and_it_is_said_what_differs(tmp_path, searched):
    path = Path(shutil.copy(searched.path, tmp_path))
    with opened(path, IDENTITY | {"history": "h2", "seed": "8"}) as other:
        assert (other.resumed, other.changed, ended(other.study)) == (False, ("history", "seed"), [])
    with opened(path, IDENTITY) as again:
        assert (again.resumed, again.changed, len(ended(again.study))) == (True, (), 24)
    assert name_of(IDENTITY) != name_of(IDENTITY | {"seed": "8"})


def test_a_second_search_of_the_pool_is_refused(tmp_path):
    with (
        opened(tmp_path / "a.sqlite", IDENTITY),
        pytest.raises(UsageError, match=r"TUNE002 .*another rto tune"),
        opened(tmp_path / "a.sqlite", IDENTITY),
    ):
        pass


def test_a_study_that_somebody_locks_is_refused_and_keeps_what_was_tried(tmp_path, of, searched, monkeypatch):
    path = Path(shutil.copy(searched.path, tmp_path))
    monkeypatch.setattr(tuning_study, "_WAIT_S", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DataError, match=r"TUNE003 .*database is locked"):
            run(path, of(), 30)
        other.execute("ROLLBACK")
    assert len(course(path)) == 24


@pytest.mark.parametrize("kind", ["text", "folder", "below a file"])
def test_a_study_that_cannot_be_kept_is_refused(tmp_path, kind):
    path = tmp_path / "a.sqlite"
    if kind == "text":
        path.write_text("no database at all, but long enough to be looked at as one\n" * 20)
    elif kind == "folder":
        path.mkdir()
    else:
        (tmp_path / "file").write_text("")
        path = tmp_path / "file" / "a.sqlite"
    with pytest.raises(DataError, match="TUNE003"), opened(path, IDENTITY):
        pass
