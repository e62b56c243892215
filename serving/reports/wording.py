"""Numbers, money, days and names as a merchant reads them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from serving.reports.figures import (
    Money,
)
from serving.reports.shares import Share

NO_BREAK = "\u00a0"
_SYMBOLS: Mapping[str, str] = MappingProxyType({"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£"})
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "allow_cod": "Ship as it is",
        "confirm_message": "Send a message to confirm",
        "confirm_call": "Call to confirm",
        "prepaid_nudge": "Offer a discount for paying online",
        "partial_prepaid": "Ask for a part payment in advance",
        "prepaid_only": "Ship only if paid online",
    }
)
CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "refused": "Buyer refused the parcel",
        "fake_or_no_intent": "Fake order or no intent to buy",
        "unreachable": "Buyer could not be reached",
        "bad_address": "Address wrong or incomplete",
        "no_attempt": "Courier made no attempt",
        "damaged": "Parcel was damaged",
        "other": "Another reason",
    }
)
NO_CAUSE = "No reason told"
TIERS: Mapping[str, str] = MappingProxyType({"low": "Low", "medium": "Medium", "high": "High"})
BUCKETS: Mapping[str, str] = MappingProxyType(
    {
        "customer": "Buyer",
        "address": "Address",
        "location": "Place",
        "logistics": "Shipping",
        "order": "Order",
    }
)
_LONGEST = 80
_DIRECTION = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF)
_UNSEEN = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF, *_DIRECTION))


def count(n: int) -> str:
    """
    >>> count(1234567)
    '1,234,567'
    """
    return f"{n:,}"


def percent(share: float | None, decimals: int = 1) -> str:
    """A share as a percentage; a dash where there is none.

    >>> percent(0.2604), percent(None)
    ('26.0\\xa0%', '–')
    """
    return "–" if share is None else f"{100 * share:.{decimals}f}{NO_BREAK}%"


def interval(share: Share) -> str:
    """The 95 % interval of a share: '24.1–27.9 %'."""
    return "–" if share.n == 0 else f"{100 * share.low:.1f}–{100 * share.high:.1f}{NO_BREAK}%"


def money(minor: float | None, unit: Money, *, whole: bool = False) -> str:
    """Minor units as the merchant writes money; decimals only where they are not zero, never if `whole`.

    >>> money(12_345_600, Money("INR")), money(-12_345_678, Money("USD")), money(5_000, Money("IDR"))
    ('₹1,23,456', '−$123,456.78', 'IDR\\xa050')
    """
    if minor is None:
        return "–"
    digits = 0 if whole else unit.minor_digits
    major = f"{abs(minor) / 10**unit.minor_digits:.{digits}f}"
    units, _, fraction = major.partition(".")
    text = indian(units) if unit.currency == "INR" else f"{int(units):,}"
    text += f".{fraction}" if fraction.strip("0") else ""
    sign = "−" if minor < 0 and text != "0" else ""
    return f"{sign}{_SYMBOLS.get(unit.currency, unit.currency + NO_BREAK)}{text}"


def indian(digits: str) -> str:
    """
    >>> indian("12345678"), indian("123")
    ('1,23,45,678', '123')
    """
    head, tail = digits[:-3], digits[-3:]
    pairs = []
    while head:
        head, pair = head[:-2], head[-2:]
        pairs.append(pair)
    return ",".join([*reversed(pairs), tail])


def local_day(moment: int, zone: ZoneInfo) -> date:
    """The day of a moment in the merchant's zone."""
    return _local(moment, zone).date()


def day(one: date) -> str:
    """
    >>> day(date(2026, 2, 3))
    '3 Feb 2026'
    """
    return f"{one.day} {month(one)}"


def short_day(one: date) -> str:
    """
    >>> short_day(date(2026, 2, 3))
    '3 Feb'
    """
    return f"{one.day} {_MONTHS[one.month - 1]}"


def month(one: date) -> str:
    """
    >>> month(date(2026, 2, 3))
    'Feb 2026'
    """
    return f"{_MONTHS[one.month - 1]} {one.year}"


def moment(at: int, zone: ZoneInfo) -> str:
    """A moment in the merchant's zone: '3 Feb 2026, 21:14 IST'."""
    local = _local(at, zone)
    return f"{day(local.date())}, {local:%H:%M} {local.tzname()}"


def _local(at: int, zone: ZoneInfo) -> datetime:
    seconds, micros = divmod(at, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros).astimezone(zone)


def place_name(name: str) -> str:
    """Registers shout; people read.

    >>> place_name("JAMMU & KASHMIR"), place_name("Goa")
    ('Jammu & Kashmir', 'Goa')
    """
    return name.title() if name.isupper() else name


def plain(text: str) -> str:
    """Text from orders without the characters that nobody sees: controls, and marks that turn the direction of writing.

    What joins letters (Hindi, emoji) stays.

    >>> plain("shoe\\x00\\u202eS")
    'shoeS'
    """
    return text.translate(_UNSEEN)


def short(text: str) -> str:
    """The same, cut to what fits a page; downloads hold it whole.

    >>> len(short("x" * 10_000))
    80
    """
    clean = plain(text)
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"


def code(name: str) -> str:
    """
    >>> code("rto_prone_pincode")
    'RTO prone PIN code'
    """
    words = name.replace("_", " ").replace("rto", "RTO").replace("pincode", "PIN code")
    return words[:1].upper() + words[1:]
