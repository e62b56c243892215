"""`rto monitor`: quiet, drift and a broken promise by exit status; the page in MLflow and where it was asked for."""

import re
from pathlib import Path

import orjson
import pyarrow.compute as pc
import pytest

from data.contract import DAY, SECOND
from data.errors import Exit
from tests.cli.conftest import Run
from tests.helpers.installation import ENDS, POOL, Installation, rfc3339, silent
from tests.helpers.markets import QUICK_PLAN
from training.release import train_pool
from training.tracking import Tracker

DEAF = "auc_off = 0.5\nproxy_off = 1.0\ncalibration_off = 1.0\nslope_off = 1.0\n"


def test_of_a_model_that_learned_from_nearly_all_nothing_can_be_told_yet(run: Run, own: Installation, tmp_path: Path):
    ran = run("monitor", "--json", "--out", tmp_path / "new" / "page.html", at=own)
    assert ran.code == Exit.DONE
    told = ran.json
    assert told["status"] == "quiet"
    assert {one["state"] for one in told["alarms"]} == {"not applicable"}
    kept = Path(told["page"])
    assert kept.is_relative_to(own.mlruns / "artifacts" / POOL)
    assert kept.read_bytes() == (tmp_path / "new" / "page.html").read_bytes()
    assert orjson.loads((kept.parent / "monitor.json").read_bytes())["moment"] == told["moment"]


@pytest.fixture
def older(own: Installation) -> Installation:
    """Beside the champion a run that learned 75 days earlier: version 2."""
    train_pool(own.pool, own.mlruns, QUICK_PLAN, ENDS - 75 * DAY, silent)
    return own


def came_back_after_all(made: Installation, to: Path) -> Path:
    """News that every second delivered order of the last 90 days came back."""
    news = made.news()
    told = news.filter(pc.equal(news["type"], "delivered")).to_pylist()
    late = [one for one in told if one["happened_at"].timestamp() * SECOND > ENDS - 90 * DAY][::2]
    rows = [
        {"event_id": f"back-{one['order_id']}", "order_id": one["order_id"], "merchant_id": one["merchant_id"],
         "type": "rto_started", "happened_at": rfc3339(ENDS - DAY), "known_at": rfc3339(ENDS - DAY), "source": "audit"}
        for one in late
    ]  # fmt: skip
    with to.open("w") as file:
        file.write(",".join(rows[0]) + "\n" + "\n".join(",".join(row.values()) for row in rows))
    return to


def test_drift_ends_with_16_and_a_broken_promise_with_17(run: Run, older: Installation, tmp_path: Path):
    plan = tmp_path / "plan.toml"
    plan.write_text(f"psi = 0.001\npart_off = 0.0001\n{DEAF}")
    moved = run("monitor", "--run", "2", "--plan", plan, at=older)
    assert moved.code == Exit.DRIFT
    assert "MON101 rto-risk-demo version 2, all orders: got" in moved.err
    assert "to do     see which bins moved" in moved.err
    assert re.search(r"^MON202 +all orders +quiet +[+-]0\.\d{3} ", moved.out, re.M)

    back = came_back_after_all(older, tmp_path / "back.csv")
    files = older.market / "orders.parquet", back
    assert run("import", *files, "--mapping", "native", "--pool", POOL, at=older).code == Exit.DONE
    broken = run("monitor", "--run", "2", "--json", at=older)
    assert broken.code == Exit.PROMISE_BROKEN
    assert broken.json["status"] == "broken"
    assert "MON202 rto-risk-demo version 2" in broken.err
    assert "rto calibrate" in broken.err
    metrics = Tracker(older.mlruns).client().get_run(broken.json["identity"]["run"]).data.metrics
    assert metrics["monitor.all.MON202.raised"] == 1.0


def test_a_run_that_is_not_there_and_a_plan_that_is_none_are_refused(run: Run, installation: Installation):
    assert run("monitor", "--run", "nobody", at=installation).err.startswith("RUN001")
    assert run("monitor", "--plan", "/nowhere.toml", at=installation).code == Exit.PLAN
