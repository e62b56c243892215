"""The meaning of every history feature, slow and obvious. Replay, store and Spark must all equal it.

S(t) = sum over other orders o of  contribution(o, news of o with known_at < t) * 2^-((t - placed_at_o) / half_life)
L(t) = how many values other than the order's own have S > 0 behind them, of the ROOM smallest ever named under the key
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from data.label import News
from features.contribution import Contribution, contribution, in_cash
from features.fold import decay
from features.keys import KINDS, key_of
from features.links import MOST, ROOM, Named, left_out, named, pair_of, weight_of
from features.sources import Distinct, Link, Sum


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order as kept (`columns`), its news, and the places of its corrected addresses by version (1, 2, ...)."""

    columns: dict[str, Any]
    news: News
    corrected: dict[int, dict[str, Any]] = field(default_factory=dict)

    def is_same(self, other: "KnownOrder") -> bool:
        ids = ("merchant_id", "order_id")
        return all(self.columns[name] == other.columns[name] for name in ids)

    def stands(self, before: int) -> tuple[dict[str, Any], Contribution]:
        """The columns whose keys hold the order by news known before `before`, and what it contributes."""
        said = contribution(
            is_cod=in_cash(self.columns["payment_method"]),
            amount_minor=self.columns["amount_minor"],
            news=self.news,
            before=before,
        )
        return {**self.columns, **self.corrected.get(said.address_version, {})}, said

    def named(self, before: int) -> Named:
        return named(self.columns, int(self.columns["placed_at"]), self.news, self.corrected, before)


def value_at(one: Sum | Link, orders: Collection[KnownOrder], asked: KnownOrder, at: int) -> float:
    """The sum or link as read for the order `asked` at the moment `at`; NaN if it lacks the key."""
    key = key_of(KINDS[one.key], asked.columns)
    if key is None:
        return float("nan")
    return _sum(one, key, orders, asked, at) if isinstance(one, Sum) else _link(one, key, orders, asked, at)


def _sum(one: Sum, key: str, orders: Iterable[KnownOrder], asked: KnownOrder, at: int) -> float:
    kind, total = KINDS[one.key], 0.0
    for other in orders:
        if other.is_same(asked):
            continue
        columns, said = other.stands(at)
        if key_of(kind, columns) == key:
            weight = (said.buyer if kind.buyer else said.everyone)[one.measure]
            total += weight * decay(at - other.columns["placed_at"], one.half_life)
    return total


def _link(link: Link, key: str, orders: Collection[KnownOrder], asked: KnownOrder, at: int) -> float:
    was_named = {value for order in orders for under, value in order.named(at).pairs(link) if under == key}
    kept = sorted(was_named)[:ROOM]
    if link.measure == Distinct.CART and len(kept) == ROOM:
        return float(MOST)
    weight = dict.fromkeys(kept, 0.0)
    for other in orders:
        columns, said = other.stands(at)
        pair = pair_of(link, columns, int(other.columns["placed_at"]))
        if not other.is_same(asked) and pair is not None and pair[0] == key and pair[1] in weight:
            weight[pair[1]] += said.buyer[weight_of(link)]
    weight.pop(left_out(link, asked.columns), None)
    return float(min(MOST, sum(behind > 0 for behind in weight.values())))
