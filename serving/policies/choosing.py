"""What is advised for orders of one merchant: lists, rules, protection and caps before money, in a fixed order.

    1  paid already: ship    2  override    3  block list    4  allow list    5  holdout    6  rule    7  expected value

Rules and expected value keep within what protection and caps leave; lists and overrides do not. Each answer says which of
them decided. docs/decisions.md#what-decides
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from data.contract import Action
from serving.decisions.effects import HARSHNESS
from serving.decisions.lists import ALLOW, BLOCK, first_of
from serving.decisions.rules import at_stage
from serving.decisions.shop import ShopPolicy
from serving.decisions.stages import STAGES, default_at, offered
from serving.decisions.traits import Traits
from serving.scores.weighing import Weighed, masked

Array: TypeAlias = np.ndarray[Any, Any]

DECIDED_BY = (
    "expected_value",
    "default",
    "cap",
    "protection",
    "rule",
    "allow_list",
    "block_list",
    "override",
    "test",
    "holdout",
)
VALUE, DEFAULT, CAP, PROTECTION, RULE, ALLOWED, BLOCKED, OVERRIDDEN, _TEST, HELD = range(len(DECIDED_BY))
BEYOND_CAPS = ("allow_list", "block_list", "override")
"""What no cap limits, and what uses none of them up."""
_NONE = -1


@dataclass(frozen=True, slots=True)
class Because:
    """What decided, where it was not money: the id of a rule, list or cap, and a word of the merchant's or ours."""

    name: str
    text: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        return {"name": self.name, "text": self.text}


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """(n,) each.  action, runner_up: an `Action`, -1 for none.  by: place in DECIDED_BY.  name: which rule, list or cap, a
    place among its kind, -1 for none; row: of a list.  without: what money alone would have advised, -1 for nothing.
    wanted: what would be advised without the holdout.
    """

    action: Array
    runner_up: Array
    by: Array
    name: Array
    row: Array
    without: Array
    wanted: Array

    def beyond_caps(self, i: int) -> bool:
        """Was one order decided by what no cap limits?"""
        return DECIDED_BY[int(self.by[i])] in BEYOND_CAPS

    def because(self, i: int, shop: ShopPolicy) -> Because | None:
        """What decided one order, for people; None where money or the default did."""
        place, by = int(self.name[i]), int(self.by[i])
        if by == RULE:
            rule = shop.rules.rules[place]
            return Because(rule.rule_id, rule.in_words())
        if by in (ALLOWED, BLOCKED):
            return Because(shop.lists[place].name, shop.lists[place].rows.label(int(self.row[i])))
        if by == PROTECTION:
            return Because("never_refuse_after", f"took {shop.caps.never_refuse_after} parcels or more, none came back")
        return Because(shop.caps.caps[place].name) if by == CAP else None


@dataclass(frozen=True, slots=True)
class Limits:
    """What counting adds to a policy. used_up: for some rows the places of caps that are used up.  overrides: for some rows
    what a person has decided.  held: rows in the holdout."""

    used_up: Mapping[int, frozenset[int]] = field(default_factory=dict)
    overrides: Mapping[int, Action] = field(default_factory=dict)
    held: frozenset[int] = frozenset()


NO_LIMITS = Limits()

_Shut: TypeAlias = Mapping[Action, tuple[Array, Array, Array]]
"""action -> (n,) may it not be advised, by which of DECIDED_BY, and by which cap."""


@dataclass(slots=True)
class _Draft:
    """A choice being made, and what it is made from. stages: (n,) places in STAGES.  free: (n,) is there a choice?"""

    shop: ShopPolicy
    traits: Traits
    stages: Array
    free: Array
    action: Array
    runner_up: Array
    by: Array
    name: Array
    row: Array
    without: Array

    def put(self, rows: Array, then: Action, by: int, name: int, listed: Array | int = _NONE) -> None:
        """Advise `then`, or what its stage still allows of it; second is what money alone wants most, or wanted next."""
        if not len(rows):
            return
        for stage in sorted(set(self.stages[rows].tolist())):
            here = rows[self.stages[rows] == stage]
            still = int(_still(then, STAGES[stage]))
            alone = self.without[here]
            self.runner_up[here] = np.where((alone >= 0) & (alone != still), alone, self.runner_up[here])
            self.runner_up[here] = np.where(self.runner_up[here] == still, _NONE, self.runner_up[here])
            self.action[here] = still
        self.by[rows], self.name[rows], self.row[rows] = by, name, listed


