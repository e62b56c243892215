"""From orders to decisions: the judged batch, put in the words callers are told. No HTTP, no clock of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from data.contract import Action
from data.history import Columns
from data.keeping import journal
from data.keeping.database import Connection
from features.held import no_order
from features.store import declared_at
from serving import ledger
from serving.decisions.policy import SHIP_PAID, decide, tier_of
from serving.decisions.shop import SHIPPED, Policies
from serving.decisions.stages import CHECKOUT, default_at
from serving.keeping import checkouts
from serving.policies.budget import Budget
from serving.policies.choosing import DECIDED_BY, DEFAULT, VALUE
from serving.scores.advising import Advised, Batch, advise, overridden, stage_places
from serving.scores.answering import advice, answer, decided, why_not, worths
from serving.scores.batch import Judged, Questions, judge, thousandths
from serving.scores.weighing import Weighed, weigh
from training.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Ask:
    """One order to score. columns: as kept (`data/arrival.py`), pseudonyms only.  own_counts: reasons may count.

    stage: when it is asked, and so what can still be done (`decisions/stages.py`).  policies: who decides by what.
    apart: as of `batch.Questions`.  degraded: why it is not asked of the full rung (`ladder.CAUSES`).
    """

    merchant_id: str
    columns: dict[str, Any]
    decision_id: str
    at: int
    order_id: str | None = None
    checkout_id: str | None = None
    explain: int = 5
    own_counts: bool = False
    stage: str = CHECKOUT
    policies: Policies = SHIPPED
    apart: bool = False
    degraded: str | None = None

    @property
    def default(self) -> Action:
        """The merchant's, where nothing can be worked out."""
        return self.policies.of(self.merchant_id, self.columns.get("currency")).default


@dataclass(frozen=True, slots=True)
class Counting:
    """How n answers count against caps. budgets: by merchant.  days: (n,) of the merchant's zone.  keep: (n,) will they be
    kept?"""

    budgets: Mapping[str, Budget]
    days: Sequence[int]
    keep: Sequence[bool]

    def only(self, i: int) -> "Counting":
        """The same for one of them."""
        return Counting(self.budgets, self.days[i : i + 1], self.keep[i : i + 1])


@dataclass(frozen=True, slots=True)
class Scored:
    """answer: what the caller is told.  made_from: what it takes to make it again; never told.  policy: its version.
    warnings: what follows from the order and the policy.  beside: what else was to be said at that moment."""

    answer: dict[str, Any]
    made_from: dict[str, Any]
    warnings: list[dict[str, str]] = field(default_factory=list)
    policy: str | None = None
    beside: tuple[dict[str, str], ...] = ()


def score(connection: Connection | None, bundle: Bundle | None, ask: Ask, counting: Counting | None = None) -> Scored:
    """Score one order from the kept state. Without a bundle: by lists and rules (status `rules_only`), or the merchant's
    default (`not_evaluated`)."""
    [scored] = score_many(connection, bundle, [ask], counting)
    return scored


def score_many(
    connection: Connection | None, bundle: Bundle | None, asks: Sequence[Ask], counting: Counting | None = None
) -> list[Scored]:
    """Score orders from the kept state, all in one pass; the same answers as one by one, in the order asked.

    connection: None where nothing is to be read; the bundle is then one that needs no history, or None.

    Read within `ledger.one_moment`, or the writer may come between what is read. All asks share one `policies`, and `apart`.
    """
    if not asks:
        return []
    through, *of_state = (0, "", "") if connection is None else declared_at(connection)
    origins = [_made_from(ask, through) | {"columns": journal.packed(ask.columns)} for ask in asks]
    table = journal.as_table([ask.columns for ask in asks])
    judged = None if bundle is None else _judged(connection, bundle, asks, table, (of_state[0], of_state[1]))
    groups = [] if judged is None else weigh(table, judged, [ask.stage for ask in asks], asks[0].policies)
    batch = replace(_batch(asks, table, judged, groups, counting), drawn_by=_drawn_by(connection, asks))
    for row, one in batch.overridden.items():
        origins[row]["override"] = one.override_id
    parts = advise(batch)
    told = {row: (part, i) for part in parts for i, row in enumerate(part.rows.tolist())}
    money = {row: (group, i) for group in groups for i, row in enumerate(group.rows.tolist())}
    return [
        without_model(ask, origin, *told[row])
        if bundle is None or judged is None
        else scored_by(bundle, judged, Placed(row, ask, origin, money.get(row), *told[row]))
        for row, (ask, origin) in enumerate(zip(asks, origins, strict=True))
    ]


def _judged(
    connection: Connection | None, bundle: Bundle, asks: Sequence[Ask], table: Columns, declared: tuple[str, str]
) -> Judged:
    own = no_order() if connection is None else ledger.held(connection, [(a.merchant_id, a.order_id) for a in asks])
    at = np.array([ask.at for ask in asks], dtype=np.int64)
    counts = [ask.own_counts for ask in asks]
    explain = max(ask.explain for ask in asks)
    return judge(connection, bundle, Questions(table, at, own, counts, explain, asks[0].apart, declared))


def _batch(
    asks: Sequence[Ask], table: Columns, judged: Judged | None, groups: list[Weighed], counting: Counting | None
) -> Batch:
    more: dict[str, Any] = {}
    if counting is not None:
        subjects = [ask.order_id or ask.checkout_id or ask.decision_id for ask in asks]
        days = np.array(counting.days, dtype=np.int64)
        more = {"budgets": counting.budgets, "subjects": subjects, "days": days, "keep": counting.keep}
    stages, at = stage_places([ask.stage for ask in asks]), np.array([ask.at for ask in asks], dtype=np.int64)
    found = overridden(asks[0].policies, table, [(ask.order_id, ask.checkout_id) for ask in asks], at)
    return Batch(table, judged, groups, stages, at, asks[0].policies, overridden=found, **more)


