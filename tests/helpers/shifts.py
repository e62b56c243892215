"""One market three times: still, with other orders from a day on, and with other buyers' ways from a day on."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from data.building import build_history
from data.contract import DAY
from data.history import History
from data.news import once
from data.world.presets import DEMO, Sale
from data.world.shifts import shifted
from data.world.simulate import simulate
from data.world.write import write_world
from tests.helpers.imports import Shop
from tests.helpers.worlds import UNTIL, quiet
from training.plan import Plan
from training.run import train
from training.run_record import predictions
from training.seen import Watched


@dataclass(frozen=True)
class Shifting:
    """Up to `at` (microseconds) all three histories are the same; the run learned from that."""

    still: History
    mix: History
    concept: History
    at: int
    watched: Watched


@cache
def shifting(plan: Plan, n_orders: int = 24_000, days: int = 200, seed: int = 8, concept: float = 1.6) -> Shifting:
    """Demo shops over `days` days without sales; the shift comes after three quarters. concept: on the refusal logit."""
    at = UNTIL - days * DAY + int(0.75 * days * DAY)

    def history(kind: str) -> History:
        preset = shifted(DEMO, kind, 0.75)
        causes = replace(preset.causes, shift=concept)
        preset = replace(preset, days=days, sales=(Sale(0.02, 1),), causes=causes)
        with TemporaryDirectory() as folder:
            market = Path(folder) / "market"
            write_world(simulate(preset, n_orders, seed, UNTIL, quiet), market)
            told = Shop(Path(folder)).read("native", market / "orders.parquet", market / "news.parquet")
        return build_history(told.orders, once(told.news), UNTIL)

    still = history("none")
    outcome = train(still, plan, at, lambda *_: None)
    return Shifting(still, history("mix"), history("concept"), at, Watched(outcome.bundle, predictions(outcome)))
