"""Why a risk is what it is: the model's own additive parts, summed under stable codes, in words for the merchant."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.catalog import Sum
from features.contribution import Measure
from features.layout import Readings
from training.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Wording:
    """bucket: what the reason is about.  raises, lowers: the sentence for each direction."""

    bucket: str
    raises: str
    lowers: str


WORDING: dict[str, Wording] = {
    "rto_prone_phone": Wording("customer", "Orders with this phone came back before", "This phone's orders arrive"),
    "rto_prone_customer": Wording(
        "customer", "This customer's orders came back before", "This customer's orders arrive"
    ),
    "rto_prone_email": Wording("customer", "Orders with this e-mail came back before", "This e-mail's orders arrive"),
    "rto_prone_device": Wording("customer", "Orders from this device came back before", "This device's orders arrive"),
    "new_customer": Wording("customer", "Little or no history with this buyer", "A buyer with a history"),
    "open_orders": Wording("customer", "Other parcels are still on their way to this buyer", "No other open parcels"),
    "cancels_often": Wording("customer", "This buyer cancels often", "This buyer rarely cancels"),
    "order_velocity": Wording("customer", "Several orders in a short time", "No burst of orders"),
    "rto_prone_address": Wording("address", "Orders to this address came back before", "Orders to this address arrive"),
    "new_address": Wording("address", "Little or no history with this address", "An address delivered to before"),
    "short_shipping_address": Wording("address", "The address is short or incomplete", "The address is detailed"),
    "no_house_number": Wording("address", "No house number in the address", "The address has a house number"),
    "no_landmark": Wording("address", "No landmark in the address", "The address names a landmark"),
    "gibberish_address": Wording("address", "Words in the address cannot be read", "The address can be read"),
    "pincode_state_mismatch": Wording("address", "The PIN code lies in another state", "PIN code and state agree"),
    "rto_prone_pincode": Wording(
        "location", "Orders to this PIN code come back more often", "Orders to this PIN code arrive"
    ),
    "rto_prone_district": Wording(
        "location", "Orders to this district come back more often", "Orders to this district arrive"
    ),
    "rto_prone_state": Wording("location", "Orders to this state come back more often", "Orders to this state arrive"),
    "far_from_origin": Wording("logistics", "A long way to ship", "A short way to ship"),
    "slow_delivery_promise": Wording("logistics", "A late delivery was promised", "A quick delivery was promised"),
    "rto_prone_courier": Wording(
        "logistics", "This courier or service brings more back", "This courier or service delivers"
    ),
    "shipping_fee": Wording("logistics", "The shipping fee speaks for a risk", "The shipping fee speaks for delivery"),
    "rto_prone_product": Wording("order", "These goods come back more often", "These goods are kept"),
    "rto_prone_shop": Wording("order", "This shop's orders come back more often", "This shop's orders arrive"),
    "rto_prone_campaign": Wording(
        "order", "This campaign brings more returned parcels", "This campaign brings real buyers"
    ),
    "rto_prone_channel": Wording(
        "order", "Orders from this channel come back more often", "Orders from this channel arrive"
    ),
    "high_discount": Wording("order", "A high discount", "Little or no discount"),
    "order_value": Wording("order", "The order's value speaks for a risk", "The order's value speaks for delivery"),
    "basket_size": Wording("order", "The basket's size speaks for a risk", "The basket's size speaks for delivery"),
    "unusual_hour": Wording(
        "order", "The hour of the order speaks for a risk", "The hour of the order speaks for delivery"
    ),
    "cash_on_delivery": Wording("order", "Nothing is paid before delivery", "Paid before delivery"),
    "spend_velocity": Wording("customer", "Much money ordered in a short time", "No burst of spending"),
    "network_velocity": Wording(
        "customer", "Many orders from this network in a short time", "Few orders from this network"
    ),
    "rto_prone_ip": Wording(
        "customer", "Orders from this network came back more often", "Orders from this network arrive"
    ),
    "cash_buyer": Wording(
        "customer",
        "How this buyer usually pays speaks for a risk",
        "How this buyer usually pays speaks for delivery",
    ),
    "cash_refused_before": Wording(
        "customer", "Payment before delivery was asked of this buyer before", "Cash was never refused to this buyer"
    ),
    "paid_online_before": Wording(
        "customer", "This buyer has not changed an order to paying online", "This buyer changed to paying online before"
    ),
    "shared_phone": Wording(
        "customer",
        "The names seen with this phone speak for a risk",
        "The names seen with this phone speak for delivery",
    ),
    "many_addresses": Wording(
        "customer",
        "The number of addresses seen with this phone speaks for a risk",
        "The number of addresses seen with this phone speaks for delivery",
    ),
    "shared_email": Wording(
        "customer",
        "The phones seen with this e-mail speak for a risk",
        "The phones seen with this e-mail speak for delivery",
    ),
    "shared_device": Wording(
        "customer",
        "The phones seen on this device speak for a risk",
        "The phones seen on this device speak for delivery",
    ),
    "shared_address": Wording(
        "address",
        "The phones seen at this address speak for a risk",
        "The phones seen at this address speak for delivery",
    ),
    "pincode_city_mismatch": Wording("address", "The PIN code belongs to another town", "PIN code and town agree"),
    "unknown_pincode": Wording("address", "The PIN code is in no register", "The PIN code is in the register"),
    "no_locality": Wording("address", "No street or quarter in the address", "The address names a street or quarter"),
    "careless_address": Wording(
        "address", "The address repeats words or is full of signs", "The address is written with care"
    ),
    "unusual_phone": Wording("customer", "The phone number looks unusual", "The phone number looks ordinary"),
    "disposable_email": Wording("customer", "The e-mail is of a throw-away service", "The e-mail is no throw-away"),
    "email_not_by_name": Wording("customer", "The e-mail does not go with the name", "The e-mail goes with the name"),
    "unusual_name": Wording("customer", "The name looks incomplete", "The name looks complete"),
    "dummy_name": Wording("customer", "The name does not look like a person's", "The name looks like a person's"),
    "invalid_phone": Wording("customer", "The phone number cannot be right", "The phone number is valid"),
    "unusual_email": Wording("customer", "The e-mail looks made for once", "The e-mail looks ordinary"),
}
"""Every reason code of the catalog. Codes never change their meaning; new ones may come."""

_SAME_FOR_ALL = frozenset({"cash_on_delivery"})  # true of every cash order: it explains none against another
_BUYER = {
    "rto_prone_phone": ("phone", "this phone", "phone"),
    "rto_prone_customer": ("customer", "this customer number", "customer number"),
    "rto_prone_email": ("email", "this e-mail", "e-mail"),
    "rto_prone_device": ("device", "this device", "device"),
    "rto_prone_ip": ("ip", "this network", "network address"),
    "rto_prone_address": ("address", "this address", "address"),
}
"""Reasons about one buyer: the key, its name, and what was not given where it is missing."""
_COUNTED = {"rto_prone_phone": "phone", "rto_prone_pincode": "pincode", "rto_prone_address": "address"}
_PLACE_NAMES = {"phone": "with this phone", "pincode": "to this PIN code", "address": "to this address"}


def reasons(
    bundle: Bundle, x: "np.ndarray[Any, Any]", readings: Readings, wanted: int, own_only: bool
) -> list[dict[str, Any]]:
    """The strongest reasons, strongest first.

    impact: change of the probability if the reason were as for the average order, to 0.001.  own_only: the pool has
    one merchant, so its counts may be told; counts of several merchants' orders are never shown to one of them.
    """
    parts, base = bundle.contributions(x)
    by_code: dict[str, float] = {}
    for feature, part in zip(bundle.features, parts[0], strict=True):
        by_code[feature.reason] = by_code.get(feature.reason, 0.0) + float(part)
    margin = base + float(parts[0].sum())
    ranked = sorted(
        ((c, v) for c, v in by_code.items() if c not in _SAME_FOR_ALL and v), key=lambda p: (-abs(p[1]), p[0])
    )
    return [_reason(bundle, (code, value), margin, readings, own_only) for code, value in ranked[:wanted]]


def _reason(
    bundle: Bundle, ranked: tuple[str, float], margin: float, readings: Readings, own_only: bool
) -> dict[str, Any]:
    code, part = ranked
    words = WORDING[code]
    text = _unknown(code, readings) or (words.raises if part > 0 else words.lowers)
    counted = _count(_COUNTED[code], readings) if own_only and code in _COUNTED else None
    return {
        "code": code,
        "bucket": words.bucket,
        "direction": "raises" if part > 0 else "lowers",
        "impact": _impact(bundle, part, margin),
        "text": counted or text,
    }


def _impact(bundle: Bundle, part: float, margin: float) -> float:
    log_odds = np.clip(np.array([margin, margin - part]), -50, 50)
    with_it, without = bundle.calibrator.apply(1 / (1 + np.exp(-log_odds)))
    return round(float(with_it - without), 3) + 0.0  # a rounded -0.0 is 0


def _unknown(code: str, readings: Readings) -> str | None:
    """What to say of a buyer of whom nothing is known: neither that parcels came back nor that they arrived."""
    if code not in _BUYER:
        return None
    key, name, absent = _BUYER[code]
    known = [v[0] for one, v in readings.items() if one.key == key and one.measure == Measure.KNOWN]
    if any(v > 0 for v in known):
        return None
    return f"No outcome is known with {name} yet" if any(v == v for v in known) else f"No {absent} was given"


def _count(key: str, readings: Readings) -> str | None:
    """As "2 of 5 orders with this phone came back", where the kept sums tell it exactly."""
    known, rto = (readings.get(Sum(key, measure)) for measure in (Measure.KNOWN, Measure.RTO))
    if known is None or rto is None or not known[0] > 0:
        return None
    return f"{int(rto[0])} of {int(known[0])} orders {_PLACE_NAMES[key]} came back"
