"""Keys: under which names an order's contribution is summed, and whose weights go there."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of key. columns: order columns whose values together are the key; all must be there, or it is missing.

    buyer: sums the buyer's weights (nothing for what the courier caused). An empty `columns` is one key for all.
    """

    name: str
    columns: tuple[str, ...]
    buyer: bool = False


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("phone", ("phone",), buyer=True),
        Kind("email", ("email",), buyer=True),
        Kind("address", ("address",), buyer=True),
        Kind("device", ("device_id",), buyer=True),
        Kind("ip", ("ip",), buyer=True),
        Kind("customer", ("customer_id",), buyer=True),
        Kind("pincode", ("pincode",)),
        Kind("district", ("state", "district")),
        Kind("state", ("state",)),
        Kind("all", ()),
        Kind("merchant", ("merchant_id",)),
        Kind("merchant_phone", ("merchant_id", "phone"), buyer=True),
        Kind("merchant_pincode", ("merchant_id", "pincode")),
        Kind("merchant_state", ("merchant_id", "state")),
        Kind("sku", ("merchant_id", "sku")),
        Kind("category", ("merchant_id", "category")),
        Kind("campaign", ("merchant_id", "campaign")),
        Kind("courier", ("courier",)),
        Kind("courier_district", ("courier", "state", "district")),
    )
}

OWN_BUYER = ("merchant_phone", "customer")
"""Keys by which one merchant alone knows a buyer: no other merchant's order is summed there."""
OTHERS_BUYER = frozenset(kind.name for kind in KINDS.values() if kind.buyer) - set(OWN_BUYER)
"""Keys of a buyer under which the orders of every merchant of the pool are summed."""
SEPARATOR = "\x1f"


def key_of(kind: Kind, order: dict[str, Any]) -> str | None:
    """The key of one order as text; None if a part is missing. Pseudonyms are integers, missing below 0.

    A person named but never seen before (NEW) has a key that no fact has touched.
    """
    parts = [order.get(name) for name in kind.columns]
    if any(p is None or p == -1 for p in parts):
        return None
    return SEPARATOR.join(str(p) for p in parts)
