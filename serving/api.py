"""`/v1` over HTTP: parse, hand over, answer. `service.py` mounts it in BentoML; everything else is tested without."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from data.contract import SECOND
from data.database import Connection
from data.history import Told
from data.pool import Merchant
from serving import http, ledger
from serving.access import Access, Caller
from serving.body import parsed
from serving.clock import Clock
from serving.desk import Desk, Desks
from serving.door import Door
from serving.http import Guarded, Refusal, answer
from serving.openapi import document
from serving.report_answers import ReportAnswers, report_asked
from serving.schema import EventIn, PlaceIn, ScoreIn
from serving.scorer import Ask, Scored, fallback, score
from serving.writer import Busy
from training.bundle import Bundle

SCORES = Counter("rto_scores_total", "Orders scored", ["status", "action"])
_LOG_PATIENCE_S = 0.1  # a checkout waits no longer for its decision to be on disk; it is still written after that


class Api:
    """The routes of one installation. log_patience_s: how long a score waits for its decision to be kept."""

    def __init__(self, home: Path, clock: Clock, *, on_loopback: bool, log_patience_s: float = _LOG_PATIENCE_S) -> None:
        self.home, self.clock, self.on_loopback, self.log_patience_s = home, clock, on_loopback, log_patience_s
        self.access = Access(home)
        self.desks = Desks(home, clock)
        self.reports = ReportAnswers()

    def _caller(self, request: Request) -> Caller | None:
        """Who calls; None where the door is open: no key was ever made, and the call is from this machine.

        Raises Refusal 401.
        """
        open_door = self.on_loopback and http.from_this_machine(request) and not self.access.any_ever()
        return http.caller_of(request, self.access, open_door=open_door)

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
        desk, merchant = self._seat(caller, asked.merchant_id, "score")
        bundle, decision_id, now = desk.bundle(), f"dec_{secrets.token_hex(12)}", self.clock.now()
        scored = self._scored(desk, merchant, bundle, asked, decision_id, now)
        body = {
            "decision_id": decision_id,
            "scored_at": _rfc3339(now),
            **scored.answer,
            "model": None if bundle is None else _model_reference(bundle) | {"policy": scored.policy},
            "warnings": scored.warnings,
            "logged": not asked.options.dry_run,
            "request_id": request.state.request_id,
        }
        record = {"decision_id": decision_id, "answer": dict(body), "made_from": scored.made_from}
        body["logged"] = not asked.options.dry_run and await self._kept(desk, record)
        body["elapsed_ms"] = round((self.clock.monotonic() - started) * 1000, 2)
        SCORES.labels(body["status"], body["recommendation"]["action"]).inc()
        return answer(body)

    def _scored(
        self, desk: Desk, merchant: Merchant, bundle: Bundle | None, asked: ScoreIn, decision_id: str, now: int
    ) -> Scored:
        """The decision; whatever breaks on the way to it, the sale goes on with the merchant's default."""
        order, explain = asked.order, asked.options.explain
        ids = (decision_id, now, order.order_id, order.checkout_id)
        try:
            with ledger.one_moment(desk.reader):
                columns = desk.intake.known(desk.reader, order, merchant, now)
                return score(desk.reader, bundle, Ask(merchant.merchant_id, columns, *ids, explain, desk.single))
        except Refusal:
            raise
        except Exception as error:  # noqa: BLE001 - logged by its place; the answer says that it is a fallback
            http.LOG.error(orjson.dumps({"fallback": decision_id, "failed": http.place_of(error)}).decode())
            return fallback(Ask(merchant.merchant_id, {}, *ids))

    async def place(self, request: Request) -> Response:
        """Take in a placed order: from now on it counts for the orders that follow."""
        caller = self._caller(request)
        asked = await parsed(PlaceIn, request)
        desk, merchant = self._seat(caller, asked.merchant_id, "events")
        now, order_id = self.clock.now(), asked.order.order_id

        def job(connection: Connection) -> tuple[bool, int]:
            columns = desk.intake.placed(connection, asked.order, merchant, now)
            placed = Told(asked.merchant_id, order_id, "live", f"{order_id}:placed", "placed",
                          min(columns["placed_at"], now), now, live=True)  # fmt: skip
            return ledger.place(connection, columns, placed), ledger.first_told(connection, placed)

        return _taken({"order_id": order_id}, *await _written(desk, job))

    async def event(self, request: Request) -> Response:
        """Take in one piece of news. Acknowledged means kept: the answer follows the commit."""
        caller = self._caller(request)
        asked = await parsed(EventIn, request)
        desk, merchant = self._seat(caller, asked.merchant_id, "events")
        now = self.clock.now()

        def job(connection: Connection) -> tuple[bool, int]:
            told = desk.intake.told(connection, asked, merchant, now)
            return ledger.tell(connection, told), ledger.first_told(connection, told)

        return _taken({"event_id": asked.event_id}, *await _written(desk, job))

    async def decision(self, request: Request) -> Response:
        """One decision as it was answered. Another merchant's and one that never was look the same."""
        desk, merchant = self._seat(self._caller(request), request.query_params.get("merchant_id"), "score")
        found = ledger.decision(desk.reader, merchant.merchant_id, request.path_params["decision_id"])
        if found is None:
            raise Refusal(404, "not_found", "no such decision")
        return answer(found["answer"])

    async def model(self, request: Request) -> Response:
        """Which model answers, how it was judged, and from what."""
        desk, _ = self._seat(self._caller(request), request.query_params.get("merchant_id"), "score")
        bundle = desk.bundle()
        if bundle is None:
            return answer({"status": "not_evaluated", "model": None})
        about = {k: bundle.about[k] for k in ("evidence", "counts", "moments", "judged")}
        return answer({"status": "serving", "model": _model_reference(bundle), **about})

    async def report(self, request: Request) -> Response:
        """The merchant's report: the page, one table as CSV or all as a workbook, by what the path ends in."""
        desk, merchant = self._seat(self._caller(request), request.path_params["merchant_id"], "report")
        bundle, asked = desk.bundle(), report_asked(request)
        return await asyncio.to_thread(partial(self.reports.answer, desk.pool, merchant, bundle, self.clock, asked))

    async def livez(self, _: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(self, _: Request) -> Response:
        ready = self.desks.ready()
        return PlainTextResponse("ready" if ready else "no model", 200 if ready else 503)

    async def metrics(self, _: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def openapi(self, _: Request) -> Response:
        return answer(document())

    async def _kept(self, desk: Desk, record: dict[str, Any]) -> bool:
        """Is the decision on disk? A full queue, a full disk or a slow one must not stop a checkout."""
        try:
            writing = desk.writer.submit(lambda connection: ledger.record(connection, record))
            done, _ = await asyncio.wait({asyncio.wrap_future(writing)}, timeout=self.log_patience_s)
            for one in done:
                one.result()
        except Exception as error:  # noqa: BLE001 - whatever broke, the sale goes on and the answer says logged: false
            http.LOG.error(orjson.dumps({"unlogged": record["decision_id"], "cause": type(error).__name__}).decode())
            return False
        return bool(done)

    def app(self) -> Starlette:
        """The ASGI app."""
        table = (
            ("/v1/score", self.score, "POST"),
            ("/v1/orders", self.place, "POST"),
            ("/v1/events", self.event, "POST"),
            ("/v1/decisions/{decision_id}", self.decision, "GET"),
            ("/v1/model", self.model, "GET"),
            ("/reports/{merchant_id}.csv", self.report, "GET"),
            ("/reports/{merchant_id}.xlsx", self.report, "GET"),
            ("/reports/{merchant_id}", self.report, "GET"),
            ("/openapi.json", self.openapi, "GET"),
            ("/livez", self.livez, "GET"),
            ("/readyz", self.readyz, "GET"),
            ("/metrics", self.metrics, "GET"),
        )
        routes = [Route(path, Guarded(path, handler).__call__, methods=[verb]) for path, handler, verb in table]

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            yield
            self.desks.close()

        app = Starlette(
            routes=routes,
            middleware=[Middleware(Door, clock=self.clock)],
            exception_handlers={404: http.no_such_path, 405: http.no_such_method},
            lifespan=lifespan,
        )
        app.router.redirect_slashes = False  # a redirect would be built from the caller's Host
        return app


async def _written(desk: Desk, job: Callable[[Connection], tuple[bool, int]]) -> tuple[bool, int]:
    try:
        return await asyncio.wrap_future(desk.writer.submit(job))
    except Busy:
        raise Refusal(503, "busy", "too many writes are waiting; try again") from None


def _taken(ids: dict[str, str], new: bool, known_at: int) -> Response:
    body = ids | {"status": "accepted" if new else "duplicate", "known_at": _rfc3339(known_at)}
    return answer(body, 201 if new else 200)


def _model_reference(bundle: Bundle) -> dict[str, Any]:
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
