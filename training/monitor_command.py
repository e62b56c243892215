"""The command `rto monitor`."""

from pathlib import Path
from typing import Any

import click

from data.console import Session, emit, progress, table
from data.errors import Drifted, PromiseBroken
from data.options import JSON, POOL, moment
from data.pool import open_pool


@click.command("monitor", epilog="Example: rto monitor --out monitor.html || echo look at monitor.html")
@click.option("--run", default="champion", help="Which run to watch: an alias, version or run id; default: champion.")
@click.option("--until", help="Look as at this moment (ISO 8601); default: all that is known.")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), help="Thresholds in TOML; default: plans/monitor.toml."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the page here too.")
@POOL
@JSON
@click.pass_obj
def monitor_command(
    session: Session,
    run: str,
    until: str | None,
    plan_file: Path | None,
    out: Path | None,
    pool: str | None,
    as_json: bool,
) -> None:
    """Watch a model on the orders since it learned: do its probabilities still hold?

    Compares features, scores, promised and real outcomes, first delivery attempts and calibration with the run's own
    test orders; all orders and cash alone. Exit status 16: the orders changed. 17: the probabilities no longer hold.
    The page is kept with the run in MLflow. See docs/monitoring.md.
    """
    from training.monitor_plan import load_monitor_plan
    from training.tracking import Tracker
    from training.watching import watch_pool, worst_of

    plan, found, tracker = load_monitor_plan(plan_file), open_pool(session.home, pool), Tracker(session.mlruns)
    with progress() as tell:
        result = watch_pool(found, tracker, run, plan, moment(until, "--until"), tell, out)
    emit(result, as_json, _show)
    if raised := worst_of(result["alarms"]):
        raise _refusal(result, raised)


def _refusal(result: dict[str, Any], raised: list[dict[str, Any]]) -> Drifted | PromiseBroken:
    first = raised[0]
    kind = PromiseBroken if result["status"] == "broken" else Drifted
    more = f"; and {len(raised) - 1} more" if len(raised) > 1 else ""
    where = f"{result['identity']['name']} version {result['identity']['version']}, {first['scope']}"
    return kind(first["code"], where, got=first["said"] + more, expected=f"not: {first['title']}", to_do=first["to_do"])


def _show(result: dict[str, Any]) -> None:
    orders, since = result["orders"], result["since"]
    print(f"{result['identity']['name']} version {result['identity']['version']}: {orders['since']:,} orders since it "
          f"learned, {since[0][:10]} to {since[1][:10]}, {orders['matured_since']:,} of them matured; "
          f"{orders['reference']:,} in the reference")  # fmt: skip
    rows = [
        (one["code"], one["scope"], one["state"], _signed(one["value"]), _ends(one), _plain(one["size"]), one["said"])
        for one in result["alarms"]
    ]
    table(("rule", "orders", "state", "change", "interval", "size", "found"), rows)
    print(f"page: {result['out'] or result['page']}")


def _signed(value: float | None) -> str | None:
    return None if value is None else f"{value:+.3f}"


def _plain(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _ends(one: dict[str, Any]) -> str | None:
    return None if one["low"] is None else f"{one['low']:+.3f} to {one['high']:+.3f}"
