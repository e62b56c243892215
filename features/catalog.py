"""Every feature, once: name, unit, where it comes from, monotone sign, reason code, and why it is there.

The variable's name is the column's name everywhere: training table, bundle, decision ledger, reasons.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TypeAlias

from data.contract import DAY, HOUR, TEXT_MEASURES_VERSION
from features.contribution import Measure
from features.fold import FOREVER


@dataclass(frozen=True, slots=True)
class Sum:
    """A decayed sum of `measure` over the other orders that share the key. half_life in microseconds, 0 = forever."""

    key: str
    measure: Measure
    half_life: int = FOREVER


@dataclass(frozen=True, slots=True)
class Rate:
    """Share `of` / `among`, shrunk along `chain` from its last key to its first (`features/rates.py`)."""

    chain: tuple[str, ...]
    of: Measure = Measure.RTO
    among: Measure = Measure.KNOWN
    half_life: int = FOREVER


@dataclass(frozen=True, slots=True)
class FromOrder:
    """Read off the order itself by the function of this name in `features/order.py`."""

    name: str


@dataclass(frozen=True, slots=True)
class Level:
    """1 where the order's `column` has this value, else 0: a bundle's own feature, for values common in its history.

    A short history has hardly any outcomes told before its orders, so rates say little there and levels say more.
    """

    column: str
    value: str


Source: TypeAlias = Sum | Rate | FromOrder | Level


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the design matrix.

    monotone: +1 if more never lowers the risk, -1 the reverse, 0 free.  reason: code shown when it moves a score.
    scale: "log" where the linear part reads log(1 + x).
    """

    name: str
    source: Source
    unit: str
    reason: str
    why: str
    monotone: int = 0
    scale: str = "linear"


def _sum(name: str, source: Sum, reason: str, why: str, monotone: int = 0) -> Feature:
    unit = "minor units of money" if source.measure == Measure.AMOUNT else "orders"
    return Feature(name, source, unit, reason, why, monotone, "log")


def _rate(name: str, source: Rate, reason: str, why: str) -> Feature:
    return Feature(name, source, "share of orders", reason, why, +1, "logit")


def _own(name: str, unit: str, reason: str, why: str, monotone: int = 0, scale: str = "linear") -> Feature:
    return Feature(name, FromOrder(name), unit, reason, why, monotone, scale)


_PLACES = ("pincode", "district", "state", "all")
_COD = (Measure.COD_RTO, Measure.COD_KNOWN)
_QUARTER = 90 * DAY

