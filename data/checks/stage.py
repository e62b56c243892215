"""DQ310 to DQ312: columns that know what nobody knows at checkout."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from data.checks.check import Check, Severity, Suite
from data.contract import ORDER_STAGE, Stage
from data.imports.giveaway import Array, auc_alone, blank, levels, one_sided

ENOUGH_OF_A_KIND = 50
AUC_MAX = 0.98

HARD, SOFT, BETWEEN = Severity.HARD, Severity.SOFT, "ExpectColumnValuesToBeBetween"

STAGE_CHECKS = (
    Check(
        "DQ310", "no column alone tells the outcome", SOFT,
        f"a column by itself ranks RTO above delivered in more than {AUC_MAX:.0%} of pairs. Nothing known at checkout does "
        "that: the export wrote or changed it once the outcome was known. A model trained with it looks excellent and "
        "fails on every new order",
        "ask how the export fills the column; mark it `overwritten = true` in the mapping and import again",
        Suite.COLUMNS, BETWEEN, {"column": "auc_alone", "max_value": AUC_MAX}, in_training=HARD,
    ),
    Check(
        "DQ311", "no column is empty, or 0, for one outcome alone", SOFT,
        "whether it is filled gives the outcome away: nearly all of one outcome's orders lack it and nearly none of the "
        "other's, as a final courier or an amount zeroed on failure",
        "mark the column `overwritten = true` in the mapping, so that it is missing for all, and import again",
        Suite.COLUMNS, BETWEEN, {"column": "one_sided", "max_value": 0}, in_training=HARD,
    ),
    Check(
        "DQ312", "no order column is known only after checkout", SOFT,
        "the contract (`data/contract.py`) says from which stage a column is known; one of a later stage among the order "
        "columns would be read before anybody knows it",
        "tell it as news, or leave it out of the mapping's orders",
        Suite.COLUMNS, BETWEEN, {"column": "stage", "max_value": int(Stage.CHECKOUT)}, in_training=HARD,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Which of n orders came back, and which were delivered.  rows: (m,) both.  label: (m,) 1 RTO, 0 delivered."""

    rto: Array
    delivered: Array
    rows: Array
    label: Array

    @classmethod
    def of(cls, labels: Array) -> "Outcomes":
        """labels: (n,) 1 RTO, 0 delivered, NaN neither."""
        rto, delivered = labels == 1, labels == 0
        rows = np.flatnonzero(rto | delivered)
        return cls(rto, delivered, rows, labels[rows])

    @property
    def too_few(self) -> bool:
        """To say anything of one of the two."""
        return bool(min(self.rto.sum(), self.delivered.sum()) < ENOUGH_OF_A_KIND)


def giveaways(column: Any, name: str, lacking: Array, outcomes: Outcomes) -> dict[str, float]:
    """What a column tells of the outcome: `auc_alone`, `one_sided` (1 or 0); NaN where either outcome has too few.

    lacking: (n,) where it is missing.
    """
    if outcomes.too_few:
        return {"auc_alone": np.nan, "one_sided": np.nan}
    kinds = {"rto": outcomes.rto, "delivered": outcomes.delivered}
    found: Any = one_sided(blank(column, name, lacking), kinds)
    alone = auc_alone(levels(column, name, outcomes.rows), outcomes.label)
    return {"auc_alone": alone, "one_sided": float(found is not None)}


def stage_of(name: str) -> float:
    """From which stage a column is known; what is made of others on arrival is as early as they are."""
    return float(ORDER_STAGE.get(name, Stage.CHECKOUT))
