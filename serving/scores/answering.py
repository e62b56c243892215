"""An answer in the words callers are told: the advice and what decided it, each action's money, what could not be told."""

from typing import TYPE_CHECKING, Any

from data.contract import Action
from serving.decisions.economics import LARGEST_MINOR
from serving.decisions.policy import in_words
from serving.policies.choosing import DECIDED_BY
from serving.scores.advising import Advised
from serving.scores.reason_wording import to_buyer
from serving.scores.weighing import Weighed
from serving.web.http import rfc3339
from training.bundle import Bundle

if TYPE_CHECKING:
    from serving.scorer import Scored


def decided(part: Advised, i: int, summary: str) -> dict[str, Any]:
    """The recommendation. summary: in words, with its amount, where money was worked out."""
    action, second = part.action(i), int(part.choice.runner_up[i])
    because = part.because(i)
    return advice(
        action,
        None if second < 0 else Action(second),
        DECIDED_BY[int(part.choice.by[i])],
        summary or in_words(action, ""),
        None if because is None else because.as_dict(),
    )


def why_not(columns: dict[str, Any], priced: bool) -> dict[str, str]:
    """The warning of an order that no money could be worked out for. priced: are costs known for its currency?"""
    currency = columns["currency"]
    if not priced:
        return {"code": "economics_missing", "text": f"no costs are known for {currency or 'no currency'}"}
    if columns["amount_minor"] > LARGEST_MINOR:
        return {"code": "amount_too_large", "text": "no order is that large: check the unit of the amount"}
    return {"code": "amount_missing", "text": "without an amount no action can be weighed in money"}


def worths(group: Weighed, i: int) -> list[dict[str, Any]]:
    """Every offered action of one order with its money, worth most first."""
    ends = group.interval(i)
    return [worth_of(group, i, place, ends[place]) for place in group.ranked[i].tolist() if group.offered[i, place]]


def worth_of(group: Weighed, i: int, place: int, ends: tuple[int, int]) -> dict[str, Any]:
    action = group.actions[place]
    cost, _ = (0, "") if group.prepaid else group.policy.offer(action, int(group.values[i]))
    return {
        "action": action.name.lower(),
        "expected_value_minor": int(group.minor[i, place]),
        "expected_value_low_minor": ends[0],
        "expected_value_high_minor": ends[1],
        "cost_minor": cost,
        "assumes": {} if group.prepaid else group.policy.assumes(action, int(group.k[i]), group.known),
    }


def advice(
    action: Action, second: Action | None, by: str, summary: str, because: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "action": action.name.lower(),
        "runner_up": None if second is None else second.name.lower(),
        "decided_by": by,
        "because": because,
        "summary": summary,
    }


def answer(
    status: str,
    risk: dict[str, Any] | None,
    advice: dict[str, Any],
    actions: list[dict[str, Any]],
    why: list[dict[str, Any]],
    currency: str | None,
) -> dict[str, Any]:
    return {
        "status": status,
        "rung": _RUNGS[status],
        "risk": risk,
        "recommendation": advice,
        "actions": actions,
        "reasons": why,
        "buyer_text": to_buyer(advice["action"], why),
        "currency": currency,
        "experiment": None,
    }


_RUNGS = {"scored": "full", "rules_only": "rules", "not_evaluated": "default", "fallback": "default"}


def told_of(ids: dict[str, Any], scored: "Scored", bundle: Bundle | None) -> dict[str, Any]:
    """An answer as callers see it. ids: decision_id, request_id, logged."""
    made = scored.made_from
    return {
        "decision_id": ids["decision_id"],
        "order_id": made["order_id"],
        "checkout_id": made["checkout_id"],
        "stage": made["stage"],
        "scored_at": rfc3339(made["scored_at"]),
        **scored.answer,
        **({"degraded": made["degraded"]} if "degraded" in made else {}),
        "model": None if bundle is None else model_reference(bundle) | {"policy": scored.policy},
        "warnings": [*scored.warnings, *made["beside"]],
        "logged": ids["logged"],
        "request_id": ids["request_id"],
    }


def model_reference(bundle: Bundle) -> dict[str, Any]:
    """Which model answers, in a few words."""
    told = _REFERENCES.get(bundle.digest)
    if told is None or told[0] is not bundle.about:
        told = _REFERENCES[bundle.digest] = (bundle.about, _reference(bundle))
    return dict(told[1])


_REFERENCES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
"""Of every bundle that has served: a few words each."""


def _reference(bundle: Bundle) -> dict[str, Any]:
    about = bundle.about
    return {
        "name": about.get("name"),
        "version": about.get("version"),
        "digest": bundle.digest,
        "features": about.get("features"),
        "trained_through": rfc3339(about["trained_through"])[:10],
    }
