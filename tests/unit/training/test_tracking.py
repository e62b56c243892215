"""Runs are kept in a real MLflow database: found by every name, safe when interrupted, whole after the folder moved."""

import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.errors import DataError, UsageError
from tests.helpers.markets import QUICK_PLAN, small_market
from training import run_record, tracking
from training.bundle import read_bundle, signing_key, write_bundle
from training.card import Card, data_card, model_card
from training.evaluation import measure
from training.run import train
from training.run_folder import alone
from training.run_names import champions, find
from training.tracking import Tracker

POOL = "acme"
HISTORY = small_market()
PNG = b"\x89PNG\r\n\x1a\n"


class Run:
    """What `record` is given, ready made."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.outcome = train(HISTORY, QUICK_PLAN, None, lambda *_: None)
        self.digest = write_bundle(home / "bundle", self.outcome.bundle, self.outcome.golden, signing_key(home))
        self.cards = {
            "data": data_card(HISTORY, self.outcome, [], None),
            "model": model_card(self.outcome, QUICK_PLAN, {}),
        }

    def record(self, tracker: Tracker, cards: dict[str, Card] | None = None, **changes):
        outcome = replace(self.outcome, **changes)
        return tracker.record(outcome, QUICK_PLAN, POOL, "sha256:f00d", self.home / "bundle", cards or self.cards)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return Run(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def recorded(run, tmp_path_factory) -> Path:
    """A folder with three runs, made once: a new database takes seconds. Versions 1, 2, 3; 3 is the challenger."""
    root = tmp_path_factory.mktemp("recorded") / "mlruns"
    tracker = Tracker(root)
    for _ in range(3):
        run.record(tracker)
    return root


@pytest.fixture
def tracker(recorded, tmp_path) -> Tracker:
    """The three runs in a folder of the test's own: a copy, so every test is also one of a copied folder."""
    return Tracker(Path(shutil.copytree(recorded, tmp_path / "mlruns")))


def names(tracker: Tracker) -> dict[str, tuple[str, ...]]:
    return {row.version: row.aliases for row in tracker.runs(POOL) if row.version}


# what is kept


def test_a_run_shows_its_figures_and_its_names(tracker, run):
    newest = tracker.runs(POOL)[0]
    every, cod = (scope.metrics["model"] for scope in run.outcome.scopes)
    assert (newest.auc_all, newest.log_loss_all, newest.auc_cod) == (every.auc, every.log_loss, cod.auc)
    assert (newest.version, newest.aliases, newest.status) == ("3", ("challenger",), "FINISHED")
    assert (newest.digest, newest.n_test) == (run.digest, every.n)


def test_runs_come_newest_first(tracker):
    assert [row.version for row in tracker.runs(POOL)] == ["3", "2", "1"]
    assert tracker.runs("nobody") == []


def test_a_kept_bundle_is_the_signed_one(tracker, run):
    bundle = read_bundle(tracker.bundle_folder(tracker.resolve(POOL, "2")), signing_key(run.home).public_key())
    assert bundle.digest == run.digest


def test_kept_predictions_give_the_figures_again(tracker, run):
    kept = tracker.predictions(tracker.resolve(POOL, "challenger"))
    for model, metrics in run.outcome.scopes[0].metrics.items():
        assert measure(kept[f"p_{model.replace(' ', '_')}"], kept["y"]) == metrics
    cash = kept[kept["is_cod"]]
    assert measure(cash["p_model"], cash["y"]) == run.outcome.scopes[1].metrics["model"]


def test_kept_predictions_name_orders_and_no_persons(tracker):
    kept = tracker.predictions(tracker.resolve(POOL, "challenger"))
    assert list(kept.columns[:6]) == ["order_id", "merchant_id", "placed_at", "is_cod", "y", "buyer"]
    assert all(name.startswith("p_") for name in kept.columns[6:])
    row = HISTORY.row_of(kept["merchant_id"][0], kept["order_id"][0])
    assert kept["placed_at"][0] == HISTORY.orders["placed_at"][row]


def test_pictures_cards_and_catalog_are_kept(tracker, run):
    files = tracker.bundle_folder(tracker.resolve(POOL, "1")).parent
    assert {p.name for p in (files / "plots").iterdir()} == {"reliability.png", "lift.png", "score.png"}
    assert all(p.read_bytes().startswith(PNG) for p in (files / "plots").iterdir())
    assert (files / "cards" / "model.html").read_text() == run.cards["model"].html()
    assert json.loads((files / "cards" / "data.json").read_text()) == run.cards["data"].as_dict()
    listed = [feature["name"] for feature in json.loads((files / "catalog.json").read_text())["features"]]
    assert listed == [feature.name for feature in run.outcome.bundle.features]


