"""From checked orders to answers that are kept: one order while a buyer waits, or many at once. No routes here.

Whatever breaks or hangs on the way, the sale goes on: the answer is then from a lower rung (`ladder.py`), and says so.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias, cast

import orjson
from prometheus_client import Counter

from data.contract import SECOND
from data.database import Connection, open_database
from data.one_moment import one_moment
from data.pool import Merchant
from serving import checkouts, http, ledger, stages
from serving.allowance import Allowance
from serving.answering import told_of
from serving.budget_seeds import day_of
from serving.clock import Clock
from serving.decisions.shop import Policies
from serving.decisions.stages import CHECKOUT
from serving.desk import Desk
from serving.http import Refusal
from serving.ladder import FAILED, OVERLOADED, RUNGS, Ladder, Rungs, log_failure, of_store
from serving.lane import Shared
from serving.once import Asked, Repeated, Said, keep, require_new
from serving.schema import Options, OrderIn
from serving.scorer import Ask, Counting, Scored, fallback, score, score_many
from serving.writer import Busy
from training.bundle import Bundle

SCORES = Counter("rto_scores_total", "Orders scored", ["status", "action"])
UNLOGGED = Counter("rto_unlogged_total", "Decisions not on disk when their answer left", ["because"])
_BATCH_PATIENCE = 20  # times the patience of a single order: nobody waits at a checkout
_AS_KEPT = {
    "code": "kept_order_scored",
    "text": "the order was scored as kept: what was sent beside its id was not read",
}
_Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """Orders of one merchant at one stage, asked about at one moment (microseconds).

    whole: makes the body of the answer from what is said of each order.  asked: where it stands under a key.
    arrived: by the event loop's clock.
    """

    merchant: Merchant
    stage: str
    options: Options
    orders: Sequence[OrderIn]
    at: int
    request_id: str
    whole: "Callable[[list[_Answer | Refusal]], _Answer]"
    arrived: float
    asked: Asked | None = None
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ids.extend(f"dec_{secrets.token_hex(12)}" for _ in self.orders)


_Order: TypeAlias = tuple[Question, int]
"""One order of a question."""
_Spared = Callable[[int, Exception], "Scored | Exception"]
"""What is answered about the order at a place after it broke; raises that again where it is not the order's own matter."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One order read: what the scorer is asked, and what the caller should know of the reading."""

    ask: Ask
    warnings: tuple[dict[str, str], ...] = ()

    def told(self, scored: Scored) -> Scored:
        return replace(scored, beside=self.warnings)


def warm(desk: Desk, clock: Clock) -> None:
    """Score an order of nobody by each rung, for nobody: the first buyer must not wait for what is made at first use."""
    bundle, at = desk.bundle(), clock.now()
    order = OrderIn(placed_at=datetime.fromtimestamp(at / SECOND, UTC), amount_minor=100_000, payment_method="cod")
    connection = open_database(desk.pool.database, read_only=True)
    try:
        for merchant in list(desk.merchants.values())[:1]:
            question = Question(merchant, CHECKOUT, Options(dry_run=True), [order], at, "", lambda _: {}, 0.0)
            for found in (_single(desk, bundle, question, connection), _order_only(desk, bundle, question, 0, FAILED)):
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
            full=Shared(_singles, (desk, bundle, question)),
            order_only=partial(_order_only, desk, bundle, question, 0),
            default=partial(_default, desk, question, 0),
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
            full=partial(_noticing, desk, bundle, question),
            order_only=lambda cause: [_order_only(desk, bundle, question, i, cause) for i in places],
            default=lambda cause: [_default(desk, question, i, cause) for i in places],
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
            SCORES.labels(body["status"], body["recommendation"]["action"]).inc()
            RUNGS.labels(body["rung"], body["degraded"] or "no").inc()

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
        logged = await self._written(desk, _writing(records, answered), waits_s)
        return said if logged and said else whole(logged)

    async def _written(self, desk: Desk, job: Callable[[Connection], None], waits_s: float) -> bool:
        """Are the decisions on disk? A full queue, a full disk or a slow one must not stop a checkout. Raises what
        `once.keep` raises where another process has answered under the key."""
        breaker, now = desk.ledger_breaker, asyncio.get_running_loop().time()
        if waits_s > 0 and breaker.lets(now):
            unlogged = await _waited_for(desk, job, waits_s)
            (breaker.failed if unlogged else breaker.worked)(now)
        else:
            unlogged = "overloaded" if waits_s <= 0 else "left_alone"
            with suppress(Busy):
                if not desk.writer.half_full:
                    desk.writer.submit(job)  # it is written all the same, and nobody waits
        if unlogged:
            UNLOGGED.labels(unlogged).inc()
        return not unlogged


_Made = tuple[_Answer, Any]
"""An answer as told, and what it was made from."""


