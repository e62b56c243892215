"""The data contract: columns, units, stages, statuses, times, in one place.

Two times stand on all news: `happened_at` (in the world) and `known_at` (told to us). All times are integer
microseconds since 1970 UTC; all money is integer minor units of the order's currency.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

VERSION = 1
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
EARLIEST = 946_684_800 * SECOND  # 2000-01-01: nothing in this trade is older
CLOCK_SLACK = 5 * 60 * SECOND  # a caller's clock may run this far ahead of ours


class Stage(IntEnum):
    """From which moment a column is known. The checkout model reads checkout columns only."""

    CHECKOUT = 0
    PLACED = 1
    DISPATCHED = 2


class Payment(StrEnum):
    COD = "cod"
    PREPAID = "prepaid"
    UNDECIDED = "undecided"


class NewsType(IntEnum):
    """What can be told about an order. The number is the rank among news that happened at one instant."""

    PLACED = 0
    CONFIRMED = 1
    NO_REPLY = 2
    SWITCHED_TO_PREPAID = 3
    ADDRESS_CORRECTED = 4
    ACTION_TAKEN = 5
    DISPATCHED = 6
    OUT_FOR_DELIVERY = 7
    ATTEMPT_FAILED = 8
    UNREACHABLE = 9
    PARTIALLY_DELIVERED = 10
    DELIVERED = 11
    RTO_STARTED = 12
    RTO_RECEIVED = 13
    CANCELLED = 14
    LOST = 15
    RETURNED = 16
    CORRECTION = 17


class Reason(IntEnum):
    """Why a delivery failed, as the courier booked it."""

    NONE = 0
    REFUSED = 1
    FAKE_OR_NO_INTENT = 2
    UNREACHABLE = 3
    BAD_ADDRESS = 4
    NO_ATTEMPT = 5
    DAMAGED = 6
    OTHER = 7


COURIER_REASONS = frozenset({Reason.NO_ATTEMPT, Reason.DAMAGED})
"""Failures that are the courier's: label 1, but nothing on the buyer's record."""


class Action(IntEnum):
    """What a shop can do with an order, gentle to harsh."""

    ALLOW_COD = 0
    CONFIRM_MESSAGE = 1
    CONFIRM_CALL = 2
    PREPAID_NUDGE = 3
    PARTIAL_PREPAID = 4
    PREPAID_ONLY = 5


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the contract. `kind`: text, number, money, count, time, flag."""

    name: str
    kind: str
    stage: Stage
    why: str
    personal: bool = False
    required: bool = False


_C = Stage.CHECKOUT

ORDER_COLUMNS: tuple[Column, ...] = (
    Column("order_id", "text", Stage.PLACED, "the merchant's own number for the order", required=True),
    Column("merchant_id", "text", _C, "whose order it is"),
    Column("placed_at", "time", _C, "when the buyer placed it", required=True),
    Column("channel", "text", _C, "where it was placed: web, app, marketplace"),
    Column("currency", "text", _C, "ISO 4217"),
    Column("amount_minor", "money", _C, "what the buyer owes; untold, the goods' worth"),
    Column("discount_minor", "money", _C, "taken off before the amount"),
    Column("shipping_fee_minor", "money", _C, "delivery fee shown to the buyer"),
    Column("payment_method", "text", _C, "cod, prepaid or undecided"),
    Column("sku", "text", _C, "one line's article; lines of one order are several rows"),
    Column("category", "text", _C, "one line's category"),
    Column("quantity", "count", _C, "one line's pieces"),
    Column("price_minor", "money", _C, "one line's price for one piece"),
    Column("customer_id", "text", _C, "the merchant's own number for the buyer", personal=True),
    Column("phone", "text", _C, "the buyer's phone", personal=True),
    Column("email", "text", _C, "the buyer's e-mail", personal=True),
    Column("name", "text", _C, "the name on the parcel", personal=True),
    Column("line1", "text", _C, "address", personal=True),
    Column("line2", "text", _C, "address", personal=True),
    Column("landmark", "text", _C, "address", personal=True),
    Column("city", "text", _C, "address", personal=True),
    Column("district", "text", _C, "from the PIN register, else as mapped"),
    Column("state", "text", _C, "from the PIN register, else as mapped"),
    Column("country", "text", _C, "ISO 3166 alpha-2"),
    Column("pincode", "text", _C, "six digits in India"),
    Column("origin_pincode", "text", _C, "where the parcel starts"),
    Column("courier", "text", _C, "only where known at checkout"),
    Column("promised_at", "time", _C, "delivery promised by"),
    Column("device_id", "text", _C, "the buyer's device", personal=True),
    Column("ip", "text", _C, "the buyer's address on the network", personal=True),
    Column("campaign", "text", _C, "what brought the buyer"),
)
"""An order as the world tells it: one row for each line, in files and requests."""

