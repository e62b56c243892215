"""`make bench-reasons`: do reasons hold on the made-up market `network`? They add up, taken away they lower, retrained they stay.

Two bundles are trained: now, and with another seed some weeks earlier. Asked are the newest cash orders, which neither has learned
from as they ended. Prints the table and writes it as dated JSON; nothing is asserted.
"""

import argparse
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from data.console import table
from data.contract import DAY
from data.world.frozen import parameters_digest
from features.assemble import matrix
from serving.scores.reason_wording import GROUPS
from serving.scores.reasons import Why, reasons
from tests.helpers.lab import history_of_world
from tests.helpers.reason_trials import off_the_margin, overlap, strongest, without_one
from tests.helpers.worlds import network
from training.evaluation import wilson
from training.plan import Plan
from training.rows import Rows
from training.run import Outcome, train

Array = np.ndarray[Any, Any]
NEWEST, DRAWS = 2_000, 400
NAMED = 0.1  # of the log-odds: 2 % of the risk in the middle


def held(now: Outcome, before: Outcome, seed: int) -> list[dict[str, Any]]:
    """Each promise with its figure, 95 % interval and goal."""
    rows, rng = now.rows, np.random.default_rng(seed)
    at = np.flatnonzero(rows.is_cod)[-NEWEST:]
    x = _seen(now, rows, at)
    named = reasons(Why(now.bundle.seen(x), {}, [False] * len(x)), len(GROUPS)).part.max(axis=1) >= NAMED
    first, last = without_one(now.bundle, x[named], 0) > 0, without_one(now.bundle, x[named], -1) > 0
    a, b = strongest(now.bundle, rows, at), strongest(before.bundle, rows, at)
    return [
        {"what": "most by which groups miss the log-odds", "value": f"{off_the_margin(now.bundle, x):.1e}", "interval": "", "goal": "<= 1e-06"},
        {"what": "orders whose risk falls without their first raising reason", **_share(first), "goal": ">= 99 %"},
        {"what": "control: that rises with their first lowering reason", **_share(last), "goal": "near 0 %"},
        {"what": "strongest three that another training tells too", **_mean(overlap(a, b), rng), "goal": ">= 70 %"},
        {"what": "control: the same of another order", **_mean(overlap(a, b[1:] + b[:1]), rng), "goal": "below"},
    ]  # fmt: skip


def _seen(outcome: Outcome, rows: Rows, at: Array) -> Array:
    orders = {name: column[at] for name, column in rows.orders.items()}
    readings = {one: values[at] for one, values in rows.readings.items()}
    return matrix(orders, readings, outcome.bundle.shrinkage, outcome.bundle.features)


def _share(true: Array) -> dict[str, str]:
    low, high = wilson(int(true.sum()), len(true))
    return {"value": f"{true.mean():.1%}", "interval": f"{low:.1%} to {high:.1%}"}


def _mean(each: Array, rng: np.random.Generator) -> dict[str, str]:
    low, high = np.quantile([rng.choice(each, len(each)).mean() for _ in range(DRAWS)], (0.025, 0.975))
    return {"value": f"{each.mean():.1%}", "interval": f"{low:.1%} to {high:.1%}"}


def _quietly(*_: Any) -> None:
    """Progress nobody looks at."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reasons", description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7, help="of the market and of the first training")
    parser.add_argument("--days-before", type=int, default=45, help="so much earlier is the second training")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        history = history_of_world(network(asked.orders, asked.seed), Path(folder))
    until = history.known_through
    now = train(history, Plan(seed=asked.seed), until, _quietly)
    before = train(history, Plan(seed=asked.seed + 1), until - asked.days_before * DAY, _quietly)
    rows = held(now, before, asked.seed)
    print(f"preset network, {asked.orders:,} orders, seed {asked.seed}, the {NEWEST:,} newest cash orders\n")
    table(("cash orders", "value", "95 %", "goal"), [(r["what"], r["value"], r["interval"], r["goal"]) for r in rows])
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    about = {
        "orders": asked.orders,
        "seed": asked.seed,
        "days_before": asked.days_before,
        "parameters": parameters_digest(),
    }
    (results / f"reasons-{datetime.now(UTC):%Y-%m-%dT%H%M%S}.json").write_text(
        json.dumps({"about": about, "rows": rows}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
