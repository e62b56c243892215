"""From checked orders to answers that are kept: one order while a buyer waits, or many at once. No routes here.

Whatever breaks on the way, the sale goes on: the answer is then the merchant's default, and says so.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from prometheus_client import Counter

from data.database import Connection, open_database
from data.one_moment import one_moment
from data.pool import Merchant
from serving import checkouts, http, ledger, stages
from serving.budget_seeds import day_of
from serving.clock import Clock
from serving.desk import Desk
from serving.http import Refusal, rfc3339
from serving.once import Asked, Repeated, Said, keep
from serving.schema import Options, OrderIn
from serving.scorer import Ask, Counting, Scored, fallback, score, score_many
from training.bundle import Bundle

SCORES = Counter("rto_scores_total", "Orders scored", ["status", "action"])
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
    """

    merchant: Merchant
    stage: str
    options: Options
    orders: Sequence[OrderIn]
    at: int
    request_id: str
    whole: "Callable[[list[_Answer | Refusal]], _Answer]"
    asked: Asked | None = None
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ids.extend(f"dec_{secrets.token_hex(12)}" for _ in self.orders)


@dataclass(frozen=True, slots=True)
class _Read:
    """One order read: what the scorer is asked, and what the caller should know of the reading."""

    ask: Ask
    warnings: tuple[dict[str, str], ...] = ()

    def told(self, scored: Scored) -> Scored:
        return replace(scored, beside=self.warnings)


class Scoring:
    """Answers questions about orders. log_patience_s: how long a single score waits for its decision to be kept."""

    def __init__(self, clock: Clock, log_patience_s: float) -> None:
        self.clock, self.log_patience_s = clock, log_patience_s
        self._one_batch = asyncio.Semaphore(1)  # checkouts share the interpreter with one batch at most

    async def one(self, desk: Desk, question: Question) -> bytes:
        """The answer to a question about a single order. Raises Refusal if the order does not fit its stage."""
        bundle = desk.bundle()
        [found] = _in_one_moment(desk.reader, desk, bundle, question)
        if isinstance(found, Refusal):
            raise found
        return await self._kept(desk, question, [_body(question, 0, found, desk, bundle)], self.log_patience_s)

    async def many(self, desk: Desk, question: Question) -> bytes:
        """One answer or refusal for each order, in their order. Scored beside the event loop, kept together."""
        bundle = desk.bundle()
        async with self._one_batch:
            found = await asyncio.to_thread(_on_its_own_connection, desk, bundle, question)
        bodies = [
            _body(question, i, one, desk, bundle) if isinstance(one, Scored) else one for i, one in enumerate(found)
        ]
        return await self._kept(desk, question, bodies, self.log_patience_s * _BATCH_PATIENCE)

    async def _kept(self, desk: Desk, question: Question, found: "list[_Made | Refusal]", patience_s: float) -> bytes:
        """The whole answer, saying whether its decisions are on disk: all of them in one transaction, and under a key the
        answer with them."""
        made = [one for one in found if not isinstance(one, Refusal)]
        for body, _ in made:
            SCORES.labels(body["status"], body["recommendation"]["action"]).inc()

        def whole(logged: bool) -> bytes:
            told = [one if isinstance(one, Refusal) else one[0] | {"logged": logged} for one in found]
            return orjson.dumps(question.whole(told))

        keeps = not question.options.dry_run and bool(made)
        records = [
            {"decision_id": body["decision_id"], "answer": dict(body), "made_from": made_from}
            for body, made_from in (made if keeps else ())
        ]
        if question.asked is None:
            return whole(await _written(desk, records, None, patience_s) if records else False)
        said = whole(keeps)
        return said if await _written(desk, records, (question.asked, (200, said)), patience_s) else whole(False)


_Made = tuple[_Answer, Any]
"""An answer as told, and what it was made from."""


async def _written(
    desk: Desk, records: list[dict[str, Any]], answered: "tuple[Asked, Said] | None", patience_s: float
) -> bool:
    """Are the decisions on disk? A full queue, a full disk or a slow one must not stop a checkout. Raises what `once.keep`
    raises where another process has answered under the key."""

    def job(connection: Connection) -> None:
        if answered is not None:
            keep(connection, *answered)
        for record in records:
            ledger.record(connection, record)

    try:
        writing = desk.writer.submit(job)
        done, _ = await asyncio.wait({asyncio.wrap_future(writing)}, timeout=patience_s)
        for one in done:
            one.result()
    except (Repeated, Refusal):
        raise
    except Exception as error:  # noqa: BLE001 - whatever broke, the sale goes on and the answer says logged: false
        said = {
            "unlogged": records[0]["decision_id"] if records else None,
            "n": len(records),
            "cause": type(error).__name__,
        }
        http.LOG.error(orjson.dumps(said).decode())
        return False
    return bool(done)


def _on_its_own_connection(desk: Desk, bundle: Bundle | None, question: Question) -> list[Scored | Refusal]:
    """Read apart from the event loop's connection, which must stay free for single orders."""
    try:
        connection = open_database(desk.pool.database, read_only=True)
    except Exception as error:  # noqa: BLE001 - logged by its place; every answer says that it is a fallback
        _log_fallback(question.ids[0], error)
        return [_default(desk, question, i) for i in range(len(question.orders))]
    try:
        return _in_one_moment(connection, desk, bundle, question)
    finally:
        connection.close()


