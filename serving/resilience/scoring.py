"""From checked orders to answers that are kept: one order while a buyer waits, or many at once. No routes here.

Whatever breaks or hangs on the way, the sale goes on: the answer is then from a lower rung (`ladder.py`), and says so.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import orjson
from prometheus_client import Counter

from data.contract import SECOND
from data.keeping.database import Connection, open_database
from serving import ledger
from serving.clock import Clock
from serving.decisions.stages import CHECKOUT
from serving.desk import Desk
from serving.keeping.writer import Busy
from serving.resilience.allowance import Allowance
from serving.resilience.ladder import FAILED, OVERLOADED, RUNGS, Ladder, Rungs, log_failure
from serving.resilience.lane import Shared
from serving.resilience.moment import Answer, Question, default, noticing, order_only, singles
from serving.scorer import Scored
from serving.scores.answering import told_of
from serving.web import http
from serving.web.http import Refusal
from serving.web.once import Asked, Repeated, Said, all_recalled, keep_all
from serving.web.schema import Options, OrderIn
from training.bundle import Bundle

SCORES = Counter("rto_scores_total", "Orders scored", ["status", "action"])
UNLOGGED = Counter("rto_unlogged_total", "Decisions not on disk when their answer left", ["because"])
_BATCH_PATIENCE = 20  # times the patience of a single order: nobody waits at a checkout


@cache
def _counted(status: str, action: str, rung: str, degraded: str | None) -> tuple[Counter, Counter]:
    """What counts answers that say this: each of the four is one of a few words of ours."""
    return SCORES.labels(status, action), RUNGS.labels(rung, degraded or "no")


def warm(desk: Desk, clock: Clock) -> None:
    """Score an order of nobody by each rung, for nobody: the first buyer must not wait for what is made at first use."""
    bundle, at = desk.bundle(), clock.now()
    order = OrderIn(placed_at=datetime.fromtimestamp(at / SECOND, UTC), amount_minor=100_000, payment_method="cod")
    connection = open_database(desk.pool.database, read_only=True)
    try:
        for merchant in list(desk.merchants.values())[:1]:
            question = Question(merchant, CHECKOUT, Options(dry_run=True), [order], at, "", lambda _: {}, 0.0)
            for found in (
                *singles(connection, [(desk, bundle, question)]),
                order_only(desk, bundle, question, 0, FAILED),
            ):
                if isinstance(found, Scored):
                    _body(question, 0, found, desk, bundle)
    except Exception as error:  # noqa: BLE001 - logged by its place; buyers' orders will say so too
        log_failure(error)
    finally:
        connection.close()


class Scoring:
    """Answers questions about orders, each within what is allowed."""

    def __init__(self, clock: Clock, allowance: Allowance) -> None:
        self.clock, self.allowance, self.ladder = clock, allowance, Ladder(allowance)
        self._one_batch = asyncio.Semaphore(1)  # checkouts share the interpreter with one batch at most

    async def one(self, desk: Desk, question: Question) -> bytes:
        """The answer to a question about a single order. Raises Refusal if the order does not fit its stage."""
        bundle = desk.bundle()
        rungs: Rungs[Scored | Refusal] = Rungs(
            full=Shared(singles, (desk, bundle, question)),
            order_only=partial(order_only, desk, bundle, question, 0),
            default=partial(default, desk, question, 0),
        )
        until = question.arrived + self.allowance.full_s
        found = await self.ladder.answer(desk.checkouts, desk.store_breaker, rungs, until)
        if isinstance(found, Refusal):
            raise found
        left_s = self.allowance.log_until(question.arrived) - asyncio.get_running_loop().time()
        waits_s = 0.0 if found.made_from["degraded"] == OVERLOADED else min(left_s, self.allowance.log_s)
        return await self._kept(desk, question, [_body(question, 0, found, desk, bundle)], waits_s)

    async def many(self, desk: Desk, question: Question) -> bytes:
        """One answer or refusal for each order, in their order. Scored beside the event loop, kept together."""
        bundle, places = desk.bundle(), range(len(question.orders))
        rungs: Rungs[list[Scored | Refusal]] = Rungs(
            full=partial(noticing, desk, bundle, question),
            order_only=lambda cause: [order_only(desk, bundle, question, i, cause) for i in places],
            default=lambda cause: [default(desk, question, i, cause) for i in places],
            aside=True,
        )
        async with self._one_batch:
            until = asyncio.get_running_loop().time() + self.allowance.deadline_s * _BATCH_PATIENCE
            found = await self.ladder.answer(desk.others, desk.store_breaker, rungs, until)
        bodies = [
            _body(question, i, one, desk, bundle) if isinstance(one, Scored) else one for i, one in enumerate(found)
        ]
        return await self._kept(desk, question, bodies, self.allowance.log_s * _BATCH_PATIENCE)

    async def _kept(self, desk: Desk, question: Question, found: "list[_Made | Refusal]", waits_s: float) -> bytes:
        """The whole answer, saying whether its decisions are on disk: all of them in one transaction, and under a key the
        answer with them. waits_s: how long for that; they are still written after it."""
        made = [one for one in found if not isinstance(one, Refusal)]
        for body, _ in made:
            for counter in _counted(body["status"], body["recommendation"]["action"], body["rung"], body["degraded"]):
                counter.inc()

        def whole(logged: bool) -> bytes:
            told = [one if isinstance(one, Refusal) else one[0] | {"logged": logged} for one in found]
            return orjson.dumps(question.whole(told))

        keeps = not question.options.dry_run and bool(made)
        records = [
            {"decision_id": body["decision_id"], "answer": dict(body), "made_from": made_from}
            for body, made_from in (made if keeps else ())
        ]
        if question.asked is None and not records:
            return whole(False)
        said = b"" if question.asked is None else whole(keeps)
        answered = None if question.asked is None else (question.asked, (200, said))
        logged = await self._written(desk, Keeping(records, answered), waits_s)
        return said if logged and said else whole(logged)

    async def _written(self, desk: Desk, job: "Keeping", waits_s: float) -> bool:
        """Are the decisions on disk? A full queue, a full disk or a slow one must not stop a checkout. Raises what
        `once.keep` raises where another process has answered under the key."""
        breaker, now = desk.ledger_breaker, asyncio.get_running_loop().time()
        if waits_s > 0 and breaker.lets(now):
            unlogged = await _waited_for(desk, job, waits_s)
            if not unlogged:
                breaker.worked(now)
            elif unlogged != "late" or not self.ladder.admission.pressed(now):
                breaker.failed(now)
        else:
            unlogged = "overloaded" if waits_s <= 0 else "left_alone"
            with suppress(Busy):
                if not desk.writer.half_full:
                    desk.writer.leave(job)  # it is written all the same, and nobody waits
        if unlogged:
            UNLOGGED.labels(unlogged).inc()
        return not unlogged


_Made = tuple[Answer, Any]
"""An answer as told, and what it was made from."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Decisions to keep, and under a key their answer with them: work of the writer. Both or neither."""

    records: list[dict[str, Any]]
    answered: tuple[Asked, Said] | None

    def __call__(self, connection: Connection) -> None:
        [end] = self.together(connection, [self])
        if end is not None:
            raise end

    @staticmethod
    def together(connection: Connection, every: "Sequence[Keeping]") -> "list[Repeated | Refusal | None]":
        """None for each that is kept, else what another process answered under its key."""
        ends = all_recalled(connection, [one.answered and one.answered[0] for one in every])
        new = [one for one, end in zip(every, ends, strict=True) if end is None]
        keep_all(connection, [one.answered for one in new if one.answered is not None])
        ledger.record_all(connection, [record for one in new for record in one.records])
        return ends


async def _waited_for(desk: Desk, job: "Keeping", left_s: float) -> str:
    """Why the job is not known to be done in time; empty if it is."""
    try:
        async with asyncio.timeout(left_s):
            await desk.writer.kept(job)
    except TimeoutError:
        return "late"
    except (Repeated, Refusal):
        raise
    except Exception as error:  # noqa: BLE001 - whatever broke, the sale goes on and the answer says logged: false
        http.LOG.error(orjson.dumps({"unlogged": http.place_of(error), "cause": type(error).__name__}).decode())
        return "failed"
    return ""


def _body(question: Question, i: int, scored: Scored, desk: Desk, bundle: Bundle | None) -> tuple[Answer, Any]:
    """The answer as told, and what it was made from."""
    beside = desk.warnings(question.merchant.merchant_id)
    ids = {"decision_id": question.ids[i], "request_id": question.request_id, "logged": not question.options.dry_run}
    made_from = scored.made_from | {"beside": [*scored.beside, *beside]}
    made_from |= {} if bundle is None else {"bundle": bundle.digest}
    return told_of(ids, replace(scored, made_from=made_from), bundle), made_from
