"""The advice for a batch of orders of any merchants: each by its own policy, within what its caps have left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from data.contract import Action, Payment
from data.history import Columns
from serving.decisions.caps import ALL
from serving.decisions.holdout import HOLDOUT
from serving.decisions.overrides import HANDLES, Override
from serving.decisions.shop import SHIPPED, Policies, ShopPolicy
from serving.decisions.stages import STAGES
from serving.policies.budget import Budget, Counted
from serving.policies.choosing import Because, Choice, Limits, choose
from serving.policies.traits_of import OrderTraits
from serving.scores.batch import Judged
from serving.scores.weighing import Weighed

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Orders to advise on. judged: None where no model answers.  stages: (n,) places in STAGES.  at: (n,) microseconds.

    subjects: (n,) order or checkout ids, for counting; None for no counting.  days: (n,) local days.  keep: (n,) count them?
    drawn_by: (n,) what the holdout is drawn by: checkouts, else orders; empty, or None for one: no draw.
    """

    orders: Columns
    judged: Judged | None
    groups: Sequence[Weighed]
    stages: Array
    at: Array
    policies: Policies = SHIPPED
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    subjects: Sequence[str] | None = None
    days: Array | None = None
    keep: Sequence[bool] = ()
    overridden: Mapping[int, Override] = field(default_factory=dict)
    drawn_by: Sequence[str | None] = ()

    @property
    def paid(self) -> Array:
        """(n,) is the order paid already?"""
        return np.equal(self.orders["payment_method"], Payment.PREPAID.value)


@dataclass(frozen=True, slots=True, eq=False)
class Advised:
    """The advice for some rows of a batch, all of one merchant's policy. used_up: places of caps, by place in rows.
    arms: of the experiment, likewise, where one was drawn."""

    shop: ShopPolicy
    rows: Array
    choice: Choice
    used_up: Mapping[int, frozenset[int]]
    arms: Mapping[int, str] = field(default_factory=dict)

    def action(self, i: int) -> Action:
        """What is advised for one order."""
        return Action(int(self.choice.action[i]))

    def experiment(self, i: int) -> dict[str, Any] | None:
        """The arm of one order and the chance of what is advised; None where nothing was drawn, or did not count."""
        if i not in self.arms or self.choice.beyond_caps(i):
            return None
        one, arm, wanted = self.shop.experiment, self.arms[i], Action(int(self.choice.wanted[i]))
        chance = one.propensity(arm, wanted is Action.ALLOW_COD)
        return {"name": one.name, "arm": arm, "propensity": chance, "wanted": wanted.name.lower()}

    def because(self, i: int) -> Because | None:
        return self.choice.because(i, self.shop)

    def limits(self, i: int) -> list[str]:
        """Names of the caps that were used up for one order: with them its choice can be made again."""
        return sorted(self.shop.caps.caps[place].name for place in self.used_up.get(i, ()))


def advise(batch: Batch) -> list[Advised]:
    """The advice for every order, by policy."""
    owners: dict[int, tuple[ShopPolicy, str | None, list[int]]] = {}
    names = zip(batch.orders["merchant_id"].tolist(), batch.orders["currency"].tolist(), strict=True)
    for row, (merchant, currency) in enumerate(names):
        shop = batch.policies.of(merchant, currency)
        owners.setdefault(id(shop), (shop, merchant, []))[2].append(row)
    return [_advised(batch, shop, merchant, np.array(rows)) for shop, merchant, rows in owners.values()]


def _advised(batch: Batch, shop: ShopPolicy, merchant: str | None, rows: Array) -> Advised:
    groups = [replace(g, rows=np.searchsorted(rows, g.rows)) for g in batch.groups if g.shop is shop]
    traits = OrderTraits(batch.orders, rows, batch.judged, batch.stages, batch.at)
    place_of = {row: place for place, row in enumerate(rows.tolist())} if batch.overridden else {}
    overrides = {place_of[row]: one.action for row, one in batch.overridden.items() if row in place_of}
    used_up: dict[int, frozenset[int]] = {}
    arms = _arms(batch, shop, merchant, rows)
    held = frozenset(place for place, arm in arms.items() if arm == HOLDOUT)
    stages, paid = batch.stages[rows], batch.paid[rows]

    def again() -> Choice:
        return choose(shop, traits, groups, stages, paid, Limits(used_up, overrides, held))

    choice = again()
    budget = batch.budgets.get(merchant or "")
    if budget is not None and batch.subjects is not None and batch.days is not None and shop.caps.caps:
        counting = _Counting(shop, traits, budget)
        for place, row in enumerate(rows.tolist()):
            if paid[place]:
                continue
            day, subject = int(batch.days[row]), batch.subjects[row]
            while full := counting.full(choice, place, subject, day):
                used_up[place] = used_up.get(place, frozenset()) | full
                choice = again()
            if batch.keep[row]:
                budget.count(counting.counted(choice, place, subject, day))
    return Advised(shop, rows, choice, used_up, arms)


def _arms(batch: Batch, shop: ShopPolicy, merchant: str | None, rows: Array) -> dict[int, str]:
    """The arm of each order not paid yet, by place in rows. What lists and persons decide is then out of it."""
    if not batch.drawn_by or not shop.experiment.holdout or merchant is None:
        return {}
    paid, drawn = batch.paid, [(place, row, batch.drawn_by[row]) for place, row in enumerate(rows.tolist())]
    return {place: shop.experiment.arm(merchant, by) for place, row, by in drawn if by is not None and not paid[row]}


class _Counting:
    """One merchant's caps against its budget, order by order."""

    def __init__(self, shop: ShopPolicy, traits: OrderTraits, budget: Budget) -> None:
        self.shop, self.budget = shop, budget
        self.held = shop.caps.hold(traits)
        groups = {cap.per: shop.prices.groups(cap, traits) for cap in shop.caps.caps}
        self.groups = {per: [told.values[code] for code in told.coded] for per, told in groups.items()}

    def full(self, choice: Choice, place: int, subject: str, day: int) -> frozenset[int]:
        """Caps that leave no room for what is advised; lists and overrides ask for none."""
        if not self.held[place] or choice.beyond_caps(place):
            return frozenset()
        wanted = int(choice.action[place])
        return frozenset(
            i
            for i, cap in enumerate(self.shop.caps.caps)
            if int(cap.action) == wanted and self.budget.used_up(cap, self.groups[cap.per][place], subject, day)
        )

    def counted(self, choice: Choice, place: int, subject: str, day: int) -> Counted:
        """As one of the orders; what no cap limits uses none up."""
        groups = {(ALL, "")} | {(per, told[place]) for per, told in self.groups.items()}
        action = Action.ALLOW_COD if choice.beyond_caps(place) else Action(int(choice.action[place]))
        return Counted(subject, day, action, tuple(sorted(groups)))


def overridden(
    policies: Policies, orders: Columns, ids: Sequence[tuple[str | None, str | None]], at: Array
) -> dict[int, Override]:
    """By row, what persons have decided about orders of a batch. ids: (n,) order and checkout id."""
    if not policies.overrides:
        return {}
    found: dict[int, Override] = {}
    for row, merchant in enumerate(orders["merchant_id"].tolist()):
        decided = policies.overrides.get(merchant)
        persons = {kind: int(orders[kind][row]) for kind in HANDLES} if decided else {}
        if decided and (one := decided.find(*ids[row], persons, int(at[row]))):
            found[row] = one
    return found


def stage_places(stages: Sequence[str]) -> Array:
    """(n,) places in STAGES."""
    return np.array([STAGES.index(stage) for stage in stages], dtype=np.int64)
