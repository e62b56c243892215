"""Orders of a batch as rules see them: kept columns, and what the model says where one answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.files.distinct import Distinct, distinct
from data.history import Columns
from serving.decisions.compiled import PER_RISK
from serving.decisions.policy import tier_of
from serving.decisions.stages import STAGES
from serving.scores.batch import LEVELS, Judged
from serving.scores.reasons import in_thousandths
from serving.scores.weighing import goods_values

Array: TypeAlias = np.ndarray[Any, Any]

TIERS = tuple(tier_of(k / PER_RISK) for k in range(PER_RISK + 1))
_AS_KEPT = {"lines": "n_lines", "units": "n_units"}
_MONEY = {"amount": "amount_minor", "discount": "discount_minor", "shipping_fee": "shipping_fee_minor"}


@dataclass(frozen=True, slots=True, eq=False)
class OrderTraits:
    """`decisions.traits.Traits` of some rows of a batch. judged: None where no model answers.  stages: (n,) of the whole
    batch, places in STAGES.  moments: (n,) microseconds."""

    orders: Columns
    rows: Array
    judged: Judged | None
    stages: Array
    moments: Array

    def __len__(self) -> int:
        return len(self.rows)

    def at(self) -> Array:
        return self.moments[self.rows]

    def person(self, kind: str) -> Array:
        return self.orders[kind][self.rows]

    def number(self, name: str) -> Array:
        if name in _MONEY:
            return self.orders[_MONEY[name]][self.rows]
        if name == "value":
            value = goods_values({n: self.orders[n][self.rows] for n in ("amount_minor", "shipping_fee_minor")})
            return np.where(value > 0, value, np.nan)
        if name == "discount_share":
            amount, discount = (self.orders[_MONEY[n]][self.rows] for n in ("amount", "discount"))
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.where(amount + discount > 0, discount / (amount + discount), np.nan)
        if name == "hour":
            return np.floor(self.orders["local_minute"][self.rows] / 60)
        column = _AS_KEPT.get(name, name)
        return self.orders[column][self.rows] if column in self.orders else self._judged(name)

    def _judged(self, name: str) -> Array:
        if self.judged is None:
            return np.full(len(self), np.nan)
        if name == "p_rto_if_prepaid":
            known = self.judged.p_if_prepaid
            return np.full(len(self), np.nan) if known is None else known[self.rows]
        evidence = self.judged.evidence
        of = {"p_rto": self.judged.p_rto, "buyer_outcomes": evidence.buyer, "place_outcomes": evidence.place,
              "buyer_delivered": evidence.delivered, "buyer_rto": evidence.came_back}  # fmt: skip
        return of[name][self.rows].astype(np.float64)

    def text(self, name: str) -> Distinct:
        if name == "stage":
            return self._coded(STAGES, self.stages[self.rows])
        if name in ("tier", "evidence"):
            if self.judged is None:
                return Distinct([], np.full(len(self), -1, dtype=np.int64))
            if name == "evidence":
                return self._coded(LEVELS, self.judged.evidence.level[self.rows])
            return self._coded(TIERS, in_thousandths(self.judged.p_rto[self.rows]))
        return distinct(self.orders[name][self.rows])

    @staticmethod
    def _coded(words: Sequence[str], codes: Array) -> Distinct:
        return Distinct(list(words), codes.astype(np.int64))
