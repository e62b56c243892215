"""A policy tried on past orders beside the one that is live: orders touched, what became of them, rupees with an interval."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from data.contract import DAY, Action
from serving.decisions.caps import ALL, PLACE_TIER, STATE, Cap, group_of
from serving.decisions.intervals import beside
from serving.decisions.rule_check import findings
from serving.decisions.shop import ShopPolicy
from serving.policies.choosing import BEYOND_CAPS, DECIDED_BY, RULE
from serving.policies.past import Past, PastTraits
from serving.policies.trying_out import Tried, Valued, chosen, try_out, value
from serving.web.http import rfc3339

Array: TypeAlias = np.ndarray[Any, Any]

NORMAL_95 = 1.96
EXAMPLES = 5
_REFUSED = int(Action.PREPAID_ONLY)
_SHIP = int(Action.ALLOW_COD)


def simulate(past: Past, merchant_id: str, new: ShopPolicy, live: ShopPolicy, days: int) -> dict[str, Any]:
    """Both policies on the cash orders of the last `days`. Money is the new policy's: its costs, its effects."""
    rows = past.rows_of(merchant_id, days)
    ours, theirs = try_out(new, past, rows), try_out(live, past, rows)
    worth = value(new, past, rows, [ours.action, theirs.action, np.full(len(rows), _SHIP)])
    outcome, buyers = np.asarray(past.column("outcome")[rows]), PastTraits(past, rows).person("phone")
    touched = ours.action != theirs.action
    trained = int(past.about["trained_through"])
    return {
        "policy": {"new": new.policy_id, "live": live.policy_id},
        "merchant_id": merchant_id,
        "days": days,
        "from": rfc3339(int(past.about["through"]) - days * DAY),
        "to": rfc3339(int(past.about["through"])),
        "cash_orders": counts(outcome),
        "touched": counts(outcome[touched]),
        "money": {
            "currency": new.currency,
            "against_live": difference(worth, (0, 1), outcome, buyers),
            "against_shipping": difference(worth, (0, 2), outcome, buyers),
        },
        "actions": actions(ours, theirs, outcome),
        "changes": list(_changes(ours, theirs, outcome, worth)),
        "decided_by": _decided(ours),
        "refused": refusals(past, rows, (ours.action, theirs.action), outcome, new),
        "caps": [_cap(new, ours, cap) for cap in new.caps.caps],
        "findings": [one.as_dict() for one in findings(new.rules.rules, int(past.about["through"]))],
        "examples": list(_examples(new, ours, theirs, worth)),
        "model": {
            "digest": past.about["bundle"],
            "orders_it_learned_from": int((past.column("placed_at")[rows] <= trained).sum()),
        },
    }


def counts(outcome: Array) -> dict[str, int]:
    """Orders, and what became of them."""
    return {
        "orders": len(outcome),
        "delivered": int((outcome == 0).sum()),
        "rto": int((outcome == 1).sum()),
        "unknown": int((outcome < 0).sum()),
    }


def difference(worth: Valued, ways: tuple[int, int], outcome: Array, buyers: Array) -> dict[str, Any]:
    """What the first way is worth more than the second, in minor units, with a 95 % interval.

    The interval has two sources that are added as squares: which buyers happened to order and how it ended (a buyer's orders
    kept together), and what the effect table leaves open.
    """
    one, other = ways
    each, expected, scatter = (of[one] - of[other] for of in (worth.real, worth.expected, worth.scatter))
    sampled = NORMAL_95 * float(np.sqrt(_variance(each, expected, scatter, buyers)))
    low, high = beside(worth.swings[one] - worth.swings[other])
    total, n = float(each.sum()), max(len(outcome), 1)
    return {
        "difference_minor": round(total),
        "low_minor": round(total - float(np.hypot(sampled, low))),
        "high_minor": round(total + float(np.hypot(sampled, high))),
        "per_1000_orders_minor": round(total / n * 1000),
        "expected_by_risk_minor": round(float(expected.sum())),
        "of_it_known_minor": round(float(each[outcome >= 0].sum())),
    }


def _variance(each: Array, expected: Array, scatter: Array, buyers: Array) -> float:
    """Of a sum over buyers who came by chance: as it came out, or as the risks say, whichever is larger.

    What came out alone is far too sure where a policy touches some ten orders: the rare dear ones are then missing.
    """
    _, code = np.unique(np.where(buyers >= 0, buyers, -2 - np.arange(len(buyers))), return_inverse=True)
    came, said = (np.bincount(code, weights=of) if len(of) else np.zeros(0) for of in (each, expected))
    return max(float((came**2).sum()), float((said**2).sum() + (scatter**2).sum()))


