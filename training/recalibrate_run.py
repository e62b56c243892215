"""A refresh of a run's calibrator, like a table of contents: fresh orders, refit, judgement, bundle, record."""

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.checking import check_history
from data.checks.check import Purpose
from data.console import Tell
from data.errors import NothingNew
from data.expectations import require
from data.history import History
from data.pool import Pool
from features.catalog import fingerprint as catalog_fingerprint
from training.bundle import Bundle, read_bundle, rewrite_calibrator, signing_key
from training.calibration import BetaCalibrator
from training.card_page import page, utc
from training.held_out import history_to_learn_from
from training.pictures import embedded
from training.recalibrate import Fresh, Refreshed, fresh_orders, refresh
from training.recalibration_report import figures, judgement, pictures, predictions, spans
from training.release import fingerprint
from training.run_folder import PREDICTIONS, artifact
from training.run_names import CHALLENGER, RunRef
from training.run_record import Kept
from training.tracking import Tracker

REFRESHED = "recalibrated"
"""Key of a bundle's `about`: where its calibrator comes from. Absent in a bundle as it was trained."""
_CARDS = "cards"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose calibrator to refresh, on how many of the newest matured weeks, with nothing known after `until`."""

    run: str
    weeks: int
    until: int | None
    if_new: bool
    dry_run: bool


@dataclass(frozen=True, slots=True)
class _Source:
    """The run whose calibrator is refreshed. trained: the calibrator of its training, before any refresh."""

    ref: RunRef
    folder: Path
    bundle: Bundle
    trained: BetaCalibrator


def calibrate_pool(pool: Pool, mlruns: Path, asked: Asked, tell: Tell) -> dict[str, Any]:
    """Refresh, judge, and keep the result as `challenger`. Returns what the command shows.

    Raises TooLittleHistory CAL001, GateRefused MODEL... for a bundle that cannot be trusted, NothingNew CAL002 with
    `if_new` where the calibrator was fitted on the same already.
    """
    tell("load the history", 0, 1)
    tracker = Tracker(mlruns)
    source = _source(pool, tracker, asked.run)
    history = history_to_learn_from(pool)
    learned_from = _identity(history, source, asked)
    if asked.if_new:
        _require_new(pool, tracker, source, learned_from)
    require(check_history(history).judged_for(Purpose.TRAINING))
    fresh = fresh_orders(history, source.bundle, asked.until, tell)
    tell("fit and judge", 0, 1)
    found = refresh(history, fresh, source.bundle.calibrator, source.trained, asked.weeks)
    told = _told(source, fresh, found, asked)
    if asked.dry_run:
        return told | {"recorded": False}
    tell("record", 0, 1)
    about = {**told, "learned_from": learned_from, "trained_calibrator": source.trained.as_dict()}
    return told | _recorded(pool, tracker, source, (fresh, found), {REFRESHED: about})


def _source(pool: Pool, tracker: Tracker, run: str) -> _Source:
    ref = tracker.resolve(pool.name, run)
    folder = tracker.bundle_folder(ref)
    bundle = read_bundle(folder, signing_key(pool.home).public_key())
    earlier = bundle.about.get(REFRESHED)
    trained = bundle.calibrator if earlier is None else BetaCalibrator.from_dict(earlier["trained_calibrator"])
    return _Source(ref, folder, bundle, trained)


def _identity(history: History, source: _Source, asked: Asked) -> str:
    """Changes when another calibrator could come out: by history, maturity, span, trees or the meaning of features."""
    trees = hashlib.sha256((source.folder / "model.ubj").read_bytes()).hexdigest()
    parts = [fingerprint(history), history.known_through, asked.until, asked.weeks, trees, catalog_fingerprint()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _require_new(pool: Pool, tracker: Tracker, source: _Source, learned_from: str) -> None:
    newest = tracker.alias(pool.name, CHALLENGER) or source.ref
    for ref in (newest, source.ref):
        about = json.loads((tracker.bundle_folder(ref) / "bundle.json").read_text())["about"]
        if about.get(REFRESHED, {}).get("learned_from") == learned_from:
            got = f"all that the calibrator of version {ref.version} was fitted on"
            to_do = "nothing; calibrate without --if-new to do it again"
            raise NothingNew("CAL002", f"pool {pool.name}", got=got, expected="new outcomes", to_do=to_do)


def _told(source: _Source, fresh: Fresh, found: Refreshed, asked: Asked) -> dict[str, Any]:
    return {
        "from_run": source.ref.run_id,
        "from_version": source.ref.version,
        "from_digest": source.bundle.digest,
        "weeks": asked.weeks,
        **spans(fresh, found),
        "cut": found.windows.cut,
        "calibrator": {"before": found.before.as_dict(), "judged": found.judged.as_dict(),
                       "after": found.calibrator.as_dict()},
        "scopes": judgement(fresh, found),
    }  # fmt: skip


def _recorded(
    pool: Pool, tracker: Tracker, source: _Source, made: tuple[Fresh, Refreshed], about: dict[str, Any]
) -> dict[str, Any]:
    """Write, sign and keep the new bundle with its cards, pictures and judged predictions."""
    (fresh, found), told = made, about[REFRESHED]
    with tempfile.TemporaryDirectory() as draft:
        bundle, files = Path(draft) / "bundle", Path(draft) / "files"
        digest = rewrite_calibrator(source.folder, bundle, found.calibrator, about, signing_key(pool.home))
        for name in (_CARDS, "plots", "predictions"):
            (files / name).mkdir(parents=True)
        predictions(fresh, found, source.ref.run_id).to_parquet(files / PREDICTIONS, index=False)
        drawn = pictures(fresh, found)
        for name, figure in drawn.items():
            figure.savefig(files / "plots" / f"{name}.png", metadata={"Software": None})
        shown = {name: embedded(figure) for name, figure in drawn.items()}
        _write_cards(files, tracker.root, source, told | {"pool": pool.name, "digest": digest}, shown)
        kept = Kept(
            name=f"{pool.name} recalibrated until {str(utc(fresh.until))[:10]}",
            tags={"recalibrated_from": source.ref.run_id, "features": catalog_fingerprint(source.bundle.features)},
            parameters={"weeks": str(told["weeks"]), "from_version": source.ref.version, "cut": str(utc(told["cut"])),
                        "until": str(utc(fresh.until))},
            figures=figures(told["scopes"]),
            bundle=source.bundle,
        )  # fmt: skip
        ref = tracker.keep(pool.name, kept, bundle, files)
    cards = tracker.bundle_folder(ref).parent / _CARDS
    return {"recorded": True, "pool": pool.name, "run_id": ref.run_id, "version": ref.version, "digest": digest,
            "card": str(cards / "calibration_card.html")}  # fmt: skip


def _write_cards(files: Path, root: Path, source: _Source, told: dict[str, Any], shown: dict[str, str]) -> None:
    """A card of the refresh; the model card with its new calibrator and where that comes from; the data card as it was."""
    cards = files / _CARDS
    (cards / "calibration_card.json").write_text(
        json.dumps({"card": "calibration_card", **told}, indent=1, allow_nan=False)
    )
    (cards / "calibration_card.html").write_text(page("calibration_card", told | {"pictures": shown}), encoding="utf-8")
    values = json.loads(artifact(root, source.ref, f"{_CARDS}/model_card.json").read_text())
    values["identity"] |= {"digest": told["digest"]}
    values |= {"calibrator": told["calibrator"]["after"], REFRESHED: told}
    (cards / "model_card.json").write_text(json.dumps(values, indent=1, allow_nan=False))
    (cards / "model_card.html").write_text(page("model_card", values), encoding="utf-8")
    for name in (f"{_CARDS}/data_card.json", f"{_CARDS}/data_card.html", "catalog.json"):
        (files / name).write_bytes(artifact(root, source.ref, name).read_bytes())
