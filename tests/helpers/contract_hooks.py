"""What schemathesis cannot know of this service: which merchant the key is of, and that errors can be ordered."""

import os
import re
import uuid
from typing import Any

import schemathesis

MERCHANT = os.environ["RTO_CONTRACT_MERCHANT"]
MOMENT = "2020-02-29T12:00:00+05:30"


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case, _kwargs: dict[str, Any]) -> None:
    """Name the key's own merchant where a valid name stands, and order no error. What does not fit is left as it is."""
    for part in (case.body, case.path_parameters, case.query):
        if isinstance(part, dict) and _could_be_a_name(part.get("merchant_id")):
            part["merchant_id"] = MERCHANT
    _make_possible(case.body)
    headers: Any = case.headers or {}
    if re.fullmatch(r"[!-~]{1,255}", str(headers.get("Idempotency-Key", ""))):
        headers["Idempotency-Key"] = uuid.uuid4().hex  # one key for two requests is refused, and tested elsewhere
    options = case.body.get("options") if isinstance(case.body, dict) else None
    if isinstance(options, dict) and str(options.get("test")).startswith(("error_", "slow")):
        options["test"] = "high"


def _make_possible(told: Any) -> None:
    """Moments that have come and PIN codes that there can be, wherever others of the right form stand."""
    for name, one in (
        list(told.items()) if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    ):
        if name in ("placed_at", "happened_at", "promised_at", "occurred_at") and re.match(
            r"\d{4}-\d\d-\d\dT", str(one)
        ):
            told[name] = one if "2000-01-02" < str(one) < MOMENT else MOMENT
        elif name in ("pincode", "origin_pincode") and isinstance(one, str) and len(one) <= 16:
            told[name] = "110001"
        _make_possible(one)


def _could_be_a_name(told: object) -> bool:
    return isinstance(told, str) and 0 < len(told) <= 128 and told.isprintable() and told == told.strip()
