"""Judged orders as rows of a table, column by column: what `rto score` writes. No Python object for an order."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.contract import Action
from data.history import Columns
from serving.decisions.compiled import PER_RISK
from serving.decisions.economics import LARGEST_MINOR
from serving.decisions.shop import SHIPPED, Policies
from serving.decisions.stages import STAGES
from serving.policies.choosing import DECIDED_BY, DEFAULT
from serving.policies.traits_of import TIERS
from serving.scores.advising import Advised, Batch, advise, overridden
from serving.scores.answering import why_not
from serving.scores.batch import LEVELS, Judged
from serving.scores.reasons import Reasons, direction, in_thousandths
from serving.scores.weighing import Weighed
from serving.web.http import rfc3339

Array: TypeAlias = np.ndarray[Any, Any]

ACTIONS = tuple(action.name.lower() for action in Action)


@dataclass(frozen=True, slots=True)
class Request:
    """What to score, and how. at: the moment, microseconds.  explain: reasons for each order.  policies: who decides by
    what."""

    files: list[Path]
    mapping: str
    merchant: str | None
    at: int
    stage: str
    explain: int
    skip_bad_rows: bool
    policies: Policies = SHIPPED


def score_rows(orders: Columns, judged: Judged, groups: list[Weighed], request: Request) -> pa.Table:
    """One row for each order, as text, numbers and lists."""
    n, evidence = len(orders["order_id"]), judged.evidence
    return pa.table(
        {
            "order_id": pa.array(orders["order_id"], pa.string()),
            "merchant_id": pa.array(orders["merchant_id"], pa.string()),
            "scored_at": pa.repeat(rfc3339(request.at), n),
            "p_rto": pa.array(judged.p_rto, pa.float64()),
            "p_rto_if_prepaid": _optional(judged.p_if_prepaid, n),
            "tier": _words(TIERS, in_thousandths(judged.p_rto)),
            "evidence": _words(LEVELS, evidence.level),
            "buyer_outcomes": pa.array(evidence.buyer),
            "place_outcomes": pa.array(evidence.place),
            **_money(groups, orders, judged, request),
            **_why(judged.reasons),
        }
    )


def _optional(values: Array | None, n: int) -> Any:
    return pa.nulls(n, pa.float64()) if values is None else pa.array(values, pa.float64())


def _words(words: "tuple[str, ...] | list[str]", places: Array, there: Array | None = None) -> Any:
    """(n,) texts by their places; missing where they are not `there`."""
    return pa.array(words, pa.string()).take(pa.array(places, mask=None if there is None else ~there))


def _why(told: Reasons) -> dict[str, Any]:
    """The reasons' codes, and what is told of each, as lists."""
    there = told.part != 0
    ends = pa.array(np.concatenate([[0], np.cumsum(there.sum(axis=1))]), pa.int32())
    place, texts = told.distinct_texts()
    raises, impact = told.part[there] > 0, told.impact[there]
    known, number = np.unique(impact * 2 + raises, return_inverse=True)
    before = [f"{direction(bool(one % 2))} {one // 2 / PER_RISK:+.3f}: " for one in known.tolist()]
    lines = pc.binary_join_element_wise(_words(before, number), _words(texts, place[there]), "")
    codes = _words(told.codes, told.code[there])
    return {"reasons": pa.ListArray.from_arrays(ends, codes), "reason_texts": pa.ListArray.from_arrays(ends, lines)}


def _money(groups: list[Weighed], orders: Columns, judged: Judged, request: Request) -> dict[str, Any]:
    """Advice, expected values in minor units (empty where an action is not offered) and warnings."""
    n = len(orders["order_id"])
    worth, offered = np.zeros((len(ACTIONS), n), dtype=np.int64), np.zeros((len(ACTIONS), n), dtype=bool)
    weighed = np.zeros(n, dtype=bool)
    for group in groups:
        weighed[group.rows] = True
        for place, action in enumerate(group.actions):
            worth[action, group.rows], offered[action, group.rows] = group.minor[:, place], group.offered[:, place]
    values = {f"{name}_minor": pa.array(worth[i], mask=~offered[i]) for i, name in enumerate(ACTIONS)}
    return {
        **_advice(_advised(groups, orders, judged, request), n),
        "currency": pa.array(orders["currency"], pa.string()),
        **values,
        "warnings": _warnings(orders, ~weighed, request.policies),
    }


def _advised(groups: list[Weighed], orders: Columns, judged: Judged, request: Request) -> list[Advised]:
    """Caps keep their price here; what of them is used up today is the service's to count."""
    n = len(orders["order_id"])
    at, stages = np.full(n, request.at), np.full(n, STAGES.index(request.stage))
    ids = [(order_id, None) for order_id in orders["order_id"].tolist()]
    found = overridden(request.policies, orders, ids, at)
    return advise(Batch(orders, judged, groups, stages, at, request.policies, overridden=found))


def _advice(parts: list[Advised], n: int) -> dict[str, Any]:
    action, runner_up, by = (np.zeros(n, dtype=np.int64) for _ in range(3))
    names: list[str | None] = [None] * n
    for part in parts:
        action[part.rows], runner_up[part.rows], by[part.rows] = (
            part.choice.action,
            part.choice.runner_up,
            part.choice.by,
        )
        for place in np.flatnonzero(part.choice.by > DEFAULT).tolist():
            because = part.because(place)
            names[int(part.rows[place])] = None if because is None else because.name
    return {
        "action": _words(ACTIONS, action),
        "runner_up": _words(ACTIONS, runner_up, runner_up >= 0),
        "decided_by": _words(DECIDED_BY, by),
        "because": pa.array(names, pa.string()),
    }


def _warnings(orders: Columns, warned: Array, policies: Policies) -> Any:
    """(n,) lists of codes: why nothing could be weighed, for those of whom nothing was."""
    rows = np.flatnonzero(warned)
    large = (orders["amount_minor"][rows] > LARGEST_MINOR).tolist()
    told: dict[tuple[Any, ...], str] = {}
    codes = []
    keys = zip(
        orders["merchant_id"][rows].tolist(), orders["currency"][rows].tolist(), large, rows.tolist(), strict=True
    )
    for merchant, currency, is_large, row in keys:
        key = (merchant, currency, is_large)
        if key not in told:
            priced = policies.of(merchant, currency).money_for(currency, None) is not None
            told[key] = why_not({name: orders[name][row] for name in ("currency", "amount_minor")}, priced)["code"]
        codes.append(told[key])
    ends = pa.array(np.concatenate([[0], np.cumsum(warned)]), pa.int32())
    return pa.ListArray.from_arrays(ends, pa.array(codes, pa.string()))
