"""From orders to decisions: the judged batch, put in the words callers are told. No HTTP, no clock of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from data import journal
from data.contract import Action
from data.database import Connection
from serving import ledger
from serving.batch import Judged, Questions, judge, thousandths
from serving.decisions.economics import LARGEST_MINOR
from serving.decisions.policy import SHIP_PAID, Decision, decide, tier_of
from serving.decisions.stages import CHECKOUT, default_at
from serving.weighing import Weighed, policy_digest, policy_for, weigh
from training.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Ask:
    """One order to score. columns: as kept (`data/arrival.py`), pseudonyms only.  own_counts: reasons may count.

    stage: when it is asked, and so what can still be done (`decisions/stages.py`).
    """

    merchant_id: str
    columns: dict[str, Any]
    decision_id: str
    at: int
    order_id: str | None = None
    checkout_id: str | None = None
    explain: int = 5
    own_counts: bool = False
    default: Action = Action.ALLOW_COD
    stage: str = CHECKOUT


@dataclass(frozen=True, slots=True)
class Scored:
    """answer: what the caller is told.  made_from: what it takes to make it again; never told.  policy: its version."""

    answer: dict[str, Any]
    made_from: dict[str, Any]
    warnings: list[dict[str, str]] = field(default_factory=list)
    policy: str | None = None


def score(connection: Connection, bundle: Bundle | None, ask: Ask) -> Scored:
    """Score one order from the kept state. Without a bundle: the merchant's default, status `not_evaluated`."""
    [scored] = score_many(connection, bundle, [ask])
    return scored


def score_many(connection: Connection, bundle: Bundle | None, asks: Sequence[Ask]) -> list[Scored]:
    """Score orders from the kept state, all in one pass; the same answers as one by one, in the order asked.

    Read within `ledger.one_moment`, or the writer may come between what is read.
    """
    if not asks:
        return []
    through = journal.last_seq(connection)
    origins = [_made_from(ask, through) | {"columns": journal.packed(ask.columns)} for ask in asks]
    if bundle is None:
        warning = {"code": "no_model", "text": "no model has been promoted: rto train, then rto promote"}
        return [
            Scored(_by_default("not_evaluated", ask), origin, [warning])
            for ask, origin in zip(asks, origins, strict=True)
        ]
    table = journal.as_table([ask.columns for ask in asks])
    own = ledger.held(connection, [(ask.merchant_id, ask.order_id) for ask in asks])
    at = np.array([ask.at for ask in asks], dtype=np.int64)
    counts = [ask.own_counts for ask in asks]
    judged = judge(connection, bundle, Questions(table, at, own, counts, max(ask.explain for ask in asks)))
    money = _money_of(weigh(table, judged, [ask.stage for ask in asks]))
    return [
        _scored(bundle, judged, money.get(row), row, ask, origin)
        for row, (ask, origin) in enumerate(zip(asks, origins, strict=True))
    ]


def fallback(ask: Ask) -> Scored:
    """The merchant's default where nothing could be read or computed. Needs no state, no model and no columns."""
    warning = {"code": "fallback", "text": "the risk could not be worked out: this is the default, for any order"}
    return Scored(_by_default("fallback", ask), _made_from(ask, 0) | {"columns": None}, [warning])


def _made_from(ask: Ask, through: int) -> dict[str, Any]:
    ids = {"merchant_id": ask.merchant_id, "order_id": ask.order_id, "checkout_id": ask.checkout_id}
    return ids | {"stage": ask.stage, "scored_at": ask.at, "folded_through": through}


def _by_default(status: str, ask: Ask) -> dict[str, Any]:
    return _answer(status, None, decide((), default_at(ask.stage, ask.default)), [], [], ask.columns.get("currency"))


_Money = tuple[Weighed, int]
"""A group and the place of one order in it."""


def _money_of(groups: list[Weighed]) -> dict[int, _Money]:
    return {row: (group, i) for group in groups for i, row in enumerate(group.rows.tolist())}


def _scored(bundle: Bundle, judged: Judged, money: _Money | None, row: int, ask: Ask, origin: dict[str, Any]) -> Scored:
    p_rto = float(judged.p_rto[row])
    risk = {
        "p_rto": p_rto,
        "p_rto_if_prepaid": None if judged.p_if_prepaid is None else float(judged.p_if_prepaid[row]),
        "tier": tier_of(p_rto),
        "evidence": judged.evidence.of(row),
    }
    currency = ask.columns["currency"]
    actions, decision, warnings = _weighed(money, ask)
    origin |= {"x": judged.x[row].tolist(), "features": list(bundle.model.names), "bundle": bundle.digest}
    policy, origin["policy"] = policy_for(currency), policy_digest(currency)
    answer = _answer("scored", risk, decision, actions, judged.reasons.of(row, ask.explain), currency)
    return Scored(answer, origin, warnings, policy.version if policy else None)


def _weighed(money: _Money | None, ask: Ask) -> tuple[list[dict[str, Any]], Decision, list[dict[str, str]]]:
    """The actions, worth most first; what is advised; and why nothing could be weighed, where it could not."""
    if money is None:
        return [], decide((), default_at(ask.stage, ask.default)), [why_not(ask.columns)]
    group, i = money
    actions = [_action(group, i, place) for place in group.ranked[i].tolist()]
    best, *others = (group.actions[place] for place in group.ranked[i].tolist())
    runner_up = others[0] if others else None
    summary = SHIP_PAID if group.prepaid else group.policy.offer(best, int(group.values[i]))[1]
    return actions, Decision(best, runner_up, "expected_value", (), summary), []


def why_not(columns: dict[str, Any]) -> dict[str, str]:
    """The warning of an order that no money could be worked out for."""
    currency = columns["currency"]
    if policy_for(currency) is None:
        return {"code": "economics_missing", "text": f"no costs are known for {currency or 'no currency'}"}
    if columns["amount_minor"] > LARGEST_MINOR:
        return {"code": "amount_too_large", "text": "no order is that large: check the unit of the amount"}
    return {"code": "amount_missing", "text": "without an amount no action can be weighed in money"}


def _action(group: Weighed, i: int, place: int) -> dict[str, Any]:
    action = group.actions[place]
    cost, _ = (0, "") if group.prepaid else group.policy.offer(action, int(group.values[i]))
    return {
        "action": action.name.lower(),
        "expected_value_minor": int(group.minor[i, place]),
        "cost_minor": cost,
        "assumes": {} if group.prepaid else group.policy.assumes(action, int(group.k[i]), group.known),
    }


def _answer(
    status: str,
    risk: dict[str, Any] | None,
    decision: Decision,
    actions: list[dict[str, Any]],
    why: list[dict[str, Any]],
    currency: str | None,
) -> dict[str, Any]:
    return {
        "status": status,
        "rung": "full" if status == "scored" else "default",
        "risk": risk,
        "recommendation": {
            "action": decision.action.name.lower(),
            "runner_up": decision.runner_up.name.lower() if decision.runner_up is not None else None,
            "decided_by": decision.decided_by,
            "summary": decision.summary,
        },
        "actions": actions,
        "reasons": why,
        "currency": currency,
    }


def probability(bundle: Bundle, x: "np.ndarray[Any, Any]") -> float:
    """The risk of one row as it is told: rounded to 0.001."""
    return float(thousandths(bundle, x)[0])
