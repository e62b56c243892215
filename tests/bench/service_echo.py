"""The floor of `make bench-service`: the mount of `serving/service.py` with nothing behind it but an echo."""

import gc

import bentoml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


async def echo(request: Request) -> Response:
    return Response(await request.body(), media_type="application/json")


async def ready(_: Request) -> Response:
    return PlainTextResponse("ready")


web = Starlette(routes=[Route("/v1/score", echo, methods=["POST"]), Route("/readyz", ready)])


@bentoml.service(
    name="echo",
    workers=1,
    traffic={"timeout": 30},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ["."]},
)
@bentoml.asgi_app(web, path="/")
class Echo:
    @bentoml.on_startup
    def settle(self) -> None:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 1_000)
