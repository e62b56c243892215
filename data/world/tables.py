"""The world as tables of the data contract, and its truth as a table apart."""

from typing import Any

import numpy as np
import pyarrow as pa

from data.contract import DAY, NEWS_COLUMNS, ORDER_COLUMNS, Column, NewsType, Payment, Reason
from data.world.basket import RUPEE
from data.world.checkout import Orders
from data.world.contacts import Contacts
from data.world.course import Course
from data.world.names import STATE_VARIANTS
from data.world.news import TOLD_BY_SHOP, News
from data.world.outcomes import CAUSES, Fate
from data.world.streams import Floats, Ints, Texts
from data.world.text import without
from data.world.transit import Transit
from data.world.visits import Market, uniform

ARROW = {
    "text": pa.string(),
    "money": pa.int64(),
    "count": pa.int64(),
    "number": pa.float64(),
    "time": pa.timestamp("us", tz="UTC"),
}
ODD_SPELLING = 0.10  # of orders write their state the old way, where there is one


def order_ids(market: Market, merchant: Ints) -> Texts:
    """(n,) an order number for each order: the merchant's prefix and the order's place in the market's log."""
    prefix = [shop.prefix for shop in market.preset.merchants]
    return np.array([f"{prefix[shop]}-{100_000 + row}" for row, shop in enumerate(merchant.tolist())], dtype=object)


def orders_table(market: Market, orders: Orders, contacts: Contacts, transit: Transit) -> pa.Table:
    """One row for each line, with the columns of `ORDER_COLUMNS`."""
    values = {**_what(market, orders), **_who(contacts), **_way(market, orders, transit)}
    row = orders.baskets.order
    lines = {name: value[row] for name, value in values.items()} | _lines(market, orders)
    return _table(ORDER_COLUMNS, lines)


def _what(market: Market, orders: Orders) -> dict[str, Any]:
    visits, baskets, shops = orders.visits, orders.baskets, market.preset.merchants
    kind = np.array(["meta", "google", None], object)[visits.source]
    campaign = [
        None if tag is None else f"{tag}-{shops[shop].prefix.lower()}-{number + 1}"
        for tag, shop, number in zip(kind, visits.merchant.tolist(), visits.campaign.tolist(), strict=True)
    ]
    return {
        "order_id": order_ids(market, visits.merchant),
        "merchant_id": np.array([shop.merchant_id for shop in shops], object)[visits.merchant],
        "placed_at": visits.placed_at,
        "channel": np.where(visits.app, "app", "web").astype(object),
        "currency": np.full(len(orders), "INR", object),
        "amount_minor": (baskets.list_value - baskets.discount + baskets.shipping_fee) * RUPEE,
        "discount_minor": baskets.discount * RUPEE,
        "shipping_fee_minor": baskets.shipping_fee * RUPEE,
        "payment_method": np.where(orders.cod, Payment.COD.value, Payment.PREPAID.value).astype(object),
        "campaign": np.array(campaign, object),
    }


def _lines(market: Market, orders: Orders) -> dict[str, Any]:
    row = orders.baskets.shelf_row
    return {
        "sku": market.shelf.sku[row],
        "category": market.shelf.category[row],
        "quantity": orders.baskets.quantity,
        "price_minor": market.shelf.price[row] * RUPEE,
    }


def _who(contacts: Contacts) -> dict[str, Any]:
    return {
        "customer_id": contacts.customer_id,
        "phone": contacts.phone,
        "email": contacts.email,
        "name": contacts.name,
        "line1": contacts.address.line1,
        "line2": contacts.address.line2,
        "landmark": contacts.address.landmark,
        "device_id": contacts.device_id,
        "ip": contacts.ip,
    }


def _way(market: Market, orders: Orders, transit: Transit) -> dict[str, Any]:
    geo, place, count = market.geography, orders.visits.place, len(orders)
    usual = np.array([str(state).title().replace(" And ", " and ") for state in geo.state], object)
    odd = np.array([STATE_VARIANTS.get(state, name) for state, name in zip(geo.state, usual, strict=True)], object)
    old_fashioned = uniform(market.seed, "tables.spelling", count) < ODD_SPELLING
    known = uniform(market.seed, "tables.courier_known", count) < market.preset.news.courier_known
    courier = np.array([f"courier-{number + 1}" for number in range(len(geo.courier))], object)
    origin = np.array([shop.origin_pincode for shop in market.preset.merchants], object)
    return {
        "city": geo.city[place],
        "district": np.array([str(name).title() for name in geo.district], object)[place],
        "state": np.where(old_fashioned, odd[place], usual[place]),
        "pincode": geo.pincode[orders.written],
        "country": np.full(count, "IN", object),
        "origin_pincode": origin[orders.visits.merchant],
        "courier": without(courier[transit.courier], ~known),
        "promised_at": orders.visits.placed_at + (transit.promised_days * DAY).astype(np.int64),
    }


def news_table(market: Market, orders: Orders, news: News) -> pa.Table:
    """One row for each piece of news, with the columns of `NEWS_COLUMNS`."""
    order_id = order_ids(market, orders.visits.merchant)[news.order]
    event = [f"{name}-{slot:02d}" for name, slot in zip(order_id, news.slot.tolist(), strict=True)]
    pairs = zip(order_id, news.voids.tolist(), strict=True)
    kinds = np.array([kind.name.lower() for kind in NewsType], object)
    reasons = np.array([None if kind is Reason.NONE else kind.name.lower() for kind in Reason], object)
    shops = np.array([shop.merchant_id for shop in market.preset.merchants], object)
    values = {
        "event_id": np.array(event, object),
        "order_id": order_id,
        "merchant_id": shops[orders.visits.merchant[news.order]],
        "type": kinds[news.type],
        "happened_at": news.happened_at,
        "known_at": news.known_at,
        "reason": reasons[news.reason],
        "source": np.where(np.isin(news.type, TOLD_BY_SHOP), "shop", "courier").astype(object),
        "details": np.array(
            [None if slot < 0 else f'{{"voids": "{name}-{slot:02d}"}}' for name, slot in pairs], object
        ),
    }
    return _table(NEWS_COLUMNS, values)


def truth_table(market: Market, orders: Orders, fate: Fate, course: Course, chances: tuple[Floats, Floats]) -> pa.Table:
    """One row for each order with what no shop can know. `chances`: RTO if paid in cash, if paid up front."""
    visits = orders.visits
    return pa.table(
        {
            "order_id": pa.array(order_ids(market, visits.merchant), pa.string()),
            "p_cod": chances[0],
            "p_prepaid": chances[1],
            "cause": pa.array(np.array(CAUSES, object)[fate.cause], pa.string()),
            "outcome": pa.array(course.outcome, pa.string()),
            "cod": orders.cod,
            "tier": market.geography.tier[visits.place],
            "person": visits.person,
            "reliability": market.people.reliability[visits.person],
            "address_badness": market.people.address_badness[visits.person],
            "intent": visits.intent,
            "gibberish": orders.gibberish,
        }
    )


def _table(columns: tuple[Column, ...], values: dict[str, Any]) -> pa.Table:
    return pa.table({c.name: pa.array(values[c.name], ARROW[c.kind]) for c in columns})
