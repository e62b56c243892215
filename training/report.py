"""What a run found, as plain values: the table, the evidence that travels in the bundle, the counts for the card."""

from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np

from training.baselines import CONSTANT, LOGISTIC
from training.evaluation import Metrics, measure, reliability
from training.intervals import auc_interval, log_loss_interval, paired_auc, paired_log_loss
from training.rows import Rows

Array: TypeAlias = np.ndarray[Any, Any]

_CHANCE = 0.5
MODEL, BEFORE = "model", "before"
"""What is judged; and the same model before its calibrator was refreshed, in runs of `rto calibrate`."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Figures over one set of test orders ("all orders" or "COD only"): metrics of each model, intervals, reliability.

    auc, log_loss: 95 % intervals of the model.  against: paired differences model - baseline, {metric: ...}.
    """

    name: str
    metrics: dict[str, Metrics]
    auc: tuple[float, float] | None
    log_loss: tuple[float, float] | None
    against: dict[str, dict[str, tuple[float, float, float]]]
    bins: tuple[dict[str, float], ...]

    def as_dict(self) -> dict[str, Any]:
        metrics = {name: m.as_dict() for name, m in self.metrics.items()}
        return asdict(self) | {"metrics": metrics}


def judge(predictions: dict[str, Array], y: Array, name: str) -> Scope | None:
    """The figures of every model on the same orders; None without orders."""
    if len(y) == 0:
        return None
    metrics = {model: measure(p, y) for model, p in predictions.items()}
    own = predictions[MODEL]
    area, loss = auc_interval(own, y), log_loss_interval(own, y)
    against = {}
    for other in (name for name in (LOGISTIC, CONSTANT, BEFORE) if name in predictions):
        loss_difference, area_difference = (
            paired_log_loss(own, predictions[other], y),
            paired_auc(own, predictions[other], y),
        )
        pairs = {"log_loss": loss_difference, "auc": area_difference}
        against[other] = {key: (d.mean, d.low, d.high) for key, d in pairs.items() if d is not None}
    bins = tuple(asdict(b) for b in reliability(own, y))
    return Scope(
        name,
        metrics,
        (area.low, area.high) if area else None,
        (loss.low, loss.high) if loss else None,
        against,
        bins,
    )


def verdict(scope: dict[str, Any]) -> str:
    """The model beside a logistic regression on the same orders, in a sentence: by the paired interval of their log loss.
    scope: as of `Scope.as_dict`."""
    if scope["auc"] and scope["auc"][0] <= _CHANCE:
        return "these orders do not show that it ranks better than chance"
    if (found := scope["against"].get(LOGISTIC, {}).get("log_loss")) is None:
        return "too few orders to set it beside a logistic regression"
    _, low, high = found
    if high < 0:
        return "better than a logistic regression, beyond chance"
    if low > 0:
        return (
            "WORSE than a logistic regression, beyond chance: look at rto check and the data card before it is promoted"
        )
    return "as good as a logistic regression: what differs is within chance"


def scopes(predictions: dict[str, Array], y: Array, is_cod: Array) -> tuple[Scope, ...]:
    """All orders, and cash orders alone where there are any: the payment flag by itself flatters the first."""
    judged = [judge(predictions, y, "all orders")]
    if 0 < is_cod.sum() < len(y):
        judged.append(judge({m: p[is_cod] for m, p in predictions.items()}, y[is_cod], "COD only"))
    return tuple(s for s in judged if s is not None)


def counts(rows: Rows) -> dict[str, int]:
    """Where every order of the history went: for the data card."""
    blocks = rows.blocks
    known = {name: int(mask.sum()) for name, mask in blocks.judged()}
    return {
        "orders": int((rows.orders["placed_at"] <= rows.moments.until).sum()),
        "with_outcome": int((~np.isnan(rows.y)).sum()),
        "matured": int(rows.mature.sum()),
        "rto": int(np.nansum(rows.y[rows.mature])),
        "delivered_in_part": rows.labels.mixed,
        **known,
        "gap": int(blocks.gap.sum()),
    }