def _writing(records: list[dict[str, Any]], answered: "tuple[Asked, Said] | None") -> Callable[[Connection], None]:
    """What the writer does: both or neither."""

    def job(connection: Connection) -> None:
        if answered is not None:
            keep(connection, *answered)
        for record in records:
            ledger.record(connection, record)

    return job


async def _waited_for(desk: Desk, job: Callable[[Connection], None], left_s: float) -> str:
    """Why the job is not known to be done in time; empty if it is."""
    try:
        writing = asyncio.wrap_future(desk.writer.submit(job))
        writing.add_done_callback(lambda one: one.cancelled() or one.exception())  # nobody may be waiting by then
        done, _ = await asyncio.wait({writing}, timeout=left_s)
        for one in done:
            one.result()
    except (Repeated, Refusal):
        raise
    except Exception as error:  # noqa: BLE001 - whatever broke, the sale goes on and the answer says logged: false
        http.LOG.error(orjson.dumps({"unlogged": http.place_of(error), "cause": type(error).__name__}).decode())
        return "failed"
    return "" if done else "late"


def _singles(
    connection: Connection, items: list[tuple[Desk, Bundle | None, Question]]
) -> list[Scored | Refusal | Exception]:
    """The full rung of single orders of one desk that waited together: what is said of each, or what broke of it. Raises
    what breaks of the store."""
    desk, found = items[0][0], dict[int, Scored | Exception]()
    desk.notice(connection)
    by_bundle: dict[int, list[int]] = {}
    for place, (_, bundle, question) in enumerate(items):
        try:
            require_new(connection, question.asked)
            by_bundle.setdefault(id(bundle), []).append(place)
        except (Repeated, Refusal) as said:
            found[place] = said
    for places in by_bundle.values():
        orders = [(items[place][2], 0) for place in places]
        found |= zip(places, _now(connection, desk, items[places[0]][1], orders, _its_own), strict=True)
    return [found[place] for place in range(len(items))]


def _its_own(_: int, error: Exception) -> Exception:
    """What breaks of a single order is told to who waits for it; what breaks of the store is everybody's."""
    if of_store(error):
        raise error
    return error


def _noticing(desk: Desk, bundle: Bundle | None, question: Question, connection: Connection) -> list[Scored | Refusal]:
    """The full rung. Raises Repeated or Refusal where it was answered before under its key, and what breaks of the store."""
    desk.notice(connection)
    require_new(connection, question.asked)
    return _in_one_moment(connection, desk, bundle, question)


def _in_one_moment(
    connection: Connection, desk: Desk, bundle: Bundle | None, question: Question
) -> list[Scored | Refusal]:
    """Every order read and scored at one moment, whatever is written meanwhile. One of many that breaks stays alone; raises
    what breaks of the store, and of a single order anything."""

    def spared(i: int, error: Exception) -> Scored | Refusal:
        if of_store(error) or len(question.orders) == 1:
            raise error
        log_failure(error, question.ids[i])
        try:
            return _order_only(desk, bundle, question, i, FAILED)
        except Exception as again:  # noqa: BLE001 - logged by its place; the answer says that it is a fallback
            log_failure(again, question.ids[i])
            return _default(desk, question, i, FAILED)

    found = _now(connection, desk, bundle, [(question, i) for i in range(len(question.orders))], spared)
    return cast("list[Scored | Refusal]", found)  # `spared` gives no other


def _now(
    connection: Connection, desk: Desk, bundle: Bundle | None, orders: list[_Order], spared: "_Spared"
) -> list[Scored | Exception]:
    """Orders of one desk read and scored at one moment."""
    with one_moment(connection):
        reads = _reads(connection, desk, orders, spared)
        asked = {i: one.ask for i, one in enumerate(reads) if isinstance(one, _Read)}
        counting = _counting(desk, [orders[i][0] for i in asked])
        scored = _scored(connection, bundle, asked, counting, spared)
    return [_told(one, scored.get(i)) for i, one in enumerate(reads)]


def _told(read: "_Read | Scored | Exception", scored: "Scored | Exception | None") -> Scored | Exception:
    if not isinstance(read, _Read):
        return read
    assert scored is not None, "whatever was asked is answered"
    return read.told(scored) if isinstance(scored, Scored) else scored


def _counting(desk: Desk, questions: Sequence[Question]) -> Counting:
    """How answers count against the caps of their merchants. questions: of each of them."""
    days = [day_of(one.at, one.merchant.timezone) for one in questions]
    return Counting(desk.shelf.budgets, days, [not one.options.dry_run for one in questions])


