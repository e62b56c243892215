"""Does `rto simulate` write whole folders or none, judge the market, and refuse what it cannot do?"""

import fcntl
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from data.errors import Exit, UsageError
from data.world import presets
from data.world.frozen import parameters_digest
from data.world.oracle import observable_oracle
from data.world.presets import NETWORK
from data.world.simulate import simulate
from data.world.write import NEWS_FILE, ORDERS_FILE, TRUTH, check_empty, new_folder
from tests.cli.conftest import Run
from tests.helpers.commands import command, environment
from tests.helpers.installation import Installation, wait_for

TINY = ("simulate", "--orders", "1000", "--seed", "3")


def test_the_market_is_named_by_its_parameters_and_its_bytes(run: Run, tmp_path: Path):
    ran = [run(*TINY, "--out", tmp_path / name, "--json") for name in "ab"]
    assert [one.code for one in ran] == [Exit.DONE, Exit.DONE]
    first, again = (one.json for one in ran)
    assert first["parameters"] == parameters_digest()
    assert (first["preset"], first["orders"], first["seed"]) == ("demo", 1_000, 3)
    assert first[ORDERS_FILE] == again[ORDERS_FILE]
    assert first[NEWS_FILE] == again[NEWS_FILE] != first[ORDERS_FILE]
    assert "made up" in ran[0].err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_market_made_for_monitors_or_for_replays_says_so(run: Run, tmp_path: Path):
    plain, asked = tmp_path / "plain", tmp_path / "asked"
    assert run(*TINY, "--out", plain).code == Exit.DONE
    words = ("--shift", "concept", "--shift-at", "0.5", "--logging", "old_model", "--explore", "0.2")
    assert run(*TINY, "--out", asked, *words).code == Exit.DONE
    mark, odd = (json.loads((folder / "world.json").read_text()) for folder in (plain, asked))
    assert (mark["shift"], odd["shift"]) == ("its own", "concept at 0.5 of the period")
    assert odd["logging"] == "old_model, 0.2 of cash orders explored"
    assert mark["logging"].startswith("none, 0 of")
    truth, usual = (pq.read_table(folder / "truth" / "orders.parquet") for folder in (asked, plain))
    assert set(usual["action"].to_pylist()) == {"allow_cod"} < set(truth["action"].to_pylist())
    assert 0.4 < truth["shift"].to_numpy().mean() < 0.6


def test_import_and_training_never_open_the_truth(installation: Installation):
    assert sorted(path.name for path in (installation.market / "truth").iterdir()) == sorted(TRUTH)
    assert installation.peeked.read_text() == ""


def test_check_prints_every_marginal_and_ends_with_13_when_one_is_out(run: Run, monkeypatch: pytest.MonkeyPatch):
    odd = replace(NETWORK, news=replace(NETWORK.news, lost=0.15))
    monkeypatch.setitem(presets.PRESETS, "network", odd)
    ran = run("simulate", "--preset", "network", "--orders", "2000", "--check")
    assert ran.code == Exit.CHECK_FAILED
    assert ran.err.splitlines()[-3].startswith("W005 network: got ")
    [line] = [line for line in ran.out.splitlines() if line.startswith("lost ")]
    assert "OUT" in line
    assert "assumed" in line


def test_check_says_the_same_as_json(run: Run):
    ran = run("simulate", "--preset", "network", "--orders", "2000", "--check", "--json")
    assert ran.code in (Exit.DONE, Exit.CHECK_FAILED)
    told = json.loads(ran.out)["marginals"]
    assert {"name", "value", "least", "most", "source", "in_band"} == set(told[0])
    assert (ran.code == Exit.DONE) == all(one["in_band"] is not False for one in told)


