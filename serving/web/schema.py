"""What callers may send: strict shapes, refused by field. A refusal never repeats the value."""

from typing import Annotated, Any, Literal, get_args

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from data.contract import Action, NewsType, Reason

_PLAIN = r"^[^\x00-\x1f\x7f]*$"  # no control characters
_Text = Annotated[str, Field(min_length=1, max_length=200, pattern=_PLAIN)]
_Long = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]


def _whole(value: object) -> object:
    """JSON knows one kind of number: 650.0 is as whole as 650, and some languages write it so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_Whole = Annotated[int, BeforeValidator(_whole)]
_Minor = Annotated[int, Field(ge=0, le=10**13, description="minor units of `currency`"), BeforeValidator(_whole)]
_INK = r"[^\s\x00-\x1f\x7f\x85\ufeff]"  # engines disagree whether the last two are white space: they are
_TRIMMED = rf"^{_INK}(?:[^\x00-\x1f\x7f]*{_INK})?$"  # imports trim ids: so must callers
Id = Annotated[str, Field(min_length=1, max_length=128, pattern=_TRIMMED)]


class Strict(BaseModel):
    """A shape that takes nothing it does not know, and no value of another kind."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class LineItem(Strict):
    sku: _Text | None = None
    category: _Text | None = None
    quantity: _Whole = Field(default=1, ge=1, le=100_000)
    price_minor: _Minor | None = None


class Customer(Strict):
    customer_id: _Text | None = None
    phone: Annotated[str, Field(max_length=32, pattern=_PLAIN)] | None = None
    email: Annotated[str, Field(max_length=254, pattern=_PLAIN)] | None = None
    name: _Long | None = None


class Address(Strict):
    line1: _Long | None = None
    line2: _Long | None = None
    landmark: _Long | None = None
    city: _Text | None = None
    district: _Text | None = None
    state: _Text | None = None
    pincode: Annotated[str, Field(max_length=16, pattern=_PLAIN)] | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None


class OrderIn(Strict):
    """An order as the checkout knows it. What is required depends on the stage (`serving/web/stages.py`)."""

    order_id: Id | None = None
    checkout_id: Id | None = None
    placed_at: Annotated[AwareDatetime | None, Field(description="required but at stage dispatch")] = None
    channel: _Text | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    amount_minor: _Minor | None = None
    discount_minor: _Minor | None = None
    shipping_fee_minor: _Minor | None = None
    payment_method: Literal["cod", "prepaid", "undecided"] | None = None
    line_items: Annotated[list[LineItem], Field(max_length=500)] = []
    customer: Customer = Customer()
    shipping_address: Address = Address()
    origin_pincode: Annotated[str, Field(max_length=16, pattern=_PLAIN)] | None = None
    courier: _Text | None = None
    promised_at: AwareDatetime | None = None
    device_id: _Text | None = None
    ip: Annotated[str, Field(max_length=45, pattern=_PLAIN)] | None = None
    campaign: _Text | None = None


_ACTIONS = tuple(a.name.lower() for a in Action)
TEST_TIERS = ("low", "medium", "high")
TEST_STATUSES = ("not_evaluated", "fallback")
TEST_ERRORS = {
    "error_400": (400, "malformed"),
    "error_401": (401, "unauthorised"),
    "error_403": (403, "forbidden"),
    "error_404": (404, "not_found"),
    "error_409": (409, "DQ008"),
    "error_413": (413, "too_large"),
    "error_415": (415, "not_json"),
    "error_422": (422, "invalid"),
    "error_429": (429, "too_many"),
    "error_500": (500, "internal"),
    "error_503": (503, "busy"),
}
TEST_SLOW = "slow"
_TESTS = (*TEST_TIERS, *_ACTIONS, *TEST_STATUSES, *TEST_ERRORS, TEST_SLOW)
_Test = Annotated[Literal[_TESTS] | None, Field(description="force this answer: a test order, never kept")]  # type: ignore[valid-type]


