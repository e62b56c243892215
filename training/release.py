"""From a run to the served bundle: train a pool, judge a run again, promote, roll back."""

import hashlib
import json
import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data.checking import check_history
from data.checks.check import Purpose
from data.console import Tell, note
from data.contract import SECOND
from data.errors import GateRefused, NothingNew, UsageError
from data.expectations import require
from data.history import History
from data.keeping.opening import Opening
from data.pool import Pool, replace_text
from data.segments import list_segments
from features.catalog import fingerprint as catalog_fingerprint
from features.snapshot import Snapshot
from training.bundle import read_bundle, signing_key, write_bundle
from training.card import data_card, model_card
from training.held_out import history_to_learn_from
from training.lineage import compare_runs, within
from training.plan import Plan
from training.report import scopes
from training.run import train
from training.run_names import CHALLENGER, RunRef
from training.tracking import Tracker


def train_pool(
    pool: Pool, mlruns: Path, plan: Plan, until: int | None, tell: Tell, *, if_new: bool = False
) -> dict[str, Any]:
    """Load, check, train, sign, track. Returns what the command shows.

    Raises NothingNew TRAIN005 with `if_new` where the newest run learned from the same history by the same plan.
    """
    tell("load the history", 0, 1)
    history, tracker = history_to_learn_from(pool), Tracker(mlruns)
    if history.opening is not None:
        note(_begins(history.opening))
    learned_from = identity_of(history, plan, until)
    if if_new:
        _require_new(tracker, pool, learned_from)
    tell("check", 0, 1)
    checks = check_history(history).judged_for(Purpose.TRAINING)
    require(checks)
    outcome = train(history, plan, until, tell, Snapshot(pool.home / "replay" / pool.name, history, note))
    name = f"rto-risk-{pool.name}"
    about = outcome.bundle.about | {"name": name, "pool": pool.name, "learned_from": learned_from}
    outcome = replace(outcome, bundle=replace(outcome.bundle, about=about))
    tell("track", 0, 1)
    with tempfile.TemporaryDirectory() as folder:
        digest = write_bundle(Path(folder) / "bundle", outcome.bundle, outcome.golden, signing_key(pool.home))
        segments = list_segments(pool)
        identity = {"name": name, "pool": pool.name, "digest": digest}
        cards = {
            "data_card": data_card(history, outcome, segments, checks.as_dict()),
            "model_card": model_card(outcome, plan, identity),
        }
        ref = tracker.record(outcome, pool.name, fingerprint(history), Path(folder) / "bundle", cards)
    tell("track", 1, 1)
    return {
        "pool": pool.name,
        "run_id": ref.run_id,
        "version": ref.version,
        "digest": digest,
        "counts": outcome.counts,
        "moments": outcome.rows.moments.as_dict(),
        "shape": outcome.bundle.about["shape"],
        "n_features": len(outcome.bundle.features),
        "scopes": [scope.as_dict() for scope in outcome.scopes],
        "cards": str(tracker.bundle_folder(ref).parent / "cards"),
    }


def _begins(opening: Opening) -> str:
    day = datetime.fromtimestamp(opening.since / SECOND, UTC).date().isoformat()
    return f"orders to learn from begin on {day}: {opening.about['orders']} older ones are an opening balance"