def choose(
    shop: ShopPolicy, traits: Traits, groups: Sequence[Weighed], stages: Array, paid: Array, limits: Limits = NO_LIMITS
) -> Choice:
    """The advice for n orders of one merchant. groups: their money, rows counted from 0.  stages: (n,) places in STAGES.
    paid: (n,) prepaid already."""
    n = len(traits)
    defaults = np.array([int(default_at(stage, shop.default)) for stage in STAGES])
    action = np.where(paid, int(Action.ALLOW_COD), defaults[stages])
    none = np.full((4, n), _NONE, dtype=np.int64)
    draft = _Draft(shop, traits, stages, ~paid, action, none[0], np.full(n, DEFAULT), none[1], none[2], none[3])
    shut = _shut(draft, limits)
    for group in groups:
        _by_money(draft, group, shut)
    if not shop.plain:
        _by_rules(draft, shut)
    undrawn = draft.action.copy()
    held = np.array(sorted(limits.held), dtype=np.int64)
    draft.put(held[draft.free[held]], Action.ALLOW_COD, HELD, _NONE)
    if not shop.plain:
        for effect, by in ((ALLOW, ALLOWED), (BLOCK, BLOCKED)):
            _by_lists(draft, effect, by)
    for row, wanted in limits.overrides.items():
        draft.put(np.flatnonzero(draft.free[row : row + 1]) + row, wanted, OVERRIDDEN, _NONE)
    return Choice(draft.action, draft.runner_up, draft.by, draft.name, draft.row, draft.without, undrawn)


def _shut(draft: _Draft, limits: Limits) -> _Shut:
    caps, n = draft.shop.caps, len(draft.traits)
    found: dict[Action, tuple[Array, Array, Array]] = {}
    protected = caps.protects(draft.traits)
    if protected.any():
        found[Action.PREPAID_ONLY] = (protected, np.full(n, PROTECTION), np.full(n, _NONE))
    for row, places in limits.used_up.items():
        for place in sorted(places):
            empty = (np.zeros(n, dtype=bool), np.full(n, CAP), np.full(n, _NONE))
            shut, by, which = found.setdefault(caps.caps[place].action, empty)
            if not shut[row]:
                shut[row], by[row], which[row] = True, CAP, place
    return found


def _by_money(draft: _Draft, group: Weighed, shut: _Shut) -> None:
    """What is worth most; of caps the price, of protection and used-up caps what they leave."""
    rows, actions = group.rows, np.array(group.actions, dtype=np.int64)
    best = first = group.ranked[:, 0]
    if not group.prepaid and not draft.shop.plain:
        best = np.argmax(masked(*_limited(draft, group, shut)), axis=1)
    draft.action[rows], draft.by[rows], draft.without[rows] = actions[best], VALUE, actions[first]
    if len(actions) > 1:
        second = np.where(best == first, group.ranked[:, 1], first)
        there = group.offered[np.arange(len(second)), second]
        draft.runner_up[rows] = np.where(there, actions[second], _NONE)
    moved: Array = best != first
    for place, action in enumerate(group.actions) if moved.any() else ():
        _kept_from(draft, rows[moved & (first == place)], action, shut)


def _limited(draft: _Draft, group: Weighed, shut: _Shut) -> tuple[Array, Array]:
    """Numerators less the prices of caps, and what may be advised."""
    numbers, may = group.numbers.copy(), group.offered.copy()
    for place, action in enumerate(group.actions):
        price = draft.shop.prices.penalties(draft.shop.caps, action, draft.traits)
        if price is not None:
            numbers[:, place] -= price[group.rows].astype(numbers.dtype) * group.denominator
        if action in shut:
            may[:, place] &= ~shut[action][0][group.rows]
    return numbers, may


def _kept_from(draft: _Draft, rows: Array, wanted: Action, shut: _Shut) -> None:
    """Say of orders what kept `wanted` from them: protection, a cap that is used up, or its price."""
    if not len(rows):
        return
    caps = draft.shop.caps.caps
    draft.by[rows] = CAP
    draft.name[rows] = next((place for place, cap in enumerate(caps) if cap.action is wanted), _NONE)
    if wanted in shut:
        closed, by, which = (column[rows] for column in shut[wanted])
        draft.by[rows[closed]], draft.name[rows[closed]] = by[closed], which[closed]


def _by_rules(draft: _Draft, shut: _Shut) -> None:
    """The first rule that matches, where what it wants is not shut."""
    found = draft.shop.rules.first(draft.traits)
    for place, rule in enumerate(draft.shop.rules.rules):
        rows = np.flatnonzero((found == place) & draft.free)
        if rule.then is None or not len(rows):
            continue
        if rule.then in shut:
            closed = shut[rule.then][0][rows]
            _kept_from(draft, rows[closed], rule.then, shut)
            rows = rows[~closed]
        draft.put(rows, rule.then, RULE, place)


def _by_lists(draft: _Draft, effect: str, by: int) -> None:
    found, listed = first_of(draft.shop.lists, effect, draft.traits)
    for place, one in enumerate(draft.shop.lists):
        rows = np.flatnonzero((found == place) & draft.free)
        if len(rows):
            draft.put(rows, one.then, by, place, listed[rows])


def _still(then: Action, stage: str) -> Action:
    return at_stage(then, offered(stage, tuple(Action)), HARSHNESS)
