"""The policies that decide now: read when something changes, made ready once, never looked up on disk for an order."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from data.contract import Action
from data.pool import Merchant, Pool
from serving.decisions.caps import Caps, Prices
from serving.decisions.holdout import Experiment
from serving.decisions.lists import HeldList
from serving.decisions.rules import RuleBook
from serving.decisions.shop import Policies, ShopPolicy
from serving.policies.budget import Budget
from serving.policies.budget_seeds import counted
from serving.policies.list_store import ListStore
from serving.policies.policy_file import Named, money_of, read_toml
from serving.policies.policy_rules import caps_of, lists_of, rules_of
from serving.policies.policy_shapes import PolicyIn
from serving.policies.policy_store import PolicyStore, Version
from serving.web.http import LOG, place_of


@dataclass(frozen=True, slots=True)
class Worked:
    """What was worked out for a policy beside what it says: prices of caps, place tiers, which lists were meant."""

    prices: list[list[Any]] = field(default_factory=list)
    tiers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    lists: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def shop_of(
    said: PolicyIn, named: Named, ids: tuple[str, str], lists: tuple[HeldList, ...], worked: Worked
) -> ShopPolicy:
    """A policy made ready to decide. ids: its id and digest. Raises PlanError for what cannot be meant."""
    money, by_category = money_of(said, named)
    rules = RuleBook(rules_of(said, named), money.economics.minor_per_major)
    prices = Prices(MappingProxyType({(name, group): int(minor) for name, group, minor in worked.prices}), worked.tiers)
    caps: Caps = caps_of(said, named)
    default = Action[said.default.upper()]
    experiment = Experiment(Fraction(said.experiment.holdout), said.experiment.name)
    currency = money.economics.currency
    return ShopPolicy(ids[0], ids[1], currency, money, by_category, default, rules, lists, caps, prices, experiment)


def loaded(pool: Pool, merchant: Merchant, version: Version) -> ShopPolicy:
    """A published version made ready. Raises RtoError if it cannot be."""
    where = f"{version.policy_id}"
    said = read_toml(version.text, where)
    named = Named(merchant.merchant_id, merchant.currency, where, merchant.timezone)
    lists = lists_of(said, named, ListStore(pool, merchant.merchant_id), version.lists)
    worked = Worked(version.prices, version.tiers, version.lists)
    shop = shop_of(said, named, (version.policy_id, version.digest()), lists, worked)
    warm(shop)
    return shop


def warm(shop: ShopPolicy) -> None:
    """Work out now what the first order would have to wait for."""
    for money in (shop.money, *shop.by_category.values()):
        if money is not None:
            for known in (False, True):
                money.swings(known)
                money.sums(known, "checkout")


class Shelf:
    """The policies of one pool. A version that cannot be read is refused aloud, and what was live before stays.

    budgets: what each merchant's caps have left; counted from the ledger when a policy with caps is taken up.
    refused: merchants whose live policy cannot be read.
    """

    def __init__(self, pool: Pool, now: Callable[[], int]) -> None:
        self.pool, self.store, self.now = pool, PolicyStore(pool), now
        self.policies = Policies()
        self.budgets: dict[str, Budget] = {}
        self.refused: frozenset[str] = frozenset()
        self._seen: tuple[tuple[int, ...], int] | None = None
        self._versions: dict[str, int] = {}
        self._taking: threading.Thread | None = None

    def look_aside(self, merchants: Mapping[str, Merchant]) -> None:
        """`look` in a thread of its own, where something has changed: orders go on being answered meanwhile."""
        if self._state(merchants) != self._seen and (self._taking is None or not self._taking.is_alive()):
            self._taking = threading.Thread(
                target=self.look_safely, args=(dict(merchants),), name="policies", daemon=True
            )
            self._taking.start()

    def look_safely(self, merchants: Mapping[str, Merchant]) -> None:
        """`look`; what cannot be read is logged, and what decided goes on deciding: the sale goes on."""
        try:
            self.look(merchants)
        except Exception as error:  # noqa: BLE001 - what decided goes on deciding
            LOG.error("policies of %s: %s", self.pool.name, place_of(error))
            self._seen, self.refused = self._state(merchants), frozenset(merchants)

    def _state(self, merchants: Mapping[str, Merchant]) -> tuple[tuple[int, ...], int]:
        return self.store.changed_at(), len(merchants)

    def look(self, merchants: Mapping[str, Merchant]) -> None:
        """Take up what has changed."""
        now = self._state(merchants)
        live, ready, refused = self.store.live(), dict(self.policies.published), set[str]()
        for merchant_id in [m for m in ready if m not in live]:
            del ready[merchant_id], self._versions[merchant_id]
            self.budgets.pop(merchant_id, None)
        for merchant_id, version in live.items():
            if merchant_id in merchants and self._versions.get(merchant_id) != version:
                refused |= set() if self._take(merchants[merchant_id], version, ready) else {merchant_id}
        self.policies, self._seen = Policies(ready, self.store.overrides()), now
        self.refused = frozenset(refused)

    def _take(self, merchant: Merchant, version: int, ready: dict[str, ShopPolicy]) -> bool:
        try:
            shop = loaded(self.pool, merchant, self.store.read(merchant.merchant_id, version))
            budget = Budget(counted(self.pool, merchant, shop, self.now())) if shop.caps.caps else None
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the old one goes on deciding
            LOG.error("policy %s@%d refused: %s", merchant.merchant_id, version, place_of(error))
            return False
        ready[merchant.merchant_id] = shop
        self.budgets.pop(merchant.merchant_id, None)
        if budget is not None:
            self.budgets[merchant.merchant_id] = budget
        self._versions[merchant.merchant_id] = version
        LOG.info("policy %s@%d decides", merchant.merchant_id, version)
        return True


def policies_of(pool: Pool) -> Policies:
    """The policies of a pool as they are live now; caps by their prices, for nothing is counted here."""
    store, merchants = PolicyStore(pool), pool.merchants()
    live = {m: v for m, v in store.live().items() if m in merchants}
    ready = {m: loaded(pool, merchants[m], store.read(m, version)) for m, version in live.items()}
    return Policies(ready, store.overrides())