def _reads(
    connection: Connection, desk: Desk, orders: list[_Order], spared: _Spared
) -> list["_Read | Scored | Exception"]:
    """What the scorer is asked about each order."""
    policies, found = desk.policies, dict[int, _Read | Scored | Exception]()
    kept = dict[int, tuple[str | None, dict[str, Any] | None]]()
    for place, (question, i) in enumerate(orders):
        try:
            kept[place] = _as_kept(connection, question, question.orders[i])
        except Refusal as refusal:
            found[place] = refusal
        except Exception as error:  # noqa: BLE001 - raised again, or answered from a lower rung
            found[place] = spared(place, error)
    new = [place for place, (_, columns) in kept.items() if columns is None]
    told = [
        (orders[place][0].orders[orders[place][1]], orders[place][0].merchant, orders[place][0].at) for place in new
    ]
    arrived = dict(zip(new, desk.intake.known(connection, told), strict=True))
    for place, (order_id, as_kept) in kept.items():
        columns = arrived[place] if as_kept is None else as_kept
        if isinstance(columns, Exception):
            found[place] = columns if isinstance(columns, Refusal) else spared(place, columns)
        else:
            found[place] = _asking(desk, policies, orders[place], order_id, columns, kept=place not in arrived)
    return [found[place] for place in range(len(orders))]


def _asking(
    desk: Desk, policies: Policies, which: _Order, order_id: str | None, columns: dict[str, Any], *, kept: bool
) -> _Read:
    (question, i), merchant_id = which, which[0].merchant.merchant_id
    order = question.orders[i]
    ask = Ask(merchant_id, columns, question.ids[i], question.at, order_id, order.checkout_id,
              question.options.explain, desk.single, question.stage, policies, desk.apart)  # fmt: skip
    return _Read(ask, (_AS_KEPT,) if kept and stages.says_more(order) else ())


def _as_kept(connection: Connection, question: Question, order: OrderIn) -> tuple[str | None, dict[str, Any] | None]:
    """The id an order goes by here, and what is kept of it; None if it is to be read as sent."""
    merchant_id = question.merchant.merchant_id
    order_id = order.order_id or _became(connection, merchant_id, order.checkout_id)
    kept = stages.as_kept(connection, question.stage, merchant_id, order)
    stages.require(question.stage, order, kept=kept is not None)
    return order_id, kept or None


def _became(connection: Connection, merchant_id: str, checkout_id: str | None) -> str | None:
    """The order a checkout became: scored again, it must not see itself."""
    became = checkouts.orders_of(connection, merchant_id, checkout_id) if checkout_id else []
    return became[0] if len(became) == 1 else None


def _scored(
    connection: Connection, bundle: Bundle | None, asked: dict[int, Ask], counting: Counting, spared: _Spared
) -> dict[int, Scored | Exception]:
    """One answer for each ask: together, and one by one if that breaks, so that one bad order stays alone."""
    if len(asked) > 1:
        try:
            return dict(zip(asked, score_many(connection, bundle, list(asked.values()), counting), strict=True))
        except Exception as error:
            if of_store(error):
                raise
            log_failure(error)
    found: dict[int, Scored | Exception] = {}
    for n, (i, ask) in enumerate(asked.items()):
        try:
            found[i] = score(connection, bundle, ask, counting.only(n))
        except Exception as error:  # noqa: BLE001 - raised again, or answered from a lower rung
            found[i] = spared(i, error)
    return found


def _order_only(desk: Desk, bundle: Bundle | None, question: Question, i: int, because: str) -> Scored | Refusal:
    """What the order alone says, by the model that was never told of any history; without a model, lists and rules."""
    order, merchant = question.orders[i], question.merchant
    alone = None if bundle is None else bundle.order_only
    if order.placed_at is None or (bundle is not None and alone is None):
        return _default(desk, question, i, because)  # only what is kept of it would say more
    try:
        stages.require(question.stage, order, kept=False)
        columns = desk.intake.unrecognised(order, merchant, question.at)
    except Refusal as refusal:
        return refusal
    ask = Ask(merchant.merchant_id, columns, question.ids[i], question.at, order.order_id, order.checkout_id,
              question.options.explain, desk.single, question.stage, desk.policies, degraded=because)  # fmt: skip
    return score(None, alone, ask, _counting(desk, [question]))


def _default(desk: Desk, question: Question, i: int, because: str) -> Scored:
    order = question.orders[i]
    ids = (question.ids[i], question.at, order.order_id, order.checkout_id)
    return fallback(Ask(question.merchant.merchant_id, {}, *ids, stage=question.stage, policies=desk.policies,
                        degraded=because))  # fmt: skip


def _body(question: Question, i: int, scored: Scored, desk: Desk, bundle: Bundle | None) -> tuple[_Answer, Any]:
    """The answer as told, and what it was made from."""
    beside = desk.warnings(question.merchant.merchant_id)
    ids = {"decision_id": question.ids[i], "request_id": question.request_id, "logged": not question.options.dry_run}
    made_from = scored.made_from | {"beside": [*scored.beside, *beside]}
    made_from |= {} if bundle is None else {"bundle": bundle.digest}
    return told_of(ids, replace(scored, made_from=made_from), bundle), made_from
