"""From a pool to a judged and recorded backtest."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data.checking import check_history
from data.checks.check import Purpose
from data.console import Tell
from data.expectations import require
from data.pool import Pool
from training.backtest import backtest
from training.backtest_figures import figures
from training.backtest_record import record
from training.beside import read_beside
from training.held_out import history_to_learn_from
from training.origins import BacktestPlan
from training.plan import Plan
from training.run_record import parameters
from training.tracking import Tracker


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to backtest: origins and spans; nothing known after `until`; files of probabilities from elsewhere."""

    asked: BacktestPlan
    until: int | None = None
    beside: tuple[Path, ...] = ()


def backtest_pool(pool: Pool, tracker: Tracker, plan: Plan, wanted: Wanted, tell: Tell) -> dict[str, Any]:
    """Load, check, train and judge at each origin, record. Returns what the command shows."""
    tell("load the history", 0, 1)
    history = history_to_learn_from(pool)
    tell("check", 0, 1)
    require(check_history(history).judged_for(Purpose.TRAINING))
    others = tuple(read_beside(path, history.orders) for path in wanted.beside)
    found = backtest(history, plan, wanted.asked, wanted.until, others, tell)
    about = {"pool": pool.name, "plan": asdict(wanted.asked), "seed": plan.seed, "until": found.rows.moments.until}
    result = {**about, "beside": [one.name for one in others], **figures(found)}
    tell("track", 0, 1)
    flat = parameters(plan, found.rows.moments) | {name: str(value) for name, value in asdict(wanted.asked).items()}
    flat.pop("cut")  # each origin has its own
    return result | record(tracker, found, result, flat)