def test_a_market_too_small_to_judge_is_neither_cleared_nor_blamed(run: Run):
    ran = run("simulate", "--preset", "network", "--orders", "2000", "--check", "--json")
    undecided = [one for one in json.loads(ran.out)["marginals"] if one["in_band"] is None]
    assert {"COD AUC, observable oracle", "RTO share, COD"} <= {one["name"] for one in undecided}
    assert f"too few orders to judge {len(undecided)} of" in ran.err
    assert (ran.code == Exit.DONE) == ("W005" not in ran.err)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--out", "x", "--preset", "metropolis"), Exit.PLAN, "W001 preset: got metropolis"),
        (("--out", "x", "--orders", "5"), Exit.PLAN, "W002 orders: got 5"),
        (("--out", "x", "--seed", "-1"), Exit.PLAN, "W002 seed: got -1"),
        (("--out", "x", "--until", "1990-01-01"), Exit.PLAN, "W002 until: got 1990-01-01"),
        (("--out", "x", "--shift", "sudden"), Exit.PLAN, "W002 --shift: got sudden"),
        (("--out", "x", "--shift", "mix", "--shift-at", "7"), Exit.PLAN, "W002 --shift-at: got 7"),
        (("--out", "x", "--logging", "oracle"), Exit.PLAN, "W002 --logging: got oracle"),
        (("--out", "x", "--explore", "1.5"), Exit.PLAN, "W002 --explore: got 1.5"),
        (("--check", "--shift", "none"), Exit.USAGE, "CLI008 --shift: got --check"),
        ((), Exit.USAGE, "CLI008 --out: got nothing"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], status: Exit, said: str
):
    monkeypatch.chdir(tmp_path)
    ran = run("simulate", *words)
    assert (ran.code, ran.err.startswith(said)) == (status, True), ran.err
    assert [*tmp_path.iterdir()] == []


def test_a_folder_that_holds_anything_is_refused_at_once(run: Run, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    ran = run(*TINY, "--out", tmp_path)
    assert (ran.code, ran.err.split()[0]) == (Exit.USAGE, "W003")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_another_run_writes_is_left_to_it(run: Run, tmp_path: Path):
    beside = tmp_path / ".market.unfinished"
    beside.mkdir()
    handle = os.open(beside, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    ran = run(*TINY, "--out", tmp_path / "market")
    os.close(handle)
    assert (ran.code, ran.err.split()[0]) == (Exit.USAGE, "W004")
    assert run(*TINY, "--out", tmp_path / "market").code == Exit.DONE


def test_a_folder_that_cannot_be_made_is_refused(run: Run, tmp_path: Path):
    (tmp_path / "file").write_text("x")
    ran = run(*TINY, "--out", tmp_path / "file" / "market")
    assert (ran.code, ran.err.split()[0]) == (Exit.USAGE, "W006")


def test_a_killed_run_leaves_no_folder_of_that_name_and_a_restart_says_what_it_does(run: Run, tmp_path: Path):
    out, beside = tmp_path / "market", tmp_path / ".market.unfinished"
    words = command("simulate", "--preset", "network", "--orders", "60000", "--out", str(out))
    home = environment(tmp_path / "home", tmp_path / "home" / "mlruns")
    running = subprocess.Popen(words, env=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: (beside / ORDERS_FILE).exists() or running.poll() is not None, 120)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert not out.exists()
    assert beside.exists()
    ran = run(*TINY, "--out", out)
    assert ran.code == Exit.DONE
    assert "interrupted" in ran.err
    assert "made anew" in ran.err
    assert (out / "world.json").exists()
    assert not beside.exists()


def test_what_somebody_else_put_beside_is_not_cleared_away(tmp_path: Path):
    beside = tmp_path / ".market.unfinished"
    beside.mkdir()
    (beside / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="W003") as refusal, new_folder(tmp_path / "market"):
        pass
    assert "thesis.txt" in refusal.value.got
    assert (beside / "thesis.txt").exists()


def test_a_run_that_fails_leaves_nothing_behind(tmp_path: Path):
    def stopped_half_way() -> None:
        with new_folder(tmp_path / "market") as folder:
            (folder / ORDERS_FILE).write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped_half_way()
    assert [*tmp_path.iterdir()] == []
    check_empty(tmp_path / "market")
    assert sys.platform


def test_the_oracles_word_on_every_order_is_written_apart_or_not_at_all(run: Run, tmp_path: Path):
    path = tmp_path / "said" / "oracle.parquet"
    ran = run("simulate", "--preset", "network", "--orders", "1000", "--seed", "3", "--oracle", path, "--json")
    assert (ran.code, ran.json["oracle"]) == (Exit.DONE, str(path))
    world = simulate(NETWORK, 1_000, 3, 1_782_777_600_000_000, lambda done, total: None)
    said = pq.read_table(path)
    assert said["order_id"].to_pylist() == world.truth["order_id"].to_pylist()
    assert np.array_equal(said["p"].to_numpy(), observable_oracle(world.inner).p)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    (tmp_path / "file").write_text("in the way")
    ran = run(*TINY, "--out", tmp_path / "market", "--oracle", tmp_path / "file" / "oracle.parquet")
    assert (ran.code, ran.err.split()[0]) == (Exit.USAGE, "W006")
    assert not (tmp_path / "market").exists()