def actions(ours: Tried, theirs: Tried, outcome: Array) -> list[dict[str, Any]]:
    """How often each action is advised, now and then."""
    return [
        {"action": a.name.lower(), "live": int((theirs.action == a).sum()), "new": int((ours.action == a).sum()),
         "new_outcomes": counts(outcome[ours.action == a])}
        for a in Action
    ]  # fmt: skip


def _changes(ours: Tried, theirs: Tried, outcome: Array, worth: Valued) -> Iterator[dict[str, Any]]:
    """From which action to which, most orders first."""
    pairs = theirs.action.astype(np.int64) * len(Action) + ours.action
    found, n = np.unique(pairs[ours.action != theirs.action], return_counts=True)
    for pair in found[np.argsort(-n, kind="stable")].tolist():
        here = pairs == pair
        was, now = (Action(code).name.lower() for code in divmod(pair, len(Action)))
        gained = float((worth.real[0] - worth.real[1])[here].sum())
        yield {"from": was, "to": now, **counts(outcome[here]), "difference_minor": round(gained)}


def _decided(ours: Tried) -> dict[str, int]:
    found = np.bincount(ours.by, minlength=len(DECIDED_BY))
    return {name: int(n) for name, n in zip(DECIDED_BY, found, strict=True) if n}


def refusals(past: Past, rows: Array, ways: tuple[Array, Array], outcome: Array, shop: ShopPolicy) -> dict[str, Any]:
    """Who is refused cash, now and then: of all, of buyers who took their parcel, and by place."""
    traits = PastTraits(past, rows)
    by = {per: group_of(per, traits, shop.prices.tiers) for per in (STATE, PLACE_TIER)}
    told: dict[str, Any] = {name: _refused(way, outcome) for name, way in zip(("new", "live"), ways, strict=True)}
    for per, groups in by.items():
        codes = groups.coded
        named: dict[str, list[int]] = {}
        for code, group in enumerate(groups.values):
            named.setdefault(group, []).append(code)
        found = []
        for group, some in named.items():
            here = np.isin(codes, some)
            if here.any():
                found.append({per: group, "orders": int(here.sum()), **_refused(ways[0][here], outcome[here])})
        told[f"by_{per}"] = sorted(found, key=lambda one: (-one["refused_share"], str(one[per])))[:12]
    return told


def _refused(action: Array, outcome: Array) -> dict[str, Any]:
    good = outcome == 0
    return {
        "refused_share": _share((action == _REFUSED).sum(), len(action)),
        "good_refused_share": _share(((action == _REFUSED) & good).sum(), good.sum()),
    }


def _share(some: Any, of: Any) -> float | None:
    return round(float(some) / float(of), 4) if of else None


def _cap(shop: ShopPolicy, ours: Tried, cap: Cap) -> dict[str, Any]:
    """A cap, its price, and how much of it these orders would have used; of groups the one that uses most."""
    past, rows = ours.past, ours.rows
    groups = shop.prices.groups(cap, PastTraits(past, rows))
    days = max(np.ptp(past.column("placed_at")[rows]) / DAY, 1.0) if len(rows) else 1.0
    listed = np.isin(ours.by, [DECIDED_BY.index(name) for name in BEYOND_CAPS])
    codes, wanted = groups.coded, (ours.action == cap.action) & ~listed
    orders, taken = (np.bincount(codes, w, minlength=len(groups.values)) for w in (np.ones(len(rows)), wanted * 1.0))
    used = taken / days if cap.share is None else np.divide(taken, orders, out=np.zeros(len(taken)), where=orders > 0)
    most = int(np.argmax(used)) if len(used) else 0
    prices = [minor for (name, _), minor in shop.prices.of.items() if name == cap.name]
    return {
        "cap": cap.name,
        "limit": cap.a_day if cap.share is None else float(cap.share),
        "used": round(float(used[most]), 4) if len(used) else 0.0,
        "group": None if cap.per == ALL or not len(used) else groups.values[most],
        "price_minor": max(prices, default=0),
    }


