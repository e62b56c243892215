"""The price at which a cap holds on past orders: of all orders, those keep an action that gain most by it.

With prices the advice is worth most money of all advice that keeps within the caps (Everett 1963: Lagrange multipliers of a
resource allocation), where a cap binds to within the orders of one price.
"""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from data.contract import DAY
from data.files.distinct import Distinct
from serving.decisions.caps import PLACE_TIERS, Cap, Prices, pairs, place_name
from serving.decisions.shop import ShopPolicy
from serving.policies.choosing import CAP, PROTECTION, RULE, VALUE
from serving.policies.past import Past, PastTraits
from serving.policies.trying_out import chosen

Array: TypeAlias = np.ndarray[Any, Any]

MOST_ROWS = 200_000
"""The newest orders, on which prices are found."""
_ROUNDS = 60
_NEVER = -1e18


def place_tiers(past: Past, rows: Array) -> dict[str, str]:
    """The place tier of each district, by how many of these orders went there."""
    traits = PastTraits(past, rows)
    places = pairs(traits.text("state"), traits.text("district"))
    counts = np.bincount(places.coded, minlength=len(places.values))
    order = np.argsort(-counts, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(counts[order])[:-1]]) / max(len(rows), 1)
    tiers = {}
    for place, share in zip(order.tolist(), before.tolist(), strict=True):
        tiers[place_name(*places.values[place])] = PLACE_TIERS[0 if share < 0.5 else 1 if share < 0.8 else 2]
    return dict(sorted(tiers.items()))


def priced(shop: ShopPolicy, past: Past, rows: Array) -> ShopPolicy:
    """The same policy with the prices of its caps, as found on past orders."""
    tiers = MappingProxyType(place_tiers(past, rows))
    shop = replace(shop, prices=Prices(tiers=tiers))
    if not shop.caps.caps or not len(rows):
        return shop
    some = rows[-MOST_ROWS:]
    return replace(shop, prices=Prices(MappingProxyType(dict(_Fit(shop, past, some).prices())), tiers))


class _Fit:
    """Prices of one policy's caps on some past orders."""

    def __init__(self, shop: ShopPolicy, past: Past, rows: Array) -> None:
        traits = PastTraits(past, rows)
        choice, groups = chosen(shop, past, rows)
        self.caps, n = shop.caps.caps, len(rows)
        self.worth = np.full((n, 6), _NEVER)
        for group in groups:
            numbers = group.numbers.astype(np.float64) / group.denominator
            for at, action in enumerate(group.actions):
                self.worth[group.rows, int(action)] = np.where(group.offered[:, at], numbers[:, at], _NEVER)
        self.worth[shop.caps.protects(traits), 5] = _NEVER
        self.free = np.isin(choice.by, (VALUE, CAP, PROTECTION))
        self.action, self.ruled = choice.action, choice.by == RULE
        self.groups = [shop.prices.groups(cap, traits) for cap in self.caps]
        self.days = max((int(past.column("placed_at")[rows[-1]]) - int(past.column("placed_at")[rows[0]])) / DAY, 1.0)
        self.price = [np.zeros(len(told.values)) for told in self.groups]

    def prices(self) -> Iterator[tuple[tuple[str, str], int]]:
        """Each price that is not 0. They only ever rise, and only where a cap is exceeded: so they come to an end."""
        for step in range(_ROUNDS):
            raised = [self._raise(place, cap, step) for place, cap in enumerate(self.caps)]
            if not any(raised):
                break
        for cap, told, price in zip(self.caps, self.groups, self.price, strict=True):
            yield from (((cap.name, group), int(p)) for group, p in zip(told.values, price.tolist(), strict=True) if p)

    def _raise(self, place: int, cap: Cap, step: int) -> bool:
        """Raise the price of one cap in each group that exceeds it, given all other prices; was there one?

        By a little more each round: two capped actions of nearly equal worth would raise each other a paisa at a time.
        """
        worth, wanted, raised = self._less_prices(), int(cap.action), False
        others = np.delete(worth, wanted, axis=1).max(axis=1)
        gain = np.where(self.free & (worth.argmax(axis=1) == wanted), worth[:, wanted] - others, -1.0)
        for group, rows in _by_group(self.groups[place]):
            users = np.sort(gain[rows][gain[rows] >= 0])[::-1]
            if len(users) > (room := self._room(cap, rows)):
                self.price[place][group] += np.floor(users[room]) + 1 + 10 * step
                raised = True
        return raised

    def _room(self, cap: Cap, rows: Array) -> int:
        """How many orders of a group may have the action by money; rules have had theirs."""
        limit = float(cap.share) * len(rows) if cap.share is not None else (cap.a_day or 0) * self.days
        taken = int((self.ruled[rows] & (self.action[rows] == int(cap.action))).sum())
        return max(int(limit) - taken, 0)

    def _less_prices(self) -> Array:
        worth = self.worth.copy()
        for cap, told, price in zip(self.caps, self.groups, self.price, strict=True):
            worth[:, int(cap.action)] -= price[told.coded]
        return worth


def _by_group(told: Distinct) -> Iterator[tuple[int, Array]]:
    """(group, its rows) of a column of groups."""
    codes = told.coded
    order = np.argsort(codes, kind="stable")
    cuts = np.flatnonzero(np.diff(codes[order])) + 1
    for rows in np.split(order, cuts):
        if len(rows):
            yield int(codes[rows[0]]), rows
