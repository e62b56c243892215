"""`make bench-spiral`: what a model forgets about the orders it keeps away, with a random holdout and without.

A shop trains on all outcomes, then three times anew on what is left while it takes cash on delivery away from the riskiest
8 %: they are never shipped, so their outcomes are never told. With a holdout some of them are shipped all the same, at
random, and each counts for those that were not (`training/held_out.py`), or, beside that, as the one order it is. Judged is the risk that each last model tells of newer orders a model that has seen everything would keep away,
beside the market's own truth. Prints the table, writes dated JSON; nothing is asserted.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from data.console import table
from data.contract import NewsType
from data.history import History
from data.world.frozen import parameters_digest
from data.world.simulate import World
from features.assemble import matrix
from features.catalog import needed_sums
from features.replay import replay
from tests.bench.money_page import SPIRAL, put
from tests.bench.money_table import REFUSED_SHARE
from tests.helpers.lab import history_of_world
from tests.helpers.worlds import network
from training.bundle import Bundle
from training.held_out import counts_for
from training.plan import Plan
from training.run import train

Array = np.ndarray[Any, Any]
HELD, RETRAINS, FIRST = 0.05, 3, 0.4
DRAWS = 400
HEADERS = (
    "model",
    "kept away",
    "said",
    "true",
    "said - true",
    "95 %",
    "error (rms)",
    "loss above the truth, all newest",
)


def quiet(*_: Any) -> None:
    """Progress nobody looks at."""


@dataclass(frozen=True)
class Shop:
    """A history of which everything was shipped, the market's truth by its rows, and moments of training."""

    history: History
    p: Array
    buyer: Array
    cuts: list[int]

    @property
    def placed_at(self) -> Array:
        return self.history.orders["placed_at"]

    @property
    def cash(self) -> Array:
        return np.asarray(self.history.orders["payment_method"] == "cod", dtype=bool)


def shop_of(world: World, folder: Path) -> Shop:
    history = history_of_world(world, folder)
    place = {name: row for row, name in enumerate(world.truth["order_id"].to_pylist())}
    at = np.array([place[name] for name in history.orders["order_id"]])
    shares = np.linspace(FIRST, 1.0, RETRAINS + 2)[:-1]
    cuts = [int(np.quantile(history.orders["placed_at"], share)) for share in shares]
    truth = world.truth
    return Shop(history, truth["p_cod"].to_numpy()[at], truth["person"].to_numpy()[at], cuts)


def without(history: History, kept_away: Array) -> History:
    """The history as told when these orders (n,) were never shipped: they were placed, and that is all."""
    owner = np.repeat(np.arange(len(history)), np.diff(history.start))
    stays = ~kept_away[owner] | (history.news["type"] == NewsType.PLACED)
    start = np.concatenate([[0], np.cumsum(np.bincount(owner[stays], minlength=len(history)))])
    news = {name: column[stays] for name, column in history.news.items()}
    return replace(history, start=start.astype(history.start.dtype), news=news)


def risks(bundle: Bundle, history: History, rows: Array) -> Array:
    """(m,) risk of these rows, as told from this history."""
    some = {one: values[rows] for one, values in replay(history, needed_sums(bundle.features), quiet).items()}
    orders = {name: column[rows] for name, column in history.orders.items()}
    return bundle.probability(matrix(orders, some, bundle.shrinkage, bundle.features))


def keeps_away(p: Array) -> Array:
    """(m,) the riskiest of these orders: as many as the cap of the goal table lets a shop refuse."""
    return p >= np.quantile(p, 1 - REFUSED_SHARE)


@dataclass(frozen=True)
class Way:
    """held: share that is shipped all the same.  weighed: does such an order count for those that were not?"""

    name: str
    held: float
    weighed: bool


WAYS = (
    Way("5 % held out, counting for the rest", HELD, weighed=True),
    Way("5 % held out, counting once", HELD, weighed=False),
    Way("none held out", 0.0, weighed=False),
)


def lived(shop: Shop, way: Way, seed: int) -> Iterator[tuple[Bundle, History, Array]]:
    """(model, what had been told, orders kept away) after each training."""
    luck = np.random.default_rng(seed).random(len(shop.history))
    kept_away, counts = np.zeros(len(shop.history), dtype=bool), np.ones(len(shop.history))
    held_out = kept_away.copy()
    for number, cut in enumerate(shop.cuts):
        told = replace(without(shop.history, kept_away), stands_for=counts.copy() if way.weighed else None)
        bundle = train(told, Plan(), cut, quiet).bundle
        yield bundle, told, kept_away.copy()
        end = shop.cuts[number + 1] if number + 1 < len(shop.cuts) else 2**62
        now = np.flatnonzero(shop.cash & (shop.placed_at >= cut) & (shop.placed_at < end))
        wanted, held = keeps_away(risks(bundle, told, now)), luck[now] < way.held
        kept_away[now] = wanted & ~held
        held_out[now[wanted & held]] = True
        counts[held_out] = counts_for(np.full(int(held_out.sum()), way.held))


