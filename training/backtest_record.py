"""What a backtest leaves behind: JSON, pictures, a page and every prediction, as a run in an experiment of its own.

The experiment is `POOL~backtest`: such a run makes no model, `rto runs` does not list it, nothing of it can be promoted.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from training.backtest import WEEKLY, Backtest
from training.backtest_plots import origins_plot, slices_plot
from training.baselines import LOGISTIC
from training.card_page import page
from training.clusters import numbered
from training.influence import METRICS
from training.plots import Scored, reliability_plot
from training.report import MODEL
from training.run_folder import alone, artifacts_of
from training.run_record import SHORT, slug
from training.tracking import Tracker

Values = dict[str, Any]
_IDS = ("order_id", "merchant_id", "placed_at")


def experiment_of(pool: str) -> str:
    """The experiment of a pool's backtests; no pool can be called so.

    >>> experiment_of("demo")
    'demo~backtest'
    """
    return f"{pool}~backtest"


def record(tracker: Tracker, found: Backtest, result: Values, parameters: Mapping[str, str]) -> Values:
    """Keep a backtest. Returns its run id and the folder of its files. A run that is interrupted ends as FAILED."""
    pool, client = result["pool"], tracker.client()
    with TemporaryDirectory() as made, alone(tracker.root):
        drafts = Path(made)
        _write_files(drafts, found, result)
        name = experiment_of(pool)
        there, folder = client.get_experiment_by_name(name), artifacts_of(tracker.root, name)
        experiment = there.experiment_id if there else client.create_experiment(name, artifact_location=folder.as_uri())
        span = f"{result['origins'][0]['cut']} to {result['origins'][-1]['cut']}"
        tags = {"pool": pool, "kind": "backtest"}
        run = client.create_run(experiment, tags=tags, run_name=f"backtest {pool}, {span}").info.run_id
        try:
            _log(client, run, result, parameters, drafts)
        except BaseException:
            client.set_terminated(run, "FAILED")
            raise
        client.set_terminated(run, "FINISHED")
    return {"run_id": run, "files": str(folder / run / "artifacts")}


def _log(client: Any, run: str, result: Values, parameters: Mapping[str, str], files: Path) -> None:
    for name, value in parameters.items():
        client.log_param(run, name, value)
    for name, mean in means(result).items():
        client.log_metric(run, name, mean)
    for name, steps in by_origin(result).items():
        for step, told in enumerate(steps):
            if told is not None:
                client.log_metric(run, name, told, step=step)
    client.log_artifacts(run, str(files))


def means(result: Values) -> dict[str, float]:
    """Every figure of the model and of what stands beside it, as `cod.model.auc`, with `.low` and `.high`."""
    found: dict[str, float] = {}
    for stem, figure in _figures(result):
        ends = {"": figure["mean"], ".low": figure["low"], ".high": figure["high"]}
        found |= {f"{stem}{end}": value for end, value in ends.items() if value is not None}
    return found


def by_origin(result: Values) -> dict[str, list[float | None]]:
    """The model's figures at each origin, as `cod.model.auc.by_origin`."""
    found: dict[str, list[float | None]] = {}
    for stem, figure in _figures(result):
        if f".{MODEL}." in stem and "by_origin" in figure:
            found[f"{stem}.by_origin"] = [None if one is None else one[0] for one in figure["by_origin"]]
    return found


def _figures(result: Values) -> list[tuple[str, Values]]:
    found = []
    for scope in result["scopes"]:
        for model in _told(result, scope):
            of_model = scope["models"][model]
            found += [(f"{SHORT[scope['name']]}.{slug(model)}.{name}", of_model[name]) for name in (*METRICS, "ece")]
        for other, pairs in scope["against"].items():
            stem = f"{SHORT[scope['name']]}.minus_{slug(other)}"
            found += [(f"{stem}.{name}", figure) for name, figure in pairs.items() if name != "n"]
    for scope in result["weekly"]:
        found.append((f"{SHORT[scope['name']]}.weekly.ece", scope["models"][WEEKLY]["ece"]))
    return [(stem, figure) for stem, figure in found if figure is not None]


def _told(result: Values, scope: Values) -> list[str]:
    """The models worth following: ours, the logistic one, and those from elsewhere."""
    return [name for name in (MODEL, LOGISTIC, *result["beside"]) if name in scope["models"]]


def predictions(found: Backtest) -> pd.DataFrame:
    """One row for each judged order: ids, placed_at, origin, is_cod, y, buyer (a number within this table), p_*."""
    at, judged = found.judged()
    kept = {name: found.rows.orders[name][at] for name in _IDS}
    scores = {f"p_{slug(name)}": p for name, p in judged.said.items()}
    buyer = numbered(judged.clusters.buyer)
    told = {"origin": judged.origin, "is_cod": found.rows.is_cod[at], "y": judged.y, "buyer": buyer}
    return pd.DataFrame({**kept, **told, **scores})


def _write_files(folder: Path, found: Backtest, result: Values) -> None:
    """Fill `folder` with backtest.json, backtest.html, plots/ and predictions/."""
    for name in ("plots", "predictions"):
        (folder / name).mkdir()
    (folder / "backtest.json").write_text(json.dumps(result, indent=1, allow_nan=False))
    predictions(found).to_parquet(folder / "predictions" / "backtest.parquet", index=False)
    pictures = {}
    for name, figure in _pictures(found, result).items():
        path = folder / "plots" / f"{name}.png"
        figure.savefig(path, metadata={"Software": None})
        pictures[name] = "data:image/png;base64," + b64encode(path.read_bytes()).decode()
    values = {**result, "scopes": result["scopes"][::-1], "pictures": pictures}  # cash orders first: they are the point
    (folder / "backtest.html").write_text(page("backtest", values), encoding="utf-8")


def _pictures(found: Backtest, result: Values) -> dict[str, Any]:
    scope = result["scopes"][-1]
    cuts = [origin["cut"] for origin in result["origins"]]
    drawn = {
        "origins": origins_plot(cuts, scope, _told(result, scope)),
        "slices": slices_plot(scope, (result["beside"] or [None])[0]),
        "reliability": reliability_plot(_panels(found, MODEL, by_week=False)),
    }
    if result["weekly"]:
        drawn["weekly"] = reliability_plot(_panels(found, WEEKLY, by_week=True))
    return drawn


def _panels(found: Backtest, name: str, *, by_week: bool) -> list[Scored]:
    at, judged = found.judged(by_week=by_week)
    cod = found.rows.is_cod[at]
    panels = [Scored("all orders", judged.said[name], judged.y)]
    if 0 < np.sum(cod) < len(cod):
        panels.append(Scored("COD only", judged.said[name][cod], judged.y[cod]))
    return panels
