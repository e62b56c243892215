"""From a pool to a judged and recorded backtest."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from data.checks.check import Purpose
from data.console import Tell
from data.expectations import require
from data.importing import check_history
from data.pool import Pool
from data.segments import load_history
from training.backtest import backtest
from training.backtest_figures import figures
from training.beside import read_beside
from training.origins import BacktestPlan
from training.plan import Plan


def backtest_pool(
    pool: Pool, plan: Plan, asked: BacktestPlan, until: int | None, beside: tuple[Path, ...], tell: Tell
) -> dict[str, Any]:
    """Load, check, train and judge at each origin. Returns what the command shows."""
    tell("load the history", 0, 1)
    history = load_history(pool)
    tell("check", 0, 1)
    require(check_history(history).judged_for(Purpose.TRAINING))
    others = tuple(read_beside(path, history.orders) for path in beside)
    found = backtest(history, plan, asked, until, others, tell)
    return {"pool": pool.name, "plan": asdict(asked), "seed": plan.seed, **figures(found)}