def identity_of(history: History, plan: Plan, until: int | None) -> str:
    """Changes when a new run could learn another model: by history, maturity, plan or the meaning of features."""
    parts = [fingerprint(history), history.known_through, until, plan.model_dump_json(), catalog_fingerprint()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _require_new(tracker: Tracker, pool: Pool, learned_from: str) -> None:
    newest = tracker.alias(pool.name, CHALLENGER)
    if newest is None:
        return
    about = json.loads((tracker.bundle_folder(newest) / "bundle.json").read_text())["about"]
    if about.get("learned_from") == learned_from:
        got, to_do = f"all that version {newest.version} learned from", "nothing; train without --if-new to do it again"
        raise NothingNew("TRAIN005", f"pool {pool.name}", got=got, expected="new orders or outcomes", to_do=to_do)


def fingerprint(history: History) -> str:
    """Changes when an order, a kept number or a piece of news does."""
    digest = hashlib.sha256()
    for name in sorted(history.orders):
        column = history.orders[name]
        digest.update(name.encode())
        digest.update("\x1f".join(map(str, column)).encode() if column.dtype == object else column.tobytes())
    for name in sorted(history.news):
        digest.update(history.news[name].tobytes())
    if history.stands_for is not None:
        digest.update(history.stands_for.tobytes())
    return digest.hexdigest()[:16]


def evaluate_run(
    tracker: Tracker, pool: str, run: str, span: tuple[int | None, int | None], against: str | None
) -> dict[str, Any]:
    """Figures of a run on a span of its test; paired with another run's where one is given."""
    ref = tracker.resolve(pool, run)
    frame = within(tracker.predictions(ref), span)
    if frame.empty:
        expected = "a span that holds test orders of the run"
        raise UsageError(
            "RUN006",
            f"run {run}",
            got="no test order in the span",
            expected=expected,
            to_do="widen --from and --to, or leave them out for the whole test",
        )
    predictions = {_model_of(c): frame[c].to_numpy(float) for c in frame.columns if c.startswith("p_")}
    judged = scopes(predictions, frame["y"].to_numpy(float), frame["is_cod"].to_numpy(bool))
    result = {"run_id": ref.run_id, "version": ref.version, "scopes": [s.as_dict() for s in judged], "against": None}
    if against is None:
        return result
    other = tracker.resolve(pool, against)
    compared = compare_runs(tracker, ref, other, span)
    return result | {"against": {"run_id": other.run_id, "version": other.version, **compared}}


def _model_of(column: str) -> str:
    return column.removeprefix("p_").replace("_", " ")


def promote(pool: Pool, tracker: Tracker, run: str, *, if_better: bool, dry_run: bool) -> dict[str, Any]:
    """Compare with the champion on the same orders; then move the alias and publish the bundle."""
    ref, champion = tracker.resolve(pool.name, run), tracker.alias(pool.name, "champion")
    comparison = None
    if champion is not None and champion.version != ref.version:
        comparison = compare_runs(tracker, ref, champion)
    better, why = is_better(comparison)
    result = {"run_id": ref.run_id, "version": ref.version, "comparison": comparison, "why": why}
    if dry_run or (if_better and not better):
        return result | {"promoted": False}
    name = publish(pool, tracker, ref)
    tracker.set_alias(pool.name, "champion", ref)
    return result | {"promoted": True, "published": name}


def is_better(comparison: dict[str, Any] | None) -> tuple[bool, str]:
    """Is the challenger's log loss lower on the orders both were judged on? And a sentence that says so."""
    if comparison is None:
        return True, "there is no other champion"
    if comparison["n"] == 0:
        return False, "no test order in common with the champion"
    if comparison["log_loss"] is None:
        return False, f"too few buyers behind {comparison['n']:,} test orders in common with the champion"
    mean, low, high = comparison["log_loss"]
    return mean < 0, f"log loss {mean:+.5f} ({low:+.5f} to {high:+.5f}) against the champion"


def promote_shadow(pool: Pool, tracker: Tracker, run: str) -> dict[str, Any]:
    """Have a run's bundle scored beside the champion from now on; it answers nobody."""
    ref = tracker.resolve(pool.name, run)
    name = _brought(pool, tracker, ref)
    replace_text(pool.shadow, name)
    return {"run_id": ref.run_id, "version": ref.version, "shadow": name}


def publish(pool: Pool, tracker: Tracker, ref: RunRef) -> str:
    """Copy the run's bundle beside the pool, verify it there, and name it as served. Returns its name."""
    name = _brought(pool, tracker, ref)
    replace_text(pool.champion, name)
    return name


def _brought(pool: Pool, tracker: Tracker, ref: RunRef) -> str:
    source = tracker.bundle_folder(ref)
    public_key = signing_key(pool.home).public_key()
    digest = read_bundle(source, public_key).digest.removeprefix("sha256:")
    name = f"{ref.version}-{digest[:12]}"
    pool.bundles.mkdir(parents=True, exist_ok=True)
    if not _is_sound(pool.bundles / name, public_key):
        draft = pool.bundles / f".{name}"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(source, draft)
        shutil.rmtree(pool.bundles / name, ignore_errors=True)
        draft.rename(pool.bundles / name)
    read_bundle(pool.bundles / name, public_key)
    return name


def _is_sound(folder: Path, public_key: Ed25519PublicKey) -> bool:
    try:
        read_bundle(folder, public_key)
    except GateRefused:
        return False
    return True


def roll_back(pool: Pool, tracker: Tracker) -> dict[str, Any]:
    """Publish the champion before this one. Raises UsageError RUN004 if there was none."""
    previous = tracker.previous_champion(pool.name)
    if previous is not None:
        publish(pool, tracker, previous)
    ref = tracker.roll_back(pool.name)
    return {"run_id": ref.run_id, "version": ref.version, "published": pool.champion.read_text().strip()}
