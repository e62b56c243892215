"""`make bench-world`: how far from the possible is the project's own model, on made-up markets of a size tests cannot bear.

Everybody is judged on the same cash orders: those of the model's untouched future. Nothing here is asserted, but an
alarm that rings is told, and then the command ends with status 1. Prints a table and writes
tests/bench/results/world-DATE.json.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from data.world.additive import best_additive
from data.world.frozen import parameters_digest
from data.world.oracle import entity_oracle
from data.world.outcomes import draw_luck
from data.world.page import MEASURED
from data.world.simulate import World
from tests.helpers.lab import Lab, lab_of
from tests.helpers.worlds import network
from training.evaluation import measure
from training.leak_alarm import leak_alarm
from training.plan import Plan
from training.run import fit_twin
from training.trees import probability

LEARNERS = ("the project's default model", "observable oracle and all features")


def drawn(world: World) -> Any:
    """(n,) the chance once an order's own shocks and delay are known."""
    inner = world.inner
    logits = inner.cash.where(inner.orders.cod, inner.paid)
    luck = draw_luck(world.seed, world.n_orders)
    return luck.risk(world.preset.causes, logits, inner.transit.delay_bucket)


def scores(lab: Lab) -> dict[str, Any]:
    """What each says of the test orders, the one who knows most first."""
    world, at = lab.world, lab.at[lab.test]
    learn = np.zeros(world.n_orders, dtype=bool)
    learn[lab.at[lab.learn]] = True
    additive = best_additive(world.inner, lab.words, learn)
    twin = fit_twin(lab.rows, Plan())
    model = twin.calibrator.apply(probability(twin.model.margin(twin.design.x[lab.test])))
    beside = lab.boost(lab.made.x, lab.oracle, n_trees=60)
    own, both = LEARNERS
    return {
        "drawn p: all traits, delay, shocks": drawn(world)[at],
        "all traits and intent": world.truth["p_cod"].to_numpy()[at],
        "entity oracle": entity_oracle(world.inner)[at],
        "observable oracle": lab.oracle[lab.test],
        "best additive oracle": additive[at],
        own: model,
        both: beside,
    }


def judge(orders: int, seed: int) -> dict[str, Any]:
    """One market: the AUC and log loss of each, and how the two that learn stand beside the observable oracle."""
    with tempfile.TemporaryDirectory() as folder:
        lab = lab_of(network(orders, seed), Path(folder))
    said: dict[str, Any] = {"seed": seed, "n": int(lab.test.sum()), "rto_share": float(lab.y.mean()), "rows": {}}
    print(f"seed {seed}: {said['n']:,} orders, {said['rto_share']:.4f} came back")
    for name, p in scores(lab).items():
        found = measure(p, lab.y)
        row: dict[str, Any] = {"auc": found.auc, "log_loss": found.log_loss}
        said["rows"][name] = row
        print(f"  {name:<38} AUC {found.auc:.4f}  log loss {found.log_loss:.4f}", flush=True)
        if name in LEARNERS:
            alarm = leak_alarm(p, lab.oracle[lab.test], lab.y)
            row["alarm"] = {**asdict(alarm), "rings": alarm.rings}
            print(f"    beside the oracle: {alarm.auc_gain:+.4f} AUC (limit {alarm.auc_limit:.4f}), "
                  f"{alarm.log_loss_gain:+.4f} log loss (limit {alarm.log_loss_limit:.4f})"
                  f"{': THE ALARM RINGS' if alarm.rings else ''}", flush=True)  # fmt: skip
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=200_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    parser.add_argument("--keep", action="store_true", help="also for docs/world.md, which is then to be made anew")
    asked = parser.parse_args()
    print(f"preset network, {asked.orders:,} orders, cash orders of the untouched future\n")
    now = datetime.now(UTC)
    about = {"at": f"{now:%Y-%m-%d}", "preset": "network", "orders": asked.orders, "parameters": parameters_digest()}
    told = {**about, "markets": [judge(asked.orders, seed) for seed in asked.seeds]}
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    for path in (results / f"world-{now:%Y-%m-%dT%H%M%S}.json", *([MEASURED] if asked.keep else [])):
        path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    alarms = [row["alarm"] for market in told["markets"] for row in market["rows"].values() if "alarm" in row]
    return int(any(alarm["rings"] for alarm in alarms))


if __name__ == "__main__":
    sys.exit(main())
