"""`rto score`: the orders of a file, scored with the service's numbers into a table. Nothing is written but the table."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from data import journal
from data.arrival import Desk, arrive
from data.ask import ToldOrders, orders_told
from data.console import Tell
from data.contract import CLOCK_SLACK, Action
from data.database import Connection, open_database
from data.errors import DataError, UsageError
from data.history import Columns
from data.ingest import Options
from data.mapping import load_mapping
from data.places import load_register
from data.pool import Pool
from serving import ledger
from serving.batch import Judged, Questions, judge
from serving.decisions.policy import tier_of
from serving.decisions.stages import default_at
from serving.http import rfc3339
from serving.score_table import Sink
from serving.scorer import why_not
from serving.weighing import Weighed, weigh
from training.bundle import Bundle, read_bundle, signing_key

CHUNK = 20_000
"""Orders judged at once: bounds memory, whatever the file holds."""
ACTIONS = tuple(action.name.lower() for action in Action)


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


def score_file(pool: Pool, request: Request, sink: Sink, tell: Tell) -> dict[str, Any]:
    """Score every order of the files into `sink`, in their order; returns what a person wants to know of it."""
    bundle = published(pool)
    told = as_served(pool, request, tell)
    counted: Counter[str] = Counter()
    connection = open_database(pool.database, read_only=True)
    try:
        _require_current(connection, pool)
        with ledger.one_moment(connection):
            for done, table in _tables(connection, bundle, pool, told, request):
                counted.update(table["action"].to_pylist())
                sink.add(table)
                tell("score", done, len(told))
    finally:
        connection.close()
    return {
        "orders": len(told),
        "rows": told.n_rows,
        "refused": told.refused,
        "scored_at": rfc3339(request.at),
        "stage": request.stage,
        "model": {"name": bundle.about.get("name"), "digest": bundle.digest},
        "actions": {name: counted[name] for name in ACTIONS if counted[name]},
    }


def published(pool: Pool) -> Bundle:
    """The pool's champion. Raises UsageError SCORE001 before the first promotion, GateRefused for a bad bundle."""
    name = pool.champion.read_text().strip() if pool.champion.exists() else ""
    if not name:
        to_do = "rto train, then rto promote"
        raise UsageError("SCORE001", f"pool {pool.name}", got="no model", expected="a promoted one", to_do=to_do)
    return read_bundle(pool.bundles / name, signing_key(pool.home).public_key())


def _require_current(connection: Connection, pool: Pool) -> None:
    from features.rebuild import is_current  # brings the compiler

    if not is_current(connection, pool):
        got, expected = "older than the last import or than the catalog", "the state that the service would read"
        raise DataError("STATE003", f"pool {pool.name}, online state", got=got, expected=expected,
                        to_do="rto state rebuild")  # fmt: skip


def as_served(pool: Pool, request: Request, tell: Tell) -> ToldOrders:
    """The orders as told, with what the service knows of their merchants: zone, currency, country."""
    mapping = load_mapping(request.mapping, outcomes=False)
    told = orders_told(request.files, mapping, Options(request.merchant, None, request.skip_bad_rows), tell)
    known, names = pool.merchants(), told.listed("merchant_id")
    if strangers := sorted(set(names) - set(known)):
        expected = f"a merchant of pool {pool.name}: {', '.join(sorted(known))}"
        raise UsageError("CLI004", "merchant", got=strangers[0], expected=expected, to_do="check --merchant and --pool")
    late = int((np.asarray(told.columns["placed_at"]) > request.at + CLOCK_SLACK).sum())
    if late:
        raise DataError("SCORE002", "--at", got=f"{late} orders placed later than {rfc3339(request.at)}",
                        expected="orders placed by then", to_do="pass a later --at")  # fmt: skip
    given = {name: [v or getattr(known[m], name) for v, m in zip(told.listed(name), names, strict=True)]
             for name in ("currency", "country")}  # fmt: skip
    zones = [known[m].timezone for m in names]
    return ToldOrders({**told.columns, **given, "timezone": zones}, told.n_rows, told.refused)


