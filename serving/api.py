"""`/v1` over HTTP: parse, hand over, answer. `service.py` mounts it in BentoML; everything else is tested without."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from data.contract import SECOND
from data.history import Told
from serving import http, ledger
from serving.access import Access
from serving.clock import Clock
from serving.desk import Desk, Desks
from serving.http import Guarded, Limits, Refusal, answer
from serving.openapi import document
from serving.page import report_page
from serving.schema import EventIn, PlaceIn, ScoreIn, error_fields
from serving.scorer import Ask, score
from serving.writer import Busy

M = TypeVar("M", bound=BaseModel)
SCORES = Counter("rto_scores_total", "Orders scored", ["status", "action"])


class Api:
    """The routes of one installation."""

    def __init__(self, home: Path, clock: Clock, *, on_loopback: bool) -> None:
        self.home, self.clock, self.on_loopback = home, clock, on_loopback
        self.access = Access(home)
        self.desks = Desks(home, clock)

    def _caller(self, request: Request, merchant_id: str | None, scope: str) -> str:
        """The merchant a request speaks for. Raises Refusal 401 or 403."""
        open_door = self.on_loopback and not self.access.any_live()
        caller = http.caller_of(request, self.access, open_door=open_door)
        wanted = merchant_id or (caller.merchant_id if caller else None)
        if wanted is None:
            raise Refusal(422, "invalid", "say which merchant: ?merchant_id=", "/merchant_id")
        http.may(caller, wanted, scope)
        return wanted

    async def score(self, request: Request) -> Response:
        """Say what to do with one order, why, and by which model and policy version."""
        started = self.clock.monotonic()
        asked = await parsed(ScoreIn, request)
        self._caller(request, asked.merchant_id, "score")
        desk, merchant = self.desks.of(asked.merchant_id)
        now = self.clock.now()
        columns = desk.intake.known(desk.reader, asked.order, merchant, now)
        ask = Ask(
            asked.merchant_id, columns, f"dec_{secrets.token_hex(12)}", now, asked.order.order_id,
            asked.order.checkout_id, asked.options.explain, desk.single,
        )  # fmt: skip
        bundle = desk.bundle()
        scored = score(desk.reader, bundle, ask)
        body = {"decision_id": ask.decision_id, "scored_at": _rfc3339(now), **scored.answer}
        body["model"] = None if bundle is None else _model_reference(bundle)
        body["warnings"] = scored.warnings
        record = {"decision_id": ask.decision_id, "answer": body, "made_from": scored.made_from}
        body["logged"] = not asked.options.dry_run and await _kept(desk, record)
        body["request_id"] = request.state.request_id
        body["elapsed_ms"] = round((self.clock.monotonic() - started) * 1000, 2)
        SCORES.labels(body["status"], body["recommendation"]["action"]).inc()
        return answer(body)

    async def place(self, request: Request) -> Response:
        """Take in a placed order: from now on it counts for the orders that follow."""
        asked = await parsed(PlaceIn, request)
        self._caller(request, asked.merchant_id, "events")
        desk, merchant = self.desks.of(asked.merchant_id)
        now = self.clock.now()

        def job(connection: Any) -> bool:
            columns = desk.intake.placed(connection, asked.order, merchant, now)
            order_id = asked.order.order_id
            placed = Told(asked.merchant_id, order_id, "live", f"{order_id}:placed", "placed",
                          min(columns["placed_at"], now), now, live=True)  # fmt: skip
            return ledger.place(connection, columns, placed)

        new = await _written(desk, job)
        body = {"order_id": asked.order.order_id, "status": "accepted" if new else "duplicate", "known_at": _rfc3339(now)}
        return answer(body, 201 if new else 200)

    async def event(self, request: Request) -> Response:
        """Take in one piece of news. Acknowledged means kept: the answer follows the commit."""
        asked = await parsed(EventIn, request)
        self._caller(request, asked.merchant_id, "events")
        desk, _ = self.desks.of(asked.merchant_id)
        now = self.clock.now()
        new = await _written(desk, lambda connection: ledger.tell(connection, desk.intake.told(connection, asked, now)))
        body = {"event_id": asked.event_id, "status": "accepted" if new else "duplicate", "known_at": _rfc3339(now)}
        return answer(body, 201 if new else 200)

    async def decision(self, request: Request) -> Response:
        """One decision as it was answered. Another merchant's and one that never was look the same."""
        merchant_id = self._caller(request, request.query_params.get("merchant_id"), "score")
        desk, _ = self.desks.of(merchant_id)
        found = ledger.decision(desk.reader, merchant_id, request.path_params["decision_id"])
        if found is None:
            raise Refusal(404, "not_found", "no such decision")
        return answer(found["answer"])

    async def model(self, request: Request) -> Response:
        """Which model answers, how it was judged, and from what."""
        merchant_id = self._caller(request, request.query_params.get("merchant_id"), "score")
        desk, _ = self.desks.of(merchant_id)
        bundle = desk.bundle()
        if bundle is None:
            return answer({"status": "not_evaluated", "model": None})
        about = {k: bundle.about[k] for k in ("evidence", "counts", "moments", "judged")}
        return answer({"status": "serving", "model": _model_reference(bundle), **about})

    async def report(self, request: Request) -> Response:
        """The merchant's report as a page."""
        merchant_id = self._caller(request, request.path_params["merchant_id"], "report")
        desk, merchant = self.desks.of(merchant_id)
        bundle, now = desk.bundle(), self.clock.now()
        page = partial(report_page, desk.pool, merchant, bundle, now)
        return HTMLResponse(await asyncio.to_thread(page))

    async def livez(self, _: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(self, _: Request) -> Response:
        ready = self.desks.ready()
        return PlainTextResponse("ready" if ready else "no model", 200 if ready else 503)

    async def metrics(self, _: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def openapi(self, _: Request) -> Response:
        return answer(document())

    def app(self) -> Starlette:
        """The ASGI app."""
        table = (
            ("/v1/score", self.score, "POST"),
            ("/v1/orders", self.place, "POST"),
            ("/v1/events", self.event, "POST"),
            ("/v1/decisions/{decision_id}", self.decision, "GET"),
            ("/v1/model", self.model, "GET"),
            ("/reports/{merchant_id}", self.report, "GET"),
            ("/openapi.json", self.openapi, "GET"),
            ("/livez", self.livez, "GET"),
            ("/readyz", self.readyz, "GET"),
            ("/metrics", self.metrics, "GET"),
        )
        routes = [Route(path, Guarded(path, handler, self.clock).__call__, methods=[verb]) for path, handler, verb in table]

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            yield
            self.desks.close()

        return Starlette(routes=routes, middleware=[Middleware(Limits)], lifespan=lifespan)


async def parsed(model: type[M], request: Request) -> M:
    """The request's body. Raises Refusal 400 for what is no JSON, 422 for what does not fit; neither repeats a value."""
    body = await request.body()
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, "malformed", "a body of valid JSON; NaN and Infinity are none") from None
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        field, message = error_fields(error.errors(include_url=False, include_input=False))
        raise Refusal(422, "invalid", message, field) from None


async def _written(desk: Desk, job: Any) -> Any:
    try:
        return await asyncio.wrap_future(desk.writer.submit(job))
    except Busy:
        raise Refusal(503, "busy", "too many writes are waiting; try again") from None


async def _kept(desk: Desk, record: dict[str, Any]) -> bool:
    """Was the decision put on disk? A full queue or disk must not stop a checkout."""
    try:
        await asyncio.wrap_future(desk.writer.submit(lambda connection: ledger.record(connection, record)))
    except Exception as error:  # noqa: BLE001 - whatever broke, the sale goes on and the answer says logged: false
        http.LOG.error(orjson.dumps({"unlogged": record["decision_id"], "cause": type(error).__name__}).decode())
        return False
    return True


def _model_reference(bundle: Any) -> dict[str, Any]:
    about = bundle.about
    return {
        "name": about.get("name"),
        "version": about.get("version"),
        "digest": bundle.digest,
        "features": about.get("features"),
        "trained_through": _rfc3339(about["trained_through"])[:10],
    }


def _rfc3339(moment: int) -> str:
    return datetime.fromtimestamp(moment / SECOND, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


