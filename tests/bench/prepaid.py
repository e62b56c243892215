"""`make bench-prepaid`: how well the risk *if paid before* is told for cash orders, beside the made-up market's truth.

Nobody ever sees the same order paid both ways; the market knows both chances. Cash orders of the untouched future are
asked about as prepaid in several ways; each is held against the true chance: mean told against mean true, root mean
square error, and the log loss it would have on outcomes drawn from the truth, above the truth's own; and the rupees that
decisions by it truly earn. Nothing is asserted.
"""

import argparse
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from data.console import table
from data.contract import Payment
from data.world.frozen import parameters_digest
from features.assemble import as_if_paid
from tests.bench.prepaid_money import AS_CASH, SERVED, worth_of
from tests.helpers.lab import Lab, lab_of
from tests.helpers.worlds import network
from training.plan import Plan
from training.run import fit_twin
from training.trees import Sample, fit_shape, probability

Array = np.ndarray[Any, Any]
SHARES = (0.85, 0.95)
_PSEUDO = 50.0  # prepaid orders of the average risk, added to each tenth


def told(lab: Lab) -> dict[str, Array]:
    """What each way says of the test orders (t,), the first as cash."""
    rows, plan = lab.rows, Plan()
    twin = fit_twin(rows, plan)
    x, features = twin.design.x, twin.design.features
    cod = twin.calibrator.apply(probability(twin.model.margin(x[lab.test])))
    switched = twin.calibrator.apply(probability(twin.model.margin(_as_paid(lab, twin, lab.test, Payment.PREPAID))))
    past = rows.blocks.train & ~rows.is_cod
    alone = fit_shape(Sample(x[past], rows.y_past[past]), features, twin.shape, plan.for_orders(int(rows.learn.sum())))
    said = {
        AS_CASH: cod,
        SERVED: switched,
        "a model of prepaid orders alone": probability(alone.margin(x[lab.test])),
        "the prepaid orders' rate, by tenth of the risk as cash": _by_tenth(lab, twin, cod),
    }
    for share in SHARES:
        said[f"one model, {share:.0%} of the drop"] = cod - share * np.maximum(cod - switched, 0)
    return said


def _as_paid(lab: Lab, twin: Any, rows: Array, method: Payment) -> Array:
    """What the model sees of some orders paid by `method`, as the service asks."""
    orders, made = {name: column[rows] for name, column in lab.rows.orders.items()}, twin.design
    return as_if_paid(made.x[rows], orders, method, made.shrinkage, made.features)


def _by_tenth(lab: Lab, twin: Any, cod: Array) -> Array:
    """Prepaid orders of the past, asked about as cash, in tenths; each tenth's rate shrunk towards that of all."""
    rows = lab.rows
    past = np.flatnonzero(rows.blocks.train & ~rows.is_cod)
    as_cash = _as_paid(lab, twin, past, Payment.COD)
    risk, y = twin.calibrator.apply(probability(twin.model.margin(as_cash))), rows.y_past[past]
    edges = np.quantile(risk, np.linspace(0.1, 0.9, 9))
    place, average = np.digitize(risk, edges), y.mean()
    rate = (np.bincount(place, y, 10) + _PSEUDO * average) / (np.bincount(place, minlength=10) + _PSEUDO)
    return np.asarray(rate[np.digitize(cod, edges)])


def judged(said: Array, true: Array) -> dict[str, float]:
    """Against the true chances (t,)."""
    q, p = np.clip(said, 1e-4, 1 - 1e-4), np.clip(true, 1e-6, 1 - 1e-6)
    loss = -(p * np.log(q) + (1 - p) * np.log1p(-q)) + p * np.log(p) + (1 - p) * np.log1p(-p)
    error = 1.96 * float(loss.std() / np.sqrt(len(loss)))
    return {"told": float(said.mean()), "true": float(true.mean()), "rmse": float(np.sqrt(np.mean((said - true) ** 2))),
            "loss": float(loss.mean()), "low": float(loss.mean()) - error, "high": float(loss.mean()) + error}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.prepaid", description=__doc__)
    parser.add_argument("--orders", type=int, default=200_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8])
    asked = parser.parse_args()
    found: dict[str, Any] = {"orders": asked.orders, "parameters": parameters_digest(), "markets": {}}
    for seed in asked.seeds:
        with tempfile.TemporaryDirectory() as folder:
            lab = lab_of(network(asked.orders, seed), Path(folder))
        at = lab.at[lab.test]
        paid = lab.world.truth["p_prepaid"].to_numpy()[at]
        cash = lab.world.truth["p_cod"].to_numpy()[at]
        said = told(lab)
        rows = {name: judged(p, cash if name == AS_CASH else paid) for name, p in said.items()}
        money = worth_of(lab, said, seed)
        found["markets"][seed] = {"n": len(at), "ways": rows, "money": money}
        print(f"\nseed {seed}, {len(at):,} cash orders of the untouched future")
        table(("way", "told", "true", "error (rms)", "log loss above the truth's", "95 %"),
              [(name, *(f"{r[k]:.4f}" for k in ("told", "true", "rmse", "loss")), f"{r['low']:.4f} to {r['high']:.4f}")
               for name, r in rows.items()])  # fmt: skip
        print("\nRs per 1,000 cash orders, against what is served")
        table(("risk if prepaid by", "more", "95 %"), [(m["what"], m["value"], m["interval"]) for m in money])
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / f"prepaid-{datetime.now(UTC):%Y-%m-%dT%H%M%S}.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
