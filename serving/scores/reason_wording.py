"""What each reason code says to a merchant, in each direction; the groups they stand in; what a buyer may be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


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
    "rto_prone_buyer": Wording(
        "customer", "Parcels of this buyer came back before", "No parcel of this buyer is known to have come back"
    ),
    "failed_attempts_before": Wording(
        "customer", "Couriers came to this buyer in vain before", "No courier is known to have come in vain"
    ),
    "new_to_shop": Wording(
        "customer", "This buyer has taken no parcel of this shop yet", "This buyer took parcels of this shop before"
    ),
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
    "many_phones": Wording(
        "customer",
        "The phones seen with this customer number speak for a risk",
        "The phones seen with this customer number speak for delivery",
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


@dataclass(frozen=True, slots=True)
class Group:
    """Reasons that speak of one thing. about: for merchants.  codes: its reasons.  buyer: what a buyer is asked to mend,
    "" where nothing is the buyer's to mend: of history, places and others nothing is ever said to a buyer."""

    about: str
    codes: tuple[str, ...]
    buyer: str = ""


GROUPS: dict[str, Group] = {
    "buyer_history": Group(
        "what became of this buyer's earlier orders",
        ("rto_prone_buyer", "rto_prone_phone", "rto_prone_customer", "rto_prone_email", "rto_prone_device", "new_customer",
         "new_to_shop", "failed_attempts_before", "cancels_often", "paid_online_before", "cash_refused_before"),
    ),
    "open_orders": Group("this buyer's parcels under way", ("open_orders",)),
    "order_burst": Group("many orders in a short time", ("order_velocity", "spend_velocity", "network_velocity")),
    "shared_contacts": Group(
        "who else uses the phone, e-mail, device, address or network",
        ("shared_phone", "many_addresses", "many_phones", "shared_email", "shared_device", "shared_address", "rto_prone_ip"),
    ),
    "address_history": Group("what became of orders to this address", ("rto_prone_address", "new_address")),
    "address_quality": Group(
        "how the address is written",
        ("short_shipping_address", "no_house_number", "no_landmark", "no_locality", "gibberish_address", "careless_address",
         "pincode_state_mismatch", "pincode_city_mismatch", "unknown_pincode"),
        "Please check the delivery address and PIN code: a house number or a landmark helps the courier find you.",
    ),
    "contact_quality": Group(
        "how phone, e-mail and name are written",
        ("invalid_phone", "unusual_phone", "disposable_email", "unusual_email", "email_not_by_name", "unusual_name",
         "dummy_name"),
        "Please check your name and phone number, so that the courier can reach you.",
    ),
    "place": Group(
        "what became of orders to this place", ("rto_prone_pincode", "rto_prone_district", "rto_prone_state")
    ),
    "delivery": Group(
        "how far, how long and by whom it is brought",
        ("far_from_origin", "slow_delivery_promise", "rto_prone_courier", "shipping_fee"),
    ),
    "goods": Group("what became of orders of these goods", ("rto_prone_product",)),
    "basket": Group("what it costs and how much it is", ("order_value", "basket_size", "high_discount")),
    "shop_and_channel": Group(
        "the shop, the advertising, the channel and the hour",
        ("rto_prone_shop", "rto_prone_campaign", "rto_prone_channel", "unusual_hour"),
    ),
    "payment": Group("how it is paid", ("cash_on_delivery",)),
}  # fmt: skip
"""Every reason code, each in one group. Groups are few and stable across retrains; new codes join one of them."""

GROUP_OF: dict[str, str] = {code: name for name, group in GROUPS.items() for code in group.codes}

_TO_BUYER: dict[str, str] = {
    "allow_cod": "",
    "confirm_message": "Please confirm your order by answering our message.",
    "confirm_call": "We will call you to confirm your order.",
    "prepaid_nudge": "Pay online now and save on this order.",
    "partial_prepaid": "Please pay a part of this order now and the rest on delivery.",
    "prepaid_only": "This order can be paid online. If you would rather pay on delivery, please contact us.",
}
_MENDED_FROM = 0.01  # of the probability: less is no reason to trouble anybody


def to_buyer(action: str, reasons: Sequence[Mapping[str, Any]]) -> str:
    """What a shop may show the buyer: what comes next, and what the buyer can mend. Never why, never what others did.

    >>> to_buyer("confirm_call", [{"group": "place", "direction": "raises", "impact": 0.2}])
    'We will call you to confirm your order.'
    """
    mend = [
        GROUPS[told["group"]].buyer
        for told in reasons
        if told["direction"] == "raises" and told["impact"] >= _MENDED_FROM
    ]
    return " ".join(text for text in (_TO_BUYER[action], *mend) if text)
