"""The world as tables of the data contract: what its shops know."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.contract import DAY, NEWS_COLUMNS, ORDER_COLUMNS, Action, Column, NewsType, Payment, Reason
from data.world.basket import RUPEE
from data.world.checkout import Orders
from data.world.contacts import Contacts
from data.world.names import STATE_VARIANTS
from data.world.news import NO_SLOT, TOLD_BY_SHOP, News
from data.world.streams import Ints
from data.world.transit import Transit, courier_told
from data.world.visits import Market, uniform
from data.world.words import joined, spread, text_of

ARROW = {
    "text": pa.string(),
    "money": pa.int64(),
    "count": pa.int64(),
    "number": pa.float64(),
    "time": pa.timestamp("us", tz="UTC"),
}
ODD_SPELLING = 0.10  # of orders write their state the old way, where there is one
FIRST_ORDER = 100_000
KINDS = [kind.name.lower() for kind in NewsType]
REASONS = [None if kind is Reason.NONE else kind.name.lower() for kind in Reason]
ACTIONS = [action.name.lower() for action in Action]


def order_ids(market: Market, merchant: Ints) -> pa.Array:
    """(n,) an order number for each order: the merchant's prefix and the order's place in the market's log."""
    prefix = spread([shop.prefix for shop in market.preset.merchants], merchant)
    return joined([prefix, text_of(FIRST_ORDER + np.arange(len(merchant)))], "-")


def orders_table(market: Market, orders: Orders, contacts: Contacts, transit: Transit) -> pa.Table:
    """One row for each line, with the columns of `ORDER_COLUMNS`."""
    values = {**_what(market, orders), **_who(contacts), **_way(market, orders, transit)}
    row = pa.array(orders.baskets.order)
    lines = {name: pa.array(value).take(row) for name, value in values.items()} | _lines(market, orders)
    return _table(ORDER_COLUMNS, lines)


def _what(market: Market, orders: Orders) -> dict[str, Any]:
    visits, baskets, shops = orders.visits, orders.baskets, market.preset.merchants
    n_campaigns = market.preset.session.n_campaigns
    tags = [
        f"{kind}-{shop.prefix.lower()}-{number + 1}" if kind else None
        for kind in ("meta", "google", None)
        for shop in shops
        for number in range(n_campaigns)
    ]
    return {
        "order_id": order_ids(market, visits.merchant),
        "merchant_id": spread([shop.merchant_id for shop in shops], visits.merchant),
        "placed_at": visits.placed_at,
        "channel": spread(("web", "app"), visits.app),
        "currency": spread(("INR",), np.zeros(len(orders), dtype=np.int64)),
        "amount_minor": (baskets.list_value - baskets.discount + baskets.shipping_fee) * RUPEE,
        "discount_minor": baskets.discount * RUPEE,
        "shipping_fee_minor": baskets.shipping_fee * RUPEE,
        "payment_method": spread((Payment.PREPAID.value, Payment.COD.value), orders.cod),
        "campaign": spread(tags, (visits.source * len(shops) + visits.merchant) * n_campaigns + visits.campaign),
    }


def _lines(market: Market, orders: Orders) -> dict[str, Any]:
    row = orders.baskets.shelf_row
    return {
        "sku": spread(market.shelf.sku.tolist(), row),
        "category": spread(market.shelf.category.tolist(), row),
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
    usual = [str(state).title().replace(" And ", " and ") for state in geo.state]
    odd = [STATE_VARIANTS.get(state, name) for state, name in zip(geo.state, usual, strict=True)]
    old_fashioned = uniform(market.seed, "tables.spelling", count) < ODD_SPELLING
    unknown = ~courier_told(market, count)
    return {
        "city": spread(geo.city.tolist(), place),
        "district": spread([str(name).title() for name in geo.district], place),
        "state": spread([*usual, *odd], place + old_fashioned * len(usual)),
        "pincode": spread(geo.pincode.tolist(), orders.written),
        "country": spread(("IN",), np.zeros(count, dtype=np.int64)),
        "origin_pincode": spread([shop.origin_pincode for shop in market.preset.merchants], orders.visits.merchant),
        "courier": spread([f"courier-{number + 1}" for number in range(len(geo.courier))], transit.courier, unknown),
        "promised_at": orders.visits.placed_at + (transit.promised_days * DAY).astype(np.int64),
    }


def news_table(market: Market, orders: Orders, news: News) -> pa.Table:
    """One row for each piece of news, with the columns of `NEWS_COLUMNS`."""
    merchant = orders.visits.merchant
    order_id = order_ids(market, merchant).take(pa.array(news.order))
    slots = [f"{slot:02d}" for slot in range(NO_SLOT)]
    values = {
        "event_id": joined([order_id, spread(slots, news.slot)], "-"),
        "order_id": order_id,
        "merchant_id": spread([shop.merchant_id for shop in market.preset.merchants], merchant[news.order]),
        "type": spread(KINDS, news.type),
        "happened_at": news.happened_at,
        "known_at": news.known_at,
        "reason": spread(REASONS, news.reason),
        "source": spread(("courier", "shop"), np.isin(news.type, TOLD_BY_SHOP)),
        "details": _details(order_id, news, slots),
    }
    return _table(NEWS_COLUMNS, values)


def _details(order_id: pa.Array, news: News, slots: list[str]) -> pa.Array:
    """What a correction voids, and which action was taken; null for all else."""
    voids = joined([order_id, spread([*slots, None], news.voids)], "-")
    void = joined([spread(['{"voids": "'], np.zeros(len(news.order), dtype=np.int64)), voids], "")
    took = [f'{{"action": "{action}"}}' for action in ACTIONS]
    return pc.coalesce(pc.binary_join_element_wise(void, pa.scalar('"}'), ""), spread([*took, None], news.action))


def _table(columns: tuple[Column, ...], values: dict[str, Any]) -> pa.Table:
    return pa.table({c.name: pa.array(values[c.name]).cast(ARROW[c.kind]) for c in columns})
