"""`rto calibrate` as a schedule runs it: refreshed, promoted or kept, nothing new, too early; and what it leaves behind."""

import json
import re
from pathlib import Path

import pytest

from data.errors import Exit
from tests.cli.conftest import Run
from tests.helpers.installation import POOL, Installation, built
from training.bundle import read_bundle, signing_key
from training.newest import WINDOW_DAYS
from training.tracking import Tracker

PLAN = "linear_penalties = [30.0]\n[trees]\ndepths = [2]\nmax_trees = 20\nlearning_rate = 0.1\n"
WORDS = ("calibrate", "--run", "2", "--weeks", "20")


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation with a second model, version 2, trained where half a year was still to come."""
    return built(tmp_path_factory.getbasetemp()).copy(tmp_path_factory.mktemp("earlier") / "own")


def bundle(made: Installation, version: str) -> Path:
    tracker = Tracker(made.mlruns)
    return tracker.bundle_folder(tracker.resolve(POOL, version))


def test_a_calibrator_is_refreshed_promoted_and_left_alone_where_nothing_is_new(
    run: Run, earlier: Installation, tmp_path: Path
):
    (tmp_path / "plan.toml").write_text(PLAN)
    assert run("train", "--plan", tmp_path / "plan.toml", "--until", "2025-05-01", at=earlier).code == Exit.DONE
    assert run("promote", "2", at=earlier).code == Exit.DONE
    dry = run(*WORDS, "--dry-run", "--json", at=earlier)
    assert (dry.code, dry.json["recorded"]) == (Exit.DONE, False)
    ran = run(*WORDS, "--if-new", "--json", at=earlier)
    assert ran.code == Exit.DONE, ran.err
    found = ran.json
    assert {name: value for name, value in dry.json.items() if name != "recorded"}.items() <= found.items()
    assert (found["from_version"], found["version"], found["weeks"]) == ("2", "3", 20)
    _check_bundle(earlier, found)
    _check_run(earlier, found)
    promoted = run("promote", "challenger", "--dry-run", "--json", at=earlier).json
    assert promoted["comparison"]["n"] == found["judged"]["n"]
    assert promoted["comparison"]["log_loss"] == pytest.approx(
        [found["scopes"][0]["after_minus_before"]["log_loss"][end] for end in ("value", "low", "high")]
    )
    again = run(*WORDS, "--if-new", at=earlier)
    assert (again.code, again.out, again.err.split()[0]) == (Exit.NOTHING_NEW, "", "CAL002")
    assert run("promote", "3", at=earlier).code == Exit.DONE
    _check_a_refresh_of_a_refresh(run, earlier, found)


def _check_bundle(made: Installation, found: dict) -> None:
    old, new = bundle(made, "2"), bundle(made, "3")
    assert (new / "model.ubj").read_bytes() == (old / "model.ubj").read_bytes()
    read = read_bundle(new, signing_key(made.home).public_key())
    assert read.digest == found["digest"]
    assert read.calibrator.as_dict() == found["calibrator"]["after"] != found["calibrator"]["before"]
    told = read.about["recalibrated"]
    assert (told["from_run"], told["refit"]) == (found["from_run"], found["refit"])


def _check_run(made: Installation, found: dict) -> None:
    tracker = Tracker(made.mlruns)
    newest = tracker.runs(POOL)[0]
    assert (newest.version, newest.aliases, newest.status) == ("3", ("challenger",), "FINISHED")
    assert (newest.n_test, newest.log_loss_cod) == (
        found["judged"]["n"],
        found["scopes"][1]["after"]["log_loss"]["value"],
    )
    files = bundle(made, "3").parent
    assert {p.name for p in (files / "plots").iterdir()} == {"reliability.png", "reliability_cod.png"}
    card, model = (json.loads((files / "cards" / f"{n}_card.json").read_text()) for n in ("calibration", "model"))
    assert (card["from_run"], card["digest"]) == (found["from_run"], found["digest"])
    assert (model["calibrator"], model["identity"]["digest"]) == (found["calibrator"]["after"], found["digest"])
    assert "on the trees of version 2" in (files / "cards" / "model_card.html").read_text()
    page = (files / "cards" / "calibration_card.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == 2
    assert "not applicable" not in page


def _check_a_refresh_of_a_refresh(run: Run, made: Installation, found: dict) -> None:
    """Champion is now version 3: the same orders give the same calibrator, whatever it was refreshed from."""
    ran = run("calibrate", "--weeks", "20", at=made)
    assert ran.code == Exit.DONE, ran.err
    assert "version 3, trained through 2025-04-" in ran.out
    assert "log loss, after - before: " in ran.out
    assert "version 4 (challenger). Next: rto promote challenger --if-better" in ran.out
    told = read_bundle(bundle(made, "4"), signing_key(made.home).public_key())
    assert told.calibrator.as_dict() == found["calibrator"]["after"]
    low, high = run("promote", "challenger", "--dry-run", "--json", at=made).json["comparison"]["log_loss"][1:]
    assert low < 0 < high  # neither better nor worse than itself


def test_a_model_of_yesterday_has_nothing_to_be_calibrated_on(run: Run, installation: Installation):
    ran = run("calibrate", "--json", at=installation)
    assert (ran.code, ran.out, ran.err.split()[0]) == (Exit.TOO_LITTLE_HISTORY, "", "CAL001")
    assert "got 0 old enough to have an outcome" in ran.err


def test_a_bundle_that_was_altered_is_not_calibrated(run: Run, own: Installation):
    path = bundle(own, "1") / "bundle.json"
    path.write_text(path.read_text().replace('"a": ', '"a": 1'))
    ran = run("calibrate", at=own)
    assert (ran.code, ran.err.split()[0]) == (Exit.GATE_REFUSED, "MODEL002")


def test_it_takes_as_many_weeks_as_a_training_does(run: Run):
    assert re.search(rf"\[default: {WINDOW_DAYS // 7};", run("calibrate", "--help").out)
