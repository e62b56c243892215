"""The whole policy of one merchant, as it decides: made once when it is published, never for an order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from data.contract import Action
from serving.decisions.caps import Caps, Prices
from serving.decisions.holdout import NO_EXPERIMENT, Experiment
from serving.decisions.lists import HeldList
from serving.decisions.overrides import Overrides
from serving.decisions.policy import Policy, default_policy
from serving.decisions.rules import RuleBook


@dataclass(frozen=True, eq=False)
class ShopPolicy:
    """policy_id: as answers name it, `asha-fashion@3`.  digest: of all that decides.  money: of goods in `currency`;
    by_category: of goods for which it differs.  default: where no money can be worked out.  experiment: who is not acted on.
    """

    policy_id: str
    digest: str
    currency: str | None
    money: Policy | None
    by_category: Mapping[str, Policy] = field(default_factory=lambda: MappingProxyType({}))
    default: Action = Action.ALLOW_COD
    rules: RuleBook = field(default_factory=RuleBook)
    lists: tuple[HeldList, ...] = ()
    caps: Caps = field(default_factory=Caps)
    prices: Prices = field(default_factory=Prices)
    experiment: Experiment = NO_EXPERIMENT

    def money_for(self, currency: str | None, category: str | None) -> Policy | None:
        """The money of an order; of a currency the merchant declares nothing for, what is shipped, if anything is."""
        if currency != self.currency:
            return shipped(currency).money
        if not self.by_category or category is None:
            return self.money
        return self.by_category.get(category.casefold(), self.money)

    @property
    def plain(self) -> bool:
        """Does expected money alone decide?"""
        return not (self.rules.rules or self.lists or self.caps.caps or self.caps.never_refuse_after is not None)


@cache
def shipped(currency: str | None) -> ShopPolicy:
    """The policy of merchants that have published none: the shipped costs of the currency, or no money at all."""
    money = default_policy(currency) if currency else None
    if money is None:
        return ShopPolicy("none", "none", currency, None)
    return ShopPolicy(money.version, money.digest(), currency, money)


@dataclass(frozen=True, slots=True)
class Policies:
    """Who decides by what: published policies, and what persons have decided, by merchant."""

    published: Mapping[str, ShopPolicy] = field(default_factory=dict)
    overrides: Mapping[str, Overrides] = field(default_factory=dict)

    def of(self, merchant_id: str | None, currency: str | None) -> ShopPolicy:
        """The merchant's policy, or what is shipped for the order's currency."""
        return self.published.get(merchant_id or "") or shipped(currency)


SHIPPED = Policies()
"""Nobody has published anything."""