def _drawn_by(connection: Connection | None, asks: Sequence[Ask]) -> list[str | None]:
    """What the holdout is drawn by: the checkout, told now or when the order was placed; without one, the order. Empty
    where nobody draws: a checkout is not looked up for nothing. Where it cannot be, an order is in no experiment: its
    checkout may be in the other arm."""
    if connection is None:
        return [ask.checkout_id for ask in asks]
    if not any(shop.experiment.holdout for shop in asks[0].policies.published.values()):
        return []
    kept = [
        ask.checkout_id or (ask.order_id and checkouts.checkout_of(connection, ask.merchant_id, ask.order_id))
        for ask in asks
    ]
    return [found or ask.order_id for found, ask in zip(kept, asks, strict=True)]


def fallback(ask: Ask) -> Scored:
    """The merchant's default where nothing could be read or computed. Needs no state, no model and no columns."""
    warning = {"code": "fallback", "text": "the risk could not be worked out: this is the default, for any order"}
    shop = ask.policies.of(ask.merchant_id, ask.columns.get("currency"))
    currency = ask.columns.get("currency")
    origin = _made_from(ask, 0) | {"columns": None, "currency": currency, "policy": shop.digest}
    return Scored(_by_default("fallback", ask), origin, [warning])


def _made_from(ask: Ask, through: int) -> dict[str, Any]:
    ids = {"merchant_id": ask.merchant_id, "order_id": ask.order_id, "checkout_id": ask.checkout_id}
    moments = {"stage": ask.stage, "scored_at": ask.at, "folded_through": through}
    return ids | moments | {"degraded": ask.degraded, "apart": ask.apart}


def _by_default(status: str, ask: Ask) -> dict[str, Any]:
    decision = decide((), default_at(ask.stage, ask.default))
    told = advice(decision.action, None, DECIDED_BY[DEFAULT], decision.summary, None)
    return answer(status, None, told, [], [], ask.columns.get("currency"))


_NO_MODEL = {"code": "no_model", "text": "no model has been promoted: rto train, then rto promote"}


def without_model(ask: Ask, origin: dict[str, Any], part: Advised, i: int) -> Scored:
    """What lists and rules say where nothing is known of the risk."""
    origin |= {"policy": part.shop.digest, "limits": part.limits(i), "experiment": None}
    if part.choice.by[i] in (DEFAULT, VALUE):
        return Scored(_by_default("not_evaluated", ask), origin, [_NO_MODEL], part.shop.policy_id)
    origin["experiment"] = part.experiment(i)
    told = answer("rules_only", None, decided(part, i, ""), [], [], ask.columns["currency"])
    return Scored(told | {"experiment": _told(origin)}, origin, [_NO_MODEL], part.shop.policy_id)


@dataclass(frozen=True, slots=True)
class Placed:
    """One order of a batch: its money, where there is any, and its advice."""

    row: int
    ask: Ask
    origin: dict[str, Any]
    money: tuple[Weighed, int] | None
    part: Advised
    place: int


def scored_by(bundle: Bundle, judged: Judged, one: Placed) -> Scored:
    """What a model, a policy and what is known of an order say of it."""
    row, ask = one.row, one.ask
    p_rto, evidence = float(judged.p_rto[row]), judged.evidence
    risk = {
        "p_rto": p_rto,
        "p_rto_if_prepaid": None if judged.p_if_prepaid is None else float(judged.p_if_prepaid[row]),
        "tier": tier_of(p_rto),
        "evidence": evidence.of(row),
    }
    actions, summary = _weighed(one)
    origin = one.origin | {"x": judged.x[row].tolist()}  # of the features that the bundle names
    drawn = one.part.experiment(one.place)
    origin |= {"policy": one.part.shop.digest, "limits": one.part.limits(one.place), "experiment": drawn}
    origin["evidence"] = list(evidence.of(row).values())
    origin["record"] = [int(evidence.delivered[row]), int(evidence.came_back[row])]
    origin["why"] = judged.reasons.texts.kept(row) | {"explain": ask.explain, "own_only": ask.own_counts}
    told, currency = decided(one.part, one.place, summary), ask.columns["currency"]
    body = answer("scored", risk, told, actions, judged.reasons.of(row, ask.explain), currency)
    warnings = [] if one.money else [why_not(ask.columns, one.part.shop.money_for(currency, None) is not None)]
    more: dict[str, Any] = {"experiment": _told(origin)}
    if ask.degraded is not None:
        warnings, more["rung"] = [_ORDER_ONLY, *warnings], "order_only"
    return Scored(body | more, origin, warnings, one.part.shop.policy_id)


_ORDER_ONLY = {
    "code": "order_only",
    "text": "no history could be read: this is the risk of the order alone, and lists and overrides of buyers were not asked",
}


def _told(origin: dict[str, Any]) -> dict[str, Any] | None:
    """What callers are told of the draw."""
    drawn = origin["experiment"]
    return drawn and {name: drawn[name] for name in ("arm", "propensity")}


def _weighed(one: Placed) -> tuple[list[dict[str, Any]], str]:
    """The actions, worth most first, and the advice in words; nothing where there is no money."""
    if one.money is None:
        return [], ""
    group, i = one.money
    summary = SHIP_PAID if group.prepaid else group.policy.offer(one.part.action(one.place), int(group.values[i]))[1]
    return worths(group, i), summary


def probability(bundle: Bundle, x: "np.ndarray[Any, Any]") -> float:
    """The risk of one row as it is told: rounded to 0.001."""
    return float(thousandths(bundle, x)[0])
