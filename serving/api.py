"""`/v1` over HTTP: parse, hand over, answer. `service.py` mounts it in BentoML; everything else is tested without."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from data.keeping.database import Connection
from data.pool import Merchant
from serving.access import Access, Caller, Callers
from serving.calling.contacts import Contacted, ContactIn
from serving.calling.queue_answers import queue_told, wanted_of
from serving.clock import Clock
from serving.desk import Desk, Desks
from serving.keeping import checkouts
from serving.keeping.storage import read, written
from serving.keeping.taking_in import Placing, Taking, Telling
from serving.resilience.allowance import USUAL, Allowance
from serving.resilience.moment import Question
from serving.resilience.scoring import Scoring, warm
from serving.scores.answering import model_reference
from serving.settings import PER_SECOND
from serving.web import http
from serving.web.body import in_its_place, parsed, parsed_batch, require_called_json
from serving.web.decision_answers import Replays, kept_of, overruled
from serving.web.door import MAX_BODY, Door
from serving.web.http import Guarded, Refusal, answer, rfc3339
from serving.web.limits import Limits
from serving.web.once import Asked, Flights, Said, asked_of, keep, key_of, require_new, response
from serving.web.openapi import document
from serving.web.policy_answers import SimulateIn, policy_told, policy_tried
from serving.web.rehearsal import forced, rehearse
from serving.web.report_answers import ReportAnswers, report_asked
from serving.web.schema import BatchIn, EventIn, OrderIn, OverrideIn, PlaceIn, ScoreIn
from serving.web.webhook_keys import WebhookKeys
from serving.web.webhooks import delivered, events_of, taking

SCORE = "/v1/score"
_Told = TypeVar("_Told", PlaceIn, EventIn, ContactIn)


class Api:
    """The routes of one installation. log_patience_s: a score may take so long, if that is more, for its decision to be kept."""

    def __init__(
        self, home: Path, clock: Clock, *, on_loopback: bool, log_patience_s: float | None = None,
        per_second: float = PER_SECOND, allowance: Allowance = USUAL,
    ) -> None:  # fmt: skip
        allowance = allowance.waiting(log_patience_s)
        self.home, self.clock, self.on_loopback = home, clock, on_loopback
        self.access = Access(home)
        self.callers = Callers(self.access, clock)
        self.webhooks = WebhookKeys(self.access.connection, home)
        self.desks = Desks(home, clock, allowance)
        self.limits = Limits(per_second)
        self.scoring, self.flights = Scoring(clock, allowance), Flights()
        self.reports, self.replays = ReportAnswers(), Replays()
        self._one_simulation = asyncio.Semaphore(1)

    def _caller(self, request: Request) -> Caller | None:
        """Who calls; None where the door is open: no key was ever made, and the call is from this machine.

        Raises Refusal 401.
        """
        without = "authorization" not in request.headers  # who shows a key is not asked how else they might come in
        open_door = without and self.on_loopback and http.from_this_machine(request) and not self.access.any_ever()
        return http.caller_of(request, self.callers, self.clock.now(), open_door=open_door)

    def _seat(self, caller: Caller | None, merchant_id: str | None, scope: str) -> tuple[Desk, Merchant]:
        """The desk and the merchant a request is about. Raises Refusal 403, 404, or 422 where nobody is named."""
        wanted = merchant_id or (caller.merchant_id if caller else None)
        if wanted is None:
            raise Refusal(422, "invalid", "say which merchant: ?merchant_id=", "/merchant_id")
        http.may(caller, wanted, scope)
        return self.desks.of(wanted)

    async def score(self, request: Request) -> Response:
        """Say what to do with one order, why, and by which model and policy version."""
        started, caller = self.clock.monotonic(), self._caller(request)
        asked = await parsed(ScoreIn, request)
        if test := asked.options.test:
            [body] = await self._rehearsed(test, caller, asked, [asked.order], request)
            if isinstance(body, Refusal):
                raise body
            return answer(body | {"elapsed_ms": self._elapsed_ms(started)})

        def whole(found: list[Any]) -> dict[str, Any]:
            return {**found[0], "elapsed_ms": self._elapsed_ms(started)}

        return await self._scored(request, caller, (asked, [asked.order]), self.scoring.one, whole)

    async def score_batch(self, request: Request) -> Response:
        """The same for many orders. One that does not fit is refused in its place; the others are answered."""
        started, caller = self.clock.monotonic(), self._caller(request)
        batch = await parsed_batch(request)
        asked = batch.asked

        def whole(found: Sequence[Any]) -> dict[str, Any]:
            results = dict[int, Any](batch.refused) | dict(zip(batch.places, found, strict=True))
            told = [in_its_place(results[i], i, request.state.request_id) for i in range(len(results))]
            return {"results": told, "request_id": request.state.request_id, "elapsed_ms": self._elapsed_ms(started)}

        if test := asked.options.test:
            return answer(whole(await self._rehearsed(test, caller, asked, asked.orders, request)))
        return await self._scored(request, caller, (asked, asked.orders), self.scoring.many, whole)

    async def _scored(
        self, request: Request, caller: Caller | None, asking: tuple[ScoreIn | BatchIn, list[OrderIn]],
        by: Callable[[Desk, Question], Awaitable[bytes]], whole: Callable[[list[Any]], dict[str, Any]],
    ) -> Response:  # fmt: skip
        arrived, (asked, orders), now = asyncio.get_running_loop().time(), asking, self.clock.now()
        desk, merchant = self._seat(caller, asked.merchant_id, "score")
        self.limits.take(merchant.merchant_id, len(orders), self.clock.monotonic())
        body = await request.body()
        digest = partial(asked_of, request, body, desk, merchant.merchant_id, now)
        # a megabyte is digested beside the event loop
        under = await asyncio.to_thread(digest) if len(body) > MAX_BODY else digest()
        ids = (request.state.request_id, whole, arrived, under)
        question = Question(merchant, asked.stage, asked.options, orders, now, *ids)

        async def work() -> Said:
            return 200, await by(desk, question)

        return response(await work()) if under is None else await self.flights.once(under, work)

    async def _rehearsed(
        self, test: str, caller: Caller | None, asked: ScoreIn | BatchIn, orders: list[OrderIn], request: Request
    ) -> list[dict[str, Any] | Refusal]:
        """Test orders: both keys must be good for a score; neither merchant, model nor history need be there."""
        http.may(caller, asked.merchant_id, "score")
        key_of(request)
        await rehearse(test)
        more = {"scored_at": rfc3339(self.clock.now()), "request_id": request.state.request_id}
        shop = self.desks.policy_of(asked.merchant_id)
        found = (forced(test, asked.stage, order, shop) for order in orders)
        return [one if isinstance(one, Refusal) else one | more for one in found]

    def _elapsed_ms(self, started: float) -> float:
        return round((self.clock.monotonic() - started) * 1000, 2)

    async def place(self, request: Request) -> Response:
        """Take in a placed order: from now on it counts for the orders that follow."""
        return await self._taken(request, PlaceIn, Placing)

    async def event(self, request: Request) -> Response:
        """Take in one piece of news. Acknowledged means kept: the answer follows the commit."""
        return await self._taken(request, EventIn, Telling)

    async def contacted(self, request: Request) -> Response:
        """Take in what came of a contact, of an order that a queue may have held."""
        return await self._taken(request, ContactIn, Contacted)

    async def _taken(
        self, request: Request, shape: type[_Told], work_of: Callable[[Taking, _Told], Callable[[Connection], Said]]
    ) -> Response:
        """The answer to what was taken in; under a key it is kept with it."""
        caller = self._caller(request)
        asked = await parsed(shape, request)
        desk, merchant = self._seat(caller, asked.merchant_id, "events")
        self.limits.take(merchant.merchant_id, 1, self.clock.monotonic())
        now = self.clock.now()
        under = asked_of(request, await request.body(), desk, merchant.merchant_id, now)
        job = work_of(Taking(desk.intake, merchant, now, under), asked)

        async def work() -> Said:
            return await written(desk, job)

        return response(await work()) if under is None else await self.flights.once(under, work)

    async def webhook(self, request: Request) -> Response:
        """Take in a courier's news by its signature. Whatever is wrong with that is the same 401."""
        require_called_json(request)
        merchant_id, source = (request.path_params[name] for name in ("merchant_id", "source"))
        delivery = delivered(request, await request.body(), self.webhooks.live(merchant_id, source), self.clock.now())
        desk, merchant = self.desks.of(merchant_id)
        found = events_of(delivery, merchant, source)
        self.limits.take(merchant_id, len(found[0]), self.clock.monotonic())
        return response(await written(desk, taking(desk, merchant, source, delivery, found)))

    async def decision(self, request: Request) -> Response:
        """One decision as it was answered. Another merchant's and one that never was look the same."""
        desk, merchant = self._seat(self._caller(request), request.query_params.get("merchant_id"), "score")
        return answer((await kept_of(desk, merchant, request.path_params["decision_id"]))["answer"])

    async def replay(self, request: Request) -> Response:
        """The same, worked out anew from what was kept of it: the same bytes, or the answer says that they differ."""
        desk, merchant = self._seat(self._caller(request), request.query_params.get("merchant_id"), "score")
        return await self.replays.answer(desk, await kept_of(desk, merchant, request.path_params["decision_id"]))

    async def override(self, request: Request) -> Response:
        """What a person has decided about the order of a decision, or its buyer: from the next score on it decides."""
        caller = self._caller(request)
        asked = await parsed(OverrideIn, request)
        desk, merchant = self._seat(caller, asked.merchant_id, "override")
        kept = await kept_of(desk, merchant, request.path_params["decision_id"])
        now = self.clock.now()
        under = asked_of(request, await request.body(), desk, merchant.merchant_id, now)

        async def work() -> Said:
            await read(desk, lambda connection: require_new(connection, under))
            told = await asyncio.to_thread(overruled, desk, merchant, kept["decision_id"], asked, now)
            desk.shelf.look_aside(desk.merchants)
            said = 201, orjson.dumps(told)
            return said if under is None else await written(desk, partial(_kept_as, under, said))

        return response(await work()) if under is None else await self.flights.once(under, work)

    async def decisions(self, request: Request) -> Response:
        """Every decision on one checkout or one order, linked through the order's checkout. Nothing of others."""
        desk, merchant = self._seat(self._caller(request), request.query_params.get("merchant_id"), "score")
        checkout_id, order_id = (request.query_params.get(name) for name in ("checkout_id", "order_id"))
        if (checkout_id is None) == (order_id is None):
            raise Refusal(422, "invalid", "say which: ?checkout_id= or ?order_id=", "/checkout_id")
        by = checkouts.decisions_of_checkout if order_id is None else checkouts.decisions_of_order
        wanted = str(checkout_id if order_id is None else order_id)
        found = await read(desk, lambda connection: by(connection, merchant.merchant_id, wanted))
        return answer({"decisions": [one["answer"] for one in found]})

    async def queue(self, request: Request) -> Response:
        """Whom to call or message today, the largest expected saving first. Nothing of a person is in it."""
        desk, merchant = self._seat(self._caller(request), request.query_params.get("merchant_id"), "report")
        wanted = wanted_of(request.query_params, merchant.merchant_id, self.clock.now())
        return answer(await asyncio.to_thread(queue_told, desk.pool, merchant, wanted))

    async def model(self, request: Request) -> Response:
        """Which model answers, how it was judged, and from what."""
        desk, _ = self._seat(self._caller(request), request.query_params.get("merchant_id"), "score")
        bundle = desk.bundle()
        if bundle is None:
            return answer({"status": "not_evaluated", "model": None})
        about = {k: bundle.about[k] for k in ("evidence", "counts", "moments", "judged")}
        return answer({"status": "serving", "model": model_reference(bundle), **about})

    async def policies(self, request: Request) -> Response:
        """What decides for a merchant now, with every cost, rule, list and cap, and its versions."""
        desk, merchant = self._seat(self._caller(request), request.query_params.get("merchant_id"), "report")
        return answer(await asyncio.to_thread(policy_told, desk.pool, merchant))

    async def simulate(self, request: Request) -> Response:
        """Try a policy on past orders. One at a time, beside the event loop; nothing goes live."""
        caller = self._caller(request)
        asked = await parsed(SimulateIn, request)
        desk, merchant = self._seat(caller, asked.merchant_id, "report")
        async with self._one_simulation:
            return answer(await asyncio.to_thread(policy_tried, desk.pool, merchant, asked))

    async def report(self, request: Request) -> Response:
        """The merchant's report: the page, one table as CSV or all as a workbook, by what the path ends in."""
        desk, merchant = self._seat(self._caller(request), request.path_params["merchant_id"], "report")
        bundle, asked = desk.bundle(), report_asked(request)
        return await asyncio.to_thread(partial(self.reports.answer, desk.pool, merchant, bundle, self.clock, asked))

    async def livez(self, _: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(self, _: Request) -> Response:
        await self.desks.notice()
        ready = self.desks.ready()
        return PlainTextResponse(
            "\n".join(["ready" if ready else "no model", *self.desks.notes()]), 200 if ready else 503
        )

    async def metrics(self, _: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def openapi(self, _: Request) -> Response:
        return answer(document())

    def warm(self) -> None:
        for desk in self.desks.desks.values():
            warm(desk, self.clock)

    def app(self) -> Starlette:
        """The ASGI app."""
        table: tuple[Any, ...] = (
            (SCORE, self.score, "POST"),
            ("/v1/score/batch", self.score_batch, "POST"),
            ("/v1/orders", self.place, "POST"),
            ("/v1/events", self.event, "POST"),
            ("/v1/webhooks/{merchant_id}/{source}", self.webhook, "POST"),
            ("/v1/decisions", self.decisions, "GET"),
            ("/v1/decisions/{decision_id}", self.decision, "GET"),
            ("/v1/decisions/{decision_id}/replay", self.replay, "GET", "POST"),
            ("/v1/decisions/{decision_id}/override", self.override, "POST"),
            ("/v1/queue", self.queue, "GET"),
            ("/v1/queue/outcomes", self.contacted, "POST"),
            ("/v1/policies", self.policies, "GET"),
            ("/v1/policies/simulate", self.simulate, "POST"),
            ("/v1/model", self.model, "GET"),
            ("/reports/{merchant_id}.csv", self.report, "GET"),
            ("/reports/{merchant_id}.xlsx", self.report, "GET"),
            ("/reports/{merchant_id}", self.report, "GET"),
            ("/openapi.json", self.openapi, "GET"),
            ("/livez", self.livez, "GET"),
            ("/readyz", self.readyz, "GET"),
            ("/metrics", self.metrics, "GET"),
        )
        routes = [Route(path, Guarded(path, handler).__call__, methods=verbs) for path, handler, *verbs in table]

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            self.warm()
            yield
            self.desks.close()

        app = Starlette(
            routes=routes,
            middleware=[Middleware(Door, clock=self.clock, straight={("POST", SCORE): Guarded(SCORE, self.score)})],
            exception_handlers={404: http.no_such_path, 405: http.no_such_method},
            lifespan=lifespan,
        )
        app.router.redirect_slashes = False  # a redirect would be built from the caller's Host
        return app


def _kept_as(under: Asked, said: Said, connection: Connection) -> Said:
    keep(connection, under, said)
    return said
