"""Two runs on the orders both were judged on: how they differ, and by how much that could be chance."""

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contract import DAY
from training.clusters import Clusters, numbered
from training.evaluation import measure
from training.judged import Judged, difference

Values: TypeAlias = dict[str, Any]

IDS = ("merchant_id", "order_id")
METRICS = ("log_loss", "auc", "pr_auc", "brier", "lift_at_10")
_ONE, _OTHER = "one", "other"
_NOTHING: Values = {"n": 0, "positives": 0, **dict.fromkeys(METRICS), _ONE: None, _OTHER: None}


def compare(one: pd.DataFrame, other: pd.DataFrame) -> Values:
    """Differences one - other on the test orders both have: (mean, low, high) with 95 % intervals, None if undefined.

    Frames as `run_record.predictions` writes them. Orders of one buyer and of one day count as dependent; runs kept
    before buyers were told apart let each order count for itself (`by_buyer` says which). Outcomes are those that the
    first run knew; `outcomes_changed` counts the orders of which the other knew another. one, other: each run's own
    figures on these orders. cod: the same of cash orders alone, None where there are no others.
    """
    theirs = other.drop(columns=["placed_at", "is_cod"], errors="ignore")
    both = one.merge(theirs, on=list(IDS), suffixes=("", "_other"))
    buyer, told = _buyers(both)
    is_cod = both["is_cod"].to_numpy(bool)
    said = {_ONE: both["p_model"].to_numpy(np.float64), _OTHER: both["p_model_other"].to_numpy(np.float64)}
    clusters = Clusters(buyer, numbered(both["placed_at"].to_numpy(np.int64) // DAY))
    judged = Judged(np.zeros(len(both), dtype=np.int64), both["y"].to_numpy(np.float64), clusters, said)
    return _differences(judged) | {
        "cod": _differences(judged[is_cod]) if 0 < is_cod.sum() < len(is_cod) else None,
        "only_one": len(one) - len(both),
        "only_other": len(other) - len(both),
        "by_buyer": told,
        "outcomes_changed": int((both["y"] != both["y_other"]).sum()),
    }


def _buyers(both: pd.DataFrame) -> tuple[NDArray[np.int64], bool]:
    """(n,) buyers by number, and whether any run told them apart."""
    for column in ("buyer", "buyer_other"):
        if column in both:
            return both[column].to_numpy(np.int64), True
    return np.arange(len(both), dtype=np.int64), False


def _differences(judged: Judged) -> Values:
    if len(judged) < 2:
        return _NOTHING | {"n": len(judged)}
    found: Values = {"n": len(judged), "positives": int(judged.y.sum())}
    for name in METRICS:
        told = difference(judged, name, _ONE, _OTHER)
        found[name] = None if told is None or told.low is None else (told.mean, told.low, told.high)
    return found | {name: measure(judged.said[name], judged.y).as_dict() for name in (_ONE, _OTHER)}
