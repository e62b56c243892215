"""Why a risk is what it is: the model's own additive parts, summed under stable codes, in words for the merchant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from features.catalog import Sum
from features.contribution import Measure
from features.layout import Readings
from training.bundle import Bundle

Array: TypeAlias = np.ndarray[Any, Any]


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
    "open_orders": Wording(
        "customer", "Other parcels to this buyer are under way or came back", "No parcel is under way or came back"
    ),
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


@dataclass(frozen=True, slots=True)
class Why:
    """What the reasons of a batch are told from. own_only: by order, may its counts be told (its pool has one shop)?"""

    bundle: Bundle
    x: Array
    readings: Readings
    own_only: Sequence[bool]


def reasons(why: Why, wanted: int) -> list[list[dict[str, Any]]]:
    """For each order its strongest reasons, at most `wanted`, strongest first.

    impact: change of the probability if the reason were as for the average order, to 0.001. Counts are told where the
    pool has one merchant only: those of several merchants' orders are never shown to one of them.
    """
    parts, base = why.bundle.contributions(why.x)
    codes, by_code = _by_code(why.bundle, parts)
    ranked = np.argsort(-np.abs(by_code), axis=1, kind="stable")[:, :wanted]  # among equals by the code's name
    strength = np.take_along_axis(by_code, ranked, axis=1)
    impact = _impact(why.bundle, strength, base + parts.sum(axis=1)).tolist()
    texts = _Texts.of(why)
    return [
        [_reason(codes[c], part, moved, texts, row) for c, part, moved in zip(*told, strict=True) if part]
        for row, told in enumerate(zip(ranked.tolist(), strength.tolist(), impact, strict=True))
    ]


def _by_code(bundle: Bundle, parts: Array) -> tuple[list[str], Array]:
    """Names of the codes, sorted, and (n, n_codes) the sum of each code's parts."""
    told = [(f.reason, j) for j, f in enumerate(bundle.features) if f.reason not in _SAME_FOR_ALL]
    codes = sorted({code for code, _ in told})
    columns = [j for _, j in sorted(told)]
    starts = np.searchsorted([code for code, _ in sorted(told)], codes)
    return codes, np.add.reduceat(parts[:, columns], starts, axis=1)


def _impact(bundle: Bundle, part: Array, margin: Array) -> Array:
    """(n, wanted) change of the calibrated probability if each part were taken away."""
    with_it, without = (
        bundle.calibrator.apply(1 / (1 + np.exp(-np.clip(log_odds, -50, 50))))
        for log_odds in (margin[:, None], margin[:, None] - part)
    )
    return np.asarray(with_it - without)


def _reason(code: str, part: float, moved: float, texts: "_Texts", row: int) -> dict[str, Any]:
    return {
        "code": code,
        "bucket": WORDING[code].bucket,
        "direction": "raises" if part > 0 else "lowers",
        "impact": round(moved, 3) + 0.0,  # a rounded -0.0 is 0
        "text": texts.of_code(code, part > 0, row),
    }


@dataclass(frozen=True, slots=True)
class _Texts:
    """known: for each code about a buyer, (n,) outcomes known, NaN without the key.  counts: (n,) known and RTO."""

    known: dict[str, list[float]]
    counts: dict[str, tuple[list[float], list[float]]]
    own_only: Sequence[bool]

    @staticmethod
    def of(why: Why) -> "_Texts":
        by_key, without = most_known(why.readings), [math.nan] * len(why.x)
        known = {code: by_key[key].tolist() if key in by_key else without for code, (key, _, _) in _BUYER.items()}
        counts = {}
        for code, key in _COUNTED.items():
            pair = [why.readings.get(Sum(key, measure)) for measure in (Measure.KNOWN, Measure.RTO)]
            if any(why.own_only) and pair[0] is not None and pair[1] is not None:
                counts[code] = (pair[0].tolist(), pair[1].tolist())
        return _Texts(known, counts, why.own_only)

    def of_code(self, code: str, raises: bool, row: int) -> str:
        if code in self.counts and self.own_only[row] and (n := self.counts[code][0][row]) > 0:
            return f"{int(self.counts[code][1][row])} of {int(n)} orders {_PLACE_NAMES[_COUNTED[code]]} came back"
        if code in _BUYER and not (known := self.known[code][row]) > 0:
            # of a buyer of whom nothing is known, neither that parcels came back nor that they arrived
            _, name, absent = _BUYER[code]
            return f"No outcome is known with {name} yet" if known == known else f"No {absent} was given"
        return WORDING[code].raises if raises else WORDING[code].lowers


def most_known(readings: Readings) -> dict[str, Array]:
    """For each kind of key (n,) outcomes known by it, in the longest memory kept; NaN without the key."""
    found: dict[str, list[Array]] = {}
    for one, values in readings.items():
        if one.measure is Measure.KNOWN:
            found.setdefault(one.key, []).append(values)
    return {key: np.fmax.reduce(values) if len(values) > 1 else values[0] for key, values in found.items()}
