"""`rto score`: the orders of a file, scored with the service's numbers into a table. Nothing is written but the table."""

from collections import Counter
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.arrival import Desk, arrive
from data.console import Tell
from data.contract import CLOCK_SLACK
from data.errors import DataError, UsageError
from data.files.mapping import load_mapping
from data.history import Columns
from data.imports.ask import ToldOrders, orders_told
from data.ingest import Options
from data.keeping import journal
from data.keeping.database import Connection, map_into_memory, open_database
from data.places import load_register
from data.pool import Pool
from features.held import Held
from serving import freshness, ledger
from serving.policies.policy_shelf import policies_of
from serving.scores.batch import Questions, judge
from serving.scores.score_rows import ACTIONS, Request, score_rows
from serving.scores.score_table import Sink
from serving.scores.weighing import weigh
from serving.web.http import rfc3339
from training.bundle import Bundle, read_bundle, signing_key

CHUNK = 20_000
"""Orders judged at once: bounds memory, whatever the file holds."""

_MAPPED = 2**30  # bytes of the database read without copying: a third of the time of looking orders up


def score_file(pool: Pool, request: Request, sink: Sink, tell: Tell) -> dict[str, Any]:
    """Score every order of the files into `sink`, in their order; returns what a person wants to know of it."""
    bundle, request = published(pool), replace(request, policies=policies_of(pool))
    told = as_served(pool, request, tell)
    counted: Counter[str] = Counter()
    with closing(_open(pool)) as reader, closing(_open(pool)) as ahead, closing(_open(pool)) as watch:
        _require_current(reader, pool)
        known = freshness.known_through(reader)
        with ledger.same_moment((reader, ahead), watch), closing(_arrived(ahead, pool, told)) as arrived:
            for done, table in _tables(
                reader, bundle, (len(pool.merchants()) == 1, pool.strangers_apart), arrived, request
            ):
                counted.update({v["values"]: v["counts"] for v in pc.value_counts(table["action"]).to_pylist()})
                sink.add(table)
                tell("score", done, len(told))
    return {
        "orders": len(told),
        "rows": told.n_rows,
        "refused": told.refused,
        "scored_at": rfc3339(request.at),
        "stage": request.stage,
        "known_through": rfc3339(known) if known else None,
        "warnings": freshness.warnings(known, bundle.about["moments"]["matures_in"], request.at),
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
    late = int((np.asarray(told.columns["placed_at"]) > request.at + CLOCK_SLACK).sum())
    if late:
        raise DataError("SCORE002", "--at", got=f"{late} orders placed later than {rfc3339(request.at)}",
                        expected="orders placed by then", to_do="pass a later --at")  # fmt: skip
    return ToldOrders({**told.columns, **_of_merchants(pool, told)}, told.n_rows, told.refused)


def _of_merchants(pool: Pool, told: ToldOrders) -> dict[str, Any]:
    """What the service knows of each order's merchant: zone, and currency and country where they are not told."""
    known = pool.merchants()
    encoded = _texts(told.columns["merchant_id"]).dictionary_encode()
    names: list[str] = encoded.dictionary.to_pylist()
    if strangers := sorted(set(names) - set(known)):
        expected = f"a merchant of pool {pool.name}: {', '.join(sorted(known))}"
        raise UsageError("CLI004", "merchant", got=strangers[0], expected=expected, to_do="check --merchant and --pool")

    def settings(name: str) -> Any:
        return pa.array([getattr(known[m], name) for m in names], pa.string()).take(encoded.indices)

    given = {"timezone": settings("timezone")}
    for name in ("currency", "country"):
        column = _texts(told.columns.get(name, pa.nulls(len(told), pa.string())))
        given[name] = pc.if_else(pc.fill_null(pc.equal(pc.binary_length(column), 0), True), settings(name), column)
    return given


def _texts(column: Any) -> Any:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole.cast(pa.string())


def _open(pool: Pool) -> Connection:
    connection = open_database(pool.database, read_only=True)
    map_into_memory(connection, _MAPPED)
    return connection


Arrived: TypeAlias = tuple[Columns, Held]
"""Orders as kept, and what those of them contribute that were placed before."""


def _arrived(connection: Connection, pool: Pool, told: ToldOrders) -> Generator[Arrived]:
    """Chunk by chunk, each made ready beside the one before it: SQLite and numpy leave the interpreter to others."""
    from features.held_compiled import weighed  # the compiler is there already

    desk = Desk(pool.token_key(), partial(journal.find_pseudonyms, connection), load_register())

    def arrived(start: int) -> Arrived:
        columns = arrive(told.part(start, start + CHUNK), desk)
        ids = list(zip(columns["merchant_id"].tolist(), columns["order_id"].tolist(), strict=True))
        return columns, ledger.held(connection, ids, weighed)

    with ThreadPoolExecutor(1) as beside:
        starts = iter(range(0, len(told), CHUNK))
        following = [beside.submit(arrived, start) for start in islice(starts, 1)]
        while following:
            now = following.pop().result()
            following += [beside.submit(arrived, start) for start in islice(starts, 1)]
            yield now


def _tables(
    connection: Connection, bundle: Bundle, of: tuple[bool, bool], arrived: Iterator[Arrived], request: Request
) -> Iterator[tuple[int, pa.Table]]:
    """(orders done, their rows) chunk by chunk. of: has the pool one merchant only, and are strangers kept apart?"""
    single, apart = of
    done = 0
    for columns, own in arrived:
        n = len(columns["order_id"])
        at = np.full(n, request.at, dtype=np.int64)
        judged = judge(connection, bundle, Questions(columns, at, own, [single] * n, request.explain, apart))
        done += n
        yield done, score_rows(columns, judged, weigh(columns, judged, [request.stage] * n, request.policies), request)