def test_parameters_figures_and_tags_are_searchable(tracker, run):
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{tracker.root}/mlflow.db")
    kept = client.get_run(tracker.resolve(POOL, "3").run_id).data
    assert kept.params["trees.depths"] == "[2]"
    assert kept.params["cut"] == run_record.moment(run.outcome.rows.moments.cut)
    assert kept.metrics == pytest.approx(run_record.figures(run.outcome))
    assert {"all.logistic_regression.auc", "cod.model.log_loss", "all.model.auc.low"} <= set(kept.metrics)
    assert kept.tags["data_fingerprint"] == "sha256:f00d"
    assert not [name for name in kept.tags if "git" in name or "user" in name]


def test_the_registered_trees_load_and_are_the_bundles_own(tracker, run):
    import mlflow

    tracker.runs(POOL)
    uri = f"sqlite:///{tracker.root}/mlflow.db"
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    booster = mlflow.xgboost.load_model(f"models:/rto-risk-{POOL}@challenger")
    assert booster.save_raw("json") == run.outcome.bundle.model.booster.save_raw("json")


def test_figures_that_do_not_exist_are_not_logged(run):
    scope = run.outcome.scopes[0]
    blind = replace(scope, auc=None, metrics={"model": replace(scope.metrics["model"], auc=None)}, against={})
    found = run_record.figures(replace(run.outcome, scopes=(blind,)))
    assert not [name for name in found if ".auc" in name or name.startswith("cod.")]
    assert all(np.isfinite(value) for value in found.values())


# how a run is called


def test_a_run_answers_to_its_alias_version_id_and_the_start_of_its_id(tracker):
    newest = tracker.runs(POOL)[0].run_id
    found = {tracker.resolve(POOL, name) for name in ("challenger", "3", newest, newest[:6])}
    assert [(ref.run_id, ref.version) for ref in found] == [(newest, "3")]


def test_an_unknown_name_is_refused_with_what_there_is(tracker):
    with pytest.raises(UsageError, match=r"RUN001 .*'champion'\n.*one of challenger, 3 \(run [0-9a-f]{8}\), 2"):
        tracker.resolve(POOL, "champion")


def test_without_runs_the_way_to_the_first_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"none is recorded yet\n.*rto train"):
        Tracker(tmp_path / "none").resolve(POOL, "1")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("name", "found"),
    [("abcdef1", "1"), ("abcdef", "RUN002"), ("abcde", "RUN001"), ("2", "2"), ("champion", "2"), ("123456", "3")],
)
def test_names_are_tried_in_order_and_never_guessed(name, found):
    versions = {"123456ff": "3", "abcdef2222": "2", "abcdef1111": "1"}
    if found.startswith("RUN"):
        with pytest.raises(UsageError, match=found):
            find(name, POOL, versions, {"champion": "2"})
    else:
        assert find(name, POOL, versions, {"champion": "2"}).version == found


# champions


def test_an_alias_names_one_run_until_it_is_taken_away(tracker):
    tracker.set_alias(POOL, "canary", tracker.resolve(POOL, "1"))
    tracker.set_alias(POOL, "canary", tracker.resolve(POOL, "2"))
    assert names(tracker) == {"3": ("challenger",), "2": ("canary",), "1": ()}
    tracker.delete_alias(POOL, "canary")
    tracker.delete_alias(POOL, "canary")
    assert tracker.alias(POOL, "canary") is None


def test_roll_back_goes_on_to_the_first_champion_and_then_refuses(tracker):
    for version in ("1", "2", "3"):
        tracker.set_alias(POOL, "champion", tracker.resolve(POOL, version))
    assert tracker.previous_champion(POOL).version == "2"
    assert [tracker.roll_back(POOL).version for _ in range(2)] == ["2", "1"]
    assert tracker.alias(POOL, "champion").version == "1"
    with pytest.raises(UsageError, match="RUN004"):
        tracker.roll_back(POOL)
    assert tracker.alias(POOL, "champion").version == "1"


def test_an_old_champion_promoted_again_can_be_rolled_back_from(tracker):
    for version in ("1", "2", "2", "1"):
        tracker.set_alias(POOL, "champion", tracker.resolve(POOL, version))
    assert [tracker.roll_back(POOL).version for _ in range(2)] == ["2", "1"]


def test_a_champion_that_was_withdrawn_can_be_brought_back(tracker):
    tracker.set_alias(POOL, "champion", tracker.resolve(POOL, "2"))
    tracker.delete_alias(POOL, "champion")
    assert tracker.roll_back(POOL).version == "2"
    assert tracker.previous_champion(POOL) is None