NEWS_COLUMNS: tuple[Column, ...] = (
    Column("event_id", "text", Stage.PLACED, "unique for (merchant, source)", required=True),
    Column("order_id", "text", Stage.PLACED, "which order", required=True),
    Column("merchant_id", "text", Stage.PLACED, "whose order"),
    Column("type", "text", Stage.PLACED, "one of NewsType, lower case", required=True),
    Column("happened_at", "time", Stage.PLACED, "when it happened in the world", required=True),
    Column("known_at", "time", Stage.PLACED, "when it was told; never before placed_at", required=True),
    Column("reason", "text", Stage.PLACED, "one of Reason, lower case"),
    Column("source", "text", Stage.PLACED, "who told it"),
    Column("details", "text", Stage.PLACED, "JSON: voids, action, decision_id, address"),
)

TOKEN_COLUMNS = ("customer_id", "phone", "email", "name", "address", "device_id", "ip")
"""Personal values become pseudonyms under these names: integers, -1 where missing."""

TEXT_MEASURES_VERSION = 3
"""Raised when any measure of text below changes its meaning; stored with each order."""

ADDRESS_MEASURES = (
    "address_length",
    "address_words",
    "address_digits",
    "address_has_number",
    "address_has_landmark",
    "address_has_locality",
    "address_tokens_repeated",
    "address_symbols_share",
    "address_gibberish",
)
PHONE_MEASURES = ("phone_valid", "phone_mobile", "phone_repeated_digits", "phone_country_differs")
EMAIL_MEASURES = ("email_digits_share", "email_disposable", "email_free_provider", "email_letters_run")
NAME_MEASURES = ("name_words", "name_single_letter", "name_dummy", "name_gibberish")
TEXT_MEASURES = (*ADDRESS_MEASURES, *PHONE_MEASURES, *EMAIL_MEASURES, "email_name_match", *NAME_MEASURES)
"""Numbers taken from personal text on arrival; the text itself is not kept."""

KEPT_TEXT = (
    "order_id",
    "merchant_id",
    "channel",
    "currency",
    "payment_method",
    "sku",
    "category",
    "district",
    "state",
    "pincode",
    "country",
    "origin_pincode",
    "courier",
    "campaign",
)
KEPT_NUMBERS = (
    "amount_minor",
    "discount_minor",
    "shipping_fee_minor",
    "n_lines",
    "n_units",
    "promised_at",
    "local_minute",
    "pin_known",
    "place_mismatch",
    "city_mismatch",
    "distance_km",
    *TEXT_MEASURES,
    "text_measures_version",
)
"""Columns of an order as kept (after `data/arrival.py`). Missing numbers are NaN; `sku` and `category` are the
dearest line's; `local_minute` is the minute of the merchant's local day, missing where only a date was told."""

MEASURED = frozenset(
    {"pin_known", "place_mismatch", "city_mismatch", "distance_km", *TEXT_MEASURES, "text_measures_version"}
)
"""Numbers our own rules and register take from what was told. A newer version may measure the same order otherwise, so
they do not say whether an order was told again with other content; the pseudonyms and the PIN code do."""

ORDER_STAGE: dict[str, Stage] = {c.name: c.stage for c in ORDER_COLUMNS}


def news_type(name: str) -> NewsType:
    """The type called `name`. Raises KeyError for an unknown one."""
    return NewsType[name.upper()]


def reason(name: str | None) -> Reason:
    """The reason called `name`; nothing told is NONE. Raises KeyError for an unknown one."""
    return Reason[name.upper()] if name else Reason.NONE
