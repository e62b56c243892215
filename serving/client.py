"""A client of the scoring service: Python 3.11 or newer, standard library only. Import it, or copy `client.py` and
`client_wire.py` into your shop's code and say in the first where the second lies.

A checkout must never wait for us and never stop because of us, so `score` and `score_batch` never raise: within 300 ms there
is an answer, made here where the service gave none: status `fallback`, default action. Everything else raises `RtoRiskError`.
Each call has a key of its own, which its one retry takes along: what was done before the connection broke is not done twice.

>>> from serving.client import Client
>>> shop = Client("http://127.0.0.1:3333", merchant_id="asha-fashion", key=None)
>>> decision = shop.score({"checkout_id": "c-88", "placed_at": "2026-02-11T21:14:05+05:30", "payment_method": "cod",
...                        "amount_minor": 64900, "shipping_address": {"pincode": "800001", "state": "Bihar"}})
>>> decision["status"]
'scored'
>>> decision["recommendation"]["decided_by"]
'expected_value'

Once the buyer has paid or chosen cash, place the order, so that it counts; tell what becomes of it:

>>> shop.place({"order_id": "A-1002", "checkout_id": "c-88", "placed_at": "2026-02-11T21:14:05+05:30",
...             "payment_method": "cod", "amount_minor": 64900, "shipping_address": {"pincode": "800001"}})["status"]
'accepted'
>>> shop.event("e-1", "A-1002", "dispatched", "2026-02-12T09:00:00+05:30", source="courier")["status"]
'accepted'
>>> [d["stage"] for d in shop.decisions(checkout_id="c-88")]
['checkout']

A mistake in what you send is told by its field, and never by your buyer's data:

>>> shop.place({"order_id": "A-1003", "placed_at": "yesterday"})
Traceback (most recent call last):
    ...
serving.client_wire.InvalidError: 422 invalid at /order/placed_at: Input should be a valid datetime, input is too short
"""

import logging
from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict, cast
from urllib.parse import quote, urlencode

from serving.client_wire import (
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    RtoRiskError,
    UnavailableError,
    Wire,
    error_of,
)

__all__ = [
    "Client",
    "ConflictError",
    "InvalidError",
    "NotAllowedError",
    "NotFoundError",
    "RtoRiskError",
    "UnavailableError",
]

LOG = logging.getLogger("rto.client")
Stage = Literal["checkout", "placed", "dispatch"]


# a line each, so that the whole client stays a page or two
LineItem = TypedDict("LineItem", {"sku": str, "category": str, "quantity": int, "price_minor": int}, total=False)  # noqa: UP013
Customer = TypedDict("Customer", {"customer_id": str, "phone": str, "email": str, "name": str}, total=False)  # noqa: UP013
Address = TypedDict("Address", {  # noqa: UP013
    "line1": str, "line2": str, "landmark": str, "city": str, "district": str, "state": str, "pincode": str, "country": str,
}, total=False)  # fmt: skip


class Order(TypedDict, total=False):
    """What you know of an order. `placed_at` is needed, but at stage dispatch, where the order_id of a placed one is."""

    order_id: str
    checkout_id: str
    placed_at: str
    channel: str
    currency: str
    amount_minor: int
    discount_minor: int
    shipping_fee_minor: int
    payment_method: Literal["cod", "prepaid", "undecided"]
    line_items: list[LineItem]
    customer: Customer
    shipping_address: Address
    origin_pincode: str
    courier: str
    promised_at: str
    device_id: str
    ip: str
    campaign: str


class Risk(TypedDict):
    p_rto: float
    p_rto_if_prepaid: float | None
    tier: str
    evidence: dict[str, Any]


class Recommendation(TypedDict):
    action: str
    runner_up: str | None
    decided_by: str
    summary: str


class Decision(TypedDict):
    """An answer. `risk` is None unless `status` is `scored`. New fields may come: ignore what you do not know."""

    status: str
    rung: str
    risk: Risk | None
    recommendation: Recommendation
    actions: list[dict[str, Any]]
    reasons: list[dict[str, Any]]
    buyer_text: str
    warnings: list[dict[str, str]]
    decision_id: str | None
    order_id: str | None
    checkout_id: str | None
    stage: str
    scored_at: str | None
    logged: bool
    currency: str | None
    model: dict[str, Any] | None
    request_id: str | None
    test: NotRequired[bool]
    elapsed_ms: NotRequired[float]


class Taken(TypedDict):
    """status: `accepted`, or `duplicate` where it was told before.  known_at: when it was told first."""

    status: str
    known_at: str


