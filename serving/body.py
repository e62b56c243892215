"""From the bytes of a request to a checked shape. A refusal says which field, and never repeats what was sent."""

import json
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from serving.http import Refusal
from serving.schema import error_fields

M = TypeVar("M", bound=BaseModel)


class Twice(ValueError):  # noqa: N818 - what was found
    """A key that stands twice in one object: which value was meant cannot be known."""


async def parsed(model: type[M], request: Request) -> M:
    """The request's body. Raises Refusal 415 if it is not called JSON (which also keeps web pages of other origins
    out), 400 if it is none, 422 if it does not fit."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "not_json", "content-type: application/json")
    body = await request.body()
    _require_json(body)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        field, message = error_fields(model, error.errors(include_url=False, include_input=False))
        raise Refusal(422, "invalid", message, field) from None


def _require_json(body: bytes) -> None:
    try:
        orjson.loads(body)  # no NaN, no number beyond a double, no bad UTF-8, no lone surrogate, no depth above 1024
        json.loads(body, object_pairs_hook=_once)
    except Twice:
        raise Refusal(422, "invalid", "an object with the same key twice") from None
    except (ValueError, RecursionError):
        raise Refusal(400, "malformed", "a body of valid JSON; NaN and Infinity are none") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Twice
    return found
