"""`make bench-world`: how far from the possible is the project's own model, on made-up markets of a size tests cannot bear.

Everybody is judged on the same cash orders: those of the model's untouched future. Nothing here is asserted, but an
alarm that rings is told, and then the command ends with status 1.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from data.world.additive import best_additive
from data.world.oracle import entity_oracle
from data.world.outcomes import draw_luck
from data.world.simulate import World
from tests.helpers.lab import Lab, lab_of
from tests.helpers.worlds import network
from training.evaluation import measure
from training.leak_alarm import leak_alarm
from training.plan import Plan
from training.run import fit_twin
from training.trees import probability


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
    return {
        "drawn p: all traits, delay, shocks": drawn(world)[at],
        "all traits and intent": world.truth["p_cod"].to_numpy()[at],
        "entity oracle": entity_oracle(world.inner)[at],
        "observable oracle": lab.oracle[lab.test],
        "best additive oracle": additive[at],
        "the project's default model": model,
        "observable oracle and all features": beside,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=200_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    asked, rang = parser.parse_args(), False
    print(f"preset network, {asked.orders:,} orders, cash orders of the untouched future\n")
    for seed in asked.seeds:
        with tempfile.TemporaryDirectory() as folder:
            lab = lab_of(network(asked.orders, seed), Path(folder))
        print(f"seed {seed}: {lab.test.sum():,} orders, {lab.y.mean():.4f} came back")
        for name, p in scores(lab).items():
            found = measure(p, lab.y)
            print(f"  {name:<38} AUC {found.auc:.4f}  log loss {found.log_loss:.4f}", flush=True)
            if name.startswith(("the project", "observable oracle and")):
                alarm = leak_alarm(p, lab.oracle[lab.test], lab.y)
                rang |= alarm.rings
                print(f"    beside the oracle: {alarm.auc_gain:+.4f} AUC (limit {alarm.auc_limit:.4f}), "
                      f"{alarm.log_loss_gain:+.4f} log loss (limit {alarm.log_loss_limit:.4f})"
                      f"{': THE ALARM RINGS' if alarm.rings else ''}", flush=True)  # fmt: skip
    return int(rang)


if __name__ == "__main__":
    sys.exit(main())
