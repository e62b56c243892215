"""`make bench-money`: what decisions earn on the made-up market `network`, cash orders only, beside the observable oracle.

The model learns from the past of a cut, and anew a month later and a month after that, as a scheduled retrain does; every
cash order placed in the month after a cut is decided by expected value and by simpler policies, and valued by what each action truly leads to in that world. Prints the table, writes it as dated JSON; nothing is asserted.
"""

import argparse
import json
import os
import platform
import tempfile
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from data.console import table
from data.contract import DAY
from data.imports.importing import Request, import_files
from data.pool import Pool
from data.world.frozen import parameters_digest
from data.world.oracle import observable_oracle
from data.world.presets import NETWORK
from data.world.simulate import World, simulate
from data.world.write import write_world
from serving.policies.past import Past
from serving.policies.past_making import past_of
from serving.scores.score_file import published
from tests.bench import simulate_policy
from tests.bench.money_page import DECISIONS, put
from tests.bench.money_table import Decided, goals
from tests.bench.money_truth import earned
from tests.helpers.trials import covered
from training.plan import Plan
from training.release import promote, train_pool
from training.tracking import Tracker

Array: TypeAlias = np.ndarray[Any, Any]

UNTIL = 1_782_777_600_000_000
MONTH, MONTHS = 30 * DAY, 3
REPLAYS = 1_000
_PSEUDO = 10.0
HEADERS = ("cash orders", "value", "95 %", "goal")


def quiet(*_: Any) -> None:
    """Progress nobody looks at."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.money", description=__doc__)
    parser.add_argument("--orders", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=7, help="of the market")
    parser.add_argument("--show", dest="shown", type=Path, help="measure nothing: show a JSON written before")
    parser.add_argument("--write", action="store_true", help="refresh docs/money.md")
    asked = parser.parse_args()
    found = json.loads(asked.shown.read_text()) if asked.shown else _fresh(asked.orders, asked.seed)
    about, rows = found["about"], [[row[c] for c in ("what", "value", "interval", "goal")] for row in found["rows"]]
    said = (
        f"preset {about['preset']}, {about['orders']:,} orders, seed {about['seed']}, "
        f"{about['cash_orders_decided']:,} cash orders decided, {about['at'][:10]}"
    )
    print(f"{said}\n")
    table(HEADERS, [tuple(row) for row in rows])
    if asked.write:
        put(DECISIONS, f"{said}.", HEADERS, rows)


def _fresh(orders: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        decided = measured(Path(folder), orders, seed)
    about = {"preset": NETWORK.name, "orders": orders, "seed": seed, "cash_orders_decided": len(decided.value),
             "parameters": parameters_digest(), "at": datetime.now(UTC).isoformat(timespec="seconds"),
             "python": platform.python_version(), "cores": os.cpu_count()}  # fmt: skip
    found = {"about": about, "rows": goals(decided, np.random.default_rng(seed)) + _coverage(seed) + _simulated()}
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    name = datetime.fromisoformat(about["at"]).strftime("money-%Y-%m-%dT%H%M%S.json")
    (results / name).write_text(json.dumps(found, indent=1))
    return found


def measured(folder: Path, orders: int, seed: int) -> Decided:
    """The cash orders after the cut: what the model and the oracle say of them, and what each action truly earns."""
    world = simulate(NETWORK, orders, seed, UNTIL, quiet)
    pool = Pool(folder, "network")
    market = folder / "market"
    write_world(world, market)
    files = [market / "orders.parquet", market / "news.parquet"]
    import_files(folder, Request(files, "native", None, "network", None, False), quiet)
    oracle = observable_oracle(world.inner).p
    months = []
    for cut in (UNTIL - ago * MONTH for ago in range(MONTHS, 0, -1)):
        train_pool(pool, folder / "mlruns", Plan(), cut, quiet)
        promote(pool, Tracker(folder / "mlruns"), "challenger", if_better=False, dry_run=False)
        months.append(_decided(world, oracle, past_of(pool, published(pool), UNTIL + DAY, quiet), cut))
    return Decided(*(np.concatenate([getattr(one, field.name) for one in months]) for field in fields(Decided)))


def _decided(world: World, oracle: Array, past: Past, cut: int) -> Decided:
    """Orders of the month after the cut that are paid in cash and neither cancelled nor lost whatever is done."""
    placed_at = np.asarray(past.column("placed_at"))
    place = {order_id: i for i, order_id in enumerate(world.truth["order_id"].to_pylist())}
    after = np.flatnonzero((placed_at >= cut) & (placed_at < cut + MONTH))
    rows = np.array([place[past.order_id(int(row))] for row in after])
    open_to = world.truth["cod"].to_numpy() & np.isin(world.truth["ends_if_shipped"].to_numpy(), (0, 1))
    amount = np.asarray(past.column("amount_minor"), dtype=float)[after]
    fee = np.nan_to_num(np.asarray(past.column("shipping_fee_minor"), dtype=float)[after])
    value = np.nan_to_num(amount - fee)
    usable = open_to[rows] & (value >= 1)
    after, rows, value = after[usable], rows[usable], value[usable].astype(np.int64)
    before = np.flatnonzero(placed_at < cut)
    known = np.array([place[past.order_id(int(row))] for row in before])
    before, known = before[open_to[known]], known[open_to[known]]
    said = [np.asarray(past.column(name), dtype=np.int64)[after] for name in ("k", "q")]
    pins = past.text("pincode")
    truth = world.truth.take(rows)
    ends = world.truth["ends_if_shipped"].to_numpy()
    return Decided(
        value=value,
        k=said[0],
        q=said[1],
        oracle=np.rint(oracle[rows] * 1000).astype(np.int64),
        buyer=truth["person"].to_numpy(),
        pin_rate=_rate_by(np.asarray(pins.coded), before, ends[known] == 1)[after],
        good=truth["ends_if_shipped"].to_numpy() == 0,
        money=earned(truth, value, NETWORK.effects),
    )


def _rate_by(code: Array, rows: Array, came_back: Array) -> Array:
    """(n,) share that came back of the earlier `rows` with the same code, drawn to that of all as by ten orders more."""
    n, all_ = int(code.max()) + 2, float(came_back.mean())
    back, seen = (np.bincount(code[rows] + 1, weights, n) for weights in (came_back, np.ones(len(rows))))
    return np.asarray(((back + _PSEUDO * all_) / (seen + _PSEUDO))[code + 1])


def _coverage(seed: int) -> list[dict[str, str]]:
    found = covered(REPLAYS, seed)
    return [{"what": f"95 % intervals of {way} hold the truth, {REPLAYS:,} light replays", "value": f"{share:.1%}",
             "interval": "", "goal": "93.5-96.5 %"} for way, share in found.items()]  # fmt: skip


def _simulated() -> list[dict[str, str]]:
    """How long a merchant waits for what a policy would have done."""
    times, _ = simulate_policy.measured()
    cpu, wall = (sum(of) for of in zip(times[simulate_policy.PRICES], times[simulate_policy.SIMULATING], strict=True))
    return [{"what": f"a policy with rules, lists and caps on {simulate_policy.ORDERS:,} past orders, seconds",
             "value": f"{wall:.1f}", "interval": f"CPU {cpu:.1f}", "goal": "<= 10"}]  # fmt: skip


if __name__ == "__main__":
    main()
