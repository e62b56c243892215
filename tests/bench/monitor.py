"""`make bench-monitor`: what `rto monitor` sees of a mix shift and of a concept shift, with a quick plan.

One market three times, its shift after three quarters of the period. Prints the table of docs/monitoring.md; with
--write also draws its pictures into docs/img. Nothing here is asserted: tests/world/test_monitor_shifts.py is.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context

from data.contract import DAY
from tests.helpers.markets import QUICK_PLAN
from tests.helpers.shifts import Shifting, shifting
from training.alarms import State
from training.monitor_plan import MonitorPlan
from training.monitor_plots import promise_plot, proxy_plot
from training.monitoring import COD, Monitored, Scope, monitor
from training.plots import INK

IMAGES = Path(__file__).parents[2] / "docs" / "img"
NAMES = {"still": "nothing changes", "mix": "other orders come", "concept": "buyers change"}
DAYS_AFTER = (14, 20, 45)


def looks(market: Shifting) -> Iterator[tuple[str, int, Monitored]]:
    """Each market as the monitor sees it some days after the shift."""
    for kind in NAMES:
        for days in DAYS_AFTER:
            until = market.at + days * DAY
            yield kind, days, monitor(getattr(market, kind), market.watched, MonitorPlan(), until, lambda *_: None)


def cash(found: Monitored) -> Scope:
    return next(scope for scope in found.scopes if scope.name == COD)


def row(kind: str, days: int, found: Monitored) -> str:
    """A line of the table: what is promised of the newest orders, what came of the newest matured, what fails."""
    scope = cash(found)
    share, promised = scope.recent["rto_share"], scope.promised["rto_share"]
    raised = [one.code for one in found.alarms if one.scope == COD and one.state == State.RAISED]
    truth = scope.matured
    came = "" if truth is None or promised is None else f"{promised.low:.1%} to {promised.high:.1%} | {truth.came:.1%}"
    proxy = scope.proxy if isinstance(scope.proxy, str) else f"{scope.proxy.expected:.1%} | {scope.proxy.share:.1%}"
    n = "" if isinstance(scope.proxy, str) else f"{scope.proxy.n:,}"
    told = ", ".join(raised) or "none"
    return f"| {NAMES[kind]} | {days} | {share.value:.1%} | {n} | {proxy} | {truth.n if truth else 0:,} | {came} | {told} |"


def draw(last: dict[str, Scope], at: int) -> None:
    """The two pictures of the page, with the day of the shift."""
    panels = [replace(last[kind], name=f"{NAMES[kind]} (cash orders)") for kind in ("mix", "concept")]
    drawn = {"monitor-promise": promise_plot(panels, ("rto_share",)), "monitor-attempts": proxy_plot(panels)}
    for name, figure in drawn.items():
        low, high = (f([axis.get_ylim()[i] for axis in figure.axes]) for i, f in enumerate((min, max)))
        for axis in figure.axes:
            axis.axvline(np.datetime64(at, "us"), color=INK, linewidth=1, linestyle=(0, (4, 3)))
            axis.set_ylim(low, high)
        with rc_context({"svg.hashsalt": "rto-risk"}):
            figure.savefig(IMAGES / f"{name}.svg", metadata={"Date": None, "Creator": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=24_000)
    parser.add_argument("--days", type=int, default=200)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--concept", type=float, default=1.6, help="added to the logit of refusal")
    parser.add_argument("--write", action="store_true", help="draw the pictures of docs/monitoring.md")
    asked = parser.parse_args()
    market = shifting(QUICK_PLAN, asked.orders, asked.days, asked.seed, asked.concept)
    print(
        "| market | days after | promised | attempts | expected to fail | failed | matured | promised, 95 % | came | raised |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    last: dict[str, Any] = {}
    for kind, days, found in looks(market):
        print(row(kind, days, found))
        last[kind] = cash(found)
    if asked.write:
        draw(last, market.at)


if __name__ == "__main__":
    main()
