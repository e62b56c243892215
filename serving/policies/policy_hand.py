"""One merchant's policies at hand for a command: the live one, an earlier version, what is shipped, or a file to be tried."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from data.contract import Action
from data.errors import GateRefused, UsageError
from data.pool import Merchant, Pool
from serving.decisions.caps import PLACE_TIER
from serving.decisions.lists import HeldList
from serving.decisions.shop import ShopPolicy, shipped
from serving.policies.list_store import ListStore
from serving.policies.policy_file import Named, draft, read_toml
from serving.policies.policy_rules import digests_of, lists_of
from serving.policies.policy_shapes import PolicyIn
from serving.policies.policy_shelf import Worked, loaded, shop_of
from serving.policies.policy_store import PolicyStore, Version, digest_of

LIVE, SHIPPED = "live", "shipped"


@dataclass(frozen=True)
class Draft:
    """A policy as written, with the lists it means now. digest: of what it says; two spellings of one are equal."""

    text: str
    said: PolicyIn
    named: Named
    digests: Mapping[str, str]
    lists: tuple[HeldList, ...] = ()

    @property
    def digest(self) -> str:
        return digest_of({"said": self.said.canonical(), "lists": dict(self.digests)})

    def ready(self) -> ShopPolicy:
        """Made ready to decide, under the name `draft`, its caps without a price."""
        return shop_of(self.said, self.named, ("draft", self.digest), self.lists, Worked())


@dataclass(frozen=True)
class Hand:
    """A merchant's policies."""

    pool: Pool
    merchant: Merchant
    store: PolicyStore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "store", PolicyStore(self.pool))

    @property
    def merchant_id(self) -> str:
        return self.merchant.merchant_id

    def draft(self, path: Path) -> Draft:
        """A file. Raises UsageError POLICY007 if there is none, PlanError for what cannot be meant."""
        if not path.is_file():
            raise UsageError("POLICY007", str(path), got="no such file", expected="a policy in TOML",
                             to_do="rto policy draft --out policy.toml")  # fmt: skip
        return self.draft_of(path.read_text(encoding="utf-8"), path.name)

    def draft_of(self, text: str, where: str) -> Draft:
        return self.meant(read_toml(text, where), where, text)

    def meant(self, said: PolicyIn, where: str, text: str = "") -> Draft:
        """What was said, with its lists as they are imported now."""
        merchant = self.merchant
        named = Named(merchant.merchant_id, merchant.currency, where, merchant.timezone)
        lists = ListStore(self.pool, merchant.merchant_id)
        digests = digests_of(said, lists)
        return Draft(text, said, named, MappingProxyType(digests), lists_of(said, named, lists, digests))

    def live(self) -> ShopPolicy:
        """What decides now."""
        version = self.store.live().get(self.merchant_id)
        if version is None:
            return shipped(self.merchant.currency)
        return loaded(self.pool, self.merchant, self.store.read(self.merchant_id, version))

    def named(self, which: str) -> ShopPolicy:
        """`live`, `shipped`, a version by number or as answers name it (`asha-fashion@3`), or a file."""
        which = which.removeprefix(f"{self.merchant_id}@")
        if which == LIVE:
            return self.live()
        if which == SHIPPED:
            return shipped(self.merchant.currency)
        if which.isdigit() and not Path(which).exists():
            return loaded(self.pool, self.merchant, self.store.read(self.merchant_id, int(which)))
        return self.draft(Path(which)).ready()

    def said(self, which: str) -> dict[str, Any]:
        """What a policy says, for comparing: what it leaves out is as shipped."""
        merchant = self.merchant
        whole = read_toml(draft(Named(merchant.merchant_id, merchant.currency, SHIPPED)), SHIPPED).canonical()
        told, lists = self._said(which)
        economics = {**whole.get("economics", {}), **told.get("economics", {})}
        return {**whole, **told, "economics": economics} | ({"rows of lists": dict(lists)} if lists else {})

    def _said(self, which: str) -> tuple[dict[str, Any], Mapping[str, str]]:
        which = which.removeprefix(f"{self.merchant_id}@")
        if which == LIVE:
            which = str(self.store.live().get(self.merchant_id, SHIPPED))
        if which == SHIPPED:
            return {}, {}
        if which.isdigit() and not Path(which).exists():
            version = self.store.read(self.merchant_id, int(which))
            return read_toml(version.text, version.policy_id).canonical(), version.lists
        found = self.draft(Path(which))
        return found.said.canonical(), found.digests

    def publish(self, wanted: Draft, bundle: str, now: int, text: str = "") -> Version:
        """Make a draft live that was simulated, with the prices that were found then. Raises GateRefused GATE002."""
        trial = self.store.trial(self.merchant_id, wanted.digest)
        if trial["bundle"] != bundle:
            raise GateRefused("GATE002", f"policy of {self.merchant_id}", got="a simulation with the risks of another model",
                              expected="one with the model that is published now; the live policy stays",
                              to_do="rto policy simulate FILE once more")  # fmt: skip
        tried = {name: trial[name] for name in ("at", "days", "bundle", "result")}

        def version(number: int) -> Version:
            return Version(self.merchant_id, number, now, wanted.text, text, dict(wanted.digests), trial["prices"],
                           trial["tiers"], tried)  # fmt: skip

        return self.store.publish(version)


def worked_of(shop: ShopPolicy) -> dict[str, Any]:
    """What was worked out for a policy, to be kept with it."""
    tiers = dict(shop.prices.tiers) if any(cap.per == PLACE_TIER for cap in shop.caps.caps) else {}
    return {"prices": [[name, group, minor] for (name, group), minor in sorted(shop.prices.of.items())], "tiers": tiers}


def told(shop: ShopPolicy, version: Version | None) -> dict[str, Any]:
    """A policy as the API and `--json` tell it."""
    money = shop.money
    return {
        "policy_id": shop.policy_id,
        "digest": shop.digest,
        "version": None if version is None else version.version,
        "published_at": None if version is None else version.published_at,
        "note": None if version is None else version.note,
        "default": shop.default.name.lower(),
        "offered": [] if money is None else [a.name.lower() for a in Action if a in money.offered],
        "economics": None if money is None else money.economics.as_dict(),
        "by_category": {name: one.economics.as_dict() for name, one in shop.by_category.items()},
        "effects": None if money is None else {"version": money.effects.version, "rows": _effects(shop)},
        "rules": [{"id": rule.rule_id, "text": rule.in_words()} for rule in shop.rules.rules],
        "lists": [{"name": one.name, "kind": one.kind, "effect": one.effect, "then": one.then.name.lower(),
                   "rows": len(one.rows)} for one in shop.lists],
        "caps": [{"name": cap.name, "limit": cap.a_day if cap.share is None else float(cap.share)} for cap in shop.caps.caps],
        "never_refuse_after": shop.caps.never_refuse_after,
    }  # fmt: skip


def _effects(shop: ShopPolicy) -> list[dict[str, Any]]:
    assert shop.money is not None, "asked for where there is money"
    rows = []
    for row in shop.money.effects.rows:
        parts = {}
        for one in row.ranges:
            tables = [vars(table) for table in (getattr(row, one.part), one.low, one.high)]
            parts[one.part] = {kind: [float(table[kind]) for table in tables] for kind in tables[0]}
        rows.append({"action": row.action.name.lower(), "assumed": row.assumed, **parts})
    return rows