def judged(shop: Shop, seed: int) -> list[dict[str, Any]]:
    """What each last model says of the newest orders that one which has seen everything would keep away."""
    newest = np.flatnonzero(shop.cash & (shop.placed_at >= shop.cuts[-1]))
    everything = train(shop.history, Plan(), shop.cuts[-1], quiet).bundle
    said = risks(everything, shop.history, newest)
    asked = Judged(shop.p[newest], shop.buyer[newest], keeps_away(said), seed)
    rows = [asked.row("trained on everything", said, 0)]
    for way in WAYS:
        *_, (bundle, told, kept_away) = lived(shop, way, seed)
        rows.append(asked.row(f"riskiest 8 % kept away, {way.name}", risks(bundle, told, newest), int(kept_away.sum())))
    return rows


@dataclass(frozen=True)
class Judged:
    """true, buyer: (n,) of the newest orders.  region: (n,) those that would be kept away."""

    true: Array
    buyer: Array
    region: Array
    seed: int

    def row(self, name: str, said: Array, kept_away: int) -> dict[str, Any]:
        """What was said (n,) of them against the truth: in the region, and by the loss beyond the truth's on all."""
        off = (said - self.true)[self.region]
        _, of = np.unique(self.buyer[self.region], return_inverse=True)
        sums, n = np.bincount(of, off), np.bincount(of)
        rng = np.random.default_rng(self.seed)
        drawn = [
            (t @ sums) / (t @ n)
            for t in (np.bincount(rng.integers(0, len(n), len(n)), minlength=len(n)) for _ in range(DRAWS))
        ]
        low, high = np.quantile(drawn, (0.025, 0.975))
        excess = float((_loss(self.true, said) - _loss(self.true, self.true)).mean())
        mean = {"true": float(self.true[self.region].mean()), "said": float(said[self.region].mean())}
        return {"name": name, "kept_away": kept_away, "region": int(self.region.sum()), "newest": len(said), **mean,
                "off": float(off.mean()), "low": float(low), "high": float(high), "rms": float(np.sqrt(np.mean(off**2))),
                "excess": excess}  # fmt: skip


def _loss(true: Array, said: Array) -> Array:
    """(n,) expected log loss of what is said, where the chances are true."""
    return np.asarray(-true * np.log(said) - (1 - true) * np.log1p(-said))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.spiral", description=__doc__)
    parser.add_argument("--orders", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=7, help="of the market")
    parser.add_argument("--show", dest="shown", type=Path, help="measure nothing: show a JSON written before")
    parser.add_argument("--write", action="store_true", help="refresh docs/money.md")
    asked = parser.parse_args()
    found = json.loads(asked.shown.read_text()) if asked.shown else _fresh(asked.orders, asked.seed)
    rows = [_cells(row) for row in found["rows"]]
    said = (
        f"preset network, {found['orders']:,} orders, seed {found['seed']}, {RETRAINS} retrains, "
        f"{found['rows'][0]['region']:,} newest orders judged, {found['at'][:10]}"
    )
    print(f"{said}\n")
    table(HEADERS, rows)
    if asked.write:
        put(SPIRAL, f"{said}.", HEADERS, rows)


def _cells(r: dict[str, Any]) -> tuple[str, ...]:
    between = f"{r['low']:+.4f} to {r['high']:+.4f}"
    return (
        r["name"],
        f"{r['kept_away']:,}",
        f"{r['said']:.4f}",
        f"{r['true']:.4f}",
        f"{r['off']:+.4f}",
        between,
        f"{r['rms']:.4f}",
        f"{r['excess']:.4f}",
    )


def _fresh(orders: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        shop = shop_of(network(orders, seed), Path(folder))
    found = {"orders": orders, "seed": seed, "parameters": parameters_digest(), "held_out": HELD,
             "at": datetime.now(UTC).isoformat(timespec="seconds"), "rows": judged(shop, seed)}  # fmt: skip
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / f"spiral-{datetime.now(UTC):%Y-%m-%dT%H%M%S}.json").write_text(json.dumps(found, indent=1) + "\n")
    return found


if __name__ == "__main__":
    main()