class Client:
    """Talks for one merchant. May be shared by threads: each keeps a connection of its own.

    base_url: of the service; several, where replicas of it share one database: the retry goes to the next of them.
    key: None where the service's door is open (loopback, no key ever made).  score_timeout_s: all a checkout ever waits,
    its one retry included; timeout_s: everything else.  default_action: the advice where the service did not answer.
    """

    def __init__(
        self,
        base_url: str | Sequence[str],
        *,
        merchant_id: str,
        key: str | None = None,
        score_timeout_s: float = 0.3,
        timeout_s: float = 5.0,
        default_action: str = "allow_cod",
    ) -> None:
        self._wire, self.merchant_id, self.default_action = Wire(base_url, key), merchant_id, default_action
        self.score_timeout_s, self.timeout_s = score_timeout_s, timeout_s

    def score(self, order: Order, *, stage: Stage = "checkout", **options: Any) -> Decision:
        """What to do with an order, in at most `score_timeout_s`. Never raises: see `warnings` for what went wrong.

        options: `explain`, `dry_run`, `test` (docs/api.md).
        """
        try:
            body = {"merchant_id": self.merchant_id, "stage": stage, "order": order, "options": options}
            return cast(Decision, self._call("POST", "/v1/score", body, self.score_timeout_s))
        except Exception as error:  # noqa: BLE001 - whatever broke, the sale goes on
            return self._default(order, stage, error)

    def score_batch(
        self, orders: Sequence[Order], *, stage: Stage = "checkout", timeout_s: float | None = None, **options: Any
    ) -> list[Decision]:
        """The same for up to 200 orders, in their order; one that was refused has the default and says so. Never raises.

        timeout_s: default `timeout_s` of the client, for nobody waits at a checkout.
        """
        try:
            body = {"merchant_id": self.merchant_id, "stage": stage, "orders": list(orders), "options": options}
            results = self._call("POST", "/v1/score/batch", body, timeout_s or self.timeout_s)["results"]
            return [self._of_batch(order, stage, one) for order, one in zip(orders, results, strict=True)]
        except Exception as error:  # noqa: BLE001 - whatever broke, work goes on
            return [self._default(order, stage, error) for order in orders]

    def place(self, order: Order) -> Taken:
        """Take in a placed order; with its `checkout_id` it is linked to the decisions made before. Safe to repeat."""
        return cast(Taken, self._call("POST", "/v1/orders", {"merchant_id": self.merchant_id, "order": order}))

    def event(self, event_id: str, order_id: str, type: str, happened_at: str, **more: Any) -> Taken:
        """Take in one piece of news about an order. more: `reason`, `source`, `details`. Safe to repeat."""
        said = {"event_id": event_id, "order_id": order_id, "type": type, "happened_at": happened_at}
        return cast(Taken, self._call("POST", "/v1/events", {"merchant_id": self.merchant_id} | said | more))

    def decision(self, decision_id: str) -> Decision:
        """One decision as it was answered. Raises NotFoundError for one that is not yours."""
        path = f"/v1/decisions/{quote(decision_id, safe='')}?" + urlencode({"merchant_id": self.merchant_id})
        return cast(Decision, self._call("GET", path))

    def decisions(self, *, checkout_id: str | None = None, order_id: str | None = None) -> list[Decision]:
        """Decisions on a checkout and the order it became (or an order and its checkout), newest first."""
        which = {"checkout_id": checkout_id, "order_id": order_id, "merchant_id": self.merchant_id}
        query = urlencode({name: told for name, told in which.items() if told is not None})
        return cast(list[Decision], self._call("GET", f"/v1/decisions?{query}")["decisions"])

    def replay(self, decision_id: str) -> Decision:
        """The same decision worked out anew. Raises ConflictError where the model or policy it was made with is gone."""
        path = f"/v1/decisions/{quote(decision_id, safe='')}/replay?" + urlencode({"merchant_id": self.merchant_id})
        return cast(Decision, self._call("GET", path))

    def override(self, decision_id: str, action: str, *, reason: str, by: str, **more: Any) -> dict[str, Any]:
        """Decide otherwise about the order of a decision, or (about="buyer") its buyer. more: `days`, `about`, `appeal`."""
        said = {"merchant_id": self.merchant_id, "action": action, "reason": reason, "by": by} | more
        return dict(self._call("POST", f"/v1/decisions/{quote(decision_id, safe='')}/override", said))

    def _call(self, verb: str, path: str, body: Any = None, timeout_s: float | None = None) -> Any:
        return self._wire.call(verb, path, body, timeout_s or self.timeout_s)

    def _of_batch(self, order: Order, stage: Stage, result: Any) -> Decision:
        return self._default(order, stage, error_of(422, result)) if "error" in result else cast(Decision, result)

    def _default(self, order: Order, stage: Stage, error: Exception) -> Decision:
        """The answer where there is none: let the order through, as if nothing were known."""
        text = str(error) if isinstance(error, RtoRiskError) else type(error).__name__  # never a value of the order
        LOG.warning("no score: %s", text)
        return {
            "status": "fallback", "rung": "client", "risk": None, "actions": [], "reasons": [], "buyer_text": "",
            "recommendation": {"action": self.default_action, "runner_up": None, "decided_by": "default",
                               "summary": "Nothing is known of this order"},
            "warnings": [{"code": getattr(error, "code", "client_error"), "text": text}], "decision_id": None,
            "order_id": order.get("order_id"), "checkout_id": order.get("checkout_id"), "stage": stage, "scored_at": None,
            "logged": False, "currency": order.get("currency"), "model": None,
            "request_id": getattr(error, "request_id", None) or None}  # fmt: skip
