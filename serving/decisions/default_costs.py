"""Every item of a merchant's economics: what it is, the shipped default with its source, and what is past belief.

The defaults are those of a small parcel (up to 500 g) in Indian rupees, the only currency we know costs of. Most sources
are vendors' claims: a merchant should put in its own. Amounts are minor units (paise), shares run from 0 to 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Item:
    """One item. least, most: between these it can be meant (0 always can); what lies outside must be said twice."""

    name: str
    what: str
    default: Fraction | int
    least: Fraction | int
    most: Fraction | int
    source: str


def _share(name: str, what: str, default: str, least: str, most: str, source: str) -> Item:
    return Item(name, what, Fraction(default), Fraction(least), Fraction(most), source)


ITEMS: tuple[Item, ...] = (
    _share("margin_share", "contribution margin of the goods, before every cost below", "0.45", "0.02", "0.95",
           "goods margin of direct brands is 50-65 %; the rest is marketing. Differs by category"),
    Item("forward_minor", "shipping a parcel out", 75_00, 10_00, 1_000_00,
         "seen 60-120: whatsbizapi, acefone, Fynd price list"),
    Item("reverse_minor", "shipping it back", 65_00, 10_00, 1_000_00,
         "seen 60-120; some couriers charge the forward price again"),
    Item("packaging_minor", "packaging, spent on every parcel", 18_00, 50, 500_00, "seen 15-30: whatsbizapi"),
    Item("handling_minor", "receive, check and restock a parcel that came back", 20_00, 50, 500_00,
         "seen 20-40: acefone"),
    _share("damage_share", "of the value, lost when a parcel comes back", "0.03", "0.001", "0.5",
           "assumed; a public benchmark of returns (BADS) uses 10 %"),
    Item("cod_fee_minor", "the courier's fee for collecting cash; the larger of the two counts", 35_00, 1_00, 500_00,
         "seen 30-60: Fynd, customfit, Delhivery price calculator"),
    _share("cod_fee_share", "the same as a share of the cash", "0.02", "0.001", "0.1", "1.5-2 %, same price lists"),
    _share("gateway_fee_share", "payment fee on what is paid online", "0.02", "0.001", "0.1",
           "common tariff, unchecked"),
    Item("call_cost_minor", "one call, answered or not", 18_00, 10, 200_00,
         "blended; an agent costs 25-40, an automatic call 1-8: acefone"),
    Item("message_cost_minor", "one message, answered or not", 1_00, 5, 50_00,
         "a WhatsApp utility message is 0.1-1; unchecked"),
    Item("nudge_discount_minor", "taken off for paying online", 40_00, 1_00, 1_000_00,
         "seen 50-100: bot.space, customfit; a small one"),
    Item("advance_minor", "asked up front by partial_prepaid, the rest is cash", 99_00, 1_00, 5_000_00,
         "assumed; penguincod and Cashfree name 99 and 10-20 %"),
    _share("advance_kept_share", "of the advance, kept when the parcel comes back", "0", "0.001", "1",
           "assumed: given back. Many shops keep it"),
    Item("shipping_charged_minor", "delivery fee a small cart pays", 49_00, 1_00, 1_000_00,
         "assumed; without it small carts lose money even when delivered"),
    Item("shipping_free_from_minor", "from this value on delivery is free", 499_00, 10_00, 100_000_00, "assumed"),
    Item("ltv_minor", "what a served buyer is worth later. An ethics knob", 60_00, 1_00, 5_000_00, "assumed"),
    Item("goodwill_minor", "what a good buyer turned away costs beyond the sale. An ethics knob", 60_00, 1_00, 5_000_00,
         "assumed"),
)  # fmt: skip

ITEM: Mapping[str, Item] = MappingProxyType({item.name: item for item in ITEMS})