def _tables(
    connection: Connection, bundle: Bundle, pool: Pool, told: ToldOrders, request: Request
) -> Iterator[tuple[int, pa.Table]]:
    """(orders done, their rows) chunk by chunk."""
    desk = Desk(pool.token_key(), partial(journal.find_pseudonyms, connection), load_register())
    single = len(pool.merchants()) == 1
    for start in range(0, len(told), CHUNK):
        columns = arrive(told.part(start, start + CHUNK), desk)
        n = len(columns["order_id"])
        own = ledger.standings(connection, list(zip(columns["merchant_id"], columns["order_id"], strict=True)))
        at = np.full(n, request.at, dtype=np.int64)
        judged = judge(connection, bundle, Questions(columns, at, own, [single] * n, request.explain))
        yield start + n, _table(columns, judged, weigh(columns, judged, [request.stage] * n), request)


def _table(orders: Columns, judged: Judged, groups: list[Weighed], request: Request) -> pa.Table:
    """One row for each order, as text, numbers and lists."""
    n, money = len(orders["order_id"]), _money(groups, orders, request)
    evidence = {name: [one[name] for one in judged.evidence] for name in ("level", "buyer_outcomes", "place_outcomes")}
    return pa.table(
        {
            "order_id": pa.array(orders["order_id"], pa.string()),
            "merchant_id": pa.array(orders["merchant_id"], pa.string()),
            "scored_at": pa.array([rfc3339(request.at)] * n, pa.string()),
            "p_rto": pa.array(judged.p_rto, pa.float64()),
            "p_rto_if_prepaid": _optional(judged.p_if_prepaid, n),
            "tier": pa.array([tier_of(p) for p in judged.p_rto], pa.string()),
            "evidence": pa.array(evidence["level"], pa.string()),
            "buyer_outcomes": pa.array(evidence["buyer_outcomes"], pa.int64()),
            "place_outcomes": pa.array(evidence["place_outcomes"], pa.int64()),
            **money,
            "reasons": pa.array([[r["code"] for r in why] for why in judged.reasons], pa.list_(pa.string())),
            "reason_texts": pa.array([[_told(r) for r in why] for why in judged.reasons], pa.list_(pa.string())),
        }
    )


def _optional(values: list[float] | None, n: int) -> Any:
    return pa.nulls(n, pa.float64()) if values is None else pa.array(values, pa.float64())


def _told(reason: dict[str, Any]) -> str:
    return f"{reason['direction']} {reason['impact']:+.3f}: {reason['text']}"


def _money(groups: list[Weighed], orders: Columns, request: Request) -> dict[str, Any]:
    """Advice, expected values in minor units (empty where an action is not offered) and warnings."""
    n = len(orders["order_id"])
    action = np.full(n, default_at(request.stage, Action.ALLOW_COD).name.lower(), dtype=object)
    runner_up, decided_by = np.full(n, None, dtype=object), np.full(n, "default", dtype=object)
    worth = {name: np.zeros(n, dtype=np.int64) for name in ACTIONS}
    offered = {name: np.zeros(n, dtype=bool) for name in ACTIONS}
    for group in groups:
        names = np.array([one.name.lower() for one in group.actions], dtype=object)
        action[group.rows], decided_by[group.rows] = names[group.ranked[:, 0]], "expected_value"
        if len(names) > 1:
            runner_up[group.rows] = names[group.ranked[:, 1]]
        for place, name in enumerate(names):
            worth[name][group.rows] = group.minor[:, place]
            offered[name][group.rows] = True
    values = {f"{name}_minor": pa.array(worth[name], mask=~offered[name]) for name in ACTIONS}
    return {
        "action": pa.array(action, pa.string()),
        "runner_up": pa.array(runner_up, pa.string()),
        "decided_by": pa.array(decided_by, pa.string()),
        "currency": pa.array(orders["currency"], pa.string()),
        **values,
        "warnings": pa.array(_warnings(orders, decided_by), pa.list_(pa.string())),
    }


def _warnings(orders: Columns, decided_by: "np.ndarray[Any, Any]") -> list[list[str]]:
    def told(row: int) -> list[str]:
        return [why_not({name: orders[name][row] for name in ("currency", "amount_minor")})["code"]]

    return [[] if how == "expected_value" else told(row) for row, how in enumerate(decided_by)]
