"""Watch a pool's run: load, look, keep the page with the run. The edge around `training/monitoring.py`."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from data.console import Tell
from data.pool import Pool, replace_text
from data.segments import load_history
from training.alarms import Kind
from training.bundle import read_bundle, signing_key
from training.card_page import utc
from training.monitor_plan import MonitorPlan
from training.monitor_record import figures_of, page_of, values_of
from training.monitoring import monitor
from training.run_names import RunRef
from training.seen import Watched, learned_through
from training.tracking import Tracker


def watch_pool(
    pool: Pool, tracker: Tracker, run: str, plan: MonitorPlan, until: int | None, tell: Tell, out: Path | None
) -> dict[str, Any]:
    """Monitor a run on the pool's history; its page and values are kept with the run. Returns what the command shows."""
    ref = tracker.resolve(pool.name, run)
    watched = watched_run(pool, tracker, ref)
    tell("load the history", 0, 1)
    history = load_history(pool)
    found = monitor(history, watched, plan, until, tell)
    about = watched.bundle.about
    identity = {"name": about.get("name", pool.name), "version": ref.version, "run": ref.run_id,
                "digest": watched.bundle.digest, "learned from orders to": utc(learned_through(watched))}  # fmt: skip
    values = values_of(found, plan, identity)
    tell("draw", 0, 1)
    page = page_of(found, values)
    with TemporaryDirectory() as folder:
        (Path(folder) / "monitor.html").write_text(page, encoding="utf-8")
        (Path(folder) / "monitor.json").write_text(json.dumps(values, indent=1, allow_nan=False))
        name = f"monitor/{values['moment'][:10]}"
        kept = tracker.attach(ref, Path(folder), name, figures_of(found), found.sight.moment)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_text(out, page)
    return values | {"page": str(kept / "monitor.html"), "out": None if out is None else str(out)}


def watched_run(pool: Pool, tracker: Tracker, ref: RunRef) -> Watched:
    """A run's bundle, verified, and its test orders."""
    bundle = read_bundle(tracker.bundle_folder(ref), signing_key(pool.home).public_key())
    return Watched(bundle, tracker.predictions(ref))


def worst_of(alarms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Raised alarms, those that say the probabilities no longer hold first."""
    raised = [one for one in alarms if one["state"] == "raised"]
    return sorted(raised, key=lambda one: (one["kind"] != str(Kind.BROKEN), one["code"]))