def _in_one_moment(
    connection: Connection, desk: Desk, bundle: Bundle | None, question: Question
) -> list[Scored | Refusal]:
    """Every order read and scored at one moment, whatever is written meanwhile."""
    try:
        with one_moment(connection):
            reads = [_read(connection, desk, question, i) for i in range(len(question.orders))]
            asks = [one.ask for one in reads if isinstance(one, _Read)]
            scored = iter(_scored(connection, bundle, asks, _counting(desk, question)))
            return [one.told(next(scored)) if isinstance(one, _Read) else one for one in reads]
    except Exception as error:  # noqa: BLE001 - logged by its place; every answer says that it is a fallback
        _log_fallback(question.ids[0], error)
        return [_default(desk, question, i) for i in range(len(question.orders))]


def _counting(desk: Desk, question: Question) -> Counting:
    """How these answers count against the caps of their merchant."""
    day = day_of(question.at, question.merchant.timezone)
    return Counting(desk.shelf.budgets, day, keep=not question.options.dry_run)


def _read(connection: Connection, desk: Desk, question: Question, i: int) -> _Read | Refusal | Scored:
    """What the scorer is asked about one order; the default where its columns cannot be read."""
    order, merchant = question.orders[i], question.merchant
    try:
        order_id = order.order_id or _became(connection, merchant.merchant_id, order.checkout_id)
        kept = stages.as_kept(connection, question.stage, merchant.merchant_id, order)
        stages.require(question.stage, order, kept=kept is not None)
        columns = kept or desk.intake.known(connection, order, merchant, question.at)
    except Refusal as refusal:
        return refusal
    except Exception as error:  # noqa: BLE001 - logged by its place; the answer says that it is a fallback
        _log_fallback(question.ids[i], error)
        return _default(desk, question, i)
    ask = Ask(merchant.merchant_id, columns, question.ids[i], question.at, order_id, order.checkout_id,
              question.options.explain, desk.single, question.stage, desk.policies, desk.apart)  # fmt: skip
    return _Read(ask, (_AS_KEPT,) if kept and stages.says_more(order) else ())


def _became(connection: Connection, merchant_id: str, checkout_id: str | None) -> str | None:
    """The order a checkout became: scored again, it must not see itself."""
    became = checkouts.orders_of(connection, merchant_id, checkout_id) if checkout_id else []
    return became[0] if len(became) == 1 else None


def _scored(connection: Connection, bundle: Bundle | None, asks: list[Ask], counting: Counting) -> list[Scored]:
    """One answer for each ask: together, and one by one if that breaks, so that one bad order stays alone."""
    if len(asks) > 1:
        try:
            return score_many(connection, bundle, asks, counting)
        except Exception as error:  # noqa: BLE001 - logged by its place; tried again one by one
            _log_fallback(asks[0].decision_id, error)
    return [_alone(connection, bundle, ask, counting) for ask in asks]


def _alone(connection: Connection, bundle: Bundle | None, ask: Ask, counting: Counting) -> Scored:
    try:
        return score(connection, bundle, ask, counting)
    except Exception as error:  # noqa: BLE001 - logged by its place; the answer says that it is a fallback
        _log_fallback(ask.decision_id, error)
        return fallback(ask)


def _default(desk: Desk, question: Question, i: int) -> Scored:
    order = question.orders[i]
    ids = (question.ids[i], question.at, order.order_id, order.checkout_id)
    return fallback(Ask(question.merchant.merchant_id, {}, *ids, stage=question.stage, policies=desk.policies))


def _log_fallback(decision_id: str, error: Exception) -> None:
    http.LOG.error(orjson.dumps({"fallback": decision_id, "failed": http.place_of(error)}).decode())


def _body(question: Question, i: int, scored: Scored, desk: Desk, bundle: Bundle | None) -> tuple[_Answer, Any]:
    """The answer as told, and what it was made from."""
    beside = desk.warnings(question.merchant.merchant_id)
    ids = {"decision_id": question.ids[i], "request_id": question.request_id, "logged": not question.options.dry_run}
    made_from = scored.made_from | {"beside": [*scored.beside, *beside]}
    made_from |= {} if bundle is None else {"bundle": bundle.digest}
    return told_of(ids, replace(scored, made_from=made_from), bundle), made_from


def told_of(ids: dict[str, Any], scored: Scored, bundle: Bundle | None) -> _Answer:
    """An answer as callers see it. ids: decision_id, request_id, logged."""
    made = scored.made_from
    return {
        "decision_id": ids["decision_id"],
        "order_id": made["order_id"],
        "checkout_id": made["checkout_id"],
        "stage": made["stage"],
        "scored_at": rfc3339(made["scored_at"]),
        **scored.answer,
        "model": None if bundle is None else model_reference(bundle) | {"policy": scored.policy},
        "warnings": [*scored.warnings, *made["beside"]],
        "logged": ids["logged"],
        "request_id": ids["request_id"],
    }


def model_reference(bundle: Bundle) -> dict[str, Any]:
    """Which model answers, in a few words."""
    about = bundle.about
    return {
        "name": about.get("name"),
        "version": about.get("version"),
        "digest": bundle.digest,
        "features": about.get("features"),
        "trained_through": rfc3339(about["trained_through"])[:10],
    }
