"""What a run leaves behind, as plain values and files, whoever keeps them: parameters, figures, tags, pictures, tables.

Names hold no spaces, so that they can be searched: `all.logistic_regression.auc`, column `p_logistic_regression`.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from data.contract import DAY, SECOND
from features.catalog import Feature, fingerprint
from training.bundle import Bundle
from training.card import Card
from training.clusters import clusters_of, numbered
from training.plan import Moments, Plan
from training.plots import Scored, lift_plot, reliability_plot, score_plot
from training.report import MODEL, Scope
from training.run import Outcome
from training.run_folder import PREDICTIONS

SHORT = {"all orders": "all", "COD only": "cod"}


@dataclass(frozen=True, slots=True)
class Kept:
    """What a tracker keeps of a run besides its files: name, tags, parameters, figures, and the bundle with its trees."""

    name: str
    tags: dict[str, str]
    parameters: dict[str, str]
    figures: dict[str, float]
    bundle: Bundle


def kept(outcome: Outcome, plan: Plan, pool: str, history_fingerprint: str) -> Kept:
    """Of a training run."""
    moments, features = outcome.rows.moments, fingerprint(outcome.bundle.features)
    return Kept(
        name=f"{pool} until {moment(moments.until)[:10]}",
        tags={"data_fingerprint": history_fingerprint, "features": features},
        parameters=parameters(plan, moments),
        figures=figures(outcome),
        bundle=outcome.bundle,
    )


def slug(name: str) -> str:
    """A model's name without spaces.

    >>> slug("logistic regression")
    'logistic_regression'
    """
    return name.replace(" ", "_")


def parameters(plan: Plan, moments: Moments) -> dict[str, str]:
    """The plan, flat, and the run's moments as UTC dates."""
    flat: dict[str, Any] = {}
    for name, value in plan.model_dump(mode="json").items():
        flat |= {f"{name}.{key}": v for key, v in value.items()} if isinstance(value, dict) else {name: value}
    flat |= {"until": moment(moments.until), "cut": moment(moments.cut)}
    flat["matures_in_days"] = f"{moments.matures_in / DAY:.3g}"
    return {name: str(value) for name, value in flat.items()}


def moment(at: int) -> str:
    """Microseconds as UTC text.

    >>> moment(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def figures(outcome: Outcome) -> dict[str, float]:
    """Every figure of every model by name; what is not defined is left out."""
    found: dict[str, float | None] = {f"n.{name}": float(n) for name, n in outcome.counts.items()}
    for scope in outcome.scopes:
        found |= {f"{SHORT[scope.name]}.{name}": value for name, value in _of_scope(scope).items()}
    return {name: float(value) for name, value in found.items() if value is not None}


def _of_scope(scope: Scope) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for model, metrics in scope.metrics.items():
        figures_of = metrics.as_dict()
        counted = {name: figures_of.pop(name) for name in ("n", "positives", "base_rate")}
        found |= counted | {f"{slug(model)}.{name}": value for name, value in figures_of.items()}
    for name, interval in (("auc", scope.auc), ("log_loss", scope.log_loss)):
        if interval is not None:
            found |= {f"{MODEL}.{name}.low": interval[0], f"{MODEL}.{name}.high": interval[1]}
    for other, pairs in scope.against.items():
        for name, ends in pairs.items():
            stem = f"minus_{slug(other)}.{name}"
            found |= {f"{stem}.{end}": value for end, value in zip(("mean", "low", "high"), ends, strict=True)}
    return found


def digest_of(bundle_folder: Path) -> str:
    """The digest of a written bundle, as `bundle.write_bundle` gives it."""
    return "sha256:" + hashlib.sha256((bundle_folder / "MANIFEST.json").read_bytes()).hexdigest()


def predictions(outcome: Outcome) -> pd.DataFrame:
    """One row for each test order: ids, placed_at (microseconds), is_cod, y, buyer, p_* of each model.

    buyer: a number that orders of one buyer share within this table; it says nothing outside of it. Nothing personal.
    """
    rows, test = outcome.rows, outcome.rows.blocks.test
    kept = {name: rows.orders[name][test] for name in ("order_id", "merchant_id", "placed_at")}
    scores = {f"p_{slug(model)}": p for model, p in outcome.predictions.items()}
    buyer = numbered(clusters_of(rows.orders).buyer[test])
    return pd.DataFrame({**kept, "is_cod": rows.is_cod[test], "y": rows.y[test], "buyer": buyer, **scores})


def write_files(folder: Path, outcome: Outcome, cards: dict[str, Card]) -> None:
    """Fill `folder` with plots/, cards/, predictions/ and catalog.json."""
    for name in ("plots", "cards", "predictions"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write_plots(folder / "plots", outcome)
    for name, card in cards.items():
        (folder / "cards" / f"{name}.html").write_text(card.html(), encoding="utf-8")
        (folder / "cards" / f"{name}.json").write_text(json.dumps(card.as_dict(), indent=1, allow_nan=False))
    predictions(outcome).to_parquet(folder / PREDICTIONS, index=False)
    (folder / "catalog.json").write_text(json.dumps(_catalog(outcome.bundle.features), indent=1))


def _write_plots(folder: Path, outcome: Outcome) -> None:
    rows, test = outcome.rows, outcome.rows.blocks.test
    y, is_cod, own = rows.y[test], rows.is_cod[test], outcome.predictions[MODEL]
    panels = [Scored("all orders", own, y)]
    if len(outcome.scopes) > 1:
        panels.append(Scored("COD only", own[is_cod], y[is_cod]))
    names = [MODEL, *(name for name in outcome.predictions if name != MODEL)]
    curves = [Scored(name, outcome.predictions[name], y) for name in names]
    drawn = {"reliability": reliability_plot(panels), "lift": lift_plot(curves), "score": score_plot(panels)}
    for name, figure in drawn.items():
        figure.savefig(folder / f"{name}.png", metadata={"Software": None})


def _catalog(features: tuple[Feature, ...]) -> dict[str, Any]:
    kinds = [{**asdict(f), "source": {"kind": type(f.source).__name__, **asdict(f.source)}} for f in features]
    return {"fingerprint": fingerprint(features), "features": kinds}
