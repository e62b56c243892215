"""The meaning of every history feature, slow and obvious. Replay, store and Spark must all equal it.

S(t) = sum over other orders o of  contribution(o, news of o with known_at < t) * 2^-((t - placed_at_o) / half_life)
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from data.contract import Payment
from data.label import News
from features.catalog import Sum
from features.contribution import contribution
from features.fold import decay
from features.keys import KINDS, key_of


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order as kept (`columns`), its news, and the places of its corrected addresses by version (1, 2, ...)."""

    columns: dict[str, Any]
    news: News
    corrected: dict[int, dict[str, Any]] = field(default_factory=dict)

    def is_same(self, other: "KnownOrder") -> bool:
        ids = ("merchant_id", "order_id")
        return all(self.columns[name] == other.columns[name] for name in ids)


def value_at(one: Sum, orders: Iterable[KnownOrder], asked: KnownOrder, at: int) -> float:
    """The sum as read for the order `asked` at the moment `at`; NaN if it lacks the key."""
    kind = KINDS[one.key]
    key = key_of(kind, asked.columns)
    if key is None:
        return float("nan")
    total = 0.0
    for other in orders:
        if other.is_same(asked):
            continue
        said = contribution(
            is_cod=other.columns["payment_method"] == Payment.COD,
            amount_minor=other.columns["amount_minor"],
            news=other.news,
            before=at,
        )
        columns = {**other.columns, **other.corrected.get(said.address_version, {})}
        if key_of(kind, columns) == key:
            weight = (said.buyer if kind.buyer else said.everyone)[one.measure]
            total += weight * decay(at - other.columns["placed_at"], one.half_life)
    return total