CATALOG: tuple[Feature, ...] = (
    # the buyer, by phone
    _sum("phone_placed_count", Sum("phone", Measure.PLACED), "new_customer", "buyers come back; strangers are riskier"),
    _sum(
        "phone_placed_1h",
        Sum("phone", Measure.PLACED, HOUR),
        "order_velocity",
        "bursts from one phone are rarely meant",
        +1,
    ),
    _sum("phone_placed_1d", Sum("phone", Measure.PLACED, DAY), "order_velocity", "several orders in a day", +1),
    _sum("phone_known_count", Sum("phone", Measure.KNOWN), "new_customer", "how much is known of this buyer"),
    _sum(
        "phone_rto_count",
        Sum("phone", Measure.RTO),
        "rto_prone_phone",
        "a buyer who refused parcels tends to refuse again",
        +1,
    ),
    _sum("phone_rto_180d", Sum("phone", Measure.RTO, 180 * DAY), "rto_prone_phone", "refusals that are recent", +1),
    _sum("phone_open_count", Sum("phone", Measure.OPEN), "open_orders", "parcels still under way to this buyer"),
    _sum("phone_cancelled_count", Sum("phone", Measure.CANCELLED), "cancels_often", "buyers who cancel also refuse"),
    _rate(
        "phone_rto_rate",
        Rate(("phone", "merchant", "all")),
        "rto_prone_phone",
        "the buyer's own share of returned parcels",
    ),
    # the buyer, by other handles
    _sum("customer_placed_count", Sum("customer", Measure.PLACED), "new_customer", "orders of this customer number"),
    _rate("customer_rto_rate", Rate(("customer", "merchant", "all")), "rto_prone_customer", "by customer number"),
    _rate("email_rto_rate", Rate(("email", "merchant", "all")), "rto_prone_email", "by e-mail, where phones change"),
    _sum(
        "address_placed_count", Sum("address", Measure.PLACED), "new_address", "an address that was delivered to before"
    ),
    _sum("address_placed_1d", Sum("address", Measure.PLACED, DAY), "order_velocity", "bursts to one address", +1),
    _sum("address_known_count", Sum("address", Measure.KNOWN), "new_address", "how much is known of this address"),
    _rate(
        "address_rto_rate", Rate(("address", "pincode", "district", "state", "all")), "rto_prone_address", "by address"
    ),
    _sum("device_placed_1d", Sum("device", Measure.PLACED, DAY), "order_velocity", "bursts from one device", +1),
    _rate("device_rto_rate", Rate(("device", "merchant", "all")), "rto_prone_device", "by device"),
    # the place
    _rate("pincode_rto_rate", Rate(_PLACES, half_life=_QUARTER), "rto_prone_pincode", "places differ, also over time"),
    _rate(
        "pincode_cod_rto_rate",
        Rate(_PLACES, *_COD, half_life=_QUARTER),
        "rto_prone_pincode",
        "among cash orders alone, so that it does not follow the payment mix",
    ),
    _sum(
        "pincode_known_90d",
        Sum("pincode", Measure.KNOWN, _QUARTER),
        "rto_prone_pincode",
        "evidence behind the place's rate",
    ),
    _rate("district_rto_rate", Rate(_PLACES[1:], half_life=_QUARTER), "rto_prone_district", "the district's own level"),
    _rate("state_rto_rate", Rate(_PLACES[2:], half_life=_QUARTER), "rto_prone_state", "the state's own level"),
    # the shop and its goods
    _rate("merchant_rto_rate", Rate(("merchant", "all"), half_life=_QUARTER), "rto_prone_shop", "shops differ"),
    _rate(
        "merchant_cod_rto_rate",
        Rate(("merchant", "all"), *_COD, half_life=_QUARTER),
        "rto_prone_shop",
        "for cash orders",
    ),
    _rate(
        "category_rto_rate",
        Rate(("category", "merchant", "all"), half_life=_QUARTER),
        "rto_prone_product",
        "some goods are refused more often",
    ),
    _rate(
        "sku_rto_rate",
        Rate(("sku", "category", "merchant", "all"), half_life=_QUARTER),
        "rto_prone_product",
        "this article's own level",
    ),
    _rate(
        "campaign_rto_rate",
        Rate(("campaign", "merchant", "all"), half_life=_QUARTER),
        "rto_prone_campaign",
        "some advertising brings buyers without intent",
    ),
    _rate(
        "courier_rto_rate",
        Rate(("courier", "all"), half_life=_QUARTER),
        "rto_prone_courier",
        "service level or courier",
    ),
    _rate(
        "courier_district_rto_rate",
        Rate(("courier_district", "courier", "all"), half_life=_QUARTER),
        "rto_prone_courier",
        "couriers are weak in places",
    ),
    # the order itself
    _own("is_cod", "0 or 1", "cash_on_delivery", "nothing is lost by refusing a cash parcel", +1),
    _own("amount", "major units of money", "order_value", "dear parcels are refused differently", 0, "log"),
    _own("discount_share", "share of the list price", "high_discount", "bargains bring weaker intent", +1),
    _own("shipping_fee", "major units of money", "shipping_fee", "far and heavy parcels cost more to send", 0, "log"),
    _own("n_units", "pieces", "basket_size", "stock orders and single pieces differ", 0, "log"),
    _own("n_lines", "lines", "basket_size", "a mixed basket was chosen with care", 0, "log"),
    _own("local_hour", "hours", "unusual_hour", "night orders are more impulsive"),
    _own("promised_days", "days", "slow_delivery_promise", "the longer the wait, the more minds change", +1, "log"),
    _own("distance_km", "km", "far_from_origin", "distance means days", 0, "log"),
    _own("place_mismatch", "0 or 1", "pincode_state_mismatch", "the PIN code lies in another state than told", +1),
    _own("address_length", "characters", "short_shipping_address", "an address too short to find"),
    _own("address_words", "words", "short_shipping_address", "an address too short to find"),
    _own("address_has_number", "0 or 1", "no_house_number", "a door that can be named can be found"),
    _own("address_has_landmark", "0 or 1", "no_landmark", "a landmark replaces a house number", -1),
    _own("address_gibberish", "share of words", "gibberish_address", "words nobody can read aloud", +1),
    _own("phone_valid", "0 or 1", "invalid_phone", "a buyer who cannot be called", -1),
    _own("email_digits_share", "share of characters", "unusual_email", "throw-away addresses are full of digits", +1),
)

LEVELLED: dict[str, tuple[str, str]] = {
    "state": ("rto_prone_state", "states differ in ways that no count shows yet"),
    "category": ("rto_prone_product", "goods differ"),
    "courier": ("rto_prone_courier", "service levels differ"),
    "channel": ("rto_prone_channel", "where the order was placed"),
}
"""Columns whose common values become features: reason code and why."""

FEATURES: dict[str, Feature] = {feature.name: feature for feature in CATALOG}


def level_feature(column: str, value: str) -> Feature:
    """The feature `column=value`. Raises KeyError for a column that has no levels."""
    reason, why = LEVELLED[column]
    return Feature(f"{column}={value}", Level(column, value), "0 or 1", reason, why)


def feature_named(name: str) -> Feature:
    """A feature of the catalog, or a level as `state=BIHAR`. Raises KeyError if there is none."""
    column, equals, value = name.partition("=")
    return level_feature(column, value) if equals else FEATURES[name]


def fingerprint(catalog: tuple[Feature, ...] = CATALOG) -> str:
    """Changes when any number a feature gives may change: names, sources, order, text measures; not the prose."""
    features = [(f.name, type(f.source).__name__, asdict(f.source), f.scale) for f in catalog]
    meaning = {"text_measures": TEXT_MEASURES_VERSION, "features": features}
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:12]


def needed_sums(catalog: tuple[Feature, ...] = CATALOG) -> tuple[Sum, ...]:
    """Every sum that some feature reads, each once, in a stable order."""
    sums: dict[Sum, None] = {}
    for feature in catalog:
        match feature.source:
            case Sum() as source:
                sums[source] = None
            case Rate(chain, of, among, half_life):
                for key in chain:
                    sums |= {Sum(key, among, half_life): None, Sum(key, of, half_life): None}
            case FromOrder() | Level():
                pass
    return tuple(sums)
