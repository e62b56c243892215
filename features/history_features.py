"""The features made from other orders. Left out is what says the same as another: a count beside its rate, a third
half-life, a handle few shops know. A count under a key is one number; a rate of it is shrunk towards a wider key.

What is known of a buyer stands in two counts, parcels taken (never raises the risk) and parcels refused (never lowers
it), and in no count that grows with both: beside one, a refusal told would also be a stranger less, and could lower
the risk (docs/adr/0010)."""

from data.contract import DAY, HOUR
from features.contribution import Measure
from features.fold import FOREVER
from features.sources import Distinct, Feature, Link, Most, PerCart, Rate, Sum

_PLACES = ("pincode", "district", "state", "all")
_COD = (Measure.COD_RTO, Measure.COD_KNOWN)
_QUARTER, _YEAR = 90 * DAY, 365 * DAY


def _sum(name: str, source: Sum | PerCart, reason: str, why: str, monotone: int = 0, firm: bool = True) -> Feature:
    measure = source.sum.measure if isinstance(source, PerCart) else source.measure
    unit = "minor units of money" if measure == Measure.AMOUNT else "orders"
    return Feature(name, source, "carts" if isinstance(source, PerCart) else unit, reason, why, monotone, "log", firm)


def _rate(name: str, source: Rate, reason: str, why: str, firm: bool = True) -> Feature:
    return Feature(name, source, "share of orders", reason, why, +1, "logit", firm)


def _link(name: str, source: Link, reason: str, why: str) -> Feature:
    unit = {"name": "names", "phone": "phones", "address": "addresses"}[source.measure]
    return Feature(name, source, unit, reason, why, 0, "log")


def _buyer_rate(key: str, why: str) -> Feature:
    return _rate(f"{key}_rto_rate", Rate((key, "merchant", "all")), f"rto_prone_{key}", why, firm=False)


_HANDLES = ("phone", "customer", "email", "device")


def _buyer_count(name: str, measure: Measure, why: str, sign: int, half_life: int = FOREVER) -> Feature:
    reason = "new_customer" if sign < 0 else "rto_prone_buyer"
    return Feature(f"buyer_{name}", Most(_HANDLES, measure, half_life), "carts", reason, why, sign, "log")


def _not_taken(key: str, why: str) -> Feature:
    return _sum(f"{key}_not_taken_count", Sum(key, Measure.NOT_TAKEN), "open_orders", why, +1, firm=False)


