"""The meaning of every history feature, slow and obvious. Replay, store and Spark must all equal it.

S(t) = sum over other orders o of  contribution(o, news of o with known_at < t) * 2^-((t - placed_at_o) / half_life)
L(t) = how many of the ROOM smallest values named under the key by news known before t are none of the order's own
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from data.contract import Payment
from data.label import News
from features.contribution import contribution
from features.fold import decay
from features.keys import KINDS, key_of
from features.links import MOST, ROOM, Named, named, own_values
from features.sources import Link, Sum


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order as kept (`columns`), its news, and the places of its corrected addresses by version (1, 2, ...)."""

    columns: dict[str, Any]
    news: News
    corrected: dict[int, dict[str, Any]] = field(default_factory=dict)

    def is_same(self, other: "KnownOrder") -> bool:
        ids = ("merchant_id", "order_id")
        return all(self.columns[name] == other.columns[name] for name in ids)

    def named(self, before: int) -> Named:
        return named(self.columns, int(self.columns["placed_at"]), self.news, self.corrected, before)


def value_at(one: Sum | Link, orders: Iterable[KnownOrder], asked: KnownOrder, at: int) -> float:
    """The sum or link as read for the order `asked` at the moment `at`; NaN if it lacks the key."""
    key = key_of(KINDS[one.key], asked.columns)
    if key is None:
        return float("nan")
    return _sum(one, key, orders, asked, at) if isinstance(one, Sum) else _others(one, key, orders, asked, at)


def _sum(one: Sum, key: str, orders: Iterable[KnownOrder], asked: KnownOrder, at: int) -> float:
    kind, total = KINDS[one.key], 0.0
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


def _others(link: Link, key: str, orders: Iterable[KnownOrder], asked: KnownOrder, at: int) -> float:
    seen = {value for order in orders for under, value in order.named(at).pairs(link) if under == key}
    placed_at = min(int(asked.columns["placed_at"]), at)  # an order may be asked about before it is placed
    own = own_values(link, asked.columns, placed_at, asked.named(at))
    return float(min(MOST, len([value for value in sorted(seen)[:ROOM] if value not in own])))
