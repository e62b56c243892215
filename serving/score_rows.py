"""Judged orders as rows of a table, column by column: what `rto score` writes. No Python object for an order."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.contract import Action
from data.history import Columns
from serving.batch import LEVELS, Judged
from serving.decisions.compiled import PER_RISK
from serving.decisions.economics import LARGEST_MINOR
from serving.decisions.policy import tier_of
from serving.decisions.stages import default_at
from serving.http import rfc3339
from serving.reasons import Reasons, direction, in_thousandths
from serving.scorer import why_not
from serving.weighing import Weighed

Array: TypeAlias = np.ndarray[Any, Any]

ACTIONS = tuple(action.name.lower() for action in Action)
_TIERS = tuple(tier_of(k / PER_RISK) for k in range(PER_RISK + 1))
_DECIDED_BY = ("expected_value", "default")
_BY_VALUE, _BY_DEFAULT = range(2)


@dataclass(frozen=True, slots=True)
class Request:
    """What to score, and how. at: the moment, microseconds.  explain: reasons for each order."""

    files: list[Path]
    mapping: str
    merchant: str | None
    at: int
    stage: str
    explain: int
    skip_bad_rows: bool


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
            "tier": _words(_TIERS, in_thousandths(judged.p_rto)),
            "evidence": _words(LEVELS, evidence.level),
            "buyer_outcomes": pa.array(evidence.buyer),
            "place_outcomes": pa.array(evidence.place),
            **_money(groups, orders, request),
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


def _money(groups: list[Weighed], orders: Columns, request: Request) -> dict[str, Any]:
    """Advice, expected values in minor units (empty where an action is not offered) and warnings."""
    n = len(orders["order_id"])
    action = np.full(n, int(default_at(request.stage, Action.ALLOW_COD)))
    runner_up, decided_by = np.full(n, -1), np.full(n, _BY_DEFAULT)
    worth, offered = np.zeros((len(ACTIONS), n), dtype=np.int64), np.zeros((len(ACTIONS), n), dtype=bool)
    for group in groups:
        own = np.array([ACTIONS.index(one.name.lower()) for one in group.actions])
        action[group.rows], decided_by[group.rows] = own[group.ranked[:, 0]], _BY_VALUE
        if len(own) > 1:
            runner_up[group.rows] = own[group.ranked[:, 1]]
        for place, one in enumerate(own.tolist()):
            worth[one, group.rows] = group.minor[:, place]
            offered[one, group.rows] = True
    values = {f"{name}_minor": pa.array(worth[i], mask=~offered[i]) for i, name in enumerate(ACTIONS)}
    return {
        "action": _words(ACTIONS, action),
        "runner_up": _words(ACTIONS, runner_up, runner_up >= 0),
        "decided_by": _words(_DECIDED_BY, decided_by),
        "currency": pa.array(orders["currency"], pa.string()),
        **values,
        "warnings": _warnings(orders, decided_by == _BY_DEFAULT),
    }


def _warnings(orders: Columns, warned: Array) -> Any:
    """(n,) lists of codes: why nothing could be weighed, for those of whom nothing was."""
    rows = np.flatnonzero(warned)
    large = (orders["amount_minor"][rows] > LARGEST_MINOR).tolist()
    told: dict[tuple[Any, bool], str] = {}
    codes = []
    for row, key in zip(rows.tolist(), zip(orders["currency"][rows].tolist(), large, strict=True), strict=True):
        if key not in told:
            told[key] = why_not({name: orders[name][row] for name in ("currency", "amount_minor")})["code"]
        codes.append(told[key])
    ends = pa.array(np.concatenate([[0], np.cumsum(warned)]), pa.int32())
    return pa.ListArray.from_arrays(ends, pa.array(codes, pa.string()))