BUYER: tuple[Feature, ...] = (
    # by whichever of the buyer's handles is known best
    _buyer_count("delivered_count", Measure.DELIVERED, "parcels this buyer took; a stranger took none", -1),
    _buyer_count("cod_delivered_count", Measure.COD_DELIVERED, "parcels taken and paid for at the door", -1),
    _buyer_count("refused_count", Measure.REFUSED, "a buyer who refused parcels tends to refuse again", +1),
    _buyer_count("unreachable_count", Measure.UNREACHABLE, "who was not there tends not to be there again", +1),
    _buyer_count("bad_address_count", Measure.BAD_ADDRESS, "who was not found is as hard to find again", +1),
    _buyer_count("rto_180d", Measure.RTO, "what came back of late", +1, 180 * DAY),
    # by phone
    _sum(
        "phone_placed_1h",
        Sum("phone", Measure.PLACED, HOUR),
        "order_velocity",
        "bursts from one phone are rarely meant",
        +1,
        firm=False,
    ),
    _sum(
        "phone_placed_1d",
        Sum("phone", Measure.PLACED, DAY),
        "order_velocity",
        "several orders in a day",
        +1,
        firm=False,
    ),
    _sum(
        "phone_placed_7d",
        Sum("phone", Measure.PLACED, 7 * DAY),
        "order_velocity",
        "a busy week, after which parcels come back to a shop",
        +1,
        firm=False,
    ),
    _sum(
        "phone_amount_1h",
        Sum("phone", Measure.AMOUNT, HOUR),
        "spend_velocity",
        "money at stake at once, where the count of orders is small",
        +1,
        firm=False,
    ),
    _sum(
        "phone_amount_1d",
        Sum("phone", Measure.AMOUNT, DAY),
        "spend_velocity",
        "money at stake within a day",
        +1,
        firm=False,
    ),
    _buyer_rate("phone", "the buyer's own share of returned parcels"),
    _rate(
        "phone_cod_rto_rate",
        Rate(("phone", "merchant", "all"), *_COD),
        "rto_prone_phone",
        "among the buyer's cash orders alone: parcels paid for say nothing of cash",
        firm=False,
    ),
    _not_taken("phone", "parcels under way to this buyer, and those that came back"),
    _sum(
        "phone_failed_attempts",
        Sum("phone", Measure.FAILED_ATTEMPTS),
        "failed_attempts_before",
        "couriers came in vain, whatever became of the parcel; told days before its end",
        +1,
        firm=False,
    ),
    _sum("phone_cancelled_count", Sum("phone", Measure.CANCELLED), "cancels_often", "buyers who cancel also refuse"),
    _sum(
        "phone_cod_refused_count",
        Sum("phone", Measure.COD_REFUSED),
        "cash_refused_before",
        "we asked for payment first before: no outcome tells",
    ),
    _sum(
        "phone_switched_count",
        Sum("phone", Measure.SWITCHED),
        "paid_online_before",
        "went over to paying online: meant it",
    ),
    _link(
        "phone_other_names",
        Link("phone", Distinct.NAME),
        "shared_phone",
        "one phone under many names belongs to a reseller, a family or a prankster",
    ),
    _link(
        "phone_other_addresses",
        Link("phone", Distinct.ADDRESS),
        "many_addresses",
        "parcels of one phone going to many doors",
    ),
    _sum(
        "merchant_phone_delivered_count",
        Sum("merchant_phone", Measure.DELIVERED),
        "new_to_shop",
        "parcels this buyer took from this very shop",
        -1,
    ),
    # by customer number and e-mail, where phones change or are not told
    _sum("customer_placed_1d", Sum("customer", Measure.PLACED, DAY), "order_velocity", "where no phone is told"),
    _sum("customer_placed_7d", Sum("customer", Measure.PLACED, 7 * DAY), "order_velocity", "where no phone is told"),
    _buyer_rate("customer", "by customer number"),
    _not_taken("customer", "where no phone is told"),
    _link("customer_other_phones", Link("customer", Distinct.PHONE), "many_phones", "phones change with bad debts"),
    _sum(
        "email_placed_1d",
        Sum("email", Measure.PLACED, DAY),
        "order_velocity",
        "bursts under one e-mail with changing phones",
        +1,
        firm=False,
    ),
    _buyer_rate("email", "by e-mail, where phones change"),
    _link("email_other_phones", Link("email", Distinct.PHONE), "shared_email", "a new phone for each order"),
    # by address
    _sum(
        "address_placed_1d",
        Sum("address", Measure.PLACED, DAY),
        "order_velocity",
        "bursts to one address",
        +1,
        firm=False,
    ),
    _sum(
        "address_delivered_count",
        PerCart(Sum("address", Measure.DELIVERED)),
        "new_address",
        "an address that was delivered to before",
        -1,
    ),
    _not_taken("address", "parcels under way to this door or back from it, whoever ordered them"),
    _sum(
        "address_bad_address_count",
        PerCart(Sum("address", Measure.BAD_ADDRESS)),
        "rto_prone_address",
        "a door that was not found is as hard to find again",
        +1,
    ),
    _sum(
        "address_refused_count",
        PerCart(Sum("address", Measure.REFUSED)),
        "rto_prone_address",
        "refused at this door, whoever ordered",
        +1,
    ),
    _rate(
        "address_rto_rate",
        Rate(("address", "pincode", "district", "state", "all")),
        "rto_prone_address",
        "by address",
        firm=False,
    ),
    _link(
        "address_other_phones",
        Link("address", Distinct.PHONE),
        "shared_address",
        "a hostel, an office, or one person behind many phones",
    ),
    # by device and network
    _sum(
        "device_placed_1d",
        Sum("device", Measure.PLACED, DAY),
        "order_velocity",
        "bursts from one device",
        +1,
        firm=False,
    ),
    _buyer_rate("device", "by device"),
    _link("device_other_phones", Link("device", Distinct.PHONE), "shared_device", "one device behind many phones"),
    _sum(
        "ip_placed_1h",
        Sum("ip", Measure.PLACED, HOUR),
        "network_velocity",
        "a script at work; but many people share one network",
    ),
    _sum("ip_placed_1d", Sum("ip", Measure.PLACED, DAY), "network_velocity", "tells a shared network from a home"),
    _buyer_rate("ip", "by network; shared by many, so it needs much evidence to say anything"),
)

