"""May a schedule go by exit statuses: a better model, nothing new, not better, a check that fails, too little?"""

import shutil
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from data.contract import DAY
from data.errors import Exit
from tests.cli.conftest import Run
from tests.helpers.installation import Installation

PLAN = """
linear_penalties = [30.0]
[trees]
depths = [2]
max_trees = 60
learning_rate = 0.1
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return path


def test_a_week_without_news_ends_with_15_and_leaves_the_model(run: Run, own: Installation, plan: Path):
    words = ("train", "--plan", plan, "--if-new")
    serving = own.pool.champion.read_text()
    again = run(*words, at=own)  # the installation was trained by this very plan
    assert (again.code, again.out, again.err.split()[0]) == (Exit.NOTHING_NEW, "", "TRAIN005")
    assert own.pool.champion.read_text() == serving
    plan.write_text(PLAN.replace("60", "50"))
    assert run(*words, at=own).code == Exit.DONE
    assert run(*words, at=own).code == Exit.NOTHING_NEW
    assert run(*words, "--until", "2025-10-01", at=own).code == Exit.DONE


def test_a_challenger_that_is_not_better_ends_with_14_and_the_old_model_serves(run: Run, own: Installation, plan: Path):
    """Trained without the features that carry the signal, it cannot be better."""
    plan.write_text("leave_out = " + repr(["is_cod", *_rates()]) + PLAN)
    serving = own.pool.champion.read_text()
    assert run("train", "--plan", plan, "--if-new", at=own).code == Exit.DONE
    ran = run("promote", "challenger", "--if-better", "--json", at=own)
    assert (ran.code, ran.err.split()[0], ran.json["promoted"]) == (Exit.GATE_REFUSED, "GATE001", False)
    assert own.pool.champion.read_text() == serving


def _rates() -> list[str]:
    from features.catalog import FEATURES

    return [name for name in FEATURES if "rto" in name or "count" in name]


def test_a_history_that_fails_a_hard_check_ends_with_13_before_anything_is_trained(
    run: Run, own: Installation, plan: Path
):
    [segment] = own.pool.segments.iterdir()
    news = pq.read_table(segment / "news.parquet")
    late = pa.array(pc.add(news["known_at"], 4_000 * DAY), pa.int64())
    pq.write_table(
        news.set_column(news.column_names.index("happened_at"), "happened_at", late), segment / "news.parquet"
    )
    ran = run("train", "--plan", plan, "--if-new", at=own)
    assert (ran.code, ran.err[:5]) == (Exit.CHECK_FAILED, "DQ208"), ran.err
    assert run("check", at=own).code == Exit.CHECK_FAILED


def test_too_little_history_ends_with_12(run: Run, own: Installation, plan: Path):
    first = min(own.orders()["placed_at"].to_pylist())
    ran = run("train", "--plan", plan, "--until", (first + timedelta(days=2)).isoformat(), at=own)
    assert (ran.code, ran.err[:7]) == (Exit.TOO_LITTLE_HISTORY, "TRAIN00")


def test_better_is_published_and_ends_with_0(run: Run, own: Installation, plan: Path):
    shutil.rmtree(own.mlruns)
    own.pool.champion.unlink()
    assert run("train", "--plan", plan, "--if-new", at=own).code == Exit.DONE
    assert run("promote", "challenger", "--if-better", at=own).code == Exit.DONE
    assert own.pool.champion.exists()
