"""Limits on how often an action is advised, and who is never refused: budgets and fairness, before money has its way.

A cap is kept in two ways. Its **price** in minor units is taken off the action's expected value before actions are
compared, so that of all orders only those keep the action that gain most by it: the lowest price at which the cap holds
on past orders is found when a policy is tried out (`serving/policies/pricing.py`). And live orders are counted: where a cap is
used up, the next best action is advised (`serving/policies/budget.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from data.contract import Action
from data.files.distinct import Distinct, together
from serving.decisions.traits import Traits

Array: TypeAlias = np.ndarray[Any, Any]

ALL, STATE, PLACE_TIER = "all", "state", "place_tier"
UNKNOWN = "?"
PLACE_TIERS = ("1", "2", "3")
"""Places by how many orders go there: the busiest districts that hold half of them, those that hold the next 30 %, the
rest. A district nobody has ordered to belongs to the last."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `share` of the cash orders of each group, or `a_day` of them, may be advised `action`."""

    action: Action
    per: str = ALL
    share: Fraction | None = None
    a_day: int | None = None

    @property
    def name(self) -> str:
        what = "a_day" if self.share is None else "share" if self.per == ALL else f"share_per_{self.per}"
        return f"{self.action.name.lower()}.{what}"


@dataclass(frozen=True, slots=True)
class Caps:
    """never_refuse_after: parcels a buyer must have taken, with none come back, never to be refused cash.  until:
    microseconds, from then on nothing of this holds.
    """

    caps: tuple[Cap, ...] = ()
    never_refuse_after: int | None = None
    until: int | None = None

    def of(self, action: Action) -> tuple[Cap, ...]:
        return tuple(cap for cap in self.caps if cap.action is action)

    def protects(self, traits: Traits) -> Array:
        """(n,) orders whose buyer is never refused."""
        if self.never_refuse_after is None:
            return np.zeros(len(traits), dtype=bool)
        taken, back = traits.number("buyer_delivered"), traits.number("buyer_rto")
        return np.asarray((taken >= self.never_refuse_after) & (back == 0) & self.hold(traits))

    def hold(self, traits: Traits) -> Array:
        """(n,) does all this hold when the order is decided?"""
        return np.ones(len(traits), dtype=bool) if self.until is None else np.asarray(traits.at() < self.until)


@dataclass(frozen=True, slots=True)
class Prices:
    """of: (cap, group) -> minor units.  tiers: "STATE|DISTRICT" -> place tier."""

    of: Mapping[tuple[str, str], int] = field(default_factory=lambda: MappingProxyType({}))
    tiers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def groups(self, cap: Cap, traits: Traits) -> Distinct:
        """The group of each order under a cap, as text."""
        if cap.per == ALL:
            return (
                Distinct([""] * len(traits), None)
                if len(traits) <= 1
                else Distinct([""], np.zeros(len(traits), np.int64))
            )
        return group_of(cap.per, traits, self.tiers)

    def penalties(self, caps: Caps, action: Action, traits: Traits) -> Array | None:
        """(n,) minor units taken off an action; None for nothing."""
        priced = [cap for cap in caps.of(action) if any(name == cap.name for name, _ in self.of)]
        if not priced:
            return None
        total = np.zeros(len(traits), dtype=np.int64)
        for cap in priced:
            groups = self.groups(cap, traits)
            prices = np.array([self.of.get((cap.name, group), 0) for group in groups.values], dtype=np.int64)
            total += groups.spread(prices, 0)
        return np.where(caps.hold(traits), total, 0)


def group_of(per: str, traits: Traits, tiers: Mapping[str, str]) -> Distinct:
    """The state or place tier of each order; UNKNOWN where the state is not known."""
    if per == STATE:
        return _always(traits.text("state").map(str), len(traits))
    places = pairs(traits.text("state"), traits.text("district"))
    return Distinct([tiers.get(place_name(*one), PLACE_TIERS[-1]) for one in places.values], places.codes)


def pairs(one: Distinct, other: Distinct) -> Distinct:
    """The distinct pairs of two columns, with None where one holds nothing; of many rows with numpy alone, for the service."""
    if one.codes is None or other.codes is None:
        return together(one, other)
    wide = len(other.values) + 1
    keys, codes = np.unique((one.codes + 1) * wide + other.codes + 1, return_inverse=True)
    left, right = [None, *one.values], [None, *other.values]
    return Distinct([(left[k // wide], right[k % wide]) for k in keys.tolist()], codes.astype(np.int64))


def _always(told: Distinct, n: int) -> Distinct:
    """The same with UNKNOWN where nothing is held."""
    if told.codes is None:
        return Distinct([UNKNOWN if value is None else value for value in told.values], None)
    return Distinct([*told.values, UNKNOWN], np.where(told.codes < 0, len(told.values), told.codes))


def place_name(state: str | None, district: str | None) -> str:
    return f"{state or UNKNOWN}|{district or UNKNOWN}"
