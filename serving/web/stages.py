"""The three moments at which an order is scored, what each needs to be told, and what is known by then.

checkout: payment may be open.  placed: payment is chosen.  dispatch: the order as kept, with its news so far applied.
"""

import math
from typing import Any

import numpy as np

from data.contract import TEXT_MEASURES, Payment
from data.keeping import journal
from data.keeping.database import Connection
from data.places import distance_km, load_register
from features.contribution import Measure
from features.one_order import resolve
from features.store import standing
from serving.decisions.stages import CHECKOUT, DISPATCH
from serving.web.http import Refusal
from serving.web.schema import OrderIn

_OF_THE_ADDRESS = (*(name for name in TEXT_MEASURES if name.startswith("address_")), "place_mismatch")
_BESIDE_AN_ID = frozenset({"order_id", "checkout_id", "courier"})


def require(stage: str, order: OrderIn, *, kept: bool) -> None:
    """Raises Refusal if the order lacks what its stage needs. kept: it was placed here, and is scored as kept."""
    if stage != CHECKOUT and order.order_id is None:
        raise _needed("order_id", stage)
    if kept:
        return
    if order.placed_at is None:
        if stage == DISPATCH:
            raise Refusal(404, "not_found", "no such order of yours: place it, or send all of it", "/order/order_id")
        raise _needed("placed_at", stage)
    if stage != CHECKOUT and order.payment_method not in (Payment.COD, Payment.PREPAID):
        raise Refusal(422, "invalid", f"at stage {stage}: cod or prepaid", "/order/payment_method")


def _needed(name: str, stage: str) -> Refusal:
    return Refusal(422, "invalid", f"Field required at stage {stage}", f"/order/{name}")


def as_kept(connection: Connection, stage: str, merchant_id: str, order: OrderIn) -> dict[str, Any] | None:
    """The columns to score where the stage scores what is kept; None where it scores what was sent."""
    if stage != DISPATCH or order.order_id is None:
        return None
    return as_it_stands(connection, merchant_id, order.order_id)


def says_more(order: OrderIn) -> bool:
    """Was more sent than says which order is meant? An order that is scored as kept does not read it."""
    return not order.model_fields_set <= _BESIDE_AN_ID


def as_it_stands(connection: Connection, merchant_id: str, order_id: str) -> dict[str, Any] | None:
    """An order as kept, with what its news has changed since: paid online, a corrected address. None if not known.

    What was measured of the old address's text says nothing of a new one: it is missing unless the news told it.
    """
    columns = journal.order_columns(connection, merchant_id, order_id)
    if columns is None:
        return None
    told = journal.news_of(connection, merchant_id, order_id)
    said = standing(columns, told).said
    if said.everyone[Measure.SWITCHED]:
        columns["payment_method"] = str(Payment.PREPAID)
    if said.address_version:
        place = resolve(told).corrected[said.address_version - 1]
        columns |= dict.fromkeys(_OF_THE_ADDRESS, math.nan) | place
        columns["distance_km"] = _distance(columns)
    return columns


def _distance(columns: dict[str, Any]) -> float:
    """From where the parcel starts to where it now goes, as `data/arrival.py` measures it."""
    register, pincode = load_register(), columns["pincode"] if columns["country"] in (None, "IN") else None
    start, end = (register.lookup(p) if p else None for p in (columns["origin_pincode"], pincode))
    if start is None or end is None:
        return math.nan
    return float(np.round(distance_km(start.latitude, start.longitude, end.latitude, end.longitude), 1))