class Options(Strict):
    explain: _Whole = Field(default=5, ge=0, le=20, description="how many reasons")
    dry_run: bool = Field(default=False, description="answer without keeping the decision")
    test: _Test = None


_Stage = Literal["checkout", "placed", "dispatch"]
MOST_ORDERS = 200


class ScoreIn(Strict):
    merchant_id: Id
    stage: _Stage = "checkout"
    order: OrderIn
    options: Options = Options()


class BatchIn(Strict):
    """Several orders of one merchant at one stage. One that does not fit is refused alone."""

    merchant_id: Id
    stage: _Stage = "checkout"
    orders: Annotated[list[OrderIn], Field(min_length=1, max_length=MOST_ORDERS)]
    options: Options = Options()


class PlacedOrder(OrderIn):
    order_id: Id
    placed_at: AwareDatetime


class PlaceIn(Strict):
    merchant_id: Id
    order: PlacedOrder


class Details(Strict):
    """What some types need: `voids`, `source` (correction), `action` (action_taken), `address` (address_corrected)."""

    voids: Id | None = None
    source: Annotated[Id | None, Field(description="who told the event it voids; default: who tells this one")] = None
    action: Literal[_ACTIONS] | None = None  # type: ignore[valid-type]
    decision_id: Id | None = None
    address: Address | None = None


_TYPES = tuple(t.name.lower() for t in NewsType if t != NewsType.PLACED)
_REASONS = tuple(r.name.lower() for r in Reason if r != Reason.NONE)


class EventIn(Strict):
    """One piece of news. The server stamps when it was told."""

    merchant_id: Id
    event_id: Id
    order_id: Id
    type: Literal[_TYPES]  # type: ignore[valid-type]
    happened_at: AwareDatetime
    reason: Literal[_REASONS] | None = None  # type: ignore[valid-type]
    source: Id = "shop"
    details: Details | None = None


class WebhookEvent(BaseModel):
    """One piece of news as a courier pushes it: whose and from whom is the address's to say. What it sends besides is
    left out, and counted."""

    model_config = Strict.model_config | ConfigDict(extra="ignore")

    event_id: Id
    order_id: Id
    type: Literal[_TYPES]  # type: ignore[valid-type]
    happened_at: AwareDatetime
    reason: Literal[_REASONS] | None = None  # type: ignore[valid-type]
    details: Details | None = None


class WebhookIn(Strict):
    """A signed delivery of news, all or nothing."""

    events: Annotated[list[WebhookEvent], Field(min_length=1, max_length=100)]


class OverrideIn(Strict):
    """What a person has decided about the order of a decision, or about its buyer."""

    merchant_id: Id | None = None
    action: Literal[_ACTIONS]  # type: ignore[valid-type]
    reason: Annotated[str, Field(min_length=1, max_length=200, description="why; no phone number, no mailbox")]
    by: Annotated[str, Field(min_length=1, max_length=200, description="who decided, a word of yours")]
    days: _Whole = Field(default=30, ge=1, le=3650, description="for how long it holds")
    about: Literal["order", "buyer"] = "order"
    appeal: bool = Field(default=False, description="the buyer asked for it")


def error_fields(model: type[BaseModel], errors: list[Any]) -> tuple[str, str]:
    """Pointer and message of the first refusal pydantic found: never the value, nor a field's name that is not ours."""
    first = errors[0]
    known = first["type"] != "extra_forbidden"
    pointer = "".join(f"/{part}" for part in (first["loc"] if known else first["loc"][:-1])) or "/"
    message = str(first["msg"]).removeprefix("Value error, ")
    return pointer, message if known else f"no such field; there are: {_fields_at(model, first)}"


def _fields_at(model: Any, error: Any) -> str:
    """Names of the fields where an unknown one stood."""
    for part in error["loc"][:-1]:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation)
    return ", ".join(model.model_fields)


def _model_in(annotation: Any) -> Any:
    """The model inside `Model | None` or `list[Model]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _model_in(one)) is not None), None)
