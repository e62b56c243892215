"""BentoML's part: our own ASGI app mounted in one service, with the guards it needs (docs/adr/0006)."""

import gc
import logging
import os
import signal
import sys
import threading
import time

import bentoml
from starlette.types import ASGIApp, Receive, Scope, Send

from data.keeping.server import keep_on_server
from serving.api import Api
from serving.clock import Clock
from serving.resilience.allowance import Allowance
from serving.settings import LOOPBACK, SWITCH_S, settings, silence_telemetry
from serving.shadow.shadow_watch import Shadows
from serving.web.log_lines import gather

silence_telemetry()
_STARTED_BY = os.getppid()


class Mount:
    """Stands where the app will be: BentoML wants it when this file is imported, also by processes that serve nothing."""

    app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.app is None or scope["type"] != "http":
            return
        await self.app(scope, receive, send)


web = Mount()


def end_with(parent: int) -> None:
    """End this worker when the process that started it is gone: an orphan would keep the port and the database."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


@bentoml.service(
    name="rto_risk",
    workers=1,
    traffic={"timeout": 30},  # a backstop, for reports; its timers live as long, so it is short
    metrics={"enabled": False},  # its labels are raw paths, counted before we know who calls
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ["."]},  # spans that nobody collects, as dear as our own part of the work
)
@bentoml.asgi_app(web, path="/")
class RTORisk:
    def __init__(self) -> None:
        logging.getLogger("rto").setLevel(logging.INFO)
        gather(logging.getLogger("rto"))
        at = settings()
        keep_on_server(at.database_url)
        self.api = Api(at.home, Clock(), on_loopback=at.host in LOOPBACK, per_second=at.per_second,
                       allowance=Allowance(deadline_s=at.deadline_s))  # fmt: skip
        web.app = self.api.app()
        self.shadows = Shadows(at.home, self.api.clock)
        threading.Thread(target=end_with, args=(_STARTED_BY,), name="end-with-parent", daemon=True).start()

    def __is_ready__(self) -> bool:
        """BentoML's own /readyz asks this: false until every pool has a verified model."""
        return self.api.desks.ready()

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    def settle(self) -> None:
        """The first order waits for nothing.

        Collections over the imported heap stall every request for a tenth of a second: leave it alone."""
        self.api.warm()
        sys.setswitchinterval(SWITCH_S)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 1_000)

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def finish(self) -> None:
        self.shadows.close()
        self.api.desks.close()
