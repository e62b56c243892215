"""`make bench-quality`: how close the model comes to the possible, on a made-up market of a seed of your choice.

Draws the market, asks the observable oracle, imports, trains (timed) and backtests, each by the project's own command in
a process of its own; then prints the goal table and writes it as dated JSON. `--write` refreshes docs/quality.md too.
Nothing is asserted.
"""

import argparse
import json
import os
import platform
import tempfile
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.console import table
from data.pool import Pool
from data.world.frozen import parameters_digest
from tests.bench.gibberish import gibberish_found
from tests.bench.journey import rto
from tests.bench.quality_page import page
from tests.bench.quality_table import METRICS, goals, models

ROOT = Path(__file__).parents[2]
PRESET, POOL, ORACLE = "network", "network", "oracle.parquet"
GOAL_HEADERS = ("COD only, mean of the origins", "value", "95 %", "goal", "stretch", "verdict", "orders")


def main() -> None:
    asked = _asked()
    found = json.loads(asked.shown.read_text()) if asked.shown else _fresh(asked)
    rows = goals(found["backtest"], found["gibberish"], found["costs"].get("train"))
    about = found["about"]
    print(
        f"preset {PRESET}, {about['orders']:,} orders, seed {about['seed']}, {about['origins']} origins, {about['at'][:10]}\n"
    )
    table(GOAL_HEADERS, [row.cells() for row in rows])
    print()
    table(("COD only", *METRICS.values()), models(found["backtest"]))
    if not asked.shown:
        _keep(found | {"goals": [row.as_dict() for row in rows]})
    if asked.write:
        (ROOT / "docs" / "quality.md").write_text(page(found), encoding="utf-8")


def _fresh(asked: argparse.Namespace) -> dict[str, Any]:
    with nullcontext(asked.keep) if asked.keep else tempfile.TemporaryDirectory() as folder:
        return measured(Path(folder), asked)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.quality", description=__doc__)
    parser.add_argument("--orders", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=7, help="of the market")
    parser.add_argument("--origins", type=int, default=4)
    parser.add_argument("--plan", type=Path, help="a plan in TOML for train and backtest")
    parser.add_argument(
        "--address-score", default="address_gibberish", help="the feature that finds nonsense addresses"
    )
    parser.add_argument("--keep", type=Path, help="keep the market and the oracle's word here, and use them again")
    parser.add_argument("--no-train", action="store_true", help="do not time `rto train`")
    parser.add_argument("--show", dest="shown", type=Path, help="measure nothing: show a JSON written before")
    parser.add_argument("--write", action="store_true", help="refresh docs/quality.md")
    return parser.parse_args()


def measured(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Everything the table, the page and the JSON are made of."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as made:
        home, costs = Path(made), {}
        market, costs["simulate"] = _market(folder, asked)
        files = [str(market / "orders.parquet"), str(market / "news.parquet")]
        costs["import"] = rto(home, "import", *files, "--mapping", "native", "--pool", POOL).cost()
        plan = ["--plan", str(asked.plan)] if asked.plan else []
        if not asked.no_train:
            trained = rto(home, "train", *plan)
            costs["train"] = trained.cost() | {"n": trained.answer["counts"]["orders"]}
        beside = ["--beside", str(market / ORACLE)]
        judged = rto(home, "backtest", "--origins", str(asked.origins), "--weekly-days", "90", *beside, *plan)
        costs["backtest"] = judged.cost()
        gibberish = gibberish_found(market, Pool(home, POOL), asked.address_score, asked.seed)
    return {"about": _about(asked), "costs": costs, "gibberish": gibberish, "backtest": judged.answer}


def _market(folder: Path, asked: argparse.Namespace) -> tuple[Path, dict[str, float] | None]:
    """The market's folder with the oracle's word in it; drawn unless it is kept there from an earlier run."""
    market = folder / f"{PRESET}-{asked.orders}-{asked.seed}-{parameters_digest()[:12]}"
    if (market / ORACLE).is_file():
        return market, None
    size = ["--preset", PRESET, "--orders", str(asked.orders), "--seed", str(asked.seed)]
    draft = market.with_suffix(".parquet")
    drawn = rto(folder, "simulate", *size, "--out", str(market), "--oracle", str(draft))
    draft.replace(market / ORACLE)
    return market, drawn.cost()


def _about(asked: argparse.Namespace) -> dict[str, Any]:
    return {
        "preset": PRESET,
        "orders": asked.orders,
        "seed": asked.seed,
        "origins": asked.origins,
        "parameters": parameters_digest(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }


def _keep(found: dict[str, Any]) -> None:
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    name = datetime.fromisoformat(found["about"]["at"]).strftime("quality-%Y-%m-%dT%H%M%S.json")
    (results / name).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