PLACE: tuple[Feature, ...] = (
    _rate("pincode_rto_rate", Rate(_PLACES, half_life=_YEAR), "rto_prone_pincode", "places differ, also over time"),
    _rate(
        "pincode_cod_rto_rate",
        Rate(_PLACES, *_COD, half_life=_YEAR),
        "rto_prone_pincode",
        "among cash orders alone, so that it does not follow the payment mix",
    ),
    _rate(
        "merchant_pincode_rto_rate",
        Rate(("merchant_pincode", *_PLACES), half_life=_YEAR),
        "rto_prone_pincode",
        "this shop's own parcels there: its goods and couriers are not the pool's",
    ),
    _sum(
        "pincode_known_90d",
        Sum("pincode", Measure.KNOWN, _QUARTER),
        "rto_prone_pincode",
        "evidence behind the place's rate",
    ),
    _rate(
        "pincode_bad_address_rate",
        Rate(_PLACES, Measure.BAD_ADDRESS, half_life=_YEAR),
        "rto_prone_pincode",
        "where doors are hard to find",
    ),
    _rate(
        "pincode_unreachable_rate",
        Rate(_PLACES, Measure.UNREACHABLE, half_life=_YEAR),
        "rto_prone_pincode",
        "where buyers are hard to reach",
    ),
    _rate(
        "merchant_state_rto_rate",
        Rate(("merchant_state", "merchant", "all"), *_COD, half_life=_YEAR),
        "rto_prone_state",
        "this shop's own parcels there",
    ),
    _rate("district_rto_rate", Rate(_PLACES[1:], half_life=_YEAR), "rto_prone_district", "the district's own level"),
    _rate("state_rto_rate", Rate(_PLACES[2:], half_life=_QUARTER), "rto_prone_state", "the state's own level"),
)

SHOP: tuple[Feature, ...] = (
    _rate("merchant_rto_rate", Rate(("merchant", "all"), half_life=_YEAR), "rto_prone_shop", "shops differ"),
    _rate(
        "merchant_cod_rto_rate",
        Rate(("merchant", "all"), *_COD, half_life=30 * DAY),
        "rto_prone_shop",
        "for cash orders",
    ),
    _rate(
        "category_rto_rate",
        Rate(("category", "merchant", "all"), *_COD, half_life=_YEAR),
        "rto_prone_product",
        "some goods are refused more often",
    ),
    _rate(
        "sku_rto_rate",
        Rate(("sku", "category", "merchant", "all"), *_COD, half_life=_YEAR),
        "rto_prone_product",
        "this article's own level",
    ),
    _rate(
        "campaign_rto_rate",
        Rate(("campaign", "merchant", "all"), *_COD, half_life=_YEAR),
        "rto_prone_campaign",
        "some advertising brings buyers without intent",
    ),
    _rate(
        "courier_rto_rate",
        Rate(("courier", "all"), half_life=_YEAR),
        "rto_prone_courier",
        "service level or courier",
    ),
    _rate(
        "courier_district_rto_rate",
        Rate(("courier_district", "courier", "all"), half_life=_YEAR),
        "rto_prone_courier",
        "couriers are weak in places",
    ),
)
