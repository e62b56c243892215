"""What a backtest found, as plain values: every metric with its interval, paired differences, slices, calibration."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.backtest import WEEKLY, Backtest
from training.baselines import CONSTANT, LOGISTIC
from training.evaluation import reliability
from training.influence import METRICS, surplus
from training.judged import Judged, Mean, difference, ece, mean, metric, share
from training.report import MODEL
from training.slices import Slicing, slicings

Values = dict[str, Any]
ALL, COD = "all orders", "COD only"
PAIRED = ("auc", "pr_auc", "log_loss", "brier")
_MOST_SLICES = 40
_SEED = 7
_LEAST_OF_EACH = 10  # orders of either outcome in a slice: the AUC of three RTOs is luck, and its interval too narrow


@dataclass(frozen=True, slots=True)
class _Ground:
    """Rows of the history, what was said of them, and how they are sliced."""

    at: NDArray[np.int64]
    judged: Judged
    is_cod: NDArray[np.bool_]
    slicings: dict[str, Slicing]


def figures(found: Backtest) -> Values:
    """Everything, fit for strict JSON; None where a figure is not defined."""
    parts = slicings(found.rows.orders, found.rows.readings)
    grounds = [_ground(found, parts, by_week=by_week) for by_week in (False, True)]
    beside = [one.name for one in found.beside]
    scopes = [_scope(name, ground, beside) for name, ground in _scopes(grounds[0])]
    calibrated = [_calibrated(name, ground) for name, ground in _scopes(grounds[1])]
    return {"origins": [origin.about for origin in found.origins], "scopes": scopes, "weekly": calibrated}


def _ground(found: Backtest, parts: dict[str, Slicing], *, by_week: bool) -> _Ground:
    at, judged = found.judged(by_week=by_week)
    return _Ground(at, judged, found.rows.is_cod[at], parts)


def _scopes(ground: _Ground) -> list[tuple[str, _Ground]]:
    """All orders, and cash orders alone where there are both kinds."""
    if not len(ground.at):
        return []
    cod = ground.is_cod
    found = [(ALL, ground)]
    if 0 < cod.sum() < len(cod):
        found.append((COD, _Ground(ground.at[cod], ground.judged[cod], cod[cod], ground.slicings)))
    return found


def _scope(name: str, ground: _Ground, beside: list[str]) -> Values:
    judged = ground.judged
    others = [other for other in (LOGISTIC, CONSTANT, *beside) if other in judged.said]
    return {
        "name": name,
        "n": len(judged),
        "positives": int(judged.y.sum()),
        "models": {
            model: _metrics(judged.told(model), model, each=model in (MODEL, LOGISTIC, *beside))
            for model in judged.said
        },
        "against": {other: _against(judged.told(other), other) for other in others},
        "slices": {one.key: _sliced(ground, one, beside) for one in ground.slicings.values()},
        "reliability": [asdict(one) for one in reliability(judged.said[MODEL], judged.y)],
    }


def _metrics(judged: Judged, model: str, *, each: bool) -> Values:
    found = {name: _plain(metric(judged, name, model, each=each)) for name in METRICS}
    error = ece(judged, model, seed=_SEED)
    return {"n": len(judged), **found, "ece": None if error is None else asdict(error)}


def _against(judged: Judged, other: str) -> Values:
    """Model minus other on the orders of which both say something; and its lift as a share of the other's."""
    found = {name: _plain(difference(judged, name, MODEL, other)) for name in PAIRED}
    return {"n": len(judged), **found, "lift_share": _plain(share(judged, "lift_at_10", MODEL, other))}


def _sliced(ground: _Ground, slicing: Slicing, beside: list[str]) -> Values:
    masks = slicing.masks()
    kept = {name: mask[ground.at] for name, mask in list(masks.items())[:_MOST_SLICES]}
    found = [{"name": name, **_slice(ground.judged[mask], beside)} for name, mask in kept.items() if mask.any()]
    return {"title": slicing.title, "note": slicing.note, "not_shown": len(masks) - len(kept), "slices": found}


def _slice(judged: Judged, beside: list[str]) -> Values:
    values: Values = {"n": len(judged), "positives": int(judged.y.sum())}
    told = _told_of(judged)
    values |= {name: _plain(metric(judged, name, MODEL)) if name in told else None for name in ("auc", "log_loss")}
    values["surplus"] = _plain(mean(judged, lambda own: surplus(own.said[MODEL], own.y)))
    values["against"] = {}
    for other in beside:
        both = judged.told(other)
        told = _told_of(both)
        pairs = {name: difference(both, name, MODEL, other) if name in told else None for name in ("auc", "log_loss")}
        values["against"][other] = {name: _plain(pair) for name, pair in pairs.items()}
    return values


def _told_of(judged: Judged) -> tuple[str, ...]:
    """What a slice can be told by: no ranking of a handful of orders."""
    n_rto = int(judged.y.sum())
    return ("auc", "log_loss") if min(n_rto, len(judged) - n_rto) >= _LEAST_OF_EACH else ("log_loss",)


def _calibrated(name: str, ground: _Ground) -> Values:
    """Calibration of the frozen model and of the one recalibrated each week, over the longer span."""
    judged = ground.judged
    found = {model: _calibration(judged, model) for model in judged.said}
    tiers = ground.slicings["tier"].masks()
    by_tier = {tier: _calibration(own, WEEKLY) for tier, mask in tiers.items() if len(own := judged[mask[ground.at]])}
    bins = [asdict(one) for one in reliability(judged.said[WEEKLY], judged.y)]
    return {"name": name, "n": len(judged), "models": found, "by_tier": by_tier, "reliability": bins}


def _calibration(judged: Judged, model: str) -> Values:
    found = {name: _plain(metric(judged, name, model)) for name in ("log_loss", "slope", "intercept")}
    error = ece(judged, model, seed=_SEED)
    return {"n": len(judged), **found, "ece": None if error is None else asdict(error)}


def _plain(found: Mean | None) -> Values | None:
    return None if found is None else found.as_dict()
