"""Does `rto backtest` judge, record and show what it judged, and refuse what it cannot judge?"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import Exit
from tests.cli.conftest import Ran, Run
from tests.helpers.installation import POOL, Installation
from training.backtest_commands import show_backtest
from training.backtest_record import experiment_of
from training.tracking import Tracker

QUICK = "linear_penalties = [30.0]\n[trees]\ndepths = [2]\nmax_trees = 30\nlearning_rate = 0.1\n"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "quick.toml"
    path.write_text(QUICK)
    return path


def test_a_backtest_is_judged_shown_and_kept(
    run: Run, own: Installation, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    beside = tmp_path / "coin.parquet"
    ids = pd.unique(own.orders()["order_id"].to_pandas())
    pd.DataFrame({"order_id": ids, "p": np.linspace(0.1, 0.5, len(ids))}).to_parquet(beside)
    words = ("--plan", plan, "--span-days", "20", "--weekly-days", "28", "--beside", beside)
    ran = run("backtest", *words, "--json", at=own)
    assert (ran.code, ran.err) == (Exit.DONE, "")
    result = ran.json
    show_backtest(result)
    shown = capsys.readouterr().out
    for part in ("COD only: ", "coin", "logistic regression", "model against coin", "model, recalibrated weekly"):
        assert part in shown
    assert f"{result['scopes'][1]['models']['model']['auc']['mean']:.4f}" in shown
    kept(own, result)
    assert [row.version for row in Tracker(own.mlruns).runs(POOL)] == ["1"]  # rto runs lists models alone


def kept(own: Installation, result: dict) -> None:
    """The run in MLflow, and its files."""
    client = Tracker(own.mlruns).client()
    [tracked] = client.search_runs([client.get_experiment_by_name(experiment_of(POOL)).experiment_id])
    assert (tracked.info.run_id, tracked.info.status) == (result["run_id"], "FINISHED")
    cod, figures = result["scopes"][1], tracked.data.metrics
    assert figures["cod.model.auc"] == cod["models"]["model"]["auc"]["mean"]
    assert figures["cod.minus_coin.log_loss.high"] == cod["against"]["coin"]["log_loss"]["high"]
    steps = client.get_metric_history(result["run_id"], "cod.model.auc.by_origin")
    assert [step.value for step in steps] == [one[0] for one in cod["models"]["model"]["auc"]["by_origin"]]
    assert tracked.data.params["span_days"] == "20"
    files = Path(result["files"])
    assert {path.name for path in (files / "plots").iterdir()} == {
        f"{n}.png" for n in ("origins", "slices", "reliability", "weekly")
    }
    assert all(path.read_bytes().startswith(PNG) for path in (files / "plots").iterdir())
    assert "Cash on delivery only" in (files / "backtest.html").read_text()
    said = pd.read_parquet(files / "predictions" / "backtest.parquet")
    assert len(said) == result["scopes"][0]["n"]
    assert said.groupby("origin").size().tolist() == [one["judged"] for one in result["origins"]]


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (("--span-days", "200"), Exit.TOO_LITTLE_HISTORY, "BACK001"),
        (("--beside", "absent.parquet"), Exit.DATA, "BACK003"),
        (("--origins", "3"), Exit.USAGE, "Usage:"),
        (("--plan", "unknown"), Exit.PLAN, "PLAN002"),
    ],
    ids=["too short", "no such file", "too few origins", "unknown key"],
)
def test_what_cannot_be_judged_is_refused_and_leaves_no_run(
    run: Run, installation: Installation, tmp_path: Path, words: tuple[str, ...], code: int, named: str
):
    unknown = tmp_path / "plan.toml"
    unknown.write_text("span_dayz = 3\n")
    ran: Ran = run("backtest", *(unknown if word == "unknown" else word for word in words), at=installation)
    assert (ran.code, ran.err.split()[0]) == (code, named)
    assert Tracker(installation.mlruns).client().get_experiment_by_name(experiment_of(POOL)) is None
