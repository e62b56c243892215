"""What a refreshed calibrator changes, as plain values: before and after on the same orders, with 95 % intervals."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from training.calibration_error import CalibrationError
from training.clusters import clusters_of, numbered
from training.judged import Judged, Mean, difference, ece, metric
from training.plots import Scored, reliability_plot
from training.recalibrate import Fresh, Refreshed
from training.report import BEFORE, MODEL

AFTER = "after"
METRICS = ("log_loss", "brier", "slope", "intercept")
"""Of each calibrator. Slope and intercept (of log-odds): 1 and 0 if right (`training/influence.py`)."""
_SEED = 7


def said_of(fresh: Fresh, found: Refreshed) -> dict[str, np.ndarray[Any, Any]]:
    """(m,) probabilities of the judged orders by the calibrator there was and by the one that is judged."""
    raw = fresh.raw[found.windows.judge]
    return {BEFORE: np.asarray(found.before.apply(raw)), AFTER: np.asarray(found.judged.apply(raw))}


def judgement(fresh: Fresh, found: Refreshed) -> list[dict[str, Any]]:
    """All orders, and cash orders alone where there are both kinds: each calibrator's figures, and their difference."""
    judge, cod = found.windows.judge, fresh.is_cod[found.windows.judge]
    orders = {name: column[judge] for name, column in fresh.orders.items()}
    whole = Judged(np.zeros(len(cod), dtype=np.int64), fresh.y[judge], clusters_of(orders), said_of(fresh, found))
    scopes = [("all orders", whole)]
    if 0 < cod.sum() < len(cod):
        scopes.append(("COD only", whole[cod]))
    return [_scope(name, judged) for name, judged in scopes]


def _scope(name: str, judged: Judged) -> dict[str, Any]:
    figures = {of: {m: _ends(metric(judged, m, of)) for m in METRICS} | {"ece": _error(ece(judged, of, seed=_SEED))}
               for of in (BEFORE, AFTER)}  # fmt: skip
    return {
        "name": name,
        "n": len(judged),
        "rto": int(judged.y.sum()),
        "said": {of: float(judged.said[of].mean()) for of in (BEFORE, AFTER)},
        "came": float(judged.y.mean()),
        **figures,
        "after_minus_before": {m: _ends(difference(judged, m, AFTER, BEFORE)) for m in ("log_loss", "brier")},
    }


def _ends(found: Mean | None) -> dict[str, float | None] | None:
    return None if found is None else {"value": found.mean, "low": found.low, "high": found.high}


def _error(found: CalibrationError | None) -> dict[str, float | None] | None:
    if found is None:
        return None
    return {"value": found.mean, "low": found.low, "high": found.high, "floor_p95": found.floor_p95}


def spans(fresh: Fresh, found: Refreshed) -> dict[str, Any]:
    """When the orders of each part were placed, and how many they are; microseconds."""
    windows, placed_at = found.windows, fresh.placed_at
    parts = {"fit": windows.fit, "judged": windows.judge, "refit": windows.refit}
    told = {name: {"n": int(part.sum()), "rto": int(fresh.y[part].sum()), "placed_from": int(placed_at[part].min()),
                   "placed_to": int(placed_at[part].max())} for name, part in parts.items()}  # fmt: skip
    return told | {"trained_through": fresh.trained_through, "until": fresh.until}


def figures(scopes: list[dict[str, Any]]) -> dict[str, float]:
    """Numbers for the run, by name: those of `run_record.figures` where they mean the same."""
    told: dict[str, float | None] = {}
    for scope in scopes:
        stem = "all" if scope["name"] == "all orders" else "cod"
        told |= {f"{stem}.n": scope["n"], f"{stem}.positives": scope["rto"], f"{stem}.base_rate": scope["came"]}
        for of, name in ((AFTER, MODEL), (BEFORE, BEFORE)):
            for m, ends in scope[of].items():
                told |= {f"{stem}.{name}.{m}{_END[end]}": value for end, value in (ends or {}).items()}
        for m, ends in scope["after_minus_before"].items():
            told |= {f"{stem}.minus_before.{m}.{_MEAN.get(e, e)}": value for e, value in (ends or {}).items()}
    return {name: float(value) for name, value in told.items() if value is not None}


_END = {"value": "", "low": ".low", "high": ".high", "floor_p95": ".floor_p95"}
_MEAN = {"value": "mean"}


def predictions(fresh: Fresh, found: Refreshed, before_run: str) -> pd.DataFrame:
    """One row for each judged order, as `run_record.predictions`: p_model after, p_before of the run it came from."""
    judge, said = found.windows.judge, said_of(fresh, found)
    buyer = numbered(clusters_of(fresh.orders).buyer[judge])
    kept = {name: fresh.orders[name][judge] for name in ("order_id", "merchant_id", "placed_at")}
    scores = {"p_before": said[BEFORE], "p_model": said[AFTER]}
    return pd.DataFrame(
        {**kept, "is_cod": fresh.is_cod[judge], "y": fresh.y[judge], "buyer": buyer, **scores, "before_run": before_run}
    )


def pictures(fresh: Fresh, found: Refreshed) -> dict[str, Figure]:
    """Reliability before and after: of all orders, and of cash orders where there are both kinds."""
    judge, cod = found.windows.judge, fresh.is_cod[found.windows.judge]
    y, said = fresh.y[judge], said_of(fresh, found)
    drawn = {"reliability": reliability_plot([Scored(name, p, y) for name, p in said.items()])}
    if 0 < cod.sum() < len(cod):
        cash = [Scored(f"COD only, {name}", p[cod], y[cod]) for name, p in said.items()]
        drawn["reliability_cod"] = reliability_plot(cash)
    return drawn