@pytest.mark.parametrize(
    ("kept", "now", "are"),
    [
        ([], None, []),
        (["1", "2"], "1", ["1"]),  # promotion of 2 broke off before the alias, or rollback to 1 after it
        (["1"], "2", ["1", "2"]),  # somebody moved the alias in MLflow itself
        (["1", "2", "1"], "1", ["1", "2", "1"]),
    ],
)
def test_where_an_interruption_parted_alias_and_memory_the_alias_is_right(kept, now, are):
    assert champions(kept, now) == are


# what goes wrong


class Breaks(Card):
    """A card that cannot be written."""

    def html(self) -> str:
        raise KeyboardInterrupt


def test_a_run_that_cannot_be_written_leaves_no_trace(tracker, run):
    with pytest.raises(KeyboardInterrupt):
        run.record(tracker, {"data": Breaks("data_card", {})})
    assert [row.version for row in tracker.runs(POOL)] == ["3", "2", "1"]


def test_an_interrupted_run_ends_failed_and_moves_no_alias(tracker, run, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tracking, "_log_trees", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.record(tracker)
    newest = tracker.runs(POOL)[0]
    assert (newest.status, newest.version, newest.aliases) == ("FAILED", None, ())
    assert tracker.alias(POOL, "challenger").version == "3"
    with pytest.raises(UsageError, match="RUN001"):
        tracker.resolve(POOL, newest.run_id)


def test_a_run_whose_process_was_killed_is_failed_by_the_next_record(tracker, run):
    with closing(sqlite3.connect(tracker.root / "mlflow.db")) as connection, connection:
        connection.execute(
            "UPDATE runs SET status = 'RUNNING' WHERE run_uuid = ?", (tracker.resolve(POOL, "2").run_id,)
        )
    run.record(tracker)
    assert [row.status for row in tracker.runs(POOL)] == ["FINISHED", "FINISHED", "FAILED", "FINISHED"]


def test_one_process_records_at_a_time(tmp_path):
    code = (
        "import sys; from pathlib import Path; from training.run_folder import alone\n"
        "print('ready', flush=True)\n"
        "with alone(Path(sys.argv[1])): print('in')"
    )
    with alone(tmp_path):
        waiting = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True)
        assert waiting.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=0.5)
    assert waiting.communicate(timeout=60)[0] == "in\n"


def test_files_that_are_gone_are_named(tracker):
    ref = tracker.resolve(POOL, "1")
    shutil.rmtree(tracker.bundle_folder(ref))
    with pytest.raises(DataError, match=rf"RUN003 .*bundle: got no such file\n.*{ref.run_id}"):
        tracker.bundle_folder(ref)


def test_a_database_that_is_none_is_refused_with_its_name(tmp_path):
    (tmp_path / "mlflow.db").write_text("not a database, but long enough to be looked at as one")
    with pytest.raises(DataError, match=r"RUN005 .*mlflow\.db"):
        Tracker(tmp_path).runs(POOL)


# where it is kept


def test_a_moved_folder_keeps_its_runs_and_takes_new_ones(recorded, run, tmp_path):
    before = Path(shutil.copytree(recorded, tmp_path / "here"))
    Tracker(before).runs(POOL)
    moved = Tracker(before.rename(tmp_path / "there, 50 % off"))
    assert len(moved.predictions(moved.resolve(POOL, "2"))) == run.outcome.counts["test"]
    assert moved.bundle_folder(run.record(moved)).is_relative_to(moved.root)
    assert not before.exists()


def test_recording_writes_below_its_folder_only_and_says_nothing(recorded, tmp_path, run, capfd, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run.record(Tracker(Path(shutil.copytree(recorded, tmp_path / "mlruns"))))
    assert capfd.readouterr() == ("", "")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_importing_the_module_is_cheap_and_opening_a_database_is_silent(tmp_path):
    code = (
        "import sys; from pathlib import Path; from training.tracking import Tracker\n"
        "print(sorted({'mlflow', 'xgboost', 'pandas', 'matplotlib'} & set(sys.modules)))\n"
        "Tracker(Path(sys.argv[1])).runs('acme')"
    )
    (tmp_path / "mlflow.db").touch()
    done = subprocess.run([sys.executable, "-W", "error", "-c", code, tmp_path], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_mlflow_is_told_to_stay_off_the_network(tracker):
    tracker.runs(POOL)
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == os.environ["DO_NOT_TRACK"] == "true"
    assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    assert logging.getLogger("mlflow").level == logging.ERROR
