"""`rto policy explain`: break-even risks of a policy, and every sum behind one order."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from data.console import fields, table
from data.contract import Action
from data.errors import UsageError
from data.keeping.database import open_database
from serving.decisions.compiled import PER_RISK
from serving.decisions.default_costs import ITEMS, Item
from serving.decisions.economics import LARGEST_MINOR, Economics
from serving.decisions.explain import Term, break_even, explain, explain_prepaid, ships_up_to
from serving.decisions.policy import Policy, in_thousandths
from serving.decisions.promise import LeftOut
from serving.decisions.shop import Policies, ShopPolicy
from serving.decisions.stages import offered
from serving.policies.policy_hand import Hand
from serving.scorer import Ask, score
from serving.web.stages import as_it_stands
from training.bundle import Bundle

_USUAL = (200, 300, 745, 2_000, 10_000)
"""Order values, in major units, whose break-even risks are shown where none is asked for."""


@dataclass(frozen=True, slots=True)
class Sums:
    """An order to explain. q: risk if prepaid, None where it is not known."""

    p_rto: float
    q: float | None
    value_minor: int
    stage: str
    prepaid: bool = False


def explained(shop: ShopPolicy, order: Sums | None) -> dict[str, Any]:
    """What a policy is made of, where its actions take over, and the sums of one order. Raises PlanError POLICY008
    where no costs are known."""
    policy = shop.money
    if policy is None:
        raise UsageError("POLICY008", f"policy {shop.policy_id}", got=f"no costs in {shop.currency or 'no currency'}",
                         expected="costs", to_do="rto policy draft, fill it in, simulate and publish it")  # fmt: skip
    e = policy.economics
    values = [v * e.minor_per_major for v in _USUAL] if order is None else [order.value_minor]
    return {
        "policy_id": shop.policy_id,
        "currency": shop.currency,
        "economics": [_item(e, item) for item in ITEMS],
        "effects": policy.effects.version,
        "break_even": [_break_even(policy, value) for value in values],
        "left_out": [_left_out(one) for one in policy.left_out],
        "order": None if order is None else _sums(policy, order),
    }  # fmt: skip


def _item(e: Economics, item: Item) -> dict[str, Any]:
    told = {"value": _plain(getattr(e, item.name)), "default": _plain(item.default)}
    return {"item": item.name, **told, "what": item.what, "source": item.source}


def _left_out(one: LeftOut) -> dict[str, Any]:
    pair = {"action": one.action.name.lower(), "beside": one.gentler.name.lower()}
    return {**pair, "from_minor": one.first, "to_minor": one.last}


def _plain(number: Any) -> Any:
    return number if isinstance(number, int) else float(number)


def _break_even(policy: Policy, value: int) -> dict[str, Any]:
    found = break_even(policy, value)
    return {"value_minor": value, "ships_up_to": ships_up_to(policy, value),
            "from": {action.name.lower(): p for action, p in found.items()}}  # fmt: skip


def _sums(policy: Policy, order: Sums) -> dict[str, Any]:
    """Every action's lines, worth most first."""
    k, q = in_thousandths(order.p_rto), None if order.q is None else in_thousandths(order.q)
    actions = (
        offered(order.stage, [r.action for r in policy.effects.rows]) if not order.prepaid else (Action.ALLOW_COD,)
    )
    ends = [np.array([one]) for one in (k, k if q is None else min(k, q), order.value_minor)]
    down, up = policy.swings(q is not None).around(ends[0], ends[1], ends[2], actions)
    told = []
    for i, action in enumerate(actions):
        terms = (explain_prepaid(order.p_rto, order.value_minor, policy) if order.prepaid
                 else explain(order.p_rto, order.q, order.value_minor, action, policy))  # fmt: skip
        total = sum(term.minor for term in terms)
        told.append({"action": action.name.lower(), "expected_value_minor": total,
                     "low_minor": round(total - float(down[0, i])), "high_minor": round(total + float(up[0, i])),
                     "offered": action in policy.offered and policy.offers(action, order.value_minor),
                     "lines": [_line(term) for term in terms]})  # fmt: skip
    told.sort(key=lambda one: -int(str(one["expected_value_minor"])))
    return {"p_rto": k / PER_RISK, "p_rto_if_prepaid": None if q is None else q / PER_RISK, "value_minor": order.value_minor,
            "stage": order.stage, "prepaid": order.prepaid, "actions": told}  # fmt: skip


def _line(term: Term) -> dict[str, Any]:
    return {"line": term.name, "minor": term.minor, "sum": term.formula}


@dataclass(frozen=True, slots=True)
class Kept:
    """An order that was placed or imported here, asked about at a stage."""

    order_id: str
    stage: str
    at: int


def order_asked(hand: Hand, shop: ShopPolicy, bundle: Bundle, kept: Kept) -> tuple[Sums | None, dict[str, Any]]:
    """What an order's money is worked out from as it stands, None where it has none, and the answer it would get now."""
    connection = open_database(hand.pool.database, read_only=True)
    try:
        columns = as_it_stands(connection, hand.merchant_id, kept.order_id)
        if columns is None:
            raise UsageError("POLICY009", f"order {kept.order_id!r}", got="no such order of this merchant",
                             expected="one that was placed or imported here",
                             to_do="check the order id and --merchant")  # fmt: skip
        policies = Policies({hand.merchant_id: shop}, hand.store.overrides())
        ids = ("explain", kept.at, kept.order_id, None)
        single = len(hand.pool.merchants()) == 1
        ask = Ask(hand.merchant_id, columns, *ids, 3, single, kept.stage, policies, hand.pool.strangers_apart)
        answer = score(connection, bundle, ask).answer
    finally:
        connection.close()
    value = columns["amount_minor"] - np.nan_to_num(columns["shipping_fee_minor"])
    if not 1 <= value <= LARGEST_MINOR:  # unknown is NaN, which is neither
        return None, answer
    risk, prepaid = answer["risk"], columns["payment_method"] == "prepaid"
    return Sums(risk["p_rto"], risk["p_rto_if_prepaid"], int(value), kept.stage, prepaid), answer


def show(r: dict[str, Any], policy: Policy, answer: dict[str, Any] | None) -> None:
    """The same in a terminal."""
    text = policy.economics.text
    print(f"policy {r['policy_id']}, effects {r['effects']} (assumed)\n")
    table(("item", "value", "default", "what", "where the default comes from"),
          [(i["item"], i["value"], i["default"], i["what"], i["source"]) for i in r["economics"]])  # fmt: skip
    actions = list(r["break_even"][0]["from"])
    print()
    table(("order value", *(f"{action} from" for action in actions), "ships up to"),
          [(text(b["value_minor"]), *(b["from"][a] for a in actions), b["ships_up_to"]) for b in r["break_even"]],
          title="risk from which an action is worth more than plain shipping")  # fmt: skip
    for one in r["left_out"]:
        print(
            f"not offered at {text(one['from_minor'])} to {text(one['to_minor'])}: {one['action']}, beside {one['beside']}"
        )
    if answer is not None:
        advice = answer["recommendation"]
        because = advice["because"]
        by = advice["decided_by"] + (f" ({because['name']})" if because else "")
        print(f"\nadvice now: {advice['summary']}, decided by {by}")
    for one in r["order"]["actions"] if r["order"] else ():
        total = f"{text(one['expected_value_minor'])} ({text(one['low_minor'])} to {text(one['high_minor'])})"
        print(f"\n{one['action']}: {total}" + ("" if one["offered"] else ", not offered"))
        fields([(f"  {line['line']}", f"{text(line['minor']):>12}  = {line['sum']}") for line in one["lines"]])