def _examples(shop: ShopPolicy, ours: Tried, theirs: Tried, worth: Valued) -> Iterator[dict[str, Any]]:
    """Orders whose advice changes: those that are expected to gain most by it, and those that lose most."""
    gain = (worth.expected[0] - worth.expected[1]) * (ours.action != theirs.action)
    order = np.argsort(-gain, kind="stable")
    picked = [
        i for i in (*order[:EXAMPLES].tolist(), *order[-EXAMPLES:].tolist()) if ours.action[i] != theirs.action[i]
    ]
    for i in dict.fromkeys(picked):
        yield {
            **example(shop, ours, i),
            "live_action": Action(int(theirs.action[i])).name.lower(),
            "expected_difference_minor": round(float(gain[i])),
        }


def example(shop: ShopPolicy, tried: Tried, i: int) -> dict[str, Any]:
    """One past order and its advice, without a word on the buyer."""
    past, row = tried.past, int(tried.rows[i])
    choice, _ = chosen(shop, past, tried.rows[i : i + 1])
    because = choice.because(0, shop)
    outcome = int(past.column("outcome")[row])
    return {
        "order_id": past.order_id(row),
        "placed_at": rfc3339(int(past.column("placed_at")[row])),
        "value_minor": int(PastTraits(past, tried.rows[i : i + 1]).values()[0]),
        "p_rto": int(past.column("k")[row]) / 1000,
        "action": Action(int(tried.action[i])).name.lower(),
        "decided_by": DECIDED_BY[int(tried.by[i])],
        "because": None if because is None else because.as_dict(),
        "outcome": {0: "delivered", 1: "rto"}.get(outcome, "unknown"),
    }


def backtest(past: Past, merchant_id: str, shops: tuple[ShopPolicy, ShopPolicy], days: int) -> dict[str, Any]:
    """What each rule and list does to past orders. shops: the policy, and the same without any rule and list."""
    shop, alone = shops
    rows = past.rows_of(merchant_id, days)
    ours, theirs = try_out(shop, past, rows), try_out(alone, past, rows)
    worth = value(shop, past, rows, [ours.action, theirs.action])
    outcome, traits = np.asarray(past.column("outcome")[rows]), PastTraits(past, rows)
    told = []
    for place, rule in enumerate(shop.rules.rules):
        matched = shop.rules.matches(rule, traits)
        decides = (ours.by == RULE) & (ours.name == place)
        told.append({"rule": rule.rule_id, "text": rule.in_words(), "matched": int(matched.sum()),
                     **_of_these(shop, (ours, theirs), worth, outcome, decides)})  # fmt: skip
    lists = []
    for place, one in enumerate(shop.lists):
        decides = np.isin(ours.by, [DECIDED_BY.index(f"{one.effect}_list")]) & (ours.name == place)
        lists.append({"list": one.name, "kind": one.kind, "effect": one.effect, "rows": len(one.rows),
                      "matched": int((one.find(traits) >= 0).sum()),
                      **_of_these(shop, (ours, theirs), worth, outcome, decides)})  # fmt: skip
    return {"merchant_id": merchant_id, "days": days, "to": rfc3339(int(past.about["through"])), "currency": shop.currency,
            "cash_orders": counts(outcome), "rules": told, "lists": lists}  # fmt: skip


def _of_these(
    shop: ShopPolicy, tried: Sequence[Tried], worth: Valued, outcome: Array, decides: Array
) -> dict[str, Any]:
    ours, theirs = tried
    some = np.flatnonzero(decides)
    changed = decides & (ours.action != theirs.action)
    part = Valued(
        worth.real[:, some],
        worth.expected[:, some],
        worth.scatter[:, some],
        value(shop, ours.past, ours.rows[some], [ours.action[some], theirs.action[some]]).swings,
    )
    buyers = PastTraits(ours.past, ours.rows[some]).person("phone")
    gain = (worth.real[0] - worth.real[1])[some]
    picked = (
        some[np.argsort(gain, kind="stable")][[*range(min(2, len(some))), *range(max(2, len(some) - 2), len(some))]]
        if len(some)
        else some
    )
    return {
        "decided": counts(outcome[some]),
        "changed": counts(outcome[changed]),
        "money": difference(part, (0, 1), outcome[some], buyers),
        "examples": [
            example(shop, ours, int(i)) | {"without_it": Action(int(theirs.action[i])).name.lower()} for i in picked
        ],
    }
